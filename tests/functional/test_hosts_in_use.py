# SPDX-License-Identifier: Apache-2.0
"""Hosts on which instances run, from the operator's file to the lease: through the real services, over RPC and SQL."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from climate.chassis import sql
from climate.client import Client, with_token
from climate.cmd import api, inventory, planning
from climate.errors import NothingFits
from climate.manage import database
from tests import configuration
from tests.functional.site import tokens_file
from tools.servers.process import free_port

pytestmark = pytest.mark.slow

AHEAD_S = 300
QUIET, UNKNOWN, BUSY = "quiet", "unknown", "busy"


@dataclass
class Cloud:
    """A site of three hosts: nobody is on one, of one nothing is known, and on one are instances."""

    file: Path
    client: Client

    def tell(self, instances: int) -> None:
        """The operator writes down how many instances are on the busy host; returns when the API shows it."""
        hosts = [{"name": QUIET, "running_vms": 0}, {"name": UNKNOWN}, {"name": BUSY, "running_vms": instances}]
        self.file.write_text(json.dumps({"hosts": [{"id": one["name"], "vcpus": 8, **one} for one in hosts]}))
        eventually(
            lambda: [one["properties"].get("running_vms") for one in self.client.hosts.list()][:1] == [instances]
        )

    def hosts(self, **wish: Any) -> list[str]:
        """The names of the hosts of a lease, which is given back again."""
        lease = self.client.leases.create(**({"duration": "10m"} | wish))
        self.client.leases.cancel(lease["id"])
        return sorted(one["name"] for one in lease["hosts"])


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def cloud(directory: Path, candidate: str) -> Iterator[Cloud]:
    """All three services in this process, on their own configuration."""
    port = free_port()
    settings: dict[str, dict[str, object]] = {
        "DEFAULT": {"transport_url": "fake://"},
        "database": {"connection": f"sqlite:///{directory}/climate.db"},
        "inventory": {"sources": "file", "refresh_interval_s": 1},
        "inventory_file": {"path": directory / "hosts.json"},
        "coordination": {"backend_url": f"file://{directory}/locks"},
        "planning": {"candidate_in_use": candidate, "in_use_ahead_s": AHEAD_S},
        "api": {"port": port, "auth_strategy": "static", "static_tokens_file": tokens_file(directory)},
    }
    conf = configuration.private(directory, settings, (*inventory.OPTIONS, *planning.OPTIONS, *api.OPTIONS))
    engine = sql.engine(conf.database.connection)
    database.upgrade(engine)
    engine.dispose()
    (directory / "hosts.json").write_text('{"hosts": []}')
    with ExitStack() as stack:
        for build in (inventory.build, planning.build, api.build):
            process = build(conf)
            process.start()
            stack.callback(process.stop)
        made = Cloud(directory / "hosts.json", with_token(f"http://127.0.0.1:{port}", "admin"))
        made.tell(instances=3)
        yield made


def test_hosts_in_use_may_be_no_candidates(tmp_path: Path) -> None:
    """For what begins now, that is; and once the instances are gone, it is a host like the others."""
    with cloud(tmp_path, "never") as site:
        soon = int(time.time()) + AHEAD_S + 60
        assert site.hosts(quantity=2) == [QUIET, UNKNOWN]
        with pytest.raises(NothingFits):
            site.hosts(quantity=3)
        with pytest.raises(NothingFits):
            site.hosts(host_properties=["=", "$hypervisor_hostname", BUSY])
        assert site.hosts(quantity=3, start_time=soon) == [BUSY, QUIET, UNKNOWN]
        assert site.hosts(quantity=3, end_time=soon + 600) == [BUSY, QUIET, UNKNOWN]  # later, inside its window

        lease = site.client.leases.create(quantity=2, duration="10m")
        with pytest.raises(NothingFits):
            site.client.leases.update(lease["id"], quantity=3)
        site.tell(instances=0)
        assert len(site.client.leases.update(lease["id"], quantity=3)["hosts"]) == 3


def test_hosts_in_use_may_be_avoided(tmp_path: Path) -> None:
    """They are the last resort of a lease that begins now."""
    with cloud(tmp_path, "avoid") as site:
        soon = int(time.time()) + AHEAD_S + 60
        assert site.hosts(quantity=2) == [QUIET, UNKNOWN]
        assert site.hosts(quantity=3) == [BUSY, QUIET, UNKNOWN]
        waiting = site.client.leases.create(quantity=3, duration="10m", end_time=soon + 600)
        assert waiting["start_at"] > waiting["created_at"]
        site.client.leases.cancel(waiting["id"])

        lease = site.client.leases.create(quantity=2, duration="10m")
        assert len(site.client.leases.update(lease["id"], quantity=3)["hosts"]) == 3


def test_hosts_in_use_may_be_as_good_as_any(tmp_path: Path) -> None:
    """Even where the window would leave time to wait."""
    with cloud(tmp_path, "allow") as site:
        lease = site.client.leases.create(quantity=3, duration="10m", end_time=int(time.time()) + AHEAD_S + 660)
        assert lease["start_at"] == lease["created_at"]
