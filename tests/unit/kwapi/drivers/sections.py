# SPDX-License-Identifier: Apache-2.0
"""Sections as the manager makes them, for tests of drivers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kwapi.drivers.protocol import DriverType, Section


def section(
    driver: DriverType, outlets: Sequence[str | None] = ("1",), folder: Path = Path(), **options: object
) -> Section:
    """The driver's defaults, but for ``options``."""
    return Section(
        name="meter",
        device="site/rack/meter",
        probes=tuple(None if outlet is None else f"site/rack/meter/{outlet}" for outlet in outlets),
        interval_s=1.0,
        timeout_s=2.0,
        options={option.dest: option.default for option in driver.options} | options,
        folder=folder,
    )


class Clock:
    """Nanoseconds that pass when they are told to."""

    def __init__(self, now_ns: int = 1_700_000_000_000_000_000) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def pass_s(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1_000_000_000)
