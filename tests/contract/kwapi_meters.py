# SPDX-License-Identifier: Apache-2.0
"""A wattmeter for each installed driver: what the driver's contract is tried on. A new driver gets a line in METERS."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.redfish_trees import rack_pdu
from tools.servers import certificates, redfish_service

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


@contextlib.contextmanager
def redfish(folder: Path) -> Iterator[Meter]:
    """PDUs with TLS and four sessions each: one that is well, one that refuses, one that never answers."""
    tls = certificates.make(folder)
    (folder / "password").touch(mode=0o600)
    (folder / "password").write_text(redfish_service.PASSWORD)
    with contextlib.ExitStack() as running:
        sections = []
        for fault in (None, redfish_service.Fault(status=500), redfish_service.Fault(silent_s=3600)):
            service = running.enter_context(redfish_service.RedfishService(rack_pdu(), tls.context()))
            service.faults.extend(filter(None, [fault]))
            shared = {"ca_file": tls.authority.name, "username": redfish_service.USER, "password_file": "password"}
            sections.append({"probes": "1, -, 3", "measure": "outlets", "url": service.url, **shared})
        good, failing, silent = sections
        yield Meter(good=good, failing=failing, silent=silent)


METERS: Mapping[str, Callable[[Path], contextlib.AbstractContextManager[Meter]]] = {
    "dummy": dummy,
    "redfish": redfish,
    "replay": replay,
}
