# SPDX-License-Identifier: Apache-2.0
"""A session to a real agent, by UDP: what is asked in one request, and what may be believed of the answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from climate.devices.snmp.engine import UserWire
from climate.devices.snmp.messages import Answer, Kind, Request, Status
from climate.devices.snmp.oid import Oid, Value, is_below, text_of
from climate.devices.snmp.session import Community, SnmpError, User
from climate.devices.snmp.wire import CommunityWire, Datagrams, Wire

MOST_NAMES = 20
"""How many instances one request asks for: their answers fit in a datagram, unless they are long texts."""
_REPETITIONS = 20
_MOST_ROWS = 20_000
_WALK_TIMEOUTS = 20
"""How many timeouts a walk may take in all."""
_OF_ONE = frozenset({Status.NO_SUCH_NAME, Status.GEN_ERR, Status.NO_ACCESS, Status.RESOURCE_UNAVAILABLE})
"""What may be wrong with one object and not with others."""
_REASONS = {
    Status.TOO_BIG: "its answer would be too long",
    Status.GEN_ERR: "it failed for a reason of its own (genErr)",
    Status.NO_ACCESS: "it gives no access (noAccess)",
    Status.RESOURCE_UNAVAILABLE: "it lacks what it needs for an answer (resourceUnavailable)",
    Status.AUTHORIZATION_ERROR: "who asks is not allowed to (authorizationError)",
}


def open_session(host: str, port: int, who: Community | User, timeout_s: float, retries: int = 1) -> Agent:
    """A session to the agent at an address or name; nothing is sent yet.

    An answer is waited for ``timeout_s`` in all, in which a request is sent
    ``retries`` times again.

    :raises SnmpError: there is no such protocol of signing or encrypting, or a key is too short.
    """
    datagrams = Datagrams(host, port, timeout_s, retries)
    wire: Wire = CommunityWire(datagrams, who) if isinstance(who, Community) else UserWire(datagrams, who)
    return Agent(wire, datagrams.where, timeout_s)


class Agent:
    """A :class:`climate.devices.snmp.session.Session` over a wire."""

    def __init__(self, wire: Wire, where: str, timeout_s: float) -> None:
        self._wire = wire
        self._where = where
        self._timeout_s = timeout_s

    def get(self, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """The values of instances; what the agent does not have is left out."""
        until = time.monotonic() + self._timeout_s
        found: dict[Oid, Value] = {}
        for batch in _batches(list(dict.fromkeys(oids))):
            found.update(self._get(batch, until))
        return found

    def following(self, oids: Sequence[Oid]) -> dict[Oid, Oid]:
        """For each the first object behind it; left out where there is none."""
        until = time.monotonic() + self._timeout_s * _WALK_TIMEOUTS
        found: dict[Oid, Oid] = {}
        for batch in _batches(list(dict.fromkeys(oids))):
            found.update((asked, name) for asked, (name, _) in self._next(batch, until).items())
        return found

    def walk(self, root: Oid) -> dict[Oid, Value]:
        """All below an object; an instance gives itself.

        :raises SnmpError: the agent goes in circles, or there is no end of it in reasonable time.
        """
        until = time.monotonic() + self._timeout_s * _WALK_TIMEOUTS
        rows: dict[Oid, Value] = {}
        behind = root
        repetitions = _REPETITIONS
        while True:
            try:
                steps = self._some_behind(behind, repetitions, until)
            except SnmpError:
                # Some agents do not even say that so much is too much for them.
                if repetitions == 1:
                    raise
                steps = None
            if steps is None:
                repetitions = max(1, repetitions // 4)
                continue
            for name, value in steps:
                if not is_below(name, root) or value is None:
                    return rows or self._get([root], until)
                if name <= behind:
                    raise SnmpError(f"{self._where} goes in circles at {text_of(name)}")
                rows[name] = value
                behind = name
            if not steps:
                return rows or self._get([root], until)
            if len(rows) > _MOST_ROWS or time.monotonic() > until:
                raise SnmpError(f"{self._where}: there is no end of what stands below {text_of(root)}")

    def rows(self, first: Sequence[Oid], columns: Sequence[Oid], count: int) -> dict[Oid, Value]:
        """In one request: the instances ``first``, and of each column the ``count`` objects behind the one given.

        What an agent leaves out of a long answer is missing. By version 1 it takes more requests.
        """
        until = time.monotonic() + self._timeout_s
        if not self._wire.bulk:
            return self._rows_singly(first, columns, count, until)
        asked = (*(_before(oid) for oid in first), *columns)
        answer = self._ask(Request(Kind.BULK, asked, len(first), count), until)
        while answer.status == Status.TOO_BIG and count > 1:
            count //= 2
            answer = self._ask(Request(Kind.BULK, asked, len(first), count), until)
        if answer.status:
            raise self._refused(answer, asked)
        single, repeated = answer.bindings[: len(first)], answer.bindings[len(first) :]
        pairs = zip(single, first, strict=False)
        found = {name: value for (name, value), wanted in pairs if name == wanted and value is not None}
        for place, column in enumerate(columns):
            behind = column
            for name, value in repeated[place : count * len(columns) : len(columns)]:
                if value is None or name <= behind:
                    break
                found[name] = value
                behind = name
        return found

    def close(self) -> None:
        """Let it go."""
        self._wire.close()

    def _ask(self, request: Request, until: float) -> Answer:
        return self._wire.ask(request, until)

    def _get(self, oids: list[Oid], until: float) -> dict[Oid, Value]:
        """The values of some instances by one request, or by more if it is too long or some of them cannot be told."""
        left = list(oids)
        refusal: Answer | None = None
        while left:
            answer = self._ask(Request(Kind.GET, tuple(left)), until)
            if answer.status == Status.NO_ERROR:
                strangers = {name for name, _ in answer.bindings} - set(left)
                if strangers:
                    names = f"{text_of(min(strangers))}, and was not asked for it"
                    raise SnmpError(f"{self._where} answers with {names}: the answer of another device?")
                return {name: value for name, value in answer.bindings if value is not None}
            place = answer.index - 1
            if answer.status in _OF_ONE and 0 <= place < len(left):
                refusal = answer if answer.status != Status.NO_SUCH_NAME else refusal
                del left[place]
            elif len(left) == 1 and answer.status == Status.NO_SUCH_NAME:
                return {}
            elif len(left) > 1 and (answer.status in _OF_ONE or answer.status == Status.TOO_BIG):
                middle = len(left) // 2
                return self._get(left[:middle], until) | self._get(left[middle:], until)
            else:
                raise self._refused(answer, left)
        if refusal is not None:
            raise self._refused(refusal, oids)
        return {}

    def _next(self, oids: list[Oid], until: float) -> dict[Oid, tuple[Oid, Value]]:
        """What comes behind some objects."""
        left = list(oids)
        while left:
            answer = self._ask(Request(Kind.NEXT, tuple(left)), until)
            if answer.status == Status.NO_ERROR:
                pairs = zip(left, answer.bindings, strict=False)
                # What is not behind what was asked for is of no use, and would lead in circles.
                return {asked: (name, value) for asked, (name, value) in pairs if value is not None and name > asked}
            place = answer.index - 1
            if answer.status in _OF_ONE and 0 <= place < len(left):
                del left[place]
            elif len(left) == 1 and answer.status in _OF_ONE:
                return {}
            elif len(left) > 1 and (answer.status in _OF_ONE or answer.status == Status.TOO_BIG):
                middle = len(left) // 2
                return self._next(left[:middle], until) | self._next(left[middle:], until)
            else:
                raise self._refused(answer, left)
        return {}

    def _some_behind(self, oid: Oid, repetitions: int, until: float) -> list[tuple[Oid, Value | None]] | None:
        """The next objects; none at the end; ``None``: it is to be tried with fewer."""
        if not self._wire.bulk:
            return list(self._next([oid], until).values())
        answer = self._ask(Request(Kind.BULK, (oid,), 0, repetitions), until)
        if answer.status == Status.NO_ERROR:
            return list(answer.bindings)
        if repetitions > 1 and (answer.status in _OF_ONE or answer.status == Status.TOO_BIG):
            return None
        if answer.status in _OF_ONE:
            return []
        raise self._refused(answer, [oid])

    def _rows_singly(self, first: Sequence[Oid], columns: Sequence[Oid], count: int, until: float) -> dict[Oid, Value]:
        found = self._get(list(first), until) if first else {}
        behind = list(columns)
        for _ in range(count):
            steps = self._next(behind, until) if behind else {}
            found.update(steps.values())
            behind = [name for name, _ in steps.values()]
        return found

    def _refused(self, answer: Answer, oids: Sequence[Oid]) -> SnmpError:
        place = answer.index - 1
        about = f" for {text_of(oids[place])}" if 0 <= place < len(oids) else ""
        known = answer.status in _REASONS
        reason = _REASONS[Status(answer.status)] if known else f"it says error {answer.status}"
        return SnmpError(f"{self._where} does not answer{about}: {reason}")


def _batches(oids: list[Oid]) -> Iterator[list[Oid]]:
    for begin in range(0, len(oids), MOST_NAMES):
        yield oids[begin : begin + MOST_NAMES]


def _before(oid: Oid) -> Oid:
    """Something directly behind which an instance is."""
    return oid[:-1] if oid[-1] == 0 else (*oid[:-1], oid[-1] - 1)
