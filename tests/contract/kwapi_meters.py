# SPDX-License-Identifier: Apache-2.0
"""A wattmeter for each installed driver: what the driver's contract is tried on. A new driver gets a line in METERS."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Sections, as in a configuration, of a wattmeter that runs while the test does.

    ``good`` tells at least a reading within a few seconds; its outlets include
    one to be skipped, if the driver knows several. ``failing`` answers with
    errors, ``hanging`` lets ``read`` wait until the driver is closed, ``silent``
    never answers, so that ``read`` has to time out by itself. ``None``: with
    this driver there is no such thing.
    """

    good: Settings
    failing: Settings | None = None
    hanging: Settings | None = None
    silent: Settings | None = None


@contextlib.contextmanager
def dummy(folder: Path) -> Iterator[Meter]:
    """It needs no device; that it waits for ever when told to is what it is for."""
    good = {"probes": "1, -, 3", "counter": "yes"}
    yield Meter(good=good, failing=good | {"fault_rate": "1"}, hanging=good | {"hang_rate": "1"})


@contextlib.contextmanager
def replay(folder: Path) -> Iterator[Meter]:
    """A file never fails to answer."""
    rows = "".join(f"{second},{100 + second},{200 + second},\n" for second in range(60))
    (folder / "trace.csv").write_text("timestamp,a,b,c\n" + rows)
    yield Meter(good={"probes": "a, -, c", "trace": "trace.csv", "speed": "50", "loop": "yes"})


METERS: Mapping[str, Callable[[Path], contextlib.AbstractContextManager[Meter]]] = {
    "dummy": dummy,
    "replay": replay,
}
