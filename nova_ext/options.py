# SPDX-License-Identifier: Apache-2.0
"""The options in nova.conf, group [climate], and what they mean as values.

Those that say how to sign in are keystoneauth's, with the names that they
have in Nova's other groups, such as [placement].
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from keystoneauth1 import loading
from oslo_config import cfg, types

GROUP = "climate"
HINTS = ("lease", "lease_id", "reservation_id", "reservation")
_TIMEOUT_S = 10


class FailClosed(enum.StrEnum):
    """Which requests get no host while Climate is away."""

    HINTED = "hinted"
    ALL = "all"


OPTS = [
    cfg.StrOpt("service_type", default="reservation", help="The type under which Keystone's catalogue has Climate."),
    cfg.StrOpt("service_name", help="The name of the service, where the catalogue has several of that type."),
    cfg.StrOpt("region_name", help="The region whose Climate is asked; may be left out where there is one."),
    cfg.ListOpt(
        "valid_interfaces",
        item_type=types.String(choices=["public", "internal", "admin"]),
        default=["internal", "public"],
        help="Which of Climate's endpoints in the catalogue are used, the preferred first.",
    ),
    cfg.StrOpt("endpoint_override", help="Climate's address, such as http://climate:9393, instead of the catalogue's."),
    cfg.FloatOpt(
        "refresh_interval_s",
        default=1.0,
        min=0.1,
        max=60.0,
        help="How often each scheduler asks which hosts are leased, in seconds. "
        "While nothing changes, the answer is empty.",
    ),
    cfg.FloatOpt(
        "retry_max_s",
        default=10.0,
        min=0.1,
        max=300.0,
        help="While Climate does not answer, the pauses between attempts grow up to so many seconds.",
    ),
    cfg.FloatOpt(
        "wait_s",
        default=0.7,
        min=0.0,
        max=0.9,
        help="How long one scheduling request may wait for a fresh answer, in seconds: where its hint names a lease "
        "that is not known as active, or the last answer is older than max_age_s.",
    ),
    cfg.FloatOpt(
        "max_age_s",
        default=3.0,
        min=0.0,
        max=3600.0,
        help="A request that finds the last answer older than this waits for a fresh one, in seconds. "
        "0 asks anew for every request.",
    ),
    cfg.FloatOpt(
        "away_after_s",
        default=15.0,
        min=1.0,
        max=3600.0,
        help="Climate counts as away when its last answer is older than this, in seconds.",
    ),
    cfg.StrOpt(
        "fail_closed",
        default=FailClosed.HINTED,
        choices=[
            (FailClosed.HINTED, "requests with a hint get no host; others get those that the last answer shows free"),
            (FailClosed.ALL, "no request gets a host"),
        ],
        help="What happens while Climate is away.",
    ),
    cfg.IntOpt(
        "margin_s",
        default=60,
        min=0,
        max=30 * 86_400,
        help="Instances without a lease do not come to a host that is leased within so many seconds. "
        "The age of the last answer is added.",
    ),
    cfg.ListOpt(
        "hint_names",
        default=list(HINTS),
        help="The scheduler hints by which a request may name its lease. All that it has must name the same.",
    ),
    cfg.StrOpt(
        "snapshot_file",
        default="$state_path/climate-availability.json",
        help="Where the last answer is kept for a scheduler that starts while Climate is away. Empty: nowhere.",
    ),
    cfg.IntOpt(
        "horizon_s",
        default=30 * 86_400,
        min=60,
        max=3650 * 86_400,
        help="A host that is free for so many seconds or longer is as good as one that is free for ever.",
    ),
    cfg.FloatOpt(
        "free_time_weight_multiplier",
        default=100_000.0,
        help="How much it counts that a host is free for long; 0 is nothing.",
    ),
    cfg.FloatOpt(
        "efficiency_weight_multiplier",
        default=10.0,
        help="How much it counts that a host is efficient (flop per joule); 0 is nothing.",
    ),
    cfg.FloatOpt(
        "ranking_interval_s",
        default=300.0,
        min=1.0,
        max=86_400.0,
        help="How often each scheduler asks how efficient the hosts are, in seconds.",
    ),
    cfg.StrOpt(
        "lifetime_hint",
        default="lifetime",
        help="The scheduler hint by which a request may say how long its instance will live: seconds, or as in 2h30m.",
    ),
    cfg.StrOpt(
        "lifetime_extra_spec",
        default="climate:lifetime",
        help="The extra spec by which a flavor says the same of all its instances.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options as values; times in seconds."""

    refresh_interval_s: float = 1.0
    retry_max_s: float = 10.0
    wait_s: float = 0.7
    max_age_s: float = 3.0
    away_after_s: float = 15.0
    fail_closed: FailClosed = FailClosed.HINTED
    margin_s: float = 60.0
    hint_names: tuple[str, ...] = HINTS
    snapshot_file: str = ""
    horizon_s: float = 30 * 86_400.0
    free_time_weight_multiplier: float = 100_000.0
    efficiency_weight_multiplier: float = 10.0
    ranking_interval_s: float = 300.0
    lifetime_hint: str = "lifetime"
    lifetime_extra_spec: str = "climate:lifetime"


def register(conf: cfg.ConfigOpts) -> None:
    """Make conf know the group; again is the same as once."""
    session = loading.get_session_conf_options()
    cfg.set_defaults(session, timeout=_TIMEOUT_S)
    conf.register_opts(session, group=GROUP)
    loading.register_auth_conf_options(conf, GROUP)
    conf.register_opts(OPTS, group=GROUP)


def settings(conf: cfg.ConfigOpts) -> Settings:
    """What the group says now."""
    group = conf[GROUP]
    given = {name: group[name] for name in Settings.__dataclass_fields__}
    given["fail_closed"] = FailClosed(given["fail_closed"])
    given["hint_names"] = tuple(given["hint_names"])
    return Settings(**given)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [climate], keystoneauth's among them."""
    session = loading.get_session_conf_options()
    cfg.set_defaults(session, timeout=_TIMEOUT_S)
    sign_in = loading.get_auth_common_conf_options() + loading.get_auth_plugin_conf_options("v3password")
    return [(GROUP, [*OPTS, *session, *sign_in])]
