# SPDX-License-Identifier: Apache-2.0
"""Scheduling rounds with Nova's own classes: the other half of ``benchmarks nova``, run in Nova's environment.

Reads its arguments as JSON on stdin and prints the figures as JSON. It sets
itself up as nova-scheduler does, with native threads, and logs as that does by
default, to nowhere.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import nova.cmd.scheduler  # settles how Nova runs threads, before what stands below
import nova.conf
import requests
from blazarnova.scheduler.filters.blazar_filter import BlazarFilter
from nova import objects
from nova.scheduler import filters, host_manager, weights
from oslo_config import cfg

from nova_ext import options, source

OWNER, STRANGER = "project-a", "project-b"
CELL = str(uuid.UUID(int=1))
NOVAS = ["nova.scheduler.weights.cpu.CPUWeigher", "nova.scheduler.weights.ram.RAMWeigher"]
WARM = 3
LIMIT_S = 60.0


def main() -> None:
    """Measure what stdin asks for."""
    wanted = json.load(sys.stdin)
    configure(wanted["url"])
    logging.basicConfig(level=logging.INFO, handlers=[logging.NullHandler()])
    objects.register_all()
    calls = count_calls()
    while source.shared().availability.fresh(LIMIT_S) is None or source.shared().ranking.fresh(LIMIT_S) is None:
        time.sleep(0.1)
    figures = rounds(wanted["hosts"], wanted["rounds"], wanted["lease"])
    figures |= beside_blazar(wanted["beside"], wanted["rounds"], wanted["lease"])
    print(json.dumps(figures | {"http_calls": len(calls)}))


def configure(url: str) -> None:
    """A scheduler's nova.conf that leads to the Climate of this run."""
    nova.conf.CONF([], project="nova", default_config_files=[])
    options.register(cfg.CONF)
    cfg.CONF.set_override("snapshot_file", "", group=options.GROUP)
    cfg.CONF.set_override("auth_type", "none", group=options.GROUP)
    cfg.CONF.set_override("endpoint_override", url, group=options.GROUP)


def count_calls() -> list[str]:
    """Every HTTP request that the thread of the scheduling rounds sends from now on."""
    calls: list[str] = []
    rounds_run_in = threading.current_thread()
    send = requests.Session.send

    def counted(*sent: Any, **arguments: Any) -> Any:
        if threading.current_thread() is rounds_run_in:
            calls.append(str(sent))
        return send(*sent, **arguments)

    requests.Session.send = counted  # type: ignore[assignment, method-assign]
    return calls


def rounds(hosts: int, count: int, lease_id: str) -> dict[str, float]:
    """Filter and weigh all hosts, as nova-scheduler does for one instance."""
    states = [state(number) for number in range(hosts)]
    handler, weigher = filters.HostFilterHandler(), weights.HostWeightHandler()
    ours = [made() for made in handler.get_matching_classes(["nova_ext.loader.filters"])]
    weighers = [made() for made in weigher.get_matching_classes(["nova_ext.loader.weighers"])]
    novas = [made() for made in weigher.get_matching_classes(NOVAS)]
    free, hinted = request(OWNER), request(OWNER, lease_id)
    open_states = handler.get_filtered_objects(ours, states, free)
    its_states = handler.get_filtered_objects(ours, states, hinted)
    weighed = [weights.WeighedHost(one, 0.0) for one in states]
    times = {
        "filter_ms": times_ms(count, lambda: handler.get_filtered_objects(ours, states, free)),
        "filter_of_lease_ms": times_ms(count, lambda: handler.get_filtered_objects(ours, states, hinted)),
        "weighers_ms": times_ms(count, lambda: [one.weigh_objects(weighed, free) for one in weighers]),
        "weighed_and_sorted_ms": times_ms(count, lambda: weigher.get_weighed_objects(weighers, states, free)),
        "two_of_novas_weighed_and_sorted_ms": times_ms(count, lambda: weigher.get_weighed_objects(novas, states, free)),
    }
    figures: dict[str, float] = {"open_hosts": len(open_states), "hosts_of_lease": len(its_states)}
    for name, taken in times.items():
        figures[f"{name}_median"] = round(statistics.median(taken), 3)
        figures[f"{name}_p95"] = round(sorted(taken)[int(len(taken) * 0.95)], 3)
    return figures


def beside_blazar(hosts: int, count: int, lease_id: str) -> dict[str, float]:
    """The same question to both filters, on the same hosts: those that are leased are in aggregates of Blazar's."""
    reserved, others = reservation(lease_id, OWNER), reservation(str(uuid.UUID(int=2)), STRANGER)
    states = [state(number) for number in range(hosts)]
    for number, one in enumerate(states):
        one.aggregates = [[reserved], [others], []][number % 3]
    handler = filters.HostFilterHandler()
    (ours,) = [made() for made in handler.get_matching_classes(["nova_ext.loader.filters"])]
    found: dict[str, float] = {}
    for name, spec in (("", request(OWNER)), ("_of_lease", request(OWNER, lease_id))):
        for whose, one in (("", ours), ("_blazar_nova", BlazarFilter())):
            passing = handler.get_filtered_objects([one], states, spec)
            found[f"filter{name}{whose}_passing_of_{hosts}"] = len(passing)
            taken = times_ms(count, lambda: handler.get_filtered_objects([one], states, spec))  # noqa: B023
            found[f"filter{name}{whose}_of_{hosts}_ms_median"] = round(statistics.median(taken), 3)
    found["ratio_to_blazar_nova"] = ratio(found, "", hosts)
    found["ratio_of_lease_to_blazar_nova"] = ratio(found, "_of_lease", hosts)
    return found


def reservation(name: str, project_id: str) -> objects.Aggregate:
    """An aggregate as Blazar makes one for the hosts of a reservation."""
    return objects.Aggregate(
        name=name, metadata={"availability_zone": f"blazar_{name}", "blazar:owner": project_id}, hosts=[]
    )


def ratio(found: dict[str, float], name: str, hosts: int) -> float:
    return round(
        found[f"filter{name}_of_{hosts}_ms_median"] / found[f"filter{name}_blazar_nova_of_{hosts}_ms_median"], 4
    )


def state(number: int) -> host_manager.HostState:
    """One of Nova's hosts, empty."""
    made = host_manager.HostState(f"compute-{number:05d}", f"node-{number:05d}", CELL)
    made.free_ram_mb = made.total_usable_ram_mb = 65_536
    made.vcpus_total, made.cpu_allocation_ratio, made.hypervisor_type = 16, 4.0, "QEMU"
    return made


def request(project_id: str, lease_id: str | None = None) -> objects.RequestSpec:
    """A request as the scheduler gets it, with a hint or without."""
    return objects.RequestSpec(
        project_id=project_id,
        instance_uuid=str(uuid.UUID(int=7)),
        num_instances=1,
        flavor=objects.Flavor(extra_specs={}, vcpus=1, memory_mb=512, root_gb=0, ephemeral_gb=0, swap=0),
        image=None,
        scheduler_hints={} if lease_id is None else {"reservation": [lease_id]},
    )


def times_ms(count: int, action: Callable[[], object]) -> list[float]:
    """Milliseconds of each of ``count`` calls, after a few that are not counted."""
    taken = []
    for number in range(WARM + count):
        began = time.perf_counter()
        action()
        if number >= WARM:
            taken.append(1000 * (time.perf_counter() - began))
    return taken


if __name__ == "__main__":
    main()
