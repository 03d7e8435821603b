# SPDX-License-Identifier: Apache-2.0
"""A scheduler and a Climate over real HTTP: what is asked, how often, and what an outage of either service does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nova_ext.options import FailClosed
from nova_ext.source import Source
from tests.unit.nova_ext.climate_stub import ClimateStub, row
from tests.unit.nova_ext.rounds import LEASE, MINE, OTHER, THEIRS, names, node, spec

AVAILABILITY = "GET /v1/hosts/availability"
THREE = [node(1), node(2), node(3)]
LIMIT_S = 60.0
HELD_UP_S = 3.0
"""Longer than any request may take, on a machine that has much else to do."""


def instant(in_s: float) -> str:
    return datetime.fromtimestamp(time.time() + in_s, UTC).isoformat()


def leased(number: int, lease_id: str = LEASE, project_id: str = MINE, until_s: float = 3600) -> dict[str, object]:
    return row(number, lease_id=lease_id, project_id=project_id, state="active", until=instant(until_s))


def ready(source: Source) -> Source:
    """With its first answer."""
    deadline = time.monotonic() + LIMIT_S
    while source.availability.fresh(1.0) is None:
        assert time.monotonic() < deadline
    return source


def passing(source: Source, **hints: object) -> list[str]:
    """Who gets through; nobody is held up unless the test says that they wait for long."""
    before = time.monotonic()
    found = names(source.gate.passing(THREE, spec(**hints)))
    assert source.settings.wait_s == LIMIT_S or time.monotonic() - before < HELD_UP_S
    return found


def test_a_round_needs_no_http_once_hosts_are_known(climate: ClimateStub, source_of: Callable[..., Source]) -> None:
    climate.lease(leased(1), row(2), row(3))
    source = ready(source_of())
    asked = len(climate.asked)
    for _ in range(50):
        assert passing(source) == ["node-2", "node-3"]
        assert passing(source, lease=LEASE) == ["node-1"]
    assert len(climate.asked) == asked


def test_the_first_request_waits_for_the_first_answer(climate: ClimateStub, source_of: Callable[..., Source]) -> None:
    climate.lease(leased(1))
    assert passing(source_of(wait_s=LIMIT_S), lease=LEASE) == ["node-1"]


def test_while_nothing_changes_nothing_is_sent(climate: ClimateStub, source_of: Callable[..., Source]) -> None:
    """The answer stays the same thing, only younger."""
    source = ready(source_of())
    first = source.availability.known()
    second = source.availability.fresh(LIMIT_S)
    assert first is not None
    assert second is not None
    assert second.value is first.value
    assert second.asked_at > first.asked_at
    climate.lease(leased(1))
    third = source.availability.fresh(LIMIT_S)
    assert third is not None
    assert third.value.tag != first.value.tag


def test_a_lease_made_a_moment_ago_has_its_hosts_at_once(
    climate: ClimateStub, source_of: Callable[..., Source]
) -> None:
    """One question for a hint that is not known, and one for each that stays unknown."""
    source = ready(source_of(wait_s=LIMIT_S))
    climate.lease(leased(2))
    asked = climate.asked.count(AVAILABILITY)
    assert passing(source, lease=LEASE) == ["node-2"]
    assert climate.asked.count(AVAILABILITY) == asked + 1
    assert passing(source, lease=OTHER) == []
    assert climate.asked.count(AVAILABILITY) == asked + 2
    assert passing(source, lease="nonsense") == []
    assert climate.asked.count(AVAILABILITY) == asked + 2


def test_an_operator_may_have_each_request_ask_anew(climate: ClimateStub, source_of: Callable[..., Source]) -> None:
    """So that a lease that began a moment ago is seen by those who do not name it."""
    source = ready(source_of(max_age_s=0.0, wait_s=LIMIT_S))
    assert passing(source) == ["node-1", "node-2", "node-3"]
    climate.lease(leased(1), leased(2, OTHER, THEIRS))
    assert passing(source) == ["node-3"]


@pytest.mark.slow
def test_a_slow_climate_holds_nobody_up(climate: ClimateStub, source_of: Callable[..., Source]) -> None:
    """Each decides by what is known; waiting in vain is not done for every instance of a request."""
    climate.lease(leased(1))
    source = ready(source_of(max_age_s=0.0, wait_s=0.2))
    climate.delay_s = 5.0
    before = time.monotonic()
    for _ in range(20):
        assert passing(source) == ["node-2", "node-3"]
        assert passing(source, lease=LEASE) == ["node-1"]
    assert time.monotonic() - before < 5.0


def test_an_outage_closes_hints_and_leaves_free_hosts_open(
    climate: ClimateStub, source_of: Callable[..., Source]
) -> None:
    climate.lease(leased(1), row(2), row(3, next_lease_id=OTHER, next_start_at=instant(65)))
    source = ready(source_of(away_after_s=1.0, wait_s=0.1))
    assert passing(source) == ["node-2", "node-3"]
    climate.stop()
    deadline = time.monotonic() + LIMIT_S
    while passing(source, lease=LEASE) or passing(source) != ["node-2"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    climate.start()
    while passing(source, lease=LEASE) != ["node-1"]:
        assert time.monotonic() < deadline


def test_an_outage_closes_all_where_the_operator_says_so(
    climate: ClimateStub, source_of: Callable[..., Source]
) -> None:
    source = ready(source_of(away_after_s=1.0, wait_s=0.1, fail_closed=FailClosed.ALL))
    climate.stop()
    deadline = time.monotonic() + LIMIT_S
    while passing(source):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_token_that_is_refused_is_renewed(climate: ClimateStub, source_of: Callable[..., Source]) -> None:
    """As after a restart of Keystone with other keys."""
    source = ready(source_of(wait_s=LIMIT_S))
    climate.tokens.clear()
    climate.lease(leased(1))
    assert source.availability.fresh(LIMIT_S) is not None
    assert not source.availability.failing
    assert (climate.issued, passing(source, lease=LEASE)) == (2, ["node-1"])


@pytest.mark.parametrize("nonsense", [b"", b"<html>busy</html>", b'{"hosts": [{"name": 1}]}', b"{" * 100])
def test_nonsense_changes_nothing(climate: ClimateStub, source_of: Callable[..., Source], nonsense: bytes) -> None:
    climate.lease(leased(1))
    source = ready(source_of())
    climate.nonsense = nonsense
    source.availability.fresh(LIMIT_S)
    assert source.availability.failing
    assert passing(source, lease=LEASE) == ["node-1"]
    climate.nonsense = None
    source.availability.fresh(LIMIT_S)
    assert not source.availability.failing


@pytest.mark.parametrize("status", [304, 403, 404, 429, 500, 503])
def test_an_error_changes_nothing(
    climate: ClimateStub, source_of: Callable[..., Source], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    source = ready(source_of())
    first = source.availability.known()
    assert first is not None
    climate.lease(leased(1))
    climate.status = status
    known = source.availability.fresh(LIMIT_S)
    assert known is not None
    assert known.value is first.value
    assert source.availability.failing is (status != 304)
    assert (f"status {status}" in caplog.text) is (status != 304)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"auth_type": None}, "auth_type is not set"),
        ({"auth_type": "nonsense"}, "nonsense"),
        ({"auth_url": None}, "auth_url"),
        ({"service_type": "unheard-of"}, "unheard-of"),
        ({"auth_url": "http://127.0.0.1:9/v3"}, "127.0.0.1:9"),
    ],
)
def test_what_cannot_work_is_told_once_and_without_a_secret(
    source_of: Callable[..., Source], caplog: pytest.LogCaptureFixture, settings: dict[str, str], why: str
) -> None:
    source = source_of(**settings)
    assert passing(source) == passing(source, lease=LEASE) == []
    faults = [record.getMessage() for record in caplog.records if "does not answer" in record.getMessage()]
    assert len(faults) == 1
    assert why in faults[0]
    assert "secret" not in caplog.text


def test_ten_thousand_hosts_come_in_one_answer(climate: ClimateStub, source_of: Callable[..., Source]) -> None:
    climate.lease(*(leased(number) if number % 2 else row(number) for number in range(10_000)))
    source = ready(source_of())
    hosts = [node(number) for number in range(10_000)]
    assert len(source.gate.passing(hosts, spec())) == len(source.gate.passing(hosts, spec(lease=LEASE))) == 5000


def test_a_scheduler_that_starts_during_an_outage_knows_what_was_true(
    climate: ClimateStub, source_of: Callable[..., Source], tmp_path: Path
) -> None:
    """As old as it is: a lease cannot be checked by it, and a host must be free for longer."""
    file = tmp_path / "kept.json"
    climate.lease(leased(1), row(2), row(3, next_lease_id=OTHER, next_start_at=instant(1800)))
    ready(source_of(snapshot_file=str(file))).stop()
    climate.stop()
    assert passing(source_of(snapshot_file=str(file))) == ["node-2", "node-3"]
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))
    later = source_of(snapshot_file=str(file))
    assert (passing(later), passing(later, lease=LEASE)) == (["node-2"], [])


def test_an_unchanged_answer_makes_what_is_kept_younger(
    climate: ClimateStub, source_of: Callable[..., Source], tmp_path: Path
) -> None:
    file = tmp_path / "kept.json"
    source = ready(source_of(snapshot_file=str(file)))
    os.utime(file, (1, 1))
    source.availability.fresh(LIMIT_S)
    assert file.stat().st_mtime > time.time() - LIMIT_S
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\n\xff", b'{"hosts": []}'])
def test_what_is_kept_and_broken_is_as_nothing(
    source_of: Callable[..., Source], tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "kept.json"
    file.write_bytes(content)
    ready(source_of(snapshot_file=str(file)))
    assert b"node-1" in file.read_bytes()


def test_where_nothing_can_be_kept_all_goes_on(
    source_of: Callable[..., Source], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = ready(source_of(snapshot_file=str(tmp_path / "none" / "kept.json")))
    source.availability.fresh(LIMIT_S)
    assert passing(source) == ["node-1", "node-2", "node-3"]
    assert len([record for record in caplog.records if "cannot be kept" in record.getMessage()]) == 1
