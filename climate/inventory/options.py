# SPDX-License-Identifier: Apache-2.0
"""The options of the inventory and of the sources that come with it."""

from __future__ import annotations

from oslo_config import cfg

from climate.inventory.sources import file, nova

GROUP = "inventory"
OPTS = [
    cfg.ListOpt(
        "sources",
        default=["file"],
        help="Where hosts come from: entry points of the group climate.inventory.sources. No host may be in two. "
        "Hosts of a source that is no longer named are retired, or taken over by the source that now tells them.",
    ),
    cfg.IntOpt(
        "refresh_interval_s",
        default=60,
        min=1,
        max=86_400,
        help="How often the sources are read, in seconds.",
    ),
    cfg.BoolOpt(
        "allow_empty",
        default=False,
        help="Believe a source that tells no hosts any more, and retire all it told before. "
        "Otherwise that is taken for a mistake, and the last good state stays.",
    ),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [inventory], and those of its sources."""
    return [(GROUP, OPTS), *file.list_opts(), *nova.list_opts()]
