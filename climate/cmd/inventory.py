# SPDX-License-Identifier: Apache-2.0
"""climate-inventory: which hosts there are. Any number of copies may run; one of them reads the sources."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from oslo_config import cfg

from climate.chassis import election, rpc, sql
from climate.chassis.election import Election
from climate.chassis.process import Loop, Process
from climate.cmd import main as common
from climate.inventory import options
from climate.inventory.endpoint import InventoryEndpoint
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.properties import Properties
from climate.inventory.refresh import Refresher
from climate.inventory.sources import loading
from climate.inventory.store.sql import SqlStore
from climate.rpcapi.inventory import TOPIC

PROGRAM = "climate-inventory"
OPTIONS = (options.list_opts, election.list_opts, sql.list_opts)
_OFFICE = "climate-inventory-refresh"


def build(conf: cfg.ConfigOpts, clock: Callable[[], int] = common.clock) -> Process:
    """An inventory process; ``clock`` gives epoch seconds."""
    group = conf[options.GROUP]
    engine = common.database_engine(conf)
    store = SqlStore(engine)
    member = f"{conf.host}-{uuid.uuid4().hex[:8]}"
    elected = Election(conf[election.GROUP].backend_url, _OFFICE, member)
    refresher = Refresher(
        loading.load(group.sources, conf),
        store,
        elected.am_leader,
        lambda: str(uuid.uuid4()),
        allow_empty=group.allow_empty,
    )
    matching = Matching(store)
    endpoint = InventoryEndpoint(store, matching, Hosts(store, matching), Properties(store, matching))

    def close() -> None:
        elected.close()
        engine.dispose()

    return Process(
        PROGRAM,
        servers=[rpc.server(rpc.transport(conf), TOPIC, conf.host, endpoint)],
        loops=[Loop("refresh", lambda: refresher.refresh_once(clock()), group.refresh_interval_s)],
        close=close,
        drain_timeout_s=conf.drain_timeout_s,
    )


def main() -> int:
    """Run climate-inventory."""
    return common.run(PROGRAM, OPTIONS, build)
