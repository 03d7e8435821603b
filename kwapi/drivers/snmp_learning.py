# SPDX-License-Identifier: Apache-2.0
"""Learning what a device has takes longer than a read may: it is done in pieces, and none is asked for twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from climate.devices.snmp.oid import Oid, Value, is_below
from climate.devices.snmp.session import Session, SnmpError

_AT_ONCE = 20
_FEWEST = 2
_MOST_ROWS = 5_000


class NotYet(Exception):
    """The time is up; what was learned is kept for the next time."""


class Patient:
    """A :class:`climate.devices.snmp.session.Session` that remembers what another one answered.

    ``until`` is the instant of ``monotonic`` from which on it asks no
    more, but raises :class:`NotYet`. Whoever then does the same again goes on
    from there.
    """

    def __init__(self, session: Session, monotonic: Callable[[], float]) -> None:
        self.until = 0.0
        self._session = session
        self._monotonic = monotonic
        self._values: dict[tuple[Oid, ...], dict[Oid, Value]] = {}
        self._behind: dict[tuple[Oid, ...], dict[Oid, Oid]] = {}
        self._walks: dict[Oid, dict[Oid, Value]] = {}
        self._walked: set[Oid] = set()
        self._at_once = _AT_ONCE

    def get(self, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """The values of instances."""
        asked = tuple(oids)
        if asked not in self._values:
            self._may_ask()
            self._values[asked] = self._session.get(oids)
        return self._values[asked]

    def following(self, oids: Sequence[Oid]) -> dict[Oid, Oid]:
        """For each the first object behind it."""
        found: dict[Oid, Oid] = {}
        for begin in range(0, len(oids), _AT_ONCE):
            asked = tuple(oids[begin : begin + _AT_ONCE])
            if asked not in self._behind:
                self._may_ask()
                self._behind[asked] = self._session.following(asked)
            found.update(self._behind[asked])
        return found

    def walk(self, root: Oid) -> dict[Oid, Value]:
        """All below an object; an instance gives itself. What is no further than it was is not followed."""
        rows = self._walks.setdefault(root, {})
        while root not in self._walked:
            self._may_ask()
            last = max(rows, default=root)
            try:
                told = self._session.rows([], [last], self._at_once)
            except SnmpError:
                # It may not be able to say so much at a time.
                self._at_once = max(_FEWEST, self._at_once // 2)
                raise
            new = {oid: value for oid, value in told.items() if is_below(oid, root) and oid > last}
            rows.update(new)
            if not new or len(new) < len(told) or len(rows) > _MOST_ROWS:
                self._walked.add(root)
        return rows or self.get([root])

    def rows(self, first: Sequence[Oid], columns: Sequence[Oid], count: int) -> dict[Oid, Value]:
        """Nothing that is to be remembered."""
        self._may_ask()
        return self._session.rows(first, columns, count)

    def close(self) -> None:
        """Let the other one go."""
        self._session.close()

    def _may_ask(self) -> None:
        if self._monotonic() >= self.until:
            raise NotYet
