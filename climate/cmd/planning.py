# SPDX-License-Identifier: Apache-2.0
"""climate-planning: who holds what, when. Any number of copies may run."""

from __future__ import annotations

import random
from collections.abc import Callable

from oslo_config import cfg

from climate.chassis import rpc, sql
from climate.chassis.outbox import Outbox
from climate.chassis.process import Loop, Process
from climate.cmd import main as common
from climate.planning import candidates, limits, options, strategies
from climate.planning.availability import AvailabilityReport
from climate.planning.calendar import PlanningCalendar
from climate.planning.changes import Changes
from climate.planning.effects import notify
from climate.planning.endpoint import PlanningEndpoint
from climate.planning.failures import Failures
from climate.planning.following import Following
from climate.planning.limits import LimitsOfProjects
from climate.planning.proposals import Proposals
from climate.planning.store import tables
from climate.planning.store.limits_sql import SqlLimits
from climate.planning.store.sql import SqlStore
from climate.planning.strategies import Strategies
from climate.planning.substitutes import Substitutes
from climate.planning.transitions import Transitions
from climate.rpcapi import inventory
from climate.rpcapi.planning import TOPIC

OPTIONS = (options.list_opts, limits.list_opts, sql.list_opts)
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
    allowed = LimitsOfProjects(SqlLimits(engine), limits.of_site(conf), clock, common.clock_us)
    transitions = Transitions(store, clock, randomness)
    effects = {notify.TOPIC: notify.Notify(rpc.notifier(conf, "climate.planning"))}
    outbox = Outbox(engine, tables.outbox, effects, clock, group.effect_claim_s)
    transport = rpc.transport(conf)
    asked = candidates.AskedOfInventory(inventory.InventoryAPI(rpc.Caller(transport, inventory.TOPIC, _ASK_TIMEOUT_S)))
    substitutes = Substitutes(store, calendar, asked.matching, rules, clock)
    failures = Failures(store, calendar, substitutes, asked.bookable, options.failures(conf), clock)
    endpoint = PlanningEndpoint(
        store,
        Proposals(store, calendar, chosen, rules, allowed, clock, randomness),
        Changes(store, calendar, chosen, rules, allowed, clock),
        chosen,
        AvailabilityReport(calendar, clock),
        Following(store, calendar),
        allowed,
        failures,
    )
    return Process(
        "climate-planning",
        servers=[rpc.server(transport, TOPIC, conf.host, endpoint)],
        loops=[
            Loop("transitions", transitions.run_due, group.transition_interval_s),
            Loop("outbox", outbox.run_due, group.transition_interval_s),
            Loop("failures", failures.look, group.failed_host_interval_s),
            Loop("check", calendar.check, group.calendar_check_interval_s),
            Loop("repeats", lambda: store.forget_repeats(clock() - _REPEAT_KEPT_S), 3600.0),
        ],
        close=engine.dispose,
        drain_timeout_s=conf.drain_timeout_s,
    )


def main() -> int:
    """Run climate-planning."""
    return common.run("climate-planning", OPTIONS, build)
