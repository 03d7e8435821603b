# SPDX-License-Identifier: Apache-2.0
"""What it costs to read a PDU of 24 outlets by SNMP: one request, one reading of each outlet.

The agent is Debian's snmpd, or snmpsim where that is not installed, in a
process of its own. CPU is that of this process: the whole of
``SnmpDriver.read()``, and beside it pysnmp's own high-level loop, which asks
for the same and makes no readings of it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    bulk_cmd,
)

from climate.chassis.secrets import Secret
from climate.devices.snmp.agent import open_session
from climate.devices.snmp.session import Session
from kwapi.drivers.protocol import Section
from kwapi.drivers.snmp import SnmpDriver
from tools.servers.process import new_directory
from tools.servers.snmp_agent import COMMUNITY, NetUser, SnmpAgent
from tools.servers.snmp_simulator import SnmpSimulator

_PROFILE = "eaton-epdu"
_COLUMN = "1.3.6.1.4.1.534.6.6.7.6.5.1.3.0"
_SYSTEM = "1.3.6.1.2.1.1.2"
_USER = NetUser("meter", "SHA", "signs-with-this", "AES", "hides-with-this")
_TIMEOUT_S = 10.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--outlets", type=int, default=24, help="how many the PDU has")
    parser.add_argument("--polls", type=int, default=1000, help="how often it is read in each of five rounds")


def run(args: argparse.Namespace) -> dict[str, Any]:
    with _agent(args.outlets) as (port, community, user):
        options = {"version": "2c", "community": Secret(community)}
        requests, ours = _driver(port, args.outlets, options)
        rounds = [
            (_cpu_ms(partial(ours, args.polls), args.polls), _bare_cpu_ms(port, community, args.outlets, args.polls))
            for _ in range(5)
        ]
        poll_ms, bare_ms = (sorted(column)[2] for column in zip(*rounds, strict=True))
        figures = {
            "agent": "snmpd" if user else "snmpsim",
            "snmp_requests_per_poll": requests,
            "snmp_poll_cpu_ms": round(poll_ms, 3),
            "devices_per_core_at_1hz": int(1000 / poll_ms),
            "bare_poll_cpu_ms": round(bare_ms, 3),
            "ratio_to_bare": round(poll_ms / bare_ms, 3),
        }
        if user:
            keys = {"auth_key": Secret(user.auth_key), "priv_key": Secret(user.priv_key)}
            _, signed = _driver(port, args.outlets, {"version": "3", "user": user.name, **keys})
            polls = max(1, args.polls // 4)
            figures["snmp_v3_poll_cpu_ms"] = round(_cpu_ms(partial(signed, polls), polls), 3)
    return figures


@contextlib.contextmanager
def _agent(outlets: int) -> Iterator[tuple[int, str, NetUser | None]]:
    """A PDU: its port, its community, and its user if it knows one."""
    watts = {f"{_COLUMN}.{outlet}": 10 * outlet for outlet in range(1, outlets + 1)}
    if SnmpAgent.available():
        with SnmpAgent(watts, [_USER]) as agent:
            yield agent.port, COMMUNITY, _USER
        return
    capture = new_directory("climate-snmp-") / "pdu.snmprec"
    system = ["1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.534.6.6.7", "1.3.6.1.2.1.1.3.0|67|4711"]
    capture.write_text("\n".join([*system, *(f"{oid}|2|{value}" for oid, value in watts.items()), ""]))
    with SnmpSimulator([capture]) as simulator:
        yield simulator.port, capture.stem, None


def _driver(port: int, outlets: int, options: dict[str, object]) -> tuple[int, Callable[[int], None]]:
    """How many requests a driver needs for a poll, and what polls so many times."""
    counted: list[_Counting] = []

    def opened(*where: Any) -> Session:
        counted.append(_Counting(open_session(*where)))
        return counted[-1]

    defaults = {option.dest: option.default for option in SnmpDriver.options}
    secrets = dict.fromkeys(("community", "auth_key", "priv_key"))
    section = Section(
        name="pdu",
        device="site/rack/pdu",
        probes=tuple(f"site/rack/pdu/{outlet}" for outlet in range(1, outlets + 1)),
        interval_s=1.0,
        timeout_s=_TIMEOUT_S,
        options={
            **defaults,
            **secrets,
            "host": "127.0.0.1",
            "port": port,
            "profile": [_PROFILE],
            "quantities": ["watts"],
            **options,
        },
        folder=Path(),
    )
    driver = SnmpDriver(section, time.time_ns, opened)
    deadline = time.monotonic() + 60
    while not driver.read():
        if time.monotonic() > deadline:
            raise TimeoutError("the PDU tells nothing")

    def poll(times: int) -> None:
        for _ in range(times):
            if len(driver.read()) != outlets:
                raise RuntimeError("an outlet is missing")

    before = counted[0].requests
    poll(1)
    return counted[0].requests - before, poll


class _Counting:
    """A session that counts what is asked."""

    def __init__(self, session: Session) -> None:
        self.requests = 0
        self.walk, self.following, self.close = session.walk, session.following, session.close
        self._session = session

    def get(self, *asked: Any) -> Any:
        self.requests += 1
        return self._session.get(*asked)

    def rows(self, *asked: Any) -> Any:
        self.requests += 1
        return self._session.rows(*asked)


def _cpu_ms(work: Callable[[], None], times: int) -> float:
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1000 / times


def _bare_cpu_ms(port: int, community: str, outlets: int, polls: int) -> float:
    return asyncio.run(_bare(port, community, outlets, polls))


async def _bare(port: int, community: str, outlets: int, polls: int) -> float:
    """CPU of a poll by pysnmp's high-level interface, its engine made before."""
    engine = SnmpEngine()
    target = await UdpTransportTarget.create(("127.0.0.1", port), timeout=_TIMEOUT_S, retries=1)
    data = CommunityData(community, mpModel=1)  # noqa: S508 - on the loopback
    asked = [ObjectType(ObjectIdentity(oid)) for oid in (_SYSTEM, _COLUMN)]
    before = 0.0
    for poll in range(polls + 1):
        error, status, _, bindings = await bulk_cmd(
            engine, data, target, ContextData(), 1, outlets, *asked, lookupMib=False
        )
        if error or status or len(bindings) != outlets + 1:
            raise RuntimeError(f"the agent says {error or status} and {len(bindings)} objects below {_COLUMN}")
        if poll == 0:
            before = time.process_time()
    spent = time.process_time() - before
    engine.close_dispatcher()
    return spent * 1000 / polls
