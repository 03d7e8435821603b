# SPDX-License-Identifier: Apache-2.0
"""What the calendar does by itself: in order, late rather than never, once among any number of workers."""

from __future__ import annotations

import threading

import pytest

from climate.core.lifecycle import State
from climate.errors import HostsTaken, ServiceUnavailable
from climate.planning.transitions import Transitions
from tests.unit.planning.workshop import Workshop


def test_a_lease_is_carried_out_when_its_time_comes(shop: Workshop) -> None:
    """Each event in its second and not before; the hosts stay blocked until they are clean."""
    made = shop.make(range(4), start_time=1_500, confirm=True)
    seen = []
    for now in range(1_000, 1_700):
        shop.now = now
        before = len(shop.told())
        shop.transitions.run_due()
        seen += [(now, event) for event, _ in shop.told()[before:]]
    assert seen == [(1_500, "started"), (1_580, "ends_soon"), (1_600, "ended"), (1_610, "released")]
    assert shop.store.get_lease(made.lease_id).state is State.ENDED
    assert shop.store.snapshot().columns.host.size == 0


OUTAGES = {
    "until the middle": (1_550, ["started"], State.ACTIVE),
    "until the last minute": (1_590, ["started", "ends_soon"], State.ACTIVE),
    "until after the end": (1_605, ["started", "ended"], State.ENDED),
    "until long after": (9_000, ["started", "ended"], State.ENDED),
}


@pytest.mark.parametrize(("until", "events", "state"), OUTAGES.values(), ids=OUTAGES)
def test_an_outage_is_caught_up_in_order(shop: Workshop, until: int, events: list[str], state: State) -> None:
    """All at once, when somebody is there again. What would be news of the past (it ends soon) is left out."""
    made = shop.make(range(4), start_time=1_500, confirm=True)
    shop.now = until
    assert shop.transitions.run_due() == len(events)
    assert [event for event, _ in shop.told()[1:]] == events
    over = shop.store.get_lease(made.lease_id)
    assert (over.state, over.closed_at) == (state, 1_600 if state is State.ENDED else None)
    assert shop.transitions.run_due() == 0


def test_a_proposal_nobody_confirmed_expires(shop: Workshop) -> None:
    """And its hosts are free in that second, without clean-up."""
    made = shop.make(range(4), quantity=4)
    shop.now = 1_039
    assert shop.transitions.run_due() == 0
    shop.now = 1_040
    assert shop.transitions.run_due() == 1
    assert shop.told()[-1] == ("expired", made.lease_id)
    assert shop.make(range(4), quantity=4).start_at == 1_040


def test_a_confirmed_proposal_does_not_expire(shop: Workshop) -> None:
    made = shop.make(range(4), start_time=1_500)
    shop.proposals.confirm(made.lease_id, "p")
    shop.now = 1_040
    assert shop.transitions.run_due() == 0


def test_hosts_given_back_are_released_with_their_lease(shop: Workshop) -> None:
    """Their own clean-up was over long before; nothing stays in the calendar."""
    made = shop.make(range(4), quantity=2, confirm=True)
    shop.now = 1_020
    shop.change(made, quantity=1)
    shop.now = 1_100
    shop.transitions.run_due()
    assert shop.store.snapshot().columns.end.tolist() == [1_110]
    shop.now = 1_110
    shop.transitions.run_due()
    assert shop.store.snapshot().columns.end.tolist() == []


def test_an_extension_is_announced_again(shop: Workshop) -> None:
    made = shop.make(range(4), confirm=True)
    shop.now = 1_090
    shop.transitions.run_due()
    shop.change(made, end_time=1_200)
    shop.now = 1_180
    shop.transitions.run_due()
    assert [event for event, _ in shop.told()] == ["confirmed", "started", "ends_soon", "changed", "ends_soon"]


def test_many_leases_are_caught_up_in_one_go(shop: Workshop) -> None:
    """More than one batch."""
    leases = [shop.make([number], confirm=True).lease_id for number in range(250)]
    shop.now = 5_000
    assert shop.transitions.run_due() == 500
    assert {shop.store.get_lease(lease_id).state for lease_id in leases} == {State.ENDED}


def test_two_workers_make_each_transition_exactly_once(shop: Workshop) -> None:
    """At the same time, over one store; nothing is announced twice or out of order."""
    leases = [shop.make([number], confirm=True).lease_id for number in range(30)]
    workers = [shop.another() for _ in range(4)]
    for now in (1_000, 1_080, 1_100, 1_110):
        for worker in workers:
            worker.now = now
        made: list[int] = []
        barrier = threading.Barrier(len(workers))

        def work(worker: Workshop, made: list[int] = made, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(30)
            made.append(worker.transitions.run_due())

        threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(made) == 30
    for lease_id in leases:
        events = [event for event, key in shop.told() if key == lease_id]
        assert events == ["confirmed", "started", "ends_soon", "ended", "released"]


def test_a_lease_that_another_worker_was_faster_with_is_left_to_it(shop: Workshop) -> None:
    """Its event is told once."""
    made = shop.make(range(4), confirm=True)
    other = shop.another()
    shop.store.meddle = lambda: other.transitions.run_due() and None
    assert shop.transitions.run_due() == 0
    assert shop.told() == [("confirmed", made.lease_id), ("started", made.lease_id)]


@pytest.mark.parametrize("error", [ServiceUnavailable, HostsTaken, RuntimeError])
def test_one_lease_that_cannot_be_moved_does_not_stop_the_others(
    shop: Workshop, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged with the lease's id, and tried again at the next round."""
    leases = [shop.make([number], confirm=True).lease_id for number in range(5)]
    commit = shop.store.commit

    def refuse(decision, *rest):  # noqa: ANN001, ANN002, ANN202
        if decision.lease.lease_id == leases[2]:
            raise error("no")
        return commit(decision, *rest)

    shop.store.commit = refuse  # type: ignore[method-assign]
    shop.transitions.run_due()
    states = [shop.store.get_lease(lease_id).state for lease_id in leases]
    assert states == [State.ACTIVE, State.ACTIVE, State.CONFIRMED, State.ACTIVE, State.ACTIVE]
    assert leases[2] in caplog.text
    shop.store.commit = commit  # type: ignore[method-assign]
    assert shop.transitions.run_due() == 1


def test_a_clock_that_goes_back_undoes_nothing(shop: Workshop) -> None:
    """Two machines differ by some seconds."""
    made = shop.make(range(4), confirm=True)
    shop.now = 1_100
    shop.transitions.run_due()
    behind = Transitions(shop.store, lambda: 1_050, shop.transitions._randomness)
    assert behind.run_due() == 0
    assert shop.store.get_lease(made.lease_id).state is State.ENDED
