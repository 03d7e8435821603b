# SPDX-License-Identifier: Apache-2.0
"""What the filter and the weighers of one process share: the last answers, and who fetches them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oslo_config import cfg
from oslo_log import log as logging

from nova_ext import options
from nova_ext.connection import Away, Connection
from nova_ext.gate import Gate
from nova_ext.kept import Keeper
from nova_ext.options import Settings
from nova_ext.poller import Fetch, Pace, Poller
from nova_ext.snapshot import Snapshot

LOG = logging.getLogger(__name__)
Ranking = Mapping[str, float]
_FIRST_ANSWER_S = 60.0


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that is known of Climate in this process; ``connect`` gives a connection of its own to each thread."""

    settings: Settings
    availability: Poller[Snapshot]
    ranking: Poller[Ranking]
    gate: Gate

    @classmethod
    def of(cls, settings: Settings, connect: Callable[[], Connection]) -> Source:
        """A source with these settings; asks nobody before it is used."""
        keeper = Keeper(settings.snapshot_file) if settings.snapshot_file else None

        def following() -> Fetch[Snapshot]:
            connection = connect()
            return connection.availability if keeper is None else functools.partial(_keeping, keeper, connection)

        availability = Poller(
            "hosts' availability",
            following,
            Pace(interval_s=settings.refresh_interval_s, retry_max_s=settings.retry_max_s),
            known=keeper.load() if keeper else None,
        )

        def ranked() -> Fetch[Ranking]:
            connection = connect()

            def fetch(_: Ranking | None) -> Ranking:
                known = availability.known() or availability.fresh(_FIRST_ANSWER_S)
                if known is None:
                    raise Away("the hosts are not known yet")
                return connection.ranking([host.name for host in known.value.hosts])

            return fetch

        ranking: Poller[Ranking] = Poller(
            "hosts' efficiency",
            ranked,
            Pace(interval_s=settings.ranking_interval_s, retry_max_s=settings.ranking_interval_s),
        )
        return cls(settings, availability, ranking, Gate(availability, settings))

    def stop(self) -> None:
        """End the threads."""
        self.availability.stop()
        self.ranking.stop()


@functools.lru_cache(maxsize=1)
def shared() -> Source:
    """The source of this process, as nova.conf describes it.

    Nova makes its filters and weighers one after the other, before it serves.
    """
    options.register(cfg.CONF)
    return Source.of(options.settings(cfg.CONF), lambda: Connection.from_conf(cfg.CONF))


def _keeping(keeper: Keeper, connection: Connection, known: Snapshot | None) -> Snapshot:
    snapshot = connection.availability(known)
    if snapshot is known:
        keeper.still_true()
    else:
        keeper.save(snapshot)
    return snapshot
