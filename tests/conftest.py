# SPDX-License-Identifier: Apache-2.0
"""What every test may ask for: the real servers, started once a run and only when a test wants them.

Where a server is missing its tests are skipped and the summary says why. With
``CLIMATE_REQUIRE_SERVERS`` set they fail instead, so that a machine that
should have the servers cannot pass without them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests import examples
from tools.servers import Keystone, MariaDB, PostgreSQL, RabbitMQ, Server

if TYPE_CHECKING:  # what it takes to start a cloud takes long to import
    from tools.openstack.cloud import Cloud

SERVER_FIXTURES = {"rabbitmq", "postgresql", "mariadb", "keystone", "openstack"}


def pytest_configure(config: pytest.Config) -> None:
    """Hold properties against few examples where slow tests are left out, unless a profile was asked for."""
    if not config.getoption("hypothesis_profile"):
        settings.load_profile(examples.QUICK if "not slow" in config.option.markexpr else examples.FULL)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark whatever uses a server's fixture; leave the long forms out unless ``CLIMATE_SOAK`` is set.

    What needs a whole OpenStack comes last, so that this runs beside nothing else.
    """
    items.sort(key=lambda item: "openstack" in getattr(item, "fixturenames", ()))
    soaks = []
    for item in items:
        if SERVER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")
        if item.get_closest_marker("soak"):
            soaks.append(item)
    if soaks and not os.environ.get("CLIMATE_SOAK"):
        items[:] = [item for item in items if item not in soaks]
        config.hook.pytest_deselected(items=soaks)


def require(kind: type[Server] | type[Cloud]) -> None:
    """Skip the test where the server cannot run, or fail it if this machine must have it."""
    if not (available := kind.available()):
        if os.environ.get("CLIMATE_REQUIRE_SERVERS"):
            pytest.fail(available.reason, pytrace=False)
        pytest.skip(available.reason)


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    require(RabbitMQ)
    with RabbitMQ() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    require(PostgreSQL)
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    require(MariaDB)
    with MariaDB() as server:
        yield server


@pytest.fixture(scope="session")
def keystone() -> Iterator[Keystone]:
    require(Keystone)
    with Keystone() as server:
        yield server
