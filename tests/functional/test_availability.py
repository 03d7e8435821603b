# SPDX-License-Identifier: Apache-2.0
"""What Nova is told of the hosts once a round: all of them, and nothing while nothing changed."""

from __future__ import annotations

import dataclasses
from typing import Any

import webob

from climate.api import app
from tests.functional.recorder import Recorder
from tests.functional.site import NOW, Site, host

PATH = "/v1/hosts/availability"
IN_AN_HOUR = "2030-03-17T18:46:40Z"
IN_TWO_HOURS = "2030-03-17T19:46:40Z"


def asked(site: Site, **headers: str) -> webob.Response:
    """What Nova gets."""
    answer = site.ask(
        "GET", PATH, who="nova", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    assert answer.status_int in (200, 304)
    return answer


def listed(site: Site) -> dict[str, Any]:
    """Each host's row by its name, in the order of the answer."""
    return {row["name"]: row for row in asked(site).json["hosts"]}


def test_every_host_is_told_by_name(site: Site) -> None:
    """Also one that was never in a lease, and one that is disabled: only what is gone is left out."""
    now = ("lease_id", "project_id", "state", "until", "end_at")
    free = dict.fromkeys((*now, "next_lease_id", "next_project_id", "next_state", "next_start_at"))
    answer = asked(site).json
    assert answer["sequence"] == 0
    assert answer["hosts"] == [
        {"host_id": host(number).host_id, "name": f"node-{number}", "service_host": f"compute-{number}", **free}
        for number in range(1, 6)
    ]


def test_a_host_tells_its_lease_now_and_next(site: Site) -> None:
    """Whose it is, where it stands, and when it goes or comes."""
    only_one = {"host_properties": ["=", "$name", "node-2"]}
    now = site.lease(who="admin", **only_one)
    then = site.lease(who="admin", start_time=NOW + 7200, confirm=False, **only_one)
    row = listed(site)["node-2"]
    project = {"project_id": "project-admin"}
    shown = site.ask("GET", "/v1/hosts/node-2", who="admin").json
    assert shown["lease"] == {"id": now["id"], **project, "state": "confirmed", "until_at": IN_AN_HOUR}
    assert shown["next"] == {"id": then["id"], **project, "state": "proposed", "start_at": IN_TWO_HOURS}
    assert [row[name] for name in ("lease_id", "project_id", "state", "until")] == [*shown["lease"].values()]
    assert [row[name] for name in ("next_lease_id", "next_project_id")] == [then["id"], "project-admin"]
    assert row["end_at"] == IN_AN_HOUR
    assert (row["next_state"], row["next_start_at"]) == ("proposed", IN_TWO_HOURS)
    site.pass_time(60)
    assert listed(site)["node-2"]["state"] == "active"
    site.pass_time(3540)
    assert listed(site)["node-2"]["lease_id"] is None


def test_a_host_that_is_gone_is_told_as_long_as_it_has_a_lease(site: Site) -> None:
    """Now or later: somebody may still be on it, or be sent to it."""
    lease = site.lease(who="admin", start_time=NOW + 60, host_properties=["=", "$name", "node-3"])
    site.refresh(retired=(dataclasses.replace(host(3), retired_at=NOW), dataclasses.replace(host(4), retired_at=NOW)))
    assert list(listed(site)) == ["node-1", "node-2", "node-3", "node-5"]
    site.pass_time(60)
    assert listed(site)["node-3"]["lease_id"] == lease["id"]
    site.pass_time(3600)
    assert list(listed(site)) == ["node-1", "node-2", "node-5"]


def test_nothing_is_sent_while_nothing_changed(site: Site) -> None:
    """Neither to Nova nor to the API itself."""
    first = asked(site)
    site.lease(quantity=3)
    inventory, planning = Recorder(site.inventory), Recorder(site.planning)
    second = asked(site, if_none_match=first.headers["ETag"])
    assert second.status_int == 200
    assert len([row for row in second.json["hosts"] if row["lease_id"]]) == 3
    tag = second.headers["ETag"]
    for header in (f'"7", {tag}', f"W/{tag}", "*", tag):
        again = asked(site, if_none_match=header)
        assert (again.status_int, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert asked(site).body == second.body
    assert {(method, *arguments.values()) for method, arguments in inventory.calls} == {("get_names", 1)}
    assert [arguments["known_sequence"] for _, arguments in planning.calls] == [0, 1, 1, 1, 1, 1]


def test_one_state_has_one_etag_whichever_copy_is_asked(site: Site) -> None:
    """A copy that was just started, and one that has seen the changes."""
    asked(site)
    site.lease()
    site.ask("PATCH", "/v1/hosts/node-1", {"disabled": True}, who="admin")
    first = asked(site)
    site.app = app.build(site.needs)
    second = asked(site)
    assert (second.headers["ETag"], second.body) == (first.headers["ETag"], first.body)


def test_only_what_hosts_are_called_changes_the_etag(site: Site) -> None:
    """Not their other facts, and not hosts that are not told."""
    tags = [asked(site).headers["ETag"]]
    same: list[dict[str, Any]] = [
        {"changed": (dataclasses.replace(host(1), properties={"vcpus": 99}),)},
        {"added": (host(7, retired_at=NOW),)},
    ]
    other: list[dict[str, Any]] = [
        {"added": (host(8),)},
        {"changed": (dataclasses.replace(host(2), service_host="elsewhere"),)},
        {"retired": (dataclasses.replace(host(4), retired_at=NOW),)},
    ]
    for news in same:
        site.refresh(**news)
        assert asked(site, if_none_match=tags[0]).status_int == 304
    for news in other:
        site.refresh(**news)
        tags.append(asked(site, if_none_match=tags[-1]).headers["ETag"])
    assert len(set(tags)) == 1 + len(other)
    assert listed(site)["node-2"]["service_host"] == "elsewhere"
