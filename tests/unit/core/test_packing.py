# SPDX-License-Identifier: Apache-2.0
"""Emptying hosts: as few moves as a brute force finds, all of them possible, never more than a first fit's."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.core.packing import ANY, Emptying, Guest, Size, Stand, clear, empty

TYPES = ("thin", "fat")


@st.composite
def stands(draw: st.DrawFn, prefix: str, most: int) -> list[Stand]:
    found = []
    for number in range(draw(st.integers(0, most))):
        guests = tuple(
            Guest(f"{prefix}{number}-{guest}", Size(vcpus, memory), needs)
            for guest, (vcpus, memory, needs) in enumerate(
                draw(
                    st.lists(
                        st.tuples(st.integers(1, 4), st.integers(1, 4), st.sampled_from((ANY, *TYPES))), max_size=3
                    )
                )
            )
        )
        room = Size(draw(st.integers(0, 6)), draw(st.integers(0, 6)))
        found.append(Stand(f"{prefix}{number}", room, guests, draw(st.sampled_from(TYPES))))
    return found


def places(guests: Sequence[Guest], left: Sequence[Stand]) -> bool:
    """Whether any assignment at all holds every guest: the oracle, without a rule or a limit."""
    for targets in itertools.product(range(len(left)), repeat=len(guests)):
        rooms = {index: (stand.room.vcpus, stand.room.memory_mb) for index, stand in enumerate(left)}
        for guest, target in zip(guests, targets, strict=True):
            if guest.needs not in (ANY, left[target].type):
                break
            vcpus, memory = rooms[target]
            rooms[target] = (vcpus - guest.size.vcpus, memory - guest.size.memory_mb)
        else:
            if all(vcpus >= 0 and memory >= 0 for vcpus, memory in rooms.values()):
                return True
    return False


def fewest(candidates: Sequence[Stand], others: Sequence[Stand], quantity: int) -> int | None:
    """The least number of moves over all sets of hosts and all placements."""
    counts = []
    for chosen in itertools.combinations(candidates, quantity):
        left = [stand for stand in (*candidates, *others) if stand not in chosen]
        guests = [guest for stand in chosen for guest in stand.guests]
        if places(guests, left):
            counts.append(len(guests))
    return min(counts, default=None)


def check(found: Emptying, candidates: Sequence[Stand], others: Sequence[Stand], quantity: int) -> None:
    """Every instance of the taken hosts moves once, to a host that is not taken, may run it and has room."""
    stands = {stand.name: stand for stand in (*candidates, *others)}
    assert len(set(found.hosts)) == quantity
    assert set(found.hosts) <= {stand.name for stand in candidates}
    guests = {guest.instance_id: guest for name in found.hosts for guest in stands[name].guests}
    assert Counter(move.instance_id for move in found.moves) == Counter(list(guests))
    rooms = {name: stand.room for name, stand in stands.items()}
    for move in found.moves:
        assert move.target not in found.hosts
        assert any(guest.instance_id == move.instance_id for guest in stands[move.source].guests)
        guest = guests[move.instance_id]
        assert guest.needs in (ANY, stands[move.target].type)
        rooms[move.target] = rooms[move.target].less(guest.size)
    assert all(room.holds(Size(0, 0)) for room in rooms.values())


@given(stands("c", 4), stands("o", 2), st.integers(1, 3))
def test_the_number_of_moves_is_the_least_there_is(candidates: list[Stand], others: list[Stand], quantity: int) -> None:
    found = empty(candidates, others, quantity)
    expected = fewest(candidates, others, quantity)
    assert (None if found is None else len(found.moves)) == expected
    if found is not None:
        check(found, candidates, others, quantity)


def first_fit(candidates: Sequence[Stand], others: Sequence[Stand], quantity: int) -> int | None:
    """Hosts with the fewest instances first, each instance onto the first host with room: what people would write."""
    order = sorted(candidates, key=lambda stand: len(stand.guests))
    rooms = {stand.name: stand.room for stand in (*candidates, *others)}
    types = {stand.name: stand.type for stand in (*candidates, *others)}
    received: set[str] = set()
    taken: set[str] = set()
    moves = 0
    for host in order:
        if len(taken) == quantity:
            break
        if host.name in received:
            continue
        tried = dict(rooms)
        targets = []
        for guest in host.guests:
            allowed = [name for name in tried if name != host.name and name not in taken]
            fitting = (n for n in allowed if guest.needs in (ANY, types[n]) and tried[n].holds(guest.size))
            target = next(fitting, None)
            if target is None:
                break
            tried[target] = tried[target].less(guest.size)
            targets.append(target)
        if len(targets) == len(host.guests):
            rooms = tried
            received.update(targets)
            taken.add(host.name)
            moves += len(targets)
    return moves if len(taken) == quantity else None


def fleet(seed: int, hosts: int, load: float) -> tuple[list[Stand], list[Stand]]:
    """Hosts of 64 vcpus and 256 GB, filled with instances of 1 to 16 vcpus to about ``load``."""
    chance = random.Random(seed)
    made = []
    for number in range(hosts):
        kind = chance.choice(TYPES)
        room, guests = Size(64, 262_144), []
        target = 64 * (1 - load * chance.uniform(0, 2))
        while room.vcpus > target:
            vcpus = chance.choice((1, 2, 4, 8, 16))
            size = Size(vcpus, vcpus * chance.choice((2048, 4096, 8192)))
            if not room.holds(size):
                break
            room = room.less(size)
            needs = chance.choice((ANY, ANY, kind))
            guests.append(Guest(f"{number}-{len(guests)}", size, needs))
        made.append(Stand(f"host{number:04}", room, tuple(guests), kind))
    return made[: hosts * 2 // 3], made[hosts * 2 // 3 :]


@pytest.mark.parametrize("load", [0.3, 0.6, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("seed", range(8))
def test_a_large_site_never_needs_more_moves_than_a_first_fit(seed: int, load: float) -> None:
    candidates, others = fleet(seed, 90, load)
    for quantity in (1, 4, 16, 40):
        found = empty(candidates, others, quantity)
        plain = first_fit(candidates, others, quantity)
        if found is not None:
            check(found, candidates, others, quantity)
        if plain is not None:
            assert found is not None
            assert len(found.moves) <= plain


def test_instances_go_to_few_hosts_and_leave_empty_ones_empty() -> None:
    small = Size(1, 1)
    busy = [Stand(f"busy{n}", Size(10, 10), (Guest(f"b{n}", small),)) for n in range(3)]
    free = [Stand(f"free{n}", Size(100, 100)) for n in range(3)]
    leaving = Stand("leaving", Size(0, 0), tuple(Guest(f"g{n}", small) for n in range(4)))
    found = empty([leaving], [*free, *busy], 1)
    assert found is not None
    assert {move.target for move in found.moves} == {"busy0"}


def test_empty_hosts_are_taken_without_a_move() -> None:
    free = [Stand(f"free{n}", Size(4, 4)) for n in range(2)]
    used = Stand("a", Size(4, 4), (Guest("g", Size(1, 1)),))
    assert empty([used, *free], [], 2) == Emptying(("free0", "free1"))


def test_more_hosts_than_there_are_cannot_be_taken() -> None:
    assert empty([Stand("one", Size(1, 1))], [], 2) is None


def test_no_hosts_wanted_is_nothing_to_do() -> None:
    assert empty([Stand("one", Size(1, 1))], [], 0) == Emptying(())


@given(stands("c", 3), stands("o", 3))
def test_of_what_cannot_all_go_some_do_and_each_has_room(full: list[Stand], others: list[Stand]) -> None:
    """All go where that can be; nothing moves that has no room beside the rest; some do where any can."""
    found = clear(full, others)
    guests = {guest.instance_id: guest for stand in full for guest in stand.guests}
    rooms = {stand.name: stand for stand in others}
    for move in found.moves:
        assert rooms[move.target].takes(guests[move.instance_id])
        taken = rooms[move.target]
        rooms[move.target] = dataclasses.replace(taken, room=taken.room.less(guests[move.instance_id].size))
    assert len({move.instance_id for move in found.moves}) == len(found.moves)
    alone = [guest for guest in guests.values() if any(stand.takes(guest) for stand in others)]
    assert bool(found.moves) == bool(alone)
    if places(list(guests.values()), others):
        assert len(found.moves) == len(guests)


def test_where_there_is_too_little_room_the_most_go() -> None:
    full = Stand("full", Size(0, 0), (Guest("big", Size(4, 4)), Guest("small", Size(1, 1)), Guest("tiny", Size(1, 0))))
    found = clear([full], [Stand("other", Size(4, 4))])
    assert {move.instance_id for move in found.moves} == {"small", "tiny"}
