# SPDX-License-Identifier: Apache-2.0
"""The options of kwapi-api."""

from __future__ import annotations

from oslo_config import cfg

from climate.chassis.web import metrics, paging, server, tokens, wsgi

GROUP = "kwapi"
DEFAULT_PORT = 5000
OPTS = [
    *server.options(DEFAULT_PORT),
    *tokens.OPTS,
    *wsgi.OPTS,
    *paging.OPTS,
    *metrics.OPTS,
    cfg.IntOpt(
        "listeners",
        default=32,
        min=0,
        max=1024,
        help="How many may listen to /v1/events at a time. Each has a thread, beside those of [kwapi] threads.",
    ),
    cfg.FloatOpt(
        "stale_after_s",
        default=15.0,
        min=0.1,
        max=86_400.0,
        help="How long a probe may be silent until its last reading is marked as stale, in seconds.",
    ),
    cfg.FloatOpt(
        "forget_after_s",
        default=300.0,
        min=1.0,
        max=30 * 86_400.0,
        help="How long a probe may be silent until it leaves the list, in seconds. Its counter is kept.",
    ),
    cfg.FloatOpt(
        "gap_s",
        default=10.0,
        min=0.1,
        max=86_400.0,
        help="How far apart two readings of a probe may be and still meet; a longer silence is a gap in its energy, "
        "unless the device itself counts.",
    ),
    cfg.FloatOpt(
        "max_watts",
        default=200_000.0,
        min=1.0,
        help="The greatest power that is believed of a probe, in watts. In a gap, it bounds what was used; so where "
        "all probes are single machines, say what these can draw.",
    ),
    cfg.FloatOpt(
        "min_watts",
        default=-200_000.0,
        help="The least power that is believed of a probe, in watts. Below 0 energy flows back, or a device is not "
        "quite right at no load; either way nothing is taken off what was used.",
    ),
    cfg.StrOpt(
        "checkpoint",
        help="File in which the counters are kept. Left out: they begin at 0 with each start.",
    ),
    cfg.FloatOpt(
        "checkpoint_interval_s",
        default=10.0,
        min=0.1,
        max=3_600.0,
        help="How often the counters are written down, in seconds. What came after that is fetched again.",
    ),
    cfg.StrOpt(
        "history_dir",
        help="Directory in which the power of all probes is kept over time: a second's steps for an hour up to a day's "
        "for ten years, 1.3 MB for each probe at most. It belongs to the checkpoint, which must be set too. Left out: "
        "no history.",
    ),
    cfg.FloatOpt(
        "catch_up_s",
        default=10.0,
        min=0.0,
        max=3_600.0,
        help="How long to wait after a start, before anybody is answered, for what was said since the counters were "
        "written down, in seconds.",
    ),
    cfg.FloatOpt(
        "patience_s",
        default=60.0,
        min=0.1,
        max=86_400.0,
        help="How long to wait for readings that were missed and that nobody gives, in seconds.",
    ),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [kwapi]."""
    return [(GROUP, OPTS)]
