# SPDX-License-Identifier: Apache-2.0
"""What a device's values mean by a profile: which places it has, what is measured there, and how much it is."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from climate.devices.snmp.oid import Oid, Value, is_below, number_of, words_of
from climate.devices.snmp.profile import Column, Index, Part, Profile, Quantity, Scope, Table

_UNFIT = re.compile(r"[^A-Za-z0-9_.]+")
_MOST_DIGITS = 24
_LONGEST_TEXT = 64
_DIGITS = (12, 15)
"""As many as no device measures, and for a counter, which must not lose its last ones, as many as are sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One quantity of one place of one device, and what to ask for it.

    ``oid`` is its instance; ``scalings`` are the instances that say what its
    raw value means, as they stand in ``column.beside``. ``place`` is its name
    below the device, such as ``outlet-3``; ``label`` the operator's own.
    """

    place: str
    scope: Scope
    quantity: Quantity
    column: Column
    oid: Oid
    label: str = ""

    def asked(self) -> tuple[Oid, ...]:
        """All instances that :meth:`value` needs."""
        return (self.oid, *(instance for _, instance in (*self._scalings(), *self._doubts())))

    def value(self, answers: Mapping[Oid, Value]) -> float | None:
        """The quantity in its unit, ``None`` where the device does not say, or not in a way that can be understood."""
        raw = number_of(answers.get(self.oid))
        if raw is None or raw in self.column.absent:
            return None
        if any(number_of(answers.get(instance)) in meant for meant, instance in self._doubts()):
            return None
        number = raw * self.column.scale
        for column, instance in self._scalings():
            scaling = number_of(answers.get(instance))
            factor = None if scaling is None else _factor(self.column, column, scaling)
            if factor is None:
                return None
            number *= factor
        return _plain(number, _DIGITS[self.quantity is Quantity.ENERGY_J]) if math.isfinite(number) else None

    def _scalings(self) -> list[tuple[Oid, Oid]]:
        suffix = self.oid[len(self.column.oid) :]
        found = (self.column.digits, self.column.exponent, self.column.multiplier)
        return [(oid, _instance(oid, suffix)) for oid in found if oid is not None]

    def _doubts(self) -> list[tuple[frozenset[int], Oid]]:
        suffix = self.oid[len(self.column.oid) :]
        return [(meant, _instance(oid, suffix)) for oid, meant in self.column.unless]


def _plain(number: float, digits: int) -> float:
    """15.735 for 15.735000000000001, which is what became of 15735 by a multiplication."""
    return float(f"{number:.{digits}g}")


def _factor(column: Column, scaling: Oid, number: float) -> float | None:
    if not number.is_integer():
        return None
    if scaling == column.multiplier:
        return column.multipliers.get(int(number))
    if abs(number) > _MOST_DIGITS:
        return None
    # Divided, since 0.1 is none of a computer's numbers and 10 is one.
    exponent = int(-number if scaling == column.digits else number)
    return 10.0**exponent if exponent >= 0 else 1 / 10.0**-exponent


def walked(profile: Profile, there: Container[Oid] | None = None) -> list[Oid]:
    """The columns to walk, and instances to get, to learn what a device has: with what stands beside and labels.

    ``there``: those :func:`signs` below which it has something, if that is known.
    """
    found: dict[Oid, None] = {}
    for table in profile.tables:
        if there is not None and not any(_sign(column) in there for column in table.columns.values()):
            continue
        for column in table.columns.values():
            found.update(dict.fromkeys((column.oid, *column.beside)))
        if table.label is not None:
            found[table.label] = None
    return list(found)


def signs(profile: Profile) -> list[Oid]:
    """Below which objects a device of this family has something: what its columns or instances are parts of."""
    return list(dict.fromkeys(_sign(column) for table in profile.tables for column in table.columns.values()))


def _sign(column: Column) -> Oid:
    return column.oid[:-1]


def items_of(profile: Profile, rows: Mapping[Oid, Value]) -> list[Item]:
    """What a device measures by a profile, from the rows of a walk, in the order of tables and indexes.

    Only what has a value now, or may have one later (a number that means
    "absent", a text without a number); of two columns for one quantity of one
    place, the first that has a value.
    """
    found: dict[tuple[str, Quantity], Item] = {}
    for item in _all(profile, rows):
        known = found.get((item.place, item.quantity))
        if known is None or (known.value(rows) is None and item.value(rows) is not None):
            found[item.place, item.quantity] = item
    return list(found.values())


def _all(profile: Profile, rows: Mapping[Oid, Value]) -> Iterable[Item]:
    ordered = sorted(rows)
    for table in profile.tables:
        for quantity, column in table.columns.items():
            for oid in _instances(table, column, ordered):
                suffix = oid[len(column.oid) :]
                index = column.index or table.index
                number = _number(index, suffix) if index else table.number
                caught = _caught(column, suffix, rows)
                if number is None or caught is None or not _counts(column, suffix, rows):
                    continue
                place = named(table.place, _joined(number, caught))
                label = "" if table.label is None else words_of(_longest(table.label, suffix, rows))
                yield Item(place=place, scope=table.scope, quantity=quantity, column=column, oid=oid, label=label)


def _instances(table: Table, column: Column, ordered: list[Oid]) -> list[Oid]:
    if not table.index:
        return [oid for oid in ordered if oid == column.oid]
    return [oid for oid in ordered if len(oid) > len(column.oid) and is_below(oid, column.oid)]


def _instance(oid: Oid, suffix: Oid) -> Oid:
    """A column's instance; what ends in 0 is one already."""
    return oid if oid[-1] == 0 or not suffix else oid + suffix


def _longest(label: Oid, suffix: Oid, rows: Mapping[Oid, Value]) -> Value | None:
    """A label's value at an index, or at the longest beginning of it that has one."""
    ends = (rows.get(_instance(label, suffix[:end])) for end in range(len(suffix), 0, -1))
    return next((value for value in ends if value is not None), None)


def _counts(column: Column, suffix: Oid, rows: Mapping[Oid, Value]) -> bool:
    """Whether a row is one of those that are meant."""
    for oid, meant in column.where:
        number = number_of(rows.get(_instance(oid, suffix)))
        if number is None or number not in meant:
            return False
    return True


def _caught(column: Column, suffix: Oid, rows: Mapping[Oid, Value]) -> list[str] | None:
    """What the texts beside a row tell of its place; ``None``: it is none of those that are meant."""
    words: list[str] = []
    for oid, pattern in column.texts:
        found = pattern.fullmatch(words_of(rows.get(_instance(oid, suffix))))
        if found is None:
            return None
        words += (_UNFIT.sub("_", word) for word in found.groups() if word)
    return words


def _joined(number: str, words: list[str]) -> str:
    """A place's number with more words of it."""
    unit, slash, rest = number.rpartition("/")
    return f"{unit}{slash}{'-'.join([rest, *words] if rest else words)}"


def named(place: str, number: str) -> str:
    """The name of a place: ``outlet-3``; of the third of a chain's second device ``unit2-outlet-3``."""
    unit, _, rest = number.rpartition("/")
    name = f"{place}-{rest}" if rest else place
    return f"{unit}-{name}" if unit else name


def _fits(part: Part | int | range, arc: int) -> bool:
    if isinstance(part, range):
        return arc in part
    return not isinstance(part, int) or arc == part


def _number(parts: Index, suffix: Oid) -> str | None:
    """What an index says, ``unit2/3`` for the third of the second device; ``None``: it is none of these."""
    unit = ""
    words: list[str] = []
    at = 0
    for part in parts:
        if at >= len(suffix):
            return None
        arc = suffix[at]
        at += 1
        if not _fits(part, arc):
            return None
        if isinstance(part, range) or part is Part.NUMBER:
            words.append(str(arc))
        elif part in (Part.UNIT, Part.UNIT0):
            number = arc + (part is Part.UNIT0)
            unit = f"unit{number}" if number != 1 else ""
        elif part is Part.TEXT:
            text = suffix[at : at + arc]
            if arc > _LONGEST_TEXT or len(text) != arc or max(text, default=0) > 255:
                return None
            at += arc
            words.append(_UNFIT.sub("_", bytes(text).decode("ascii", "replace")))
    if at != len(suffix):
        return None
    named_in_it = "-".join(words)
    return f"{unit}/{named_in_it}" if unit else named_in_it
