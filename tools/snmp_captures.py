# SPDX-License-Identifier: Apache-2.0
"""Captures of devices in snmpsim's text format, asked without a network: what the profiles make of each.

``python -m tools.snmp_captures FILE...`` lists what is measured in some
captures; with ``--profile FILE`` by a profile that is not installed, too;
with ``--expected FILE`` it compares every active power with what that file
says (``devices`` with ``sensors``: class, oid, value).
"""

from __future__ import annotations

import argparse
import bisect
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from climate.devices.snmp import loading
from climate.devices.snmp.looking import Found, look
from climate.devices.snmp.oid import Oid, Value, is_below, oid_of, opaque_of, text_of
from climate.devices.snmp.profile import Quantity

_TEXTS = {"4", "64"}
_NOTHING = "5"


def read(path: Path) -> dict[Oid, Value]:
    """The objects of a capture; lines that are none are left out."""
    rows: dict[Oid, Value] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split("|", 2)
        if len(parts) != 3:
            continue
        try:
            rows[oid_of(parts[0])] = _value(parts[1], parts[2])
        except ValueError:
            continue
    return rows


def _value(tag: str, text: str) -> Value:
    kind = tag.split(":", maxsplit=1)[0]
    if kind == _NOTHING:
        raise ValueError("NULL is no value")
    octets = bytes.fromhex(text) if kind.endswith("x") else text.encode()
    if kind.rstrip("x") == "68":
        return opaque_of(octets)
    if kind.rstrip("x") in _TEXTS:
        return octets
    return oid_of(text) if kind == "6" else int(text or 0)


class Recorded:
    """A :class:`climate.devices.snmp.session.Session` to a capture."""

    def __init__(self, rows: dict[Oid, Value]) -> None:
        self._rows = rows
        self._order = sorted(rows)

    def get(self, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """The values of instances."""
        return {oid: self._rows[oid] for oid in oids if oid in self._rows}

    def following(self, oids: Sequence[Oid]) -> dict[Oid, Oid]:
        """For each the first object behind it."""
        places = {oid: bisect.bisect_right(self._order, oid) for oid in oids}
        return {oid: self._order[place] for oid, place in places.items() if place < len(self._order)}

    def walk(self, root: Oid) -> dict[Oid, Value]:
        """All below an object."""
        first = bisect.bisect_left(self._order, root)
        found = {}
        for oid in self._order[first:]:
            if not is_below(oid, root):
                break
            found[oid] = self._rows[oid]
        return found

    def rows(self, first: Sequence[Oid], columns: Sequence[Oid], count: int) -> dict[Oid, Value]:
        """Instances, and what comes behind some objects."""
        found = self.get(first)
        for column in columns:
            begin = bisect.bisect_right(self._order, column)
            found.update((oid, self._rows[oid]) for oid in self._order[begin : begin + count])
        return found

    def close(self) -> None:
        """There is nothing to let go."""


def compare(expected: dict[str, Any], found: Found) -> list[str]:
    """The active powers that should be there and are not, a line each."""
    watts = {item.oid: item.value(found.rows) for item in found.device.items if item.quantity is Quantity.WATTS}
    missing = []
    for sensor in expected["sensors"]:
        if sensor["class"] != "power" or sensor.get("unit") != "W" or sensor.get("check") is None:
            continue
        got = watts.get(oid_of(sensor["oid"]))
        if got is None or abs(got - sensor["value"]) > 1e-6 * max(1.0, abs(sensor["value"])):
            missing.append(f"  {sensor['oid']} should be {sensor['value']} W, and is {got}: {sensor.get('descr', '')}")
    return missing


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what there is; 1 if something that is expected is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", nargs="+", type=Path)
    parser.add_argument("--expected", type=Path)
    parser.add_argument("--profile", action="append", default=[], type=Path, help="a file beside the installed ones")
    parser.add_argument("--quiet", action="store_true", help="only what is missing")
    args = parser.parse_args(arguments)
    profiles = [*(loading.parse(path.name, path.read_text()) for path in args.profile), *loading.installed()]
    known = {}
    if args.expected is not None:
        known = {each["name"]: each for each in json.loads(args.expected.read_text())["devices"]}
    wrong = 0
    for path in args.captures:
        found = look(Recorded(read(path)), profiles)
        missing = compare(known[path.stem], found) if path.stem in known else []
        wrong += bool(missing)
        sys.stdout.write(f"{path.stem}: {', '.join(each.name for each in found.device.profiles) or 'no profile'}\n")
        if not args.quiet:
            for item in found.device.items:
                label = f" ({item.label})" if item.label else ""
                value = item.value(found.rows)
                sys.stdout.write(f"  {item.place}{label} {item.quantity} {value} <- {text_of(item.oid)}\n")
        sys.stdout.writelines(f"{line}\n" for line in missing)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
