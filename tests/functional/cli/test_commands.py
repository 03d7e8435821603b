# SPDX-License-Identifier: Apache-2.0
"""Every command, run for real by both programs: ``climate ...`` and ``openstack climate ...``."""

from __future__ import annotations

import re
import time
from importlib.metadata import distribution

import pytest

from climate.cli.shell import GROUP
from climate.client import with_token
from tests.functional.cli import cases_of_probes
from tests.functional.cli.cases import CASES, Bench, case
from tests.functional.cli.program import PROGRAMS, Program
from tools.metering import Metering

pytestmark = pytest.mark.slow
assert cases_of_probes  # its cases are noted by the import


def commands() -> list[str]:
    """All commands that the distribution brings, as ``climate`` calls them."""
    points = distribution("climate").entry_points.select(group=GROUP)
    return sorted(point.name.removeprefix("climate_").replace("_", " ") for point in points)


@case("lease create")
def _(bench: Bench) -> None:
    made = bench.member.json(
        *("lease", "create", "--quantity", "2", "--duration", "30m", "--name", "made", "--start", "+1h"),
        *("--property", "vcpus>=16", "--homogeneous", "cpu_info.model"),
    )
    assert (made["state"], made["quantity"], made["duration"]) == ("proposed", 2, 1800)
    assert list(made["alike"]) == ["cpu_info.model"]
    assert made == bench.client.leases.get(made["id"])
    bench.client.leases.cancel(made["id"])


@case("lease list")
def _(bench: Bench) -> None:
    lease = bench.lease()
    table = bench.member("lease", "list", "--state", "proposed", "--long")
    assert lease in table
    assert "expires_at" in table
    bench.client.leases.cancel(lease)
    assert lease not in bench.member("lease", "list", "--state", "proposed", "--state", "active")
    listed = bench.member.json("lease", "list", "--state", "cancelled", "--limit", "1")
    assert listed == [next(bench.client.leases.list(state="cancelled"))]
    after = bench.member.json("lease", "list", "--marker", listed[0]["id"])
    assert listed[0]["id"] not in [one["id"] for one in after]
    assert lease in [one["id"] for one in bench.admin.json("lease", "list", "--all-projects")]


@case("lease show")
def _(bench: Bench) -> None:
    lease = bench.lease(quantity=2)
    name = bench.client.leases.get(lease)["name"]
    assert bench.member.json("lease", "show", lease) == bench.client.leases.get(lease)
    assert bench.member("lease", "show", name, "-f", "value", "-c", "id").strip() == lease
    assert "hosts" not in bench.member.json("lease", "show", lease)
    assert len(bench.admin.json("lease", "show", lease)["hosts"]) == 2
    bench.client.leases.cancel(lease)


@case("lease set")
def _(bench: Bench) -> None:
    lease = bench.lease()
    changed = bench.member.json("lease", "set", lease, "--duration", "45m", "--quantity", "2", "--name", "changed")
    assert (changed["duration"], changed["quantity"], changed["name"]) == (2700, 2, "changed")
    assert bench.member.json("lease", "set", lease, "--end", "+2h")["duration"] > 7000
    bench.client.leases.cancel(lease)


@case("lease confirm")
def _(bench: Bench) -> None:
    lease = bench.lease()
    assert bench.member.json("lease", "confirm", lease)["confirmed_at"]
    bench.client.leases.cancel(lease)


@case("lease substitute")
def _(bench: Bench) -> None:
    lease = bench.lease(start_time=int(time.time()) + 7200, confirm=True)
    failing = bench.admins_client.leases.get(lease)["hosts"][0]["name"]
    bench.admin("host", "set", failing, "--disable", "--reason", "it smells of smoke")
    shown = bench.member.json("lease", "substitute", lease)
    assert (shown["degraded_reason"], "hosts" in shown) == (None, False)
    assert bench.admins_client.leases.get(lease)["hosts"][0]["name"] != failing
    bench.admin("host", "set", failing, "--enable")
    bench.client.leases.cancel(lease)


@case("lease cancel")
def _(bench: Bench) -> None:
    leases = [bench.lease(), bench.lease()]
    assert bench.member("lease", "cancel", *leases) == ""
    assert {bench.client.leases.get(lease)["state"] for lease in leases} == {"cancelled"}


@case("lease delete")
def _(bench: Bench) -> None:
    lease = bench.lease()
    assert bench.member("lease", "delete", lease) == ""
    assert bench.client.leases.get(lease)["state"] == "cancelled"


@case("lease wait")
def _(bench: Bench) -> None:
    lease = bench.lease(confirm=True)
    done = bench.member.run("lease", "wait", lease, "--timeout", "1m", "-f", "json")
    assert (done.status, done.json["state"]) == (0, "active")
    assert f"lease {lease}: active, ends in " in done.err
    bench.client.leases.cancel(lease)


@case("calendar")
def _(bench: Bench) -> None:
    lease = bench.lease(name="in the chart", quantity=3, confirm=True)
    chart = bench.member("calendar", "--span", "2h")
    assert "in the chart (3)" in chart
    assert "now " in chart.splitlines()[-1]
    by_host = bench.admin("calendar", "--by", "host", "--span", "2h").splitlines()
    assert sum("in the chart" in line for line in by_host) == 3
    bench.client.leases.cancel(lease)


@case("calendar list")
def _(bench: Bench) -> None:
    lease = bench.lease(quantity=2, confirm=True)
    entry = next(one for one in bench.member.json("calendar", "list") if one["lease_id"] == lease)
    assert entry["quantity"] == 2
    assert "hosts" not in entry
    seen = next(one for one in bench.admin.json("calendar", "list") if one["lease_id"] == lease)
    assert len(seen["hosts"]) == 2
    bench.client.leases.cancel(lease)


@case("scheduler list")
def _(bench: Bench) -> None:
    assert bench.member.json("scheduler", "list") == bench.client.schedulers.list()
    assert "earliest" in bench.admin("scheduler", "list")


@case("host list")
def _(bench: Bench) -> None:
    listed = bench.admin.json("host", "list")
    assert listed == list(bench.admins_client.hosts.list())
    assert [one["name"] for one in bench.admin.json("host", "list", "--limit", "2")] == [
        one["name"] for one in listed[:2]
    ]
    assert bench.member.run("host", "list").status == 5


@case("host show")
def _(bench: Bench) -> None:
    host = bench.a_host()
    shown = bench.admin.json("host", "show", host)
    assert shown == bench.admins_client.hosts.get(host)
    assert "vcpus=" in bench.admin("host", "show", shown["id"])


@case("host evacuate")
def _(bench: Bench) -> None:
    """The sandbox has no Nova whose instances could move."""
    done = bench.admin.run("host", "evacuate", "--dry-run", bench.a_host())
    assert (done.status, "knows no Nova" in done.err) == (1, True)
    assert bench.member.run("host", "evacuate", bench.a_host()).status == 5
    assert bench.admin.run("host", "evacuate", "--dry-run", "--wait", "node").status == 2


@case("host misplaced")
def _(bench: Bench) -> None:
    assert bench.admin.json("host", "misplaced") == []
    assert bench.admin("host", "misplaced", "-f", "csv").splitlines() == [
        '"server_id","project_id","host","wrong","lease_id"'
    ]


@case("host set")
def _(bench: Bench) -> None:
    host = bench.a_host()
    disabled = bench.admin.json("host", "set", host, "--disable", "--reason", "dust")
    assert (disabled["bookable"], disabled["disabled_reason"]) == (False, "dust")
    assert bench.admin.json("host", "set", host, "--enable")["bookable"]


@case("host unset")
def _(bench: Bench) -> None:
    host = bench.a_host()
    given = bench.admin.json("host", "set", host, "--property", "rack=z9", "--property", "gpus=7")
    assert (given["given"], given["properties"]["gpus"]) == ({"rack": "z9", "gpus": 7}, 7)
    taken = bench.admin.json("host", "unset", host, "--property", "rack", "--property", "gpus")
    assert (taken["given"], taken["properties"]["rack"]) == ({}, "b1")


@case("property list")
def _(bench: Bench) -> None:
    assert bench.member.json("property", "list") == bench.client.properties.list()
    table = bench.member("property", "list", "--detail")
    assert re.search(r"^\| gpus +\| number +\| +\| 0 to 4 +\|$", table, re.MULTILINE)
    assert "Icelake-Server" in table
    assert "host_ip" not in table
    hidden = bench.admin.json("property", "list", "--hidden", "--sort", "hosts")
    assert {one["hidden"] for one in hidden} == {True}
    assert bench.member.run("property", "list", "--sort", "hosts").status == 2


@case("property show")
def _(bench: Bench) -> None:
    assert bench.member.json("property", "show", "gpus") == bench.client.properties.get("gpus")
    assert "maximum" in bench.member("property", "show", "gpus")
    assert bench.member.run("property", "show", "host_ip").status == 4


@case("property create")
def _(bench: Bench) -> None:
    made = bench.admin.json(
        *("property", "create", "noise", "--type", "number", "--unit", "dB", "--description", "how loud"),
        *("--rule", "40 if rack=a1,a2", "--rule", '55 if ["not", ["=", "$rack", "a1"]]', "--rule", "60"),
    )
    assert [one["value"] for one in made["rules"]] == [40, 55, 60]
    assert made["rules"][0]["where"] == ["in", "$rack", "a1", "a2"]
    assert bench.client.properties.get("noise")["minimum"] == 40
    bench.admins_client.properties.delete("noise")
    assert bench.member.run("property", "create", "noise", "--type", "text").status == 5


@case("property set")
def _(bench: Bench) -> None:
    assert bench.admin.json("property", "set", "cluster", "--hide")["hidden"]
    assert bench.member.run("property", "show", "cluster").status == 4
    assert not bench.admin.json("property", "set", "cluster", "--show", "--description", "what was bought")["hidden"]
    assert bench.client.properties.get("cluster")["description"] == "what was bought"
    bench.admins_client.properties.delete("cluster")


@case("property unset")
def _(bench: Bench) -> None:
    bench.admin("property", "set", "cluster", "--description", "mine", "--rule", "oak if rack=a1")
    bare = bench.admin.json("property", "unset", "cluster", "--description", "--rules")
    assert "rules" not in bare
    assert bare["description"] != "mine"
    bench.admins_client.properties.delete("cluster")


@case("property delete")
def _(bench: Bench) -> None:
    for name in ("one", "two"):
        bench.admins_client.properties.add(name, "text")
    assert bench.admin("property", "delete", "one", "two") == ""
    assert bench.admin.run("property", "delete", "one", "vcpus").status == 4


@case("limit list")
def _(bench: Bench) -> None:
    bench.admins_client.limits.set("oak", {"max_leases": 7})
    own = next(one for one in bench.admin.json("limit", "list") if one["project_id"] == "oak")
    assert own == next(one for one in bench.admins_client.limits.list() if one["project_id"] == "oak")
    assert re.search(r"^\| oak +\| max_leases=7 +\|$", bench.admin("limit", "list"), re.MULTILINE)
    assert bench.member.run("limit", "list").status == 5
    bench.admins_client.limits.reset("oak")


@case("limit show")
def _(bench: Bench) -> None:
    shown = bench.member.json("limit", "show")
    assert shown["limits"].keys() == bench.client.limits.get()["limits"].keys()
    assert re.search(r"^\| max_leases +\| 1000, \d+ used +\|$", bench.member("limit", "show"), re.MULTILINE)
    assert bench.admin.json("limit", "show", "oak")["project_id"] == "oak"
    assert bench.member.run("limit", "show", "oak").status == 5


@case("limit set")
def _(bench: Bench) -> None:
    limits = ("max_leases=7", "max_duration_s=2d", "max_quantity=unlimited")
    given = bench.admin.json("limit", "set", "oak", *limits)["limits"]
    assert [given[name]["value"] for name in ("max_leases", "max_duration_s", "max_quantity")] == [7, 172_800, -1]
    shown = bench.admin("limit", "show", "oak")
    assert "7 (the site's: 1000), 0 used" in shown
    assert "172800 (2d) (the site's: 7948800 (92d))" in shown
    assert bench.admin.run("limit", "set", "oak", "max_lease=7").status == 2
    bench.admins_client.limits.reset("oak")


@case("limit unset")
def _(bench: Bench) -> None:
    bench.admins_client.limits.set("oak", {"max_leases": 7, "max_quantity": 2, "horizon_s": 3600})
    left = bench.admin.json("limit", "unset", "oak", "max_leases")["limits"]
    assert [left[name]["value"] for name in ("max_leases", "max_quantity")] == [1000, 2]
    none = bench.admin.json("limit", "unset", "oak", "--all")["limits"]
    assert none == bench.admins_client.limits.get("oak")["limits"]
    assert bench.admin.run("limit", "unset", "oak").status == 2


def test_every_command_has_a_case() -> None:
    """Whoever adds a command tries it here."""
    assert sorted(CASES) == commands()


@pytest.fixture(scope="session", params=["climate", "openstack"])
def bench(
    request: pytest.FixtureRequest,
    climate: Program,
    admin: Program,
    sandbox: dict[str, str],
    operator: Program,
    metering: Metering,
) -> Bench:
    url = sandbox["CLIMATE_ENDPOINT"]
    clients = with_token(url, sandbox["TOKEN"]), with_token(url, sandbox["ADMIN_TOKEN"])
    if request.param == "climate":
        return Bench(climate, admin, *clients, operator, metering)
    plugin = Program(
        (PROGRAMS / "openstack", "--os-auth-type", "admin_token", "climate"),
        {"OS_ENDPOINT": url, "OS_TOKEN": sandbox["TOKEN"]},
    )
    energy = {"CLIMATE_ENERGY_ENDPOINT": f"{metering.url}/v1", "OS_TOKEN": metering.token}
    return Bench(
        plugin,
        plugin.with_variables(OS_TOKEN=sandbox["ADMIN_TOKEN"]),
        *clients,
        plugin.with_variables(**energy),
        metering,
    )


@pytest.mark.parametrize("name", CASES)
def test_a_command_does_what_it_says(name: str, bench: Bench) -> None:
    CASES[name](bench)
