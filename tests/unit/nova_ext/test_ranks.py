# SPDX-License-Identifier: Apache-2.0
"""What the weighers say of a request's hosts, over real HTTP where they ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from nova_ext import ranks
from nova_ext.source import Source
from tests.unit.nova_ext.climate_stub import ClimateStub, row
from tests.unit.nova_ext.rounds import LEASE, NOW, node, spec

FOUR = [node(number) for number in (1, 2, 3, 4)]
HORIZON_S = 1000
LIMIT_S = 60.0
IN_500_S, IN_2000_S = "2030-03-17T17:55:00Z", "2030-03-17T18:20:00Z"


@pytest.fixture
def source(climate: ClimateStub, source_of: Callable[..., Source]) -> Source:
    """Host 1 is leased in 500 s, host 2 in 2000 s, host 3 never; host 4 is not known."""
    climate.lease(
        row(1, next_lease_id=LEASE, next_start_at=IN_500_S),
        row(2, next_lease_id=LEASE, next_start_at=IN_2000_S),
        row(3),
    )
    climate.efficiencies = {"node-1": 4e9, "node-2": 2e9, "node-3": None}
    found = source_of(horizon_s=HORIZON_S)
    while found.availability.fresh(LIMIT_S) is None:
        pass
    return found


def by_free_time(source: Source, request: Any) -> list[float]:
    return ranks.by_free_time(source, FOUR, request, clock=lambda: NOW)


def efficiencies(source: Source) -> list[float]:
    """When the ranking has been asked for."""
    assert source.ranking.fresh(LIMIT_S) is not None
    return ranks.by_efficiency(source, FOUR)


def test_the_longer_free_the_better(source: Source) -> None:
    assert by_free_time(source, spec()) == [0.5, 1.0, 1.0, 1.0]


def test_an_instance_goes_where_it_just_fits(source: Source) -> None:
    """By its own hint before its flavor's word."""
    one = by_free_time(source, spec(extra_specs={"climate:lifetime": "500"}))
    assert one == by_free_time(source, spec(lifetime="8m20s", extra_specs={"climate:lifetime": "1d"}))
    assert one == [1.0, 0.75, 0.75, 0.75]


def test_free_time_is_nothing_to_an_instance_of_a_lease(source: Source) -> None:
    assert by_free_time(source, spec(lease=LEASE)) == [0.0] * 4
    assert by_free_time(source, spec(lease="nonsense")) == [0.0] * 4


def test_efficiency_is_known_or_in_the_middle(source: Source) -> None:
    assert efficiencies(source) == [4e9, 2e9, 3e9, 3e9]


def test_without_a_ranking_all_hosts_are_alike(climate: ClimateStub, source: Source) -> None:
    """Where nobody ranks hosts that is no fault."""
    climate.efficiencies = None
    assert efficiencies(source) == [0.0] * 4
    assert not source.ranking.failing


def test_weighing_asks_in_the_background(climate: ClimateStub, source: Source) -> None:
    """A request meets hosts that are alike until the ranking is there, and waits for nothing."""
    climate.delay_s = 1.0
    before = time.monotonic()
    assert ranks.by_efficiency(source, FOUR) == [0.0] * 4
    assert time.monotonic() - before < 0.8
    assert source.ranking.fresh(LIMIT_S) is not None
    asked = len(climate.asked)
    assert ranks.by_efficiency(source, FOUR)[0] == 4e9
    assert len(climate.asked) == asked


@pytest.mark.parametrize("nonsense", [b"", b'{"hosts": [null]}', b'{"hosts": [1, 2, 3]}'])
def test_a_ranking_that_is_none_keeps_the_last(climate: ClimateStub, source: Source, nonsense: bytes) -> None:
    before = efficiencies(source)
    climate.nonsense = nonsense
    assert efficiencies(source) == before
    assert source.ranking.failing


def test_many_hosts_are_asked_about_some_at_a_time(climate: ClimateStub, source: Source) -> None:
    climate.lease(*map(row, range(1200)))
    climate.efficiencies = {f"node-{number}": float(number) for number in range(1200)}
    source.availability.fresh(LIMIT_S)
    assert efficiencies(source) == [1.0, 2.0, 3.0, 4.0]
    assert climate.asked.count("POST /v1/ranking") >= 3
    known = source.ranking.known()
    assert known is not None
    assert len(known.value) == 1200


def test_weighing_never_raises(source: Source, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert ranks.by_free_time(source, [object(), object()], 7) == [0.0, 0.0]  # type: ignore[list-item]
        source.ranking.fresh(LIMIT_S)
        assert ranks.by_efficiency(source, [object()]) == [0.0]  # type: ignore[list-item]
    assert 1 <= len([record for record in caplog.records if "weigher failed" in record.getMessage()]) <= 2
