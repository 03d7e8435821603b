# SPDX-License-Identifier: Apache-2.0
"""How fast the inventory matches, answers, and learns what changed, on a made-up site of many hosts.

climate-inventory is a process of its own behind RabbitMQ with quorum queues;
its hosts are in PostgreSQL with durable commits. ``match`` is the same use
case in this process, on the same store, of a nested filter with
``homogeneous``; its peer is a plain loop over the facts. ``rpc`` is the whole
call, of that filter and of one that matches every host; the floor is a bare
call for as many bytes. After one host changed, the first request has to obey:
its peer is the first match of a process that knows nothing yet.
"""

from __future__ import annotations

import argparse
import functools
import json
import pathlib
import time
import uuid
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from benchmarks import positive
from benchmarks.parts import bare, fleet, loop
from benchmarks.parts.fleet import Record
from benchmarks.parts.timing import figures, once_ms, times_ms
from climate.chassis import rpc, sql
from climate.core.candidates import Candidates
from climate.errors import ServiceUnavailable
from climate.inventory.matching import Matching
from climate.inventory.refresh import Refresher
from climate.inventory.store.sql import SqlStore
from climate.manage import database
from climate.rpcapi.inventory import TOPIC, HostQuery, InventoryAPI
from tools.servers import PostgreSQL, RabbitMQ
from tools.servers.process import Process, new_directory
from tools.suite import Suite

WITHIN_S = 180
ANSWER_WITHIN_S = 10
LONGEST_FILE = 256 * 1024 * 1024
NESTED = [
    "and",
    [">=", "$vcpus", 32],
    [
        "or",
        ["=", "$cpu_info.vendor", "AMD"],
        ["and", ["in", "$cpu_info.features", "avx512f", "avx512vnni"], [">=", "$clock_ghz", 2.1]],
    ],
    ["not", ["in", "$rack", "rack-3", "rack-7"]],
    ["=", "$running_vms", 0],
    ["homogeneous", "$cpu_info.model", "$memory_mb"],
]


def arguments(parser: argparse.ArgumentParser) -> None:
    """How large the site is, and how often to ask."""
    parser.add_argument("--hosts", type=positive, default=10_000)
    parser.add_argument("--requests", type=positive, default=200, help="requests of each kind that are timed")
    parser.add_argument("--changes", type=positive, default=20, help="changes of one host that are timed")
    parser.add_argument("--seed", type=int, default=1)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Start broker and database, fill the inventory, measure."""
    records = fleet.fleet(args.hosts, args.seed)
    directory = new_directory("climate-benchmark-")
    measured: dict[str, Any] = {}
    with RabbitMQ() as rabbitmq, PostgreSQL(durable=True) as postgresql:
        site = _Site(directory, postgresql.fresh_database().url, rabbitmq.url, records)
        try:
            site.start(refresh_interval_s=86_400)
            measured |= _matching(site, args.requests)
            measured |= _answering(site, args.requests)
            measured |= _changing(site, args.changes)
            site.stop()
            site.start(refresh_interval_s=1)
            measured["file_change_visible_s"] = round(site.visible_after_s(), 2)
        finally:
            site.close()
    return measured


class _Site:
    """One climate-inventory on a file of hosts, and both ways to ask it."""

    def __init__(self, directory: pathlib.Path, url: str, transport_url: str, records: Sequence[Record]) -> None:
        self.records = list(records)
        self._file = directory / "hosts.json"
        fleet.write(self._file, records)
        self.engine = sql.engine(url)
        database.upgrade(self.engine)
        self.store = SqlStore(self.engine)
        self._directory, self._url, self._transport_url = directory, url, transport_url
        self._running: Process | None = None

    def start(self, refresh_interval_s: int) -> None:
        """Run the service, and return when it knows all hosts."""
        directory = self._directory / f"every-{refresh_interval_s}"
        directory.mkdir()
        settings = {
            "inventory": {"refresh_interval_s": refresh_interval_s},
            "inventory_file": {"max_bytes": LONGEST_FILE},
        }
        suite = Suite(
            directory,
            database_url=self._url,
            transport_url=self._transport_url,
            hosts=self._file,
            settings=settings,
        )
        self._running = suite.launch("climate-inventory")
        cfg.CONF(["--config-file", str(suite.config)], project="benchmark")
        self.transport = rpc.transport(cfg.CONF)
        self.api = InventoryAPI(rpc.Caller(self.transport, TOPIC, ANSWER_WITHIN_S))
        self._running.wait_until(self._knows_all, WITHIN_S)

    def stop(self) -> None:
        """End the service, and what asked it."""
        if self._running is not None:
            self.transport.cleanup()
            self._running.stop()
            self._running = None

    def close(self) -> None:
        self.stop()
        self.engine.dispose()

    def all_by_rpc(self) -> Candidates:
        return self.api.get_hosts("benchmark", properties=[], sees_hosts=True)

    def nested_by_rpc(self) -> Candidates:
        return self.api.get_hosts("benchmark", properties=NESTED, sees_hosts=False)

    def _knows_all(self) -> bool:
        try:
            return len(self.all_by_rpc()) == len(self.records)
        except ServiceUnavailable:  # it does not listen yet, and the question is lost
            return False

    def visible_after_s(self) -> float:
        """Seconds from a change in the file until requests obey it; the file is looked at every second."""
        unlike = ["=", "$running_vms", 1000]
        self.records[0] = fleet.in_use(self.records[0], 1000)
        fleet.write(self._file, self.records)
        written = time.monotonic()
        while not len(self.api.get_hosts("benchmark", properties=unlike, sees_hosts=False)):
            if time.monotonic() - written > WITHIN_S:
                raise RuntimeError("the changed file was not read")
            time.sleep(0.01)
        return time.monotonic() - written


def _matching(site: _Site, requests: int) -> dict[str, Any]:
    matching = Matching(site.store)
    found = matching.candidates(NESTED, False)
    hosts = [(host.name, host.properties) for host in site.store.load().hosts]
    alone = loop.match(hosts, NESTED)
    if [len(group) for group in alone] != [len(group) for group in found.groups]:
        raise RuntimeError("the loop finds other hosts than the inventory")
    timed = {
        "match_ms": times_ms(requests, lambda: matching.candidates(NESTED, False)),
        "match_all_ms": times_ms(requests, lambda: matching.candidates([], False)),
        "generation_ms": times_ms(requests, site.store.generation),
        "loop_ms": times_ms(max(requests // 20, 3), lambda: loop.match(hosts, NESTED), warm=1),
    }
    measured: dict[str, Any] = {"matched_hosts": len(found), "matched_groups": len(found.groups)}
    for name, times in timed.items():
        measured |= figures(name, times)
    measured["match_ratio_to_loop"] = round(measured["match_ms_median"] / measured["loop_ms_median"], 4)
    return measured


def _answering(site: _Site, requests: int) -> dict[str, Any]:
    timed = {"rpc_ms": times_ms(requests, site.nested_by_rpc), "rpc_all_ms": times_ms(requests, site.all_by_rpc)}
    sizes = {"rpc": _bytes_of(site.nested_by_rpc()), "rpc_all": _bytes_of(site.all_by_rpc())}
    with bare.calls(site.transport) as call:
        for name, size in sizes.items():
            timed[f"bare_{name}_ms"] = times_ms(requests, functools.partial(call, size))
    measured: dict[str, Any] = {f"{name}_answer_bytes": size for name, size in sizes.items()}
    for name, times in timed.items():
        measured |= figures(name, times)
    for name in sizes:
        ratio = measured[f"{name}_ms_median"] / measured[f"bare_{name}_ms_median"]
        measured[f"{name}_ratio_to_bare"] = round(ratio, 2)
    return measured


def _bytes_of(candidates: Candidates) -> int:
    """How long the answer is on the wire: ids in base64, and what the groups have in common."""
    groups = candidates.groups
    return sum((len(one.hosts) + len(one.in_use)) * 4 // 3 + len(json.dumps(one.alike)) for one in groups)


def _changing(site: _Site, changes: int) -> dict[str, Any]:
    """What the first request costs after each change of one host; it has to obey."""
    matching = Matching(site.store)
    count = len(matching.candidates([], False))
    elsewhere = SqlStore(site.engine)
    hosts = site.api.list_hosts("benchmark", query=HostQuery(limit=changes))
    disabled, enabled = [], []
    for number in range(changes):
        host_id = hosts[number % len(hosts)].host_id
        elsewhere.set_disabled(host_id, True, "")
        disabled.append(once_ms(lambda: matching.candidates(NESTED, False)))
        if len(matching.candidates([], False)) != count - 1 or len(site.all_by_rpc()) != count - 1:
            raise RuntimeError("a host that was disabled is still a candidate")
        site.api.set_host("benchmark", host_id=host_id, disabled=False, reason="")
        enabled.append(once_ms(site.nested_by_rpc))
    facts = _changing_facts(site, matching, changes)
    starts = [once_ms(lambda: Matching(site.store).candidates(NESTED, False)) for _ in range(max(changes // 4, 3))]
    measured: dict[str, Any] = figures("first_match_after_change_ms", facts)
    measured |= figures("first_match_after_disabling_ms", disabled)
    measured |= figures("first_rpc_after_enabling_ms", enabled)
    measured |= figures("first_match_ms", starts)
    ratio = measured["first_match_after_change_ms_median"] / measured["first_match_ms_median"]
    return measured | {"after_change_ratio_to_first": round(ratio, 4)}


def _changing_facts(site: _Site, matching: Matching, changes: int) -> list[float]:
    """Milliseconds of the first match after a refresh tells other ``running_vms`` of one host."""
    source = fleet.ListSource(site.records)
    refresher = Refresher([source], site.store, lambda: True, lambda: str(uuid.uuid4()))
    times = []
    for number in range(changes):
        source.change(number % len(site.records), fleet.in_use(site.records[number % len(site.records)], 500 + number))
        refresher.refresh_once(int(time.time()))
        times.append(once_ms(lambda: matching.candidates(NESTED, False)))
        if len(matching.candidates(["=", "$running_vms", 500 + number], False)) != 1:
            raise RuntimeError("a host that changed is answered as it was")
    return times
