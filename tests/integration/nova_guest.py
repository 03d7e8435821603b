# SPDX-License-Identifier: Apache-2.0
"""A scheduling round in Nova's environment: its own classes load ours, filter, scale and sort. Prints what came out.

Started with Nova's Python and the address of a Climate behind its Keystone;
``OS_NOVA_DISABLE_EVENTLET_PATCHING`` says whether threads are native or
eventlet's, as for any of Nova's programs.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import nova.cmd.scheduler  # settles how Nova runs threads, before what stands below
import nova.conf
from nova import monkey_patch, objects
from nova.scheduler import filters, host_manager, weights

from nova_ext import source

MINE, THEIRS, UNKNOWN = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
"""Leases: of project a, of project b, of nobody."""
GB = 1024
LIMIT_S = 60.0


def main(url: str, directory: Path) -> None:
    objects.register_all()
    configure(url, directory)
    deadline = time.monotonic() + LIMIT_S
    while source.shared().availability.fresh(1.0) is None or source.shared().ranking.fresh(1.0) is None:
        if time.monotonic() > deadline:
            raise RuntimeError("no answer came")
    found = {
        "native_threads": not monkey_patch.is_patched(),
        "eventlet_loaded": "eventlet" in sys.modules,
        **loaded(),
        **filtered(),
        **sorted_hosts(),
    }
    source.shared().stop()
    sys.stdout.write(json.dumps(found) + "\n")


def configure(url: str, directory: Path) -> None:
    """As an operator does."""
    file = directory / "nova.conf"
    file.write_text(
        f"[DEFAULT]\nstate_path = {directory}\n"
        f"[climate]\nauth_type = password\nauth_url = {url}/v3\nusername = nova\npassword = secret\n"
        "user_domain_id = default\nproject_name = service\nproject_domain_id = default\n"
        "refresh_interval_s = 0.5\nmax_age_s = 30\n"
    )
    nova.conf.CONF(["--config-file", str(file)], project="nova")


def loaded() -> dict[str, list[str]]:
    """What Nova finds, by the functions and by the paths of classes."""
    theirs, ours = "nova.scheduler.filters.all_filters", "nova_ext.loader.filters"
    handler, weigher = filters.HostFilterHandler(), weights.HostWeightHandler()
    paths = ["nova_ext.weighers.FreeTimeWeigher", "nova_ext.weighers.EfficiencyWeigher"]
    by_path = [*handler.get_matching_classes(["nova_ext.filter.LeaseFilter"]), *weigher.get_matching_classes(paths)]
    return {
        "filters": [one.__name__ for one in handler.get_matching_classes([ours])],
        "all_filters": [one.__name__ for one in handler.get_matching_classes([theirs, ours])],
        "weighers": [one.__name__ for one in weigher.get_matching_classes(["nova_ext.loader.weighers"])],
        "by_path": [one.__name__ for one in by_path],
    }


def filtered() -> dict[str, Any]:
    """Which hosts are left of seven, for each kind of request."""
    handler = filters.HostFilterHandler()
    ours = [made() for made in handler.get_matching_classes(["nova_ext.loader.filters"])]
    hosts = [state(number) for number in range(1, 8)]

    def left(spec: objects.RequestSpec) -> list[str]:
        return [one.nodename for one in handler.get_filtered_objects(ours, hosts, spec)]

    rebuilt = objects.RequestSpec(
        project_id="c", scheduler_hints={"lease": [UNKNOWN], "_nova_check_type": ["rebuild"]}, instance_uuid=UNKNOWN
    )
    return {
        "without_hint": left(request("a")),
        "own_lease": left(request("a", lease=[MINE])),
        "lease_of_others": left(request("a", reservation=[THEIRS])),
        "unknown": left(request("a", lease_id=[UNKNOWN])),
        "list": left(request("a", lease=[MINE, MINE])),
        "nothing_set": left(objects.RequestSpec(instance_uuid=UNKNOWN)),
        "rebuild": left(rebuilt),
        "one_host": [ours[0].host_passes(one, request("a", lease=[MINE])) for one in hosts[:2]],
    }


def sorted_hosts() -> dict[str, list[str]]:
    """The order in which Nova would take hosts, with its weighers of CPU and memory beside ours."""
    weigher = weights.HostWeightHandler()
    novas = ["nova.scheduler.weights.cpu.CPUWeigher", "nova.scheduler.weights.ram.RAMWeigher"]
    weighers = [made() for made in weigher.get_matching_classes([*novas, "nova_ext.loader.weighers"])]
    # The sooner a host is leased, the more it has free: Nova alone would take 3, then 4, 5 and 6.
    hosts = [state(number, free_ram_mb=(10 - number) * GB) for number in (3, 4, 5, 6)]

    def order(spec: objects.RequestSpec) -> list[str]:
        return [one.obj.nodename for one in weigher.get_weighed_objects(weighers, hosts, spec)]

    return {
        "by_free_time": order(request("a")),
        "for_a_day": order(request("a", lifetime=["1h"])),
        "in_a_lease": order(request("a", lease=[MINE])),
    }


def state(number: int, free_ram_mb: int = GB) -> host_manager.HostState:
    made = host_manager.HostState(f"compute-{number}", f"node-{number}", UNKNOWN)
    made.free_ram_mb = made.total_usable_ram_mb = free_ram_mb
    made.vcpus_total, made.cpu_allocation_ratio, made.hypervisor_type = 4, 1.0, "QEMU"
    return made


def request(project_id: str, **hints: list[str]) -> objects.RequestSpec:
    return objects.RequestSpec(
        project_id=project_id,
        instance_uuid=UNKNOWN,
        flavor=objects.Flavor(extra_specs={}, vcpus=1, memory_mb=1, root_gb=0, ephemeral_gb=0, swap=0),
        image=None,
        scheduler_hints=hints,
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1], Path(folder))
