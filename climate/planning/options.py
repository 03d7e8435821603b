# SPDX-License-Identifier: Apache-2.0
"""The options of planning, and what they mean as values."""

from __future__ import annotations

from oslo_config import cfg

from climate.core.booking import Rules
from climate.core.clearing import Ending, Eviction, EvictionRule
from climate.core.guarding import GuardAct
from climate.core.schedulers.in_use import InUse, InUseRule
from climate.errors import ConfigError
from climate.planning.failures import FailureRule

GROUP = "planning"
_TRIES = 2  # of moving an instance in one way: to the host that packs best, then to one that Nova chooses
OPTS = [
    cfg.IntOpt(
        "proposal_ttl_s",
        default=300,
        min=1,
        max=86_400,
        help="How long a proposal holds its hosts until it must be confirmed, in seconds.",
    ),
    cfg.IntOpt(
        "margin_after_s",
        default=0,
        min=0,
        max=86_400,
        help="Time for which a host stays blocked after each lease (clean-up), in seconds. "
        "Leases that exist keep the margin they were made with.",
    ),
    cfg.IntOpt(
        "ends_soon_s",
        default=600,
        min=0,
        max=30 * 86_400,
        help="How long before its end the notification lease.ends_soon is sent, in seconds.",
    ),
    cfg.StrOpt(
        "eviction",
        default=Eviction.MIGRATE,
        choices=[
            (Eviction.MIGRATE, "they are moved to other hosts, running where that can be, else stopped and started"),
            (Eviction.PAUSE, "they are paused"),
            (Eviction.DELETE, "they are deleted"),
            (Eviction.NONE, "they stay"),
        ],
        help="What becomes of instances of others on a host whose lease begins. Needs [keystone].",
    ),
    cfg.StrOpt(
        "eviction_fallback",
        default=Eviction.NONE,
        choices=[
            (Eviction.PAUSE, "it is paused"),
            (Eviction.DELETE, "it is deleted"),
            (Eviction.NONE, "it stays, and the lease gets another host, or says that it does not have this one alone"),
        ],
        help="What becomes of an instance that cannot be moved in time.",
    ),
    cfg.IntOpt(
        "starts_soon_s",
        default=600,
        min=1,
        max=30 * 86_400,
        help="How long before its start a lease's hosts are cleared, and the notification lease.starts_soon is sent, "
        "in seconds: long enough to move the instances of some hosts.",
    ),
    cfg.IntOpt(
        "eviction_finish_s",
        default=60,
        min=0,
        max=86_400,
        help="How long before the start instances are paused or deleted where that is the choice, in seconds. "
        "From starts_soon_s until then their owners have time.",
    ),
    cfg.FloatOpt(
        "vcpus_per_thread",
        default=4.0,
        min=0.1,
        max=256.0,
        help="How many virtual CPUs Nova puts on one hardware thread (its cpu_allocation_ratio), to know which "
        "instances fit on a host. Where Nova thinks otherwise, it chooses the host.",
    ),
    cfg.StrOpt(
        "on_lease_end",
        default=Ending.DELETE,
        choices=[
            (Ending.DELETE, "they are deleted"),
            (Ending.SHELVE, "they are shelved: off the hosts, with an image of each disk"),
            (Ending.STOP, "they are stopped, and stay on the hosts"),
            (Ending.LEAVE, "they stay as they are"),
        ],
        help="What becomes of a lease's instances when it ends, unless the lease says otherwise. Needs [keystone].",
    ),
    cfg.StrOpt(
        "guard",
        default=GuardAct.REPORT,
        choices=[
            (GuardAct.REPORT, "it is told: in the log, and as the notification instance.misplaced"),
            (GuardAct.MIGRATE, "it is moved to where Nova's filters let it stand, too"),
            (GuardAct.STOP, "it is stopped, too"),
        ],
        help="What is done about an instance that came past Nova's filters to where it may not stand. "
        "Needs [keystone].",
    ),
    cfg.IntOpt(
        "guard_interval_s",
        default=60,
        min=1,
        max=86_400,
        help="How often planning looks where all instances stand, in seconds.",
    ),
    cfg.StrOpt("default_scheduler", default="earliest", help="The strategy for requests that name none."),
    cfg.StrOpt(
        "candidate_in_use",
        default=InUse.AVOID,
        choices=[
            (InUse.NEVER, "it is no candidate"),
            (InUse.AVOID, "it is taken only where nothing else fits in the whole window of the request"),
            (InUse.ALLOW, "it is as good as any other"),
        ],
        help="What instances on a host mean for a lease that begins now.",
    ),
    cfg.IntOpt(
        "in_use_ahead_s",
        default=600,
        min=1,
        max=7 * 86_400,
        help="A lease that begins within so many seconds begins now, in the sense of candidate_in_use.",
    ),
    cfg.FloatOpt(
        "transition_interval_s",
        default=1.0,
        min=0.05,
        max=60.0,
        help="How often a process looks for leases that begin, end or expire, in seconds.",
    ),
    cfg.IntOpt(
        "failed_host_patience_s",
        default=60,
        min=0,
        max=86_400,
        help="For how long the inventory must not offer a host until leases that have not begun get another in its "
        "place, in seconds: long enough for a compute service to be restarted.",
    ),
    cfg.IntOpt(
        "failed_host_ahead_s",
        default=86_400,
        min=60,
        max=365 * 86_400,
        help="How long before its start a lease gets other hosts for those that fail, in seconds. "
        "Until then they may come back.",
    ),
    cfg.IntOpt(
        "failed_host_interval_s",
        default=10,
        min=1,
        max=3600,
        help="How often planning asks the inventory which hosts may be booked, to find those that fail, in seconds.",
    ),
    cfg.IntOpt(
        "calendar_check_interval_s",
        default=3600,
        min=10,
        max=7 * 86_400,
        help="How often the calendar in memory is compared with the database, in seconds.",
    ),
    cfg.IntOpt(
        "effect_claim_s",
        default=60,
        min=5,
        max=3600,
        help="For how long a process has a side effect (a notification) to itself, in seconds. "
        "After that another one does it, because the first may have died.",
    ),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [planning]."""
    return [(GROUP, OPTS)]


def rules(conf: cfg.ConfigOpts) -> Rules:
    """The operator's rules for leases."""
    group = conf[GROUP]
    return Rules(
        margin_s=group.margin_after_s,
        proposal_ttl_s=group.proposal_ttl_s,
        ends_soon_s=group.ends_soon_s,
        starts_soon_s=group.starts_soon_s,
    )


def in_use(conf: cfg.ConfigOpts) -> InUseRule:
    """What the operator makes of hosts in use."""
    group = conf[GROUP]
    return InUseRule(candidate=InUse(group.candidate_in_use), ahead_s=group.in_use_ahead_s)


def failures(conf: cfg.ConfigOpts) -> FailureRule:
    """When a host has failed for good, and from when on that matters to a lease."""
    group = conf[GROUP]
    return FailureRule(patience_s=group.failed_host_patience_s, ahead_s=group.failed_host_ahead_s)


def eviction(conf: cfg.ConfigOpts) -> EvictionRule:
    """What becomes of instances of others on hosts whose lease begins.

    :raises ConfigError: they would be paused or deleted before they are told.
    """
    group = conf[GROUP]
    if group.eviction_finish_s > group.starts_soon_s:
        raise ConfigError(
            "[planning] eviction_finish_s is greater than starts_soon_s: nobody would have time.",
            option="eviction_finish_s",
        )
    return EvictionRule(
        eviction=Eviction(group.eviction),
        fallback=Eviction(group.eviction_fallback),
        lead_s=group.starts_soon_s,
        finish_s=group.eviction_finish_s,
        tries=_TRIES,
    )
