# SPDX-License-Identifier: Apache-2.0
"""One cloud for all tests of this folder; each finds it empty."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.conftest import require
from tests.openstack.bench import Bench
from tests.openstack.relay import Relay
from tools.openstack.cloud import Cloud

MARGIN_S = 20
LINES = 20
LOG_LEVELS = "amqp=WARN,sqlalchemy=WARN,urllib3=WARN,stevedore=WARN,nova.filters=DEBUG,nova.scheduler.manager=DEBUG"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure stands what those who decide wrote last, since their files go with the cloud."""
    report = yield
    cloud = getattr(item, "funcargs", {}).get("openstack")
    if report.failed and cloud is not None:
        for process in cloud.deciding_processes():
            report.sections.append((process.log.name, process.log_tail(LINES)))
    return report


@pytest.fixture(scope="session")
def doorway() -> Iterator[Relay]:
    """Through which Nova's scheduler asks climate-api."""
    relay = Relay()
    yield relay
    relay.close()


@pytest.fixture(scope="session")
def openstack(doorway: Relay) -> Iterator[Cloud]:
    """A real OpenStack with the suite beside it, about a minute from nothing."""
    require(Cloud)
    settings = {"climate": {"margin_s": MARGIN_S}, "DEFAULT": {"default_log_levels": LOG_LEVELS}}
    with Cloud(nova=settings, climate_url_for_nova=doorway.leading_to, progress=print) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def whole_bench(openstack: Cloud, doorway: Relay) -> Bench:
    """The cloud with its people."""
    made = Bench(openstack, doorway)
    made.wake_the_scheduler()
    return made


@pytest.fixture
def bench(whole_bench: Bench) -> Iterator[Bench]:
    """The same, empty before and after the test."""
    yield whole_bench
    whole_bench.empty()
