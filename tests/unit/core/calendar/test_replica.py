# SPDX-License-Identifier: Apache-2.0
"""A copy that follows the journal equals one built anew from the rows, whatever has happened."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.calendar.replica import Fact, OutOfStep, Replica
from climate.core.journal import Block, Change, Span
from climate.core.lifecycle import LIVE, State
from tests.examples import many
from tests.unit.core.calendar.plain import PlainCalendar, bookings_of

HOSTS = 8
MARGIN_S = 3

step = st.tuples(
    st.sampled_from(
        ("propose", "propose", "propose", "confirm", "extend", "swap", "reduce", "end", "cancel", "release")
    ),
    st.integers(0, 1000),  # which lease
    st.lists(st.integers(0, HOSTS - 1), min_size=1, max_size=4, unique=True),
    st.integers(0, 60),  # from when
    st.integers(1, 12),  # for how long, or by how much
)


class Journal:
    """Leases that live at random: the rows they leave and the changes that are told of them."""

    def __init__(self) -> None:
        self.rows = PlainCalendar([] for _ in range(HOSTS))
        self.facts: dict[str, Fact] = {}
        self.changes: list[Change] = []

    def do(self, name: str, which: int, hosts: list[int], start: int, seconds: int) -> None:
        if name == "propose":
            span = (start, start + seconds + MARGIN_S)
            if all(self.rows.free(host, *span) for host in hosts):
                lease_id = f"lease-{len(self.changes)}"
                self.tell("proposed", lease_id, State.PROPOSED, (start, start + seconds), [(hosts, None, span)])
        elif self.facts:
            lease_id = sorted(self.facts)[which % len(self.facts)]
            getattr(self, name)(lease_id, self.facts[lease_id], seconds)

    def confirm(self, lease_id: str, fact: Fact, _: int) -> None:
        self.tell("confirmed", lease_id, State.CONFIRMED, (fact.start_at, fact.end_at), [])

    def extend(self, lease_id: str, fact: Fact, seconds: int) -> None:
        """All hosts of the lease, each by the same; what is blocked may differ from host to host."""
        held = self.held(lease_id)
        if fact.state in LIVE and all(
            self.rows.free(host, span[0], span[1] + seconds, but=(*span, lease_id)) for host, span in held
        ):
            blocks = [([host], span, (span[0], span[1] + seconds)) for host, span in held]
            self.tell("changed", lease_id, fact.state, (fact.start_at, fact.end_at + seconds), blocks)

    def swap(self, lease_id: str, fact: Fact, _: int) -> None:
        """One host leaves, another takes its place: two blocks of one change."""
        for host, span in self.held(lease_id)[:1]:
            others = [other for other in range(HOSTS) if self.rows.free(other, *span)]
            if fact.state in LIVE and others:
                blocks = [([host], span, None), (others[:1], None, span)]
                self.tell("changed", lease_id, fact.state, (fact.start_at, fact.end_at), blocks)

    def reduce(self, lease_id: str, fact: Fact, seconds: int) -> None:
        """One host goes back in the middle of the lease."""
        for host, (start, end) in self.held(lease_id)[:1]:
            now = (start, max(start + 1, end - seconds))
            self.tell("changed", lease_id, fact.state, (fact.start_at, fact.end_at), [([host], (start, end), now)])

    def end(self, lease_id: str, fact: Fact, _: int) -> None:
        """The lease is over; its margin stays in the calendar."""
        self.tell("ended", lease_id, State.ENDED, (fact.start_at, fact.end_at), [])

    def cancel(self, lease_id: str, fact: Fact, _: int) -> None:
        blocks = [([host], span, None) for host, span in self.held(lease_id)]
        self.tell("cancelled", lease_id, State.CANCELLED, (fact.start_at, fact.end_at), blocks)

    def release(self, lease_id: str, fact: Fact, _: int) -> None:
        """Blocked time that is over leaves the calendar."""
        blocks = [([host], span, None) for host, span in self.held(lease_id)[:2]]
        self.tell("released", lease_id, fact.state, (fact.start_at, fact.end_at), blocks)

    def held(self, lease_id: str) -> list[tuple[int, Span]]:
        return [(host, one[:2]) for host, all_of in enumerate(self.rows.hosts) for one in all_of if one[2] == lease_id]

    def tell(
        self,
        event: str,
        lease_id: str,
        state: State,
        period: Span,
        blocks: list[tuple[list[int], Span | None, Span | None]],
    ) -> None:
        for hosts, was, now in blocks:
            if was:
                self.rows.release(hosts, (*was, lease_id))
            if now:
                self.rows.book(hosts, *now, lease_id)
        told = tuple(Block(tuple(sorted(hosts)), was, now) for hosts, was, now in blocks)
        sequence = len(self.changes) + 1
        self.changes.append(
            Change(
                sequence=sequence,
                at=0,
                event=event,
                lease_id=lease_id,
                project_id="project",
                state=state,
                start_at=period[0],
                end_at=period[1],
                blocks=told,
            )
        )
        if state in LIVE or self.held(lease_id):
            self.facts[lease_id] = Fact(state, "project", *period)
        else:
            self.facts.pop(lease_id, None)

    def rebuilt(self) -> Replica:
        return Replica.from_snapshot(len(self.changes), HOSTS, self.rows.columns(), self.facts)


def content(replica: Replica) -> tuple[object, ...]:
    """All there is to a copy; hosts without bookings count for nothing."""
    hosts = bookings_of(replica.calendar)
    while hosts and not hosts[-1]:
        hosts.pop()
    return replica.sequence, hosts, replica.facts


@settings(max_examples=many(1000), deadline=None)
@given(st.lists(step, max_size=25), st.integers(0, 25))
def test_a_copy_that_follows_equals_one_built_anew(steps: list[tuple], snapshot_after: int) -> None:
    """From the first change on, and from any snapshot on; changes that come again do nothing."""
    journal = Journal()
    late = journal.rebuilt()
    for number, one in enumerate(steps):
        journal.do(*one)
        if number == snapshot_after:
            late = journal.rebuilt()
    first = Replica()
    for change in journal.changes:
        assert first.apply(change)
        assert not first.apply(change)
        known = late.sequence
        assert late.apply(change) == (change.sequence > known)
    assert content(first) == content(late) == content(journal.rebuilt())


def change(sequence: int, *blocks: Block, lease_id: str = "b", state: State = State.CONFIRMED) -> Change:
    return Change(
        sequence=sequence,
        at=0,
        event="changed",
        lease_id=lease_id,
        project_id="project",
        state=state,
        start_at=10,
        end_at=20,
        blocks=blocks,
    )


@pytest.fixture
def replica() -> Replica:
    """As of change 7: hosts 0 and 1 are held by one lease."""
    rows = PlainCalendar([[(10, 23, "a")], [(10, 23, "a")], []])
    return Replica.from_snapshot(7, 3, rows.columns(), {"a": Fact(State.CONFIRMED, "project", 10, 20)})


@pytest.mark.parametrize(
    "wrong",
    [
        change(9),
        change(8, Block((2,), None, (10, 23)), Block((0, 2), None, (22, 30))),
        change(8, Block((2,), None, (10, 23)), Block((0,), (10, 22), None)),
        change(8, Block((0, 1), (10, 23), (10, 40)), Block((1,), (10, 23), (10, 50)), lease_id="a"),
        change(8, Block((0,), (10, 23), None), Block((0,), (10, 23), None), lease_id="a"),
        change(8, Block((0,), (10, 23), None)),  # another's
        change(8, Block((2,), None, (10, 23)), Block((2,), None, (40, 30))),
    ],
)
def test_a_change_that_does_not_fit_is_refused_whole(replica: Replica, wrong: Change) -> None:
    """A gap in the sequence, a taken host, a booking that is not there: load anew; nothing was half done."""
    before = content(replica)
    with pytest.raises(OutOfStep):
        replica.apply(wrong)
    assert content(replica) == before


def test_a_host_that_is_new_joins_with_its_first_change(replica: Replica) -> None:
    """Host numbers come from the journal; the copy need not have heard of them."""
    assert replica.apply(change(8, Block((5, 9), None, (10, 23))))
    assert replica.calendar.host_count == 10
    assert replica.calendar.owners.bookings("b") == 2


def test_a_lease_that_is_over_is_known_as_long_as_it_blocks_time(replica: Replica) -> None:
    """Its margin has an owner until it is released; then both are forgotten."""
    replica.apply(change(8, lease_id="a", state=State.ENDED))
    assert replica.facts["a"].state is State.ENDED
    replica.apply(change(9, Block((0,), (10, 23), None), lease_id="a", state=State.ENDED))
    assert "a" in replica.facts
    replica.apply(change(10, Block((1,), (10, 23), None), lease_id="a", state=State.ENDED))
    assert replica.facts == {}
