# SPDX-License-Identifier: Apache-2.0
"""A PDU without a network for tests of the driver ``snmp``, which does what they tell it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from climate.devices.snmp.oid import SYS_DESCR, SYS_OBJECT_ID, Oid, Value, oid_of
from climate.devices.snmp.session import Community, Session, SnmpError, User
from kwapi.core.reading import Reading
from kwapi.drivers.snmp import SYS_UP_TIME, SnmpDriver
from tests.unit.kwapi.drivers.sections import Clock, section
from tools.snmp_captures import Recorded

STRIP = oid_of("1.3.6.1.4.1.534.6.6.7")
WATTS = (*STRIP, 6, 5, 1, 3, 0)
AMPERES = (*STRIP, 6, 4, 1, 3, 0)
SYSTEM: dict[Oid, Value] = {SYS_DESCR: b"Strip", SYS_OBJECT_ID: STRIP, SYS_UP_TIME: 1000}
NAMES = {"community": None, "auth_key": None, "priv_key": None}
DEVICE = "site/rack/meter"


def strip(outlets: int = 24) -> dict[Oid, Value]:
    """Outlet n has 10 n watts, and 100 n milliamperes."""
    rows: dict[Oid, Value] = dict(SYSTEM)
    rows |= {(*WATTS, outlet): 10 * outlet for outlet in range(1, outlets + 1)}
    return rows | {(*AMPERES, outlet): 100 * outlet for outlet in range(1, outlets + 1)}


class Device:
    """A device without a network, which counts what it is asked.

    Its answers hold ``most`` objects; where there would be more than ``longest``, it is silent.
    """

    def __init__(self, rows: dict[Oid, Value], most: int = 1000) -> None:
        self.rows_of = rows
        self.most = most
        self.asked: list[str] = []
        self.longest = 1000
        self.fault: SnmpError | None = None
        self.closed = False
        self.before: Callable[[], None] = lambda: None

    def __call__(self, host: str, port: int, who: Community | User, timeout_s: float, retries: int) -> Session:
        return self

    def get(self, oids: Sequence[Oid]) -> dict[Oid, Value]:
        return self._cut("get", self._now().get(oids))

    def following(self, oids: Sequence[Oid]) -> dict[Oid, Oid]:
        return self._now().following(oids)

    def walk(self, root: Oid) -> dict[Oid, Value]:
        return self._now().walk(root)

    def rows(self, first: Sequence[Oid], columns: Sequence[Oid], count: int) -> dict[Oid, Value]:
        return self._cut("rows", self._now().rows(first, columns, count))

    def close(self) -> None:
        self.closed = True

    def _now(self) -> Recorded:
        self.before()
        if self.closed or self.fault is not None:
            raise self.fault or SnmpError("the session is closed")
        return Recorded(self.rows_of)

    def _cut(self, kind: str, found: dict[Oid, Value]) -> dict[Oid, Value]:
        self.asked.append(kind)
        if len(found) > self.longest:
            raise SnmpError("it does not answer")
        return dict(list(found.items())[: self.most])


class Waiting:
    """The clock by which one waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += seconds


def driver_of(
    device: Device,
    outlets: Sequence[str | None] = ("1", None, "3"),
    monotonic: Callable[[], float] = time.monotonic,
    **options: object,
) -> SnmpDriver:
    said = {"host": "pdu", "profile": ["eaton-epdu"], **NAMES, **options}
    return SnmpDriver(section(SnmpDriver, outlets, **said), Clock(), device, monotonic)


def read(driver: SnmpDriver) -> dict[str, Reading]:
    return {reading.probe_id.rpartition("/")[2]: reading for reading in driver.read()}


def watts(driver: SnmpDriver) -> dict[str, float | None]:
    return {name: reading.watts for name, reading in read(driver).items()}
