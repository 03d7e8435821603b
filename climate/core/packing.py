# SPDX-License-Identifier: Apache-2.0
"""Which hosts to empty for a lease, and where their instances go: as few moves as can be, packed, not spread.

Choosing hosts and packing what stands on them is bin packing, which has no
quick exact answer. Sets of hosts are therefore looked at from the fewest
moves upwards, each is packed by a good rule and, where that fails, by a
search with a limit. While no limit is met the answer is the fewest moves.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

ANY = ""
"""The type of host that an instance needs which runs anywhere."""

EFFORT = 1_000_000
"""Pairs of an instance and a host that are looked at before the search gives up; about a second."""

_SEARCHED = 400  # more pairs of an instance and a host than this are packed by rule only: trying would not end
_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class Size:
    """What an instance takes, or a host has left."""

    vcpus: int
    memory_mb: int
    disk_gb: int = 0

    def holds(self, other: Size) -> bool:
        """Whether ``other`` fits into this."""
        return self.vcpus >= other.vcpus and self.memory_mb >= other.memory_mb and self.disk_gb >= other.disk_gb

    def less(self, other: Size) -> Size:
        """What is left of this after ``other``; may be negative."""
        return Size(self.vcpus - other.vcpus, self.memory_mb - other.memory_mb, self.disk_gb - other.disk_gb)


@dataclass(frozen=True, slots=True)
class Guest:
    """An instance that may have to move: ``needs`` is the type of its hosts, or :data:`ANY`."""

    instance_id: str
    size: Size
    needs: str = ANY


@dataclass(frozen=True, slots=True)
class Stand:
    """A host with what stands on it: ``room`` is what is left, beside its ``guests``."""

    name: str
    room: Size
    guests: tuple[Guest, ...] = ()
    type: str = ANY

    def takes(self, guest: Guest) -> bool:
        """Whether the instance may run here and there is room for it."""
        return guest.needs in (ANY, self.type) and self.room.holds(guest.size)


@dataclass(frozen=True, slots=True)
class Move:
    """One instance goes from one host to another."""

    instance_id: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Emptying:
    """The hosts that are taken, and every instance's way off them."""

    hosts: tuple[str, ...]
    moves: tuple[Move, ...] = field(default=())


def empty(candidates: Sequence[Stand], others: Sequence[Stand], quantity: int, effort: int = EFFORT) -> Emptying | None:
    """Take ``quantity`` of ``candidates`` and move what stands on them to hosts that are not taken.

    ``others`` are hosts that cannot be taken but may receive; so may the
    candidates that are left. Instances move once, straight to their new host.
    ``effort`` bounds the search, in pairs of an instance and a host. Of hosts
    with as many instances those that come first are taken first.

    :returns: ``None`` where the instances of no set that was looked at have
        room elsewhere, or there are fewer candidates than ``quantity``.
    """
    ordered = sorted(candidates, key=lambda stand: len(stand.guests))
    if quantity > len(ordered):
        return None
    for chosen in _sets(ordered, quantity):
        left = _without(chosen, ordered, others)
        effort -= len(left) * (1 + sum(len(stand.guests) for stand in chosen))
        found = _emptied(chosen, left)
        if found is not None or effort < 0:
            break
    if found is None:
        receiving = ([*others, *reversed(ordered)], [*ordered, *others], [*candidates, *others])
        plain = [
            _one_after_the_other(order, ranked, quantity) for order in (ordered, candidates) for ranked in receiving
        ]
        found = min((one for one in plain if one), key=lambda one: len(one.moves), default=None)
    return found


def clear(full: Sequence[Stand], others: Sequence[Stand]) -> Emptying:
    """Move what stands on all hosts of ``full`` to ``others``; what has no room there beside the rest has no move.

    Where not all can go, the smallest do: they are the most.
    """
    smallest = sorted((guest for stand in full for guest in stand.guests), key=lambda guest: _bulk(guest.size))
    going = [guest for guest in smallest if any(stand.takes(guest) for stand in others)]
    least, most = 0, len(going)
    best = Emptying(tuple(stand.name for stand in full))
    wanted = most
    while least <= most:
        found = _emptied([_reduced(stand, going[:wanted]) for stand in full], others)
        if found is None:
            most = wanted - 1
        else:
            best, least = found, wanted + 1
        wanted = (least + most) // 2
    return best


def _reduced(stand: Stand, going: Iterable[Guest]) -> Stand:
    """The host with those of its guests that go."""
    named = {guest.instance_id for guest in going}
    return dataclasses.replace(stand, guests=tuple(guest for guest in stand.guests if guest.instance_id in named))


def _sets(ordered: Sequence[Stand], quantity: int) -> Iterator[tuple[Stand, ...]]:
    """All sets of ``quantity`` hosts by the number of instances on them, the fewest first."""
    counts = [len(stand.guests) for stand in ordered]
    first = tuple(range(quantity))
    waiting = [(sum(counts[:quantity]), first)]
    seen = {first}
    while waiting:
        moves, indexes = heapq.heappop(waiting)
        yield tuple(ordered[index] for index in indexes)
        for place, index in enumerate(indexes):
            following = index + 1
            if following == len(ordered) or following in indexes:
                continue
            further = (*indexes[:place], following, *indexes[place + 1 :])
            if further not in seen:
                seen.add(further)
                heapq.heappush(waiting, (moves + counts[following] - counts[index], further))


def _without(chosen: Iterable[Stand], candidates: Iterable[Stand], others: Iterable[Stand]) -> list[Stand]:
    taken = {stand.name for stand in chosen}
    return [stand for stand in (*candidates, *others) if stand.name not in taken]


def _emptied(chosen: Sequence[Stand], left: Sequence[Stand]) -> Emptying | None:
    leaving = [(guest, stand.name) for stand in chosen for guest in stand.guests]
    leaving.sort(key=lambda one: _bulk(one[0].size), reverse=True)
    guests = [guest for guest, _ in leaving]
    targets = _packed(guests, left)
    if targets is None and len(guests) * len(left) <= _SEARCHED:
        targets = _searched(guests, left)
    if targets is None:
        return None
    moves = (Move(guest.instance_id, source, target) for (guest, source), target in zip(leaving, targets, strict=True))
    return Emptying(tuple(stand.name for stand in chosen), tuple(moves))


def _bulk(size: Size) -> tuple[int, int, int]:
    return size.memory_mb, size.vcpus, size.disk_gb


def _packed(guests: Sequence[Guest], left: Sequence[Stand]) -> list[str] | None:
    """The hosts of ``guests`` (the largest first) in their order, by rule: few hosts, rather those in use already."""
    roomiest = sorted(left, key=lambda stand: (*(-part for part in _bulk(stand.room)), stand.name))
    in_use = [stand for stand in roomiest if stand.guests]
    packed = (_fewest(guests, ranked) for ranked in (in_use, roomiest))
    return next((targets for targets in packed if targets is not None), None)


def _fewest(guests: Sequence[Guest], ranked: Sequence[Stand]) -> list[str] | None:
    """First fit into the shortest beginning of ``ranked`` that holds all, found by halving."""
    least, most = 0, len(ranked)
    best = _first_fit(guests, ranked)
    while best is not None and least < most:
        middle = (least + most) // 2
        found = _first_fit(guests, ranked[:middle])
        if found is None:
            least = middle + 1
        else:
            best, most = found, middle
    return best


def _first_fit(guests: Sequence[Guest], ranked: Sequence[Stand]) -> list[str] | None:
    stands = list(ranked)
    targets = []
    for guest in guests:
        place = next((place for place, stand in enumerate(stands) if stand.takes(guest)), None)
        if place is None:
            return None
        stands[place] = _with(stands[place], guest)
        targets.append(stands[place].name)
    return targets


def _with(stand: Stand, guest: Guest) -> Stand:
    return dataclasses.replace(stand, room=stand.room.less(guest.size))


def _searched(guests: Sequence[Guest], left: Sequence[Stand]) -> list[str] | None:
    """A place for every guest by trying; of hosts that are alike one is tried."""
    stands = list(left)
    targets: list[str] = []
    steps = 0

    def placed() -> bool:
        nonlocal steps
        if len(targets) == len(guests):
            return True
        guest = guests[len(targets)]
        alike = set()
        for index, stand in enumerate(stands):
            if (stand.type, stand.room) in alike or not stand.takes(guest):
                continue
            alike.add((stand.type, stand.room))
            steps += 1
            if steps > _STEPS:
                return False
            stands[index] = _with(stand, guest)
            targets.append(stand.name)
            if placed():
                return True
            targets.pop()
            stands[index] = stand
        return False

    return targets if placed() else None


def _one_after_the_other(order: Sequence[Stand], receiving: Sequence[Stand], quantity: int) -> Emptying | None:
    """The plain rule: hosts in order, each taken if what stands on it has room, first fit, on those that are not."""
    stands = {stand.name: stand for stand in receiving}
    taken: list[str] = []
    moves: list[Move] = []
    for host in order:
        if len(taken) == quantity:
            break
        if stands[host.name] != host:  # it received some: they would move twice
            continue
        left = [stand for name, stand in stands.items() if name != host.name]
        targets = _first_fit(host.guests, left)
        if targets is None:
            continue
        for guest, target in zip(host.guests, targets, strict=True):
            stands[target] = _with(stands[target], guest)
            moves.append(Move(guest.instance_id, host.name, target))
        del stands[host.name]
        taken.append(host.name)
    return Emptying(tuple(taken), tuple(moves)) if len(taken) == quantity else None
