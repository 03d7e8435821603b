# SPDX-License-Identifier: Apache-2.0
"""A Climate over HTTP, and what the filter and the weighers make of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nova_ext import options
from nova_ext.connection import Connection
from nova_ext.source import Source
from tests.unit.nova_ext.climate_stub import ClimateStub


@pytest.fixture
def climate() -> Iterator[ClimateStub]:
    stub = ClimateStub()
    stub.start()
    yield stub
    stub.stop()


@pytest.fixture
def source_of(climate: ClimateStub) -> Iterator[Callable[..., Source]]:
    """Makes what one scheduler process knows, with these options; asks rarely by itself."""
    made: list[Source] = []

    def make(wait_s: float = 0.7, **settings: Any) -> Source:
        conf = climate.conf(**{"refresh_interval_s": 60.0, "max_age_s": 3600.0, **settings})
        values = dataclasses.replace(options.settings(conf), wait_s=wait_s)
        made.append(Source.of(values, lambda: Connection.from_conf(conf)))
        return made[-1]

    yield make
    for source in made:
        source.stop()
