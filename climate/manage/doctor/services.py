# SPDX-License-Identifier: Apache-2.0
"""Whether each service answers over RPC, how fresh the inventory's sources are, and whether these can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import oslo_messaging as messaging
from oslo_config import cfg

from climate.chassis import broker, rpc
from climate.errors import ConfigError
from climate.inventory.sources import loading
from climate.manage.doctor.examination import Finding, Verdict
from climate.openstack.keystone import Cloud
from climate.rpcapi import inventory, planning
from climate.rpcapi.inventory import SourceState

_INVENTORY, _PLANNING, _SOURCES = "inventory", "planning", "sources"
_REQUEST_ID = "req-doctor"
_LATE_AFTER = 3  # refreshes that did not come


def sources_told(
    conf: cfg.ConfigOpts, timeout_s: float, now: Callable[[], float], names: list[str], interval_s: int
) -> Iterator[Finding]:
    """Whether climate-inventory answers, and when it last heard of each source in ``names``."""
    if not broker.outside_processes(conf):
        yield _inside(_INVENTORY)
        return
    caller = _caller(conf, inventory.TOPIC, timeout_s)
    known = {state.name: state for state in inventory.InventoryAPI(caller).get_sources(_REQUEST_ID)}
    yield Finding(_INVENTORY, Verdict.OK, "climate-inventory answers.")
    for name in names:
        yield _freshness(name, known.get(name), now(), interval_s)


def schedulers_told(conf: cfg.ConfigOpts, timeout_s: float) -> Iterator[Finding]:
    """Whether climate-planning answers."""
    if not broker.outside_processes(conf):
        yield _inside(_PLANNING)
        return
    found = planning.PlanningAPI(_caller(conf, planning.TOPIC, timeout_s)).get_schedulers(_REQUEST_ID)
    names = ", ".join(one.name + (" (default)" if one.default else "") for one in found)
    yield Finding(_PLANNING, Verdict.OK, f"climate-planning answers; schedulers: {names}.")


def sources_readable(conf: cfg.ConfigOpts, names: list[str]) -> Iterator[Finding]:
    """Whether each source can be read from here: a file is, into a cloud we sign in."""
    for name in names:
        source = loading.load([name], conf)[0]
        if name == "nova":
            Cloud.from_conf(conf).sign_in()
            yield Finding(_SOURCES, Verdict.OK, "nova: Keystone lets the user of [keystone] in.")
        elif name == "file":
            yield Finding(_SOURCES, Verdict.OK, f"file: it can be read, and has {len(source.fetch())} hosts.")
        else:
            yield Finding(_SOURCES, Verdict.OK, f"{name}: it is installed, and its options can be used.")


def _freshness(name: str, state: SourceState | None, now: float, interval_s: int) -> Finding:
    if state is None or (state.refreshed_at is None and not state.error):
        return Finding(
            _INVENTORY,
            Verdict.FAIL,
            f"The source {name} was never read.",
            "Wait for the first refresh; if none comes, see the log of climate-inventory.",
        )
    if state.error:
        return Finding(
            _INVENTORY,
            Verdict.FAIL,
            f"The source {name} cannot be read: {state.error}",
            "Correct it; the hosts stay as they were.",
        )
    age_s = max(0, int(now - (state.refreshed_at or 0)))
    if age_s > _LATE_AFTER * interval_s:
        return Finding(
            _INVENTORY,
            Verdict.WARN,
            f"The source {name} was last read {age_s} s ago, and should be every {interval_s} s.",
            "See whether a climate-inventory acts ([coordination] backend_url), and its log.",
        )
    if not state.hosts:
        return Finding(_INVENTORY, Verdict.WARN, f"The source {name} has no hosts.", "See what it should tell.")
    return Finding(_INVENTORY, Verdict.OK, f"The source {name} was read {age_s} s ago: {state.hosts} hosts.")


def _inside(part: str) -> Finding:
    return Finding(part, Verdict.OK, "It can be asked in its own process only; the part api says whether it answers.")


def _caller(conf: cfg.ConfigOpts, topic: str, timeout_s: float) -> rpc.Caller:
    try:
        transport = rpc.transport(conf)
    except (messaging.DriverLoadFailure, messaging.InvalidTransportURL):
        raise ConfigError("[DEFAULT] transport_url cannot be used.", option="transport_url") from None
    return rpc.Caller(transport, topic, timeout_s)
