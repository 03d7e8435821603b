# SPDX-License-Identifier: Apache-2.0
"""Schedulers are found by their entry points and named by requests."""

from __future__ import annotations

import pytest

from climate.core.schedulers.earliest import Earliest
from climate.errors import BadField, ConfigError
from climate.planning import strategies
from climate.planning.strategies import Strategies
from climate.rpcapi.planning import SchedulerInfo


class Other(Earliest):
    name = "other"
    description = "Another way."


def test_earliest_is_installed() -> None:
    """By its entry point, under the name that it has itself, with a sentence for tenants."""
    found = strategies.installed()
    assert isinstance(found["earliest"], Earliest)
    assert all(name == scheduler.name and scheduler.description for name, scheduler in found.items())


def test_a_request_gets_the_scheduler_that_it_names() -> None:
    """Or the operator's default."""
    chosen = Strategies({"earliest": Earliest(), "other": Other()}, "other")
    assert isinstance(chosen.named("earliest"), Earliest)
    assert isinstance(chosen.named(""), Other)


@pytest.mark.parametrize("name", ["nosuch", "Earliest", " earliest", "\x00"])
def test_an_unknown_scheduler_is_refused_and_no_other_named(name: str) -> None:
    """Which there are, and who may know, is another question."""
    with pytest.raises(BadField) as refused:
        Strategies({"earliest": Earliest()}, "earliest").named(name)
    assert refused.value.details["field"] == "scheduler"
    assert repr(name) in refused.value.message
    assert "'earliest'" not in refused.value.message


def test_a_default_that_is_not_installed_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError) as refused:
        Strategies({"earliest": Earliest()}, "cheapest")
    assert "cheapest" in refused.value.message


def test_the_list_says_which_is_the_default() -> None:
    assert Strategies({"other": Other(), "earliest": Earliest()}, "other").listed() == [
        SchedulerInfo(name="earliest", description=Earliest.description, default=False),
        SchedulerInfo(name="other", description="Another way.", default=True),
    ]
