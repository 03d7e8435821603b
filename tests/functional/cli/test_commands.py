# SPDX-License-Identifier: Apache-2.0
"""Every command, run for real by both programs: ``climate ...`` and ``openstack climate ...``."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import distribution

import pytest

from climate.cli.shell import GROUP
from climate.client import Client, with_token
from tests.functional.cli.program import PROGRAMS, Program

pytestmark = pytest.mark.slow


@dataclass
class Bench:
    """What a case works with: the program as a member and as an administrator, and the client beside it."""

    member: Program
    admin: Program
    client: Client
    admins_client: Client

    def lease(self, **fields: object) -> str:
        """A lease made beside the command line, under a name of its own; its id."""
        wanted = {"duration": "1h", "name": f"case {uuid.uuid4()}", **fields}
        return self.client.leases.create(**wanted)["id"]  # type: ignore[arg-type]

    def a_host(self) -> str:
        """The name of a host."""
        return next(self.admins_client.hosts.list())["name"]


Case = Callable[[Bench], None]
CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Case], Case]:
    """What a function tries is the command of this name."""

    def note(function: Case) -> Case:
        CASES[name] = function
        return function

    return note


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


@case("host set")
def _(bench: Bench) -> None:
    host = bench.a_host()
    disabled = bench.admin.json("host", "set", host, "--disable", "--reason", "dust")
    assert (disabled["bookable"], disabled["disabled_reason"]) == (False, "dust")
    assert bench.admin.json("host", "set", host, "--enable")["bookable"]


def test_every_command_has_a_case() -> None:
    """Whoever adds a command tries it here."""
    assert sorted(CASES) == commands()


@pytest.fixture(scope="session", params=["climate", "openstack"])
def bench(request: pytest.FixtureRequest, climate: Program, admin: Program, sandbox: dict[str, str]) -> Bench:
    url = sandbox["CLIMATE_ENDPOINT"]
    clients = with_token(url, sandbox["TOKEN"]), with_token(url, sandbox["ADMIN_TOKEN"])
    if request.param == "climate":
        return Bench(climate, admin, *clients)
    plugin = Program(
        (PROGRAMS / "openstack", "--os-auth-type", "admin_token", "climate"),
        {"OS_ENDPOINT": url, "OS_TOKEN": sandbox["TOKEN"]},
    )
    return Bench(plugin, plugin.with_variables(OS_TOKEN=sandbox["ADMIN_TOKEN"]), *clients)


@pytest.mark.parametrize("name", CASES)
def test_a_command_does_what_it_says(name: str, bench: Bench) -> None:
    CASES[name](bench)
