# SPDX-License-Identifier: Apache-2.0
"""The tour: one lease, from the request to its end, and what each side sees of it.

A step is a function that speaks to the running suite over HTTP, shows what
was said, and checks it. What the suite learns later appends its own steps to
:data:`STEPS`.
"""

from __future__ import annotations

import collections
import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from climate.client.hosts import Host, Use
from climate.client.leases import Lease
from climate.client.properties import Rule
from climate.errors import BadProperties, ClimateError, Forbidden, PropertyExists
from climate.sandbox.placement import placement
from climate.sandbox.screen import StepFailed
from climate.sandbox.stage import Stage

LEASE_S = 120
EXTENSION_S = 60
LAST_S = 5
QUANTITY = 2
CHART = "5m"
NOISE = "noise"
QUIET = ["=", f"${NOISE}", "low"]
PROPERTIES = ["and", [">=", "$vcpus", 16], QUIET, ["homogeneous", "$cpu_info.model"]]
_ANOTHER_PROJECT = "another-project"
_PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.2
_LOOK_BACK_S = 60.0


def hosts_in(stage: Stage) -> None:
    """The inventory has read the hosts; operators see them, tenants do not."""
    hosts = _eventually_hosts(stage)
    kinds = collections.Counter(str(host["properties"].get("cpu_info.model", "?")) for host in hosts)
    stage.hosts = {host["id"]: host["name"] for host in hosts}
    stage.show(stage.admin, hosts=len(hosts), kinds=", ".join(f"{count} x {kind}" for kind, count in kinds.items()))
    stage.screen.check(all(host["bookable"] for host in hosts), f"all {len(hosts)} hosts may be booked")
    try:
        next(stage.member.client.hosts.list(), None)
    except Forbidden as error:
        stage.show(stage.member, error=error.message)
    stage.screen.check(stage.member.last.status == 403, "a tenant may not list hosts")


def properties(stage: Stage) -> None:
    """The operator says by a rule what no source tells; while it is hidden, no tenant may name it."""
    catalogue = stage.admin.client.properties
    rules: list[Rule] = [{"where": [">=", "$vcpus", 16], "value": "low"}]
    try:
        added = catalogue.add(NOISE, "text", description="how loud the machine is", hidden=True, rules=rules)
    except PropertyExists:  # an earlier tour added it
        added = catalogue.set(NOISE, hidden=True, rules=rules)
    stage.show(stage.admin, **_fields(added, "name", "type", "values", "hosts", "hidden"))
    stage.screen.check(added["values"] == ["low"], "the rule holds for hosts")
    try:
        stage.member.client.leases.create(duration=LEASE_S, host_properties=QUIET)
    except BadProperties as error:
        stage.show(stage.member, error=error.message)
    stage.screen.check(stage.member.last.status == 400, "to the tenant there is no such property")
    catalogue.set(NOISE, hidden=False)
    stage.show(stage.admin)
    shown = stage.member.client.properties.get(NOISE)
    stage.show(stage.member, **_fields(shown, "name", "type", "description", "values"))
    stage.screen.check("hosts" not in shown, "now there is; how many hosts have it stays with the operator")


def request(stage: Stage) -> None:
    """A tenant asks for hosts that are alike, now, for two minutes."""
    stage.lease = stage.member.client.leases.create(
        name="a tour", quantity=QUANTITY, duration=LEASE_S, host_properties=PROPERTIES
    )
    stage.show(stage.member, id=stage.held["id"])
    stage.screen.check(stage.member.last.status == 201, "the request is answered with a lease")


def proposal(stage: Stage) -> None:
    """The hosts are held, and the tenant sees what for, but not which."""
    lease = stage.lease = stage.member.client.leases.get(stage.held["id"])
    stage.show(stage.member, **_fields(lease, "state", "start_at", "end_at", "quantity", "alike", "common_properties"))
    stage.screen.check(lease["state"] == "proposed", "the lease is a proposal, held until it expires")
    stage.screen.check(lease["quantity"] == QUANTITY, f"it holds {QUANTITY} hosts")
    stage.screen.check("cpu_info.model" in lease["alike"], "they are alike in what the tenant asked for")
    common = lease.get("common_properties") or {}
    stage.screen.check(common.get(NOISE) == "low", f"{len(common)} facts tell the tenant what the hosts are like")
    stage.screen.check(stage.names_no_host(stage.member.last.answer), "the tenant sees no name and no id of a host")


def confirm(stage: Stage) -> None:
    """The tenant confirms; the hosts are promised."""
    stage.lease = stage.member.client.leases.confirm(stage.held["id"])
    stage.show(stage.member, **_fields(stage.held, "state", "confirmed_at"))
    stage.screen.check(stage.held["state"] in ("confirmed", "active"), "the lease is confirmed")


def active(stage: Stage) -> None:
    """The start has come; no command was needed."""
    lease = _wait(stage, "active")
    stage.show(stage.member, **_fields(lease, "state", "start_at", "end_at"))
    stage.screen.check(_instant(lease["start_at"]) <= stage.clock(), "it began when it was to begin")


def command_line(stage: Stage) -> None:
    """The same lease as a person sees it who types commands."""
    columns = [word for name in ("name", "state", "end_at", "quantity", "alike") for word in ("-c", name)]
    shown = stage.command(stage.member, "lease", "show", stage.held["id"], *columns)
    stage.screen.check("active" in shown, "the command line shows it")
    drawn = stage.command(stage.member, "calendar", "--span", CHART)
    stage.screen.check(f"a tour ({QUANTITY})" in drawn, "and draws it")
    stage.screen.check(stage.names_no_host(shown + drawn), "but names no host")


def extended(stage: Stage) -> None:
    """The tenant asks for more time on the same hosts."""
    before = stage.held
    stage.lease = stage.member.client.leases.update(before["id"], duration=LEASE_S + EXTENSION_S)
    stage.show(stage.member, **_fields(stage.held, "state", "start_at", "end_at"))
    longer_s = _instant(stage.held["end_at"]) - _instant(before["end_at"])
    stage.screen.check(longer_s == EXTENSION_S, f"it ends {EXTENSION_S} s later")
    stage.screen.check(stage.held["start_at"] == before["start_at"], "and began when it began")


def operators_view(stage: Stage) -> None:
    """The operator sees which hosts the lease has, in the lease, by host and in the calendar."""
    client = stage.admin.client
    lease = client.leases.get(stage.held["id"])
    names = sorted(host["name"] for host in lease.get("hosts", []))
    stage.show(stage.admin, project_id=lease["project_id"], hosts=", ".join(names))
    stage.screen.check(len(names) == QUANTITY, "the operator sees the hosts of the lease")
    uses = _uses(stage)
    taken = sorted(use["name"] for use in uses if use["lease_id"] == lease["id"])
    stage.show(stage.admin, leased_now=", ".join(taken))
    stage.screen.check(len(uses) == len(stage.hosts), "Nova is told of every host")
    stage.screen.check(taken == names, "these hosts, and no others, are taken by it")
    entries = list(client.calendar.list(start=lease["start_at"], end=lease["end_at"]))
    stage.show(
        stage.admin, entries="; ".join(f"{one['name']}, {one['start_at']} to {one['end_at']}" for one in entries)
    )
    stage.screen.check(lease["id"] in [entry["lease_id"] for entry in entries], "the calendar shows it")


def where_nova_places(stage: Stage) -> None:
    """Nova's filter, asked with what the suite tells Nova: the lease's hint leads to its hosts, and to no others."""
    lease = stage.admin.client.leases.get(stage.held["id"])
    own = {host["name"] for host in lease.get("hosts", [])}
    _uses(stage)
    told, names = stage.admin.last.answer, stage.hosts.values()
    hint = {"lease": lease["id"]}
    with_hint = placement(told, names, lease["project_id"], hint, stage.clock())
    without = placement(told, names, lease["project_id"], {}, stage.clock())
    of_others = placement(told, names, _ANOTHER_PROJECT, hint, stage.clock())
    stage.show(
        stage.admin,
        **{
            f"--hint lease={lease['id']}": ", ".join(with_hint.hosts),
            "without a hint": f"{len(without.hosts)} hosts",
            "the same hint, by another project": f"No valid host was found. (The log: {of_others.refusal})",
        },
    )
    stage.screen.check(set(with_hint.hosts) == own, "an instance of the lease would come to the lease's hosts")
    stage.screen.check(own.isdisjoint(without.hosts) and bool(without.hosts), "any other would come elsewhere")
    stage.screen.check(not of_others.hosts, "and another project's would come to none of them")


def watts(stage: Stage) -> None:
    """What the wattmeters of the lease's hosts say now, and that their energy is counted."""
    operator = stage.admin
    names = [host["name"] for host in operator.client.leases.get(stage.held["id"]).get("hosts", [])]
    probes = {
        probe: name
        for name in sorted(names)
        for probe in str(operator.client.hosts.get(name)["properties"].get("probes", "")).split()
    }
    stage.screen.check(set(probes.values()) == set(names), "the operator knows which wattmeters measure these hosts")
    before = _measured(stage, dict.fromkeys(probes, -1.0))
    _show_measured(stage, probes, before)
    stage.screen.check(all(one.watts > 0 for one in before.values()), "each of them draws power")
    after = _measured(stage, {probe: one.kwh for probe, one in before.items()})
    _show_measured(stage, probes, after)
    newer = all(after[probe].read_at > before[probe].read_at for probe in probes)
    stage.screen.check(newer, "a reading later, each has used more energy")
    try:
        stage.member.client.probes.list()
    except Forbidden as error:
        stage.show(stage.member, error=error.message)
    stage.screen.check(stage.member.last.status == 403, "a tenant may not look at probes")


def power_over_time(stage: Stage) -> None:
    """What all wattmeters together drew since the lease was confirmed, and where people look at it."""
    probes = stage.admin.client.probes
    found = probes.history(prefix="", start=int(stage.clock() - _LOOK_BACK_S), step_s=1, together=True)
    (total,) = found["series"]
    seen = [round(one, 1) for one in total["average_w"] if one is not None]
    stage.show(
        stage.admin,
        wattmeters=total["probes"],
        energy=f"{1000 * total['kwh']:.3f} Wh",
        watts=f"{', '.join(map(str, seen[-8:-1]))}: the last seconds",
    )
    stage.screen.check(total["kwh"] > 0 and len(seen) > 1, "their power is kept second by second")
    bands = zip(total["min_w"], total["max_w"], strict=True)
    known = [(least, most) for least, most in bands if least is not None and most is not None]
    stage.screen.check(all(0 < least <= most for least, most in known), "with the least and the greatest of each")


def shortened(stage: Stage) -> None:
    """The work is done sooner: the tenant gives the rest of the time back."""
    before = stage.held
    stage.lease = stage.member.client.leases.update(before["id"], end_time=int(stage.clock()) + LAST_S)
    stage.show(stage.member, **_fields(stage.held, "state", "start_at", "end_at"))
    sooner_s = _instant(before["end_at"]) - _instant(stage.held["end_at"])
    stage.screen.check(sooner_s > 0, f"it ends {sooner_s:.0f} s sooner")


def ended(stage: Stage) -> None:
    """The end has come: the hosts are free, and the lease can still be read."""
    lease = _wait(stage, "ended")
    stage.show(stage.member, **_fields(lease, "state", "start_at", "end_at", "closed_at"))
    stage.screen.check(lease["closed_at"] == lease["end_at"], "it ended when it was to end")
    uses = _uses(stage)
    taken = [use["name"] for use in uses if use["lease_id"]]
    stage.show(stage.admin, leased_now=", ".join(taken) or "none")
    stage.screen.check(bool(uses) and not taken, "all hosts are free again")
    listed = [other["id"] for other in stage.member.client.leases.list()]
    stage.screen.check(lease["id"] in listed, "the lease stays in the tenant's list: nothing is erased")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the tour, under the heading that people see."""

    heading: str
    play: Callable[[Stage], None]


STEPS: tuple[Step, ...] = (
    Step("Hosts in", hosts_in),
    Step("Properties", properties),
    Step("Request", request),
    Step("Proposal", proposal),
    Step("Confirm", confirm),
    Step("Active", active),
    Step("On the command line", command_line),
    Step("Extended", extended),
    Step("What the operator sees", operators_view),
    Step("Where Nova places", where_nova_places),
    Step("Watts", watts),
    Step("Power over time", power_over_time),
    Step("Shortened", shortened),
    Step("Ended", ended),
)


def play(stage: Stage, steps: tuple[Step, ...] = STEPS) -> bool:
    """Play the steps in order up to the first that fails; whether none did."""
    for number, step in enumerate(steps, 1):
        stage.screen.heading(f"{number}. {step.heading}")
        try:
            step.play(stage)
        except (StepFailed, TimeoutError) as error:
            stage.screen.line(f"  ✗ {step.heading}: {error}")
            return False
        except ClimateError as error:
            stage.screen.line(f"  ✗ {step.heading}: {error.message} ({error.error_code}, request {error.request_id})")
            return False
    stage.screen.line(f"\nAll {len(steps)} steps are as they must be.")
    return True


def _wait(stage: Stage, state: str) -> Lease:
    def tell(lease: Lease) -> None:
        stage.screen.line(f"  .. it is {lease['state']}")

    patience_s = max(0.0, _instant(stage.held["end_at"]) - stage.clock()) + _PATIENCE_S
    lease = stage.member.client.leases.wait_for(stage.held["id"], state, patience_s, tell, interval_s=_LOOK_EVERY_S)
    stage.lease = lease
    return lease


def _eventually_hosts(stage: Stage) -> list[Host]:
    """All hosts, once the inventory has read its source for the first time."""
    give_up_at = stage.clock() + _PATIENCE_S
    while not (hosts := list(stage.admin.client.hosts.list())):
        if stage.clock() >= give_up_at:
            raise StepFailed(f"the inventory has no hosts after {_PATIENCE_S:.0f} s")
        time.sleep(_LOOK_EVERY_S)
    return hosts


@dataclass(frozen=True, slots=True)
class _Measured:
    """A probe's power, its counter, and when it was read."""

    watts: float
    kwh: float
    read_at: float

    def __str__(self) -> str:
        return f"{self.watts:.1f} W, {self.kwh:.6f} kWh"


def _measured(stage: Stage, more_than: Mapping[str, float]) -> dict[str, _Measured]:
    """What kwapi-api knows of these probes, once each has counted more kWh than that."""
    give_up_at = stage.clock() + _PATIENCE_S
    while True:
        counted = {
            probe: _Measured(one["w"], one["kwh"], one["timestamp"])
            for probe, one in stage.admin.client.probes.list().items()
            if one["w"] is not None and one["kwh"] is not None and one["timestamp"] is not None
        }
        if all(probe in counted and counted[probe].kwh > kwh for probe, kwh in more_than.items()):
            return {probe: counted[probe] for probe in more_than}
        if stage.clock() >= give_up_at:
            raise StepFailed(f"the wattmeters have counted nothing more after {_PATIENCE_S:.0f} s")
        time.sleep(_LOOK_EVERY_S)


def _show_measured(stage: Stage, probes: Mapping[str, str], measured: Mapping[str, _Measured]) -> None:
    stage.show(stage.admin, **{f"{name}, {probe}": str(measured[probe]) for probe, name in probes.items()})


def _uses(stage: Stage) -> list[Use]:
    """What Nova is told of each host."""
    available, _ = stage.admin.client.hosts.availability()
    return available["hosts"] if available else []


def _fields(answer: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in answer.items() if name in names}


def _instant(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()
