# SPDX-License-Identifier: Apache-2.0
"""climate-planning: who holds what, when. Any number of copies may run."""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Callable
from typing import Any

from oslo_config import cfg

from climate.chassis import election, rpc, sql
from climate.chassis.election import Election
from climate.chassis.outbox import Handler, Outbox
from climate.chassis.process import Loop, Process
from climate.cmd import main as common
from climate.core.clearing import Ending
from climate.core.guarding import GuardAct, Misplaced
from climate.openstack import keystone, nova
from climate.openstack.nova_servers import NovaServers
from climate.planning import candidates, limits, options, strategies
from climate.planning.availability import AvailabilityReport
from climate.planning.calendar import PlanningCalendar
from climate.planning.changes import Changes
from climate.planning.effects import evacuate, evict, lease_end, notify
from climate.planning.endpoint import PlanningEndpoint
from climate.planning.evacuations import Evacuations, NoEvacuations, NovaEvacuations
from climate.planning.failures import Failures
from climate.planning.following import Following
from climate.planning.guard import Guard
from climate.planning.limits import LimitsOfProjects
from climate.planning.packing import Packing
from climate.planning.proposals import Proposals
from climate.planning.store import tables
from climate.planning.store.limits_sql import SqlLimits
from climate.planning.store.sql import SqlStore
from climate.planning.strategies import Strategies
from climate.planning.substitutes import Substitutes
from climate.planning.transitions import Transitions
from climate.rpcapi import inventory
from climate.rpcapi.planning import TOPIC

LOG = logging.getLogger(__name__)

OPTIONS = (options.list_opts, limits.list_opts, election.list_opts, sql.list_opts)
_OFFICE = "climate-planning-guard"
_REPEAT_KEPT_S = 24 * 3600
_ASK_TIMEOUT_S = 10.0


def build(conf: cfg.ConfigOpts, clock: Callable[[], int] = common.clock) -> Process:
    """A planning process; ``clock`` gives epoch seconds."""
    group = conf[options.GROUP]
    randomness = random.Random()  # noqa: S311 - jitter, no secret
    engine = common.database_engine(conf)
    store = SqlStore(engine)
    rules = options.rules(conf)
    chosen = Strategies(strategies.installed(), group.default_scheduler, options.in_use(conf))
    calendar = PlanningCalendar(store)
    availability = AvailabilityReport(calendar, clock)
    allowed = LimitsOfProjects(SqlLimits(engine), limits.of_site(conf), clock, common.clock_us)
    transitions = Transitions(store, clock, randomness)
    transport = rpc.transport(conf)
    asked = candidates.AskedOfInventory(inventory.InventoryAPI(rpc.Caller(transport, inventory.TOPIC, _ASK_TIMEOUT_S)))
    substitutes = Substitutes(store, calendar, asked.matching, rules, clock)
    send = rpc.notifier(conf, "climate.planning")
    outbox = Outbox(engine, tables.outbox, {notify.TOPIC: notify.Notify(send)}, clock, group.effect_claim_s)
    servers = _servers(conf)
    about_instances: dict[str, Handler] = dict.fromkeys((evict.TOPIC, evict.NOTICE_TOPIC, lease_end.TOPIC), _nothing)
    guards: list[Loop] = []
    misplaced: Callable[[], list[Misplaced]] = list
    evacuations: Evacuations = NoEvacuations()
    if servers is None:
        LOG.info("[keystone] names no cloud: instances on hosts of leases are nobody's affair here")
    else:
        rule = options.eviction(conf)
        clearing = evict.Clearing(store, calendar, servers, asked.names, rule, clock)
        packing = Packing(
            servers,
            calendar,
            substitutes,
            asked.hosts,
            asked.matching,
            rules.margin_s,
            group.vcpus_per_thread,
            clock,
        )
        evacuations = emptying = NovaEvacuations(store, availability, servers, packing, clock)
        default = Ending(group.on_lease_end)
        about_instances = {
            evict.NOTICE_TOPIC: evict.Notice(clearing, send),
            evict.TOPIC: evict.Evict(clearing, substitutes, packing),
            evacuate.TOPIC: evacuate.Evacuate(emptying, servers),
            lease_end.TOPIC: lease_end.LeaseEnd(store, calendar, servers, asked.names, default, clock),
        }
        elected = Election(conf[election.GROUP].backend_url, _OFFICE, f"{conf.host}-{uuid.uuid4().hex[:8]}")
        act = GuardAct(group.guard)
        guard = Guard(calendar, servers, asked.names, rule, act, send, elected.am_leader, clock)
        guards = [Loop("guard", guard.look, group.guard_interval_s)]
        misplaced = guard.misplaced
    # Apart from the notifications, which must not wait for Nova.
    instances = Outbox(engine, tables.outbox, about_instances, clock, group.effect_claim_s)
    failures = Failures(store, calendar, substitutes, asked.bookable, options.failures(conf), clock)
    endpoint = PlanningEndpoint(
        store,
        Proposals(store, calendar, chosen, rules, allowed, clock, randomness),
        Changes(store, calendar, chosen, rules, allowed, clock),
        chosen,
        availability,
        Following(store, calendar),
        allowed,
        failures,
        misplaced,
        evacuations,
    )
    return Process(
        "climate-planning",
        servers=[rpc.server(transport, TOPIC, conf.host, endpoint)],
        loops=[
            Loop("transitions", transitions.run_due, group.transition_interval_s),
            Loop("outbox", outbox.run_due, group.transition_interval_s),
            Loop("instances", instances.run_due, group.transition_interval_s),
            *guards,
            Loop("failures", failures.look, group.failed_host_interval_s),
            Loop("check", calendar.check, group.calendar_check_interval_s),
            Loop("repeats", lambda: store.forget_repeats(clock() - _REPEAT_KEPT_S), 3600.0),
        ],
        close=engine.dispose,
        drain_timeout_s=conf.drain_timeout_s,
    )


def _servers(conf: cfg.ConfigOpts) -> NovaServers | None:
    """Nova's instances, where [keystone] says which cloud; ``None`` where there is none."""
    for opts in (keystone.OPTS, nova.OPTS):
        conf.register_opts(opts, group=keystone.GROUP if opts is keystone.OPTS else nova.GROUP)
    if not conf[keystone.GROUP].auth_url:
        return None
    return NovaServers(keystone.Cloud.from_conf(conf), conf[nova.GROUP].endpoint_override)


def _nothing(effect_id: int, payload: dict[str, Any]) -> int | None:
    """What is done about instances where there is no Nova."""
    return None


def main() -> int:
    """Run climate-planning."""
    return common.run("climate-planning", OPTIONS, build)
