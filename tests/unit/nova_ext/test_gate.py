# SPDX-License-Identifier: Apache-2.0
"""A request at the gate: one line of log where it is refused, and no exception whatever comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nova_ext.gate import Gate
from nova_ext.poller import Known, Pace, Poller
from nova_ext.snapshot import Snapshot
from tests.unit.nova_ext.rounds import (
    LEASE,
    MINE,
    NOW,
    OTHER,
    RULES,
    THEIRS,
    Spec,
    answer,
    leased,
    names,
    node,
    spec,
    use,
)

HOUR_S = 3600.0
TWO = [node(1), node(2)]


class Following:
    """What the gate asks, with every question counted; ``monotonic`` stands still."""

    def __init__(self, first: Snapshot | None, then: Snapshot | None = None) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self._known = None if first is None else Known(first, self.now)
        self._then = then

    def renew(self) -> None:
        """An answer that says the same in another way."""
        self._known = self.fresh(0.0)

    def known(self) -> Known[Snapshot] | None:
        return self._known

    def fresh(self, wait_s: float) -> Known[Snapshot] | None:
        self.waits.append(wait_s)
        return self._known if self._then is None else Known(self._then, self.now)


def gate(following: Any) -> Gate:
    return Gate(following, RULES, clock=lambda: NOW, monotonic=lambda: following.now)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("request_spec", "why"),
    [
        (spec(lease=OTHER), "is unknown"),
        (spec(lease=LEASE, project_id=THEIRS), f"belongs to project {MINE}"),
        (spec(lease="nonsense"), "is no lease's id: 'nonsense'"),
        (spec(lease=[LEASE, OTHER]), "has 2 values"),
        (spec(lease=LEASE, reservation=OTHER), "name different leases"),
    ],
    ids=["unknown", "foreign", "malformed", "list", "different"],
)
def test_a_refusal_is_one_line(request_spec: Spec, why: str, caplog: pytest.LogCaptureFixture) -> None:
    """That names the instance and its project."""
    caplog.set_level("INFO")
    assert gate(Following(answer(leased(1), use(2)))).passing(TWO, request_spec) == []
    (line,) = lines(caplog)
    assert line.startswith(f"No host for instance instance-1 of project {request_spec.project_id}: ")
    assert why in line


def test_what_passes_is_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    asked = gate(Following(answer(leased(1), use(2))))
    assert names(asked.passing(TWO, spec())) == ["node-2"]
    assert names(asked.passing(TWO, spec(lease=LEASE))) == ["node-1"]
    assert lines(caplog) == []


def test_hosts_that_climate_does_not_know_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Names that do not fit together would leave leased hosts open, and nobody would see why."""
    following = Following(answer(leased(1)), answer(leased(1)))
    asked = gate(following)
    for _ in range(3):
        asked.passing([*TWO, node(3)], spec())
        following.renew()
    (line,) = lines(caplog)
    assert line.startswith("2 of Nova's hosts are not among Climate's, such as node-2")


def test_a_rebuild_stays_where_it_is() -> None:
    assert gate(Following(None)).passing(TWO, spec(lease=LEASE, _nova_check_type="rebuild")) == TWO


def test_one_request_waits_once() -> None:
    following = Following(None, answer(use(1)))
    assert gate(following).passing(TWO, spec(lease=LEASE)) == []
    assert following.waits == [RULES.wait_s]


def test_an_answer_that_is_too_old_is_asked_for_anew() -> None:
    following = Following(answer(use(1), use(2)), answer(leased(1), use(2)))
    asked = gate(following)
    following.now += RULES.max_age_s
    assert names(asked.passing(TWO, spec())) == ["node-1", "node-2"]
    following.now += 0.1
    assert names(asked.passing(TWO, spec())) == ["node-2"]
    assert len(following.waits) == 1
    following.now += RULES.max_age_s + 0.1
    asked.passing(TWO, spec())
    assert len(following.waits) == 2, "what was not in vain is done again"


def test_what_was_in_vain_is_not_waited_for_again_soon() -> None:
    """An hour of outage, fifty instances in one request: one wait, not fifty."""
    following = Following(answer(use(1), leased(2)))
    asked = gate(following)
    following.now += RULES.max_age_s + 1
    for _ in range(50):
        assert names(asked.passing(TWO, spec())) == ["node-1"]
        assert names(asked.passing(TWO, spec(lease=LEASE))) == ["node-2"]
    assert len(following.waits) == 1
    following.now += RULES.retry_max_s
    asked.passing(TWO, spec())
    assert len(following.waits) == 2


class Broken:
    """Raises whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize(
    "request_spec", [None, 7, Broken(), Spec({"scheduler_hints": 7}), Spec({"flavor": None})], ids=range(5)
)
@pytest.mark.parametrize("hosts", [TWO, [None], [Broken()]], ids=range(3))
def test_it_never_raises(request_spec: Any, hosts: list[Any]) -> None:
    assert isinstance(gate(Following(answer(leased(1)))).passing(hosts, request_spec), list)


def test_a_fault_of_ours_gives_no_host_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    asked = gate(Broken())
    for _ in range(3):
        assert asked.passing(TWO, spec()) == []
    (line,) = lines(caplog)
    assert "The lease filter failed" in line
    assert caplog.records[0].exc_info is not None


@pytest.fixture
def unanswered() -> Iterator[Poller[Snapshot]]:
    """Whose connection cannot be made."""

    def connect() -> Callable[[Snapshot | None], Snapshot]:
        raise OSError("away")

    poller: Poller[Snapshot] = Poller(
        "hosts", connect, Pace(interval_s=HOUR_S, retry_max_s=HOUR_S), known=Known(answer(leased(1), use(2)), 0.0)
    )
    yield poller
    poller.stop()


def test_what_goes_wrong_in_the_background_leaves_the_last_answer(unanswered: Poller[Snapshot]) -> None:
    asked = Gate(unanswered, RULES, clock=lambda: NOW, monotonic=lambda: 1.0)
    assert names(asked.passing(TWO, spec())) == ["node-2"]
