# SPDX-License-Identifier: Apache-2.0
"""``/v1/hosts/evacuate`` and ``climate host evacuate``: what would move where, for administrators."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from climate.chassis.web.server import WebServer
from climate.core.host import Host
from tests.functional.cli.program import PROGRAMS, Program
from tests.functional.site import Site, host

PATH = "/v1/hosts/evacuate"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Hosts 1, 3 and 5 have a processor, 0, 2 and 4 another; there are instances on three."""
    made = Site(tmp_path, [host(number) for number in range(6)])
    made.refresh(changed=tuple(_large(number) for number in range(6)))
    made.nova.boot("web", "compute-1", "project-b")
    made.nova.boot("other", "compute-3", "project-b")
    made.nova.boot("broken", "compute-1", "project-b", status="ERROR")
    made.nova.boot("large", "compute-2", "project-b", vcpus=40)
    return made


def _large(number: int) -> Host:
    one = host(number)
    return dataclasses.replace(one, properties={**one.properties, "memory_mb": 65_536, "local_gb": 100})


@pytest.fixture
def admin(site: Site) -> Iterator[Program]:
    """``climate`` as the administrator of that site."""
    server = WebServer(site.app, "127.0.0.1", 0, 4, "api")
    server.start()
    endpoint = f"http://127.0.0.1:{server.port}"
    yield Program((PROGRAMS / "climate",), {"CLIMATE_ENDPOINT": endpoint, "CLIMATE_TOKEN": "admin"})
    server.stop()
    server.wait()


def evacuate(site: Site, *hosts: str, dry_run: bool = True) -> dict[str, Any]:
    answer = site.ask("POST", PATH, {"hosts": list(hosts), "dry_run": dry_run}, who="admin")
    assert answer.status_int == 200, answer.text
    shown: dict[str, Any] = answer.json
    return shown


def test_a_dry_run_shows_the_moves_and_what_stays(site: Site) -> None:
    shown = evacuate(site, "node-1")
    assert (shown["hosts"], shown["running"]) == (["compute-1"], False)
    assert shown["instances"] == [
        {
            "server_id": "broken",
            "name": "broken",
            "project_id": "project-b",
            "source": "compute-1",
            "target": None,
            "way": None,
            "under_way": False,
            "reason": "Nova moves no instance that is ERROR.",
        },
        {
            "server_id": "web",
            "name": "web",
            "project_id": "project-b",
            "source": "compute-1",
            "target": "compute-3",
            "way": "live",
            "under_way": False,
            "reason": None,
        },
    ]
    assert site.nova.asked == []
    assert not evacuate(site, "node-1")["running"]


def test_several_hosts_are_emptied_together(site: Site) -> None:
    """None takes what leaves another; names, Nova's names and ids are all good."""
    node_3 = site.ask("GET", "/v1/hosts/node-3", who="admin").json["id"]
    shown = evacuate(site, "compute-1", node_3, "node-1")
    assert shown["hosts"] == ["compute-1", "compute-3"]
    assert {one["server_id"]: one["target"] for one in shown["instances"]} == {
        "broken": None,
        "web": "compute-5",
        "other": "compute-5",
    }


def test_what_has_no_room_says_which_room_it_needs(site: Site) -> None:
    (large,) = evacuate(site, "node-2")["instances"]
    assert large["reason"].startswith("No other host with the processor Y that may be booked")


def test_hosts_that_are_leased_or_disabled_take_nothing(site: Site) -> None:
    site.lease(host_properties=["=", "$name", "node-3"], who="admin")
    site.ask("PATCH", "/v1/hosts/node-5", {"disabled": True, "reason": "dust"}, who="admin")
    (_, web) = evacuate(site, "node-1")["instances"]
    assert web["reason"].startswith("No other host with the processor X")


def test_instances_of_the_lease_that_has_the_host_stay(site: Site) -> None:
    lease = site.lease(host_properties=["=", "$name", "node-5"], who="admin")
    site.pass_time(1)
    site.nova.boot("leased", "compute-5", "project-admin", lease=lease["id"])
    (leased,) = evacuate(site, "node-5")["instances"]
    assert leased["reason"] == f"It belongs to lease {lease['id']}, which has the host."


def test_without_dry_run_it_begins_and_says_so(site: Site) -> None:
    assert evacuate(site, "node-1", dry_run=False)["running"]
    assert evacuate(site, "node-1")["running"]
    assert not evacuate(site, "node-2")["running"]
    assert site.ask("GET", "/v1/hosts/node-1", who="admin").json["bookable"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "hosts"),
        ({"hosts": []}, 400, "hosts"),
        ({"hosts": "node-1"}, 400, "hosts"),
        ({"hosts": [1]}, 400, "hosts"),
        ({"hosts": ["node-1"], "dry_run": "yes"}, 400, "dry_run"),
        ({"hosts": ["node-1"], "force": True}, 400, "force"),
        ({"hosts": ["node-1", "node-99"]}, 404, None),
    ],
)
def test_a_request_that_cannot_be_is_refused(site: Site, body: Any, status: int, field: str | None) -> None:
    answer = site.ask("POST", PATH, body, who="admin")
    assert answer.status_int == status
    assert answer.json["error"]["details"].get("field") == field


@pytest.mark.parametrize("who", ["member", "reader", "nova", "nobody"])
def test_nobody_else_moves_instances(site: Site, who: str) -> None:
    assert site.ask("POST", PATH, {"hosts": ["node-1"]}, who=who).status_int == 403


def test_the_command_shows_the_moves(site: Site, admin: Program) -> None:
    shown = admin("host", "evacuate", "node-1", "--dry-run")
    assert "compute-3" in shown
    assert "Nova moves no instance that is ERROR." in shown
    rows = admin.json("host", "evacuate", "node-1", "node-3", "--dry-run")
    assert [row["server_id"] for row in rows] == ["broken", "web", "other"]
    assert site.nova.asked == []
    assert admin.json("host", "evacuate", "node-4", "--dry-run") == []


def test_the_command_begins_and_says_how_to_look_on(site: Site, admin: Program) -> None:
    done = admin.run("host", "evacuate", "node-1")
    assert done.status == 0
    assert done.err == "It has begun. See how far it is with: climate host evacuate --dry-run node-1\n"
    assert evacuate(site, "node-1")["running"]
    assert admin.run("host", "evacuate", "no-such-host").status == 4


def test_waiting_has_its_time(site: Site, admin: Program) -> None:
    done = admin.run("host", "evacuate", "node-1", "--wait", "--timeout", "1s")
    assert done.status == 6
    assert "compute-1: 0 of 1 instances have left, 0 on their way\n" in done.err
