# SPDX-License-Identifier: Apache-2.0
"""What a profile says: in which tables of a family of devices which quantity stands, and in which unit."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from climate.devices.snmp.oid import Oid


class Scope(enum.StrEnum):
    """What a value is measured at, from the socket of one machine to the whole device."""

    OUTLET = "outlet"
    PHASE = "phase"
    BRANCH = "branch"
    INLET = "inlet"
    OUTPUT = "output"
    DEVICE = "device"


class Quantity(enum.StrEnum):
    """What is measured, with its unit."""

    WATTS = "watts"
    VA = "va"
    AMPERES = "amperes"
    VOLTS = "volts"
    ENERGY_J = "energy_j"
    POWER_FACTOR = "power_factor"
    FREQUENCY_HZ = "frequency_hz"
    TEMPERATURE_C = "temperature_c"


class Part(enum.Enum):
    """What a part of an index says, and so what becomes of it in a place's name."""

    NUMBER = "number"  # which of its scope: outlet-3
    UNIT = "unit"  # which device of a chain, from 1; the first is not named: unit2-outlet-3
    UNIT0 = "unit0"  # the same, from 0: unit1-outlet-3 is of the second
    TEXT = "text"  # a text, as its length and that many characters
    ANY = "any"  # nothing that is of interest


Index = tuple[Part | int | range, ...]
"""The parts of an index; an ``int`` must be just that, and a number (``Part.NUMBER``) outside its range is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One quantity of a table: a raw value times ``scale`` is in the quantity's unit.

    ``oid`` is the column without the index, or an instance where the table has
    none. Raw values in ``absent`` mean that there is none. A row says by
    ``digits`` how many decimal digits its raw value has, by ``exponent`` which
    power of ten it is to be multiplied with, by ``multiplier`` which of
    ``multipliers``; these three are columns of the same index, or scalars
    (their last number is 0 and the table has an index). ``where`` are columns
    of the same index that must have one of some values for the row to count,
    ``texts`` such that must read in some way, and what a pattern's groups
    catch is added to the number of the place;
    as long as one of ``unless`` has one of its values, there is no quantity.
    ``index``: the rows that are this quantity's, where the table's is not.
    ``modulus_j``: at how many joules an energy counter begins anew.
    ``object`` is the column's name in the vendor's MIB.
    """

    oid: Oid
    object: str = ""
    scale: float = 1.0
    absent: frozenset[float] = frozenset({-1.0})
    digits: Oid | None = None
    exponent: Oid | None = None
    multiplier: Oid | None = None
    multipliers: Mapping[int, float] = field(default_factory=dict)
    where: tuple[tuple[Oid, frozenset[int]], ...] = ()
    texts: tuple[tuple[Oid, re.Pattern[str]], ...] = ()
    unless: tuple[tuple[Oid, frozenset[int]], ...] = ()
    index: Index = ()
    modulus_j: float | None = None

    @property
    def beside(self) -> tuple[Oid, ...]:
        """The columns that say what its raw values mean."""
        scalings = tuple(oid for oid in (self.digits, self.exponent, self.multiplier) if oid is not None)
        return (*scalings, *(oid for oid, _ in (*self.where, *self.texts, *self.unless)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of one index. ``place`` is what names of its places begin with, by default the scope.

    Without ``index`` the columns are single instances, of the place ``number``
    if there is one. ``label`` is a column with the operator's own names, whose
    index may be a beginning of the table's.
    """

    scope: Scope
    place: str
    columns: Mapping[Quantity, Column]
    index: Index = ()
    number: str = ""
    label: Oid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """How outlets are switched: a number written to ``command`` of an outlet; ``state`` tells how it is.

    ``index`` as in a table. ``on``, ``off`` and ``cycle`` are what is written
    (``None``: the device cannot), ``is_on`` and ``is_off`` what is read. Some
    devices have an object for each: then ``command`` is only written to turn
    an outlet on, and ``off_command`` and ``cycle_command`` for the others.
    Where there is ``unlock``, 1 must be written to it shortly before.
    """

    command: Oid
    state: Oid
    index: Index
    on: int
    off: int
    cycle: int | None = None
    off_command: Oid | None = None
    cycle_command: Oid | None = None
    unlock: Oid | None = None
    is_on: frozenset[int] = frozenset()
    is_off: frozenset[int] = frozenset()
    place: str = "outlet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A family of devices that answer alike. ``object_ids`` are beginnings of their sysObjectID.

    ``standard``: of no vendor, and asked for after all others. ``coarse``: the
    standards tell the same more finely, and are believed before it.
    ``exact``: other families mean something else by the same objects, so it
    is only of devices whose sysObjectID it knows best. ``mibs`` and
    ``source`` say where this is known from. ``refresh_s``: how often such a
    device measures, where that is less often than it can be asked.
    """

    name: str
    vendor: str
    kind: str
    description: str
    mibs: tuple[str, ...]
    source: str
    tables: tuple[Table, ...]
    object_ids: tuple[Oid, ...] = ()
    standard: bool = False
    coarse: bool = False
    exact: bool = False
    refresh_s: float | None = None
    switch: Switch | None = None
