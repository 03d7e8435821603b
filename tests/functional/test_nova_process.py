# SPDX-License-Identifier: Apache-2.0
"""climate-inventory as it is installed, with hosts from Nova."""

from __future__ import annotations

import sys
from pathlib import Path

from climate.chassis import sql
from climate.inventory.store.sql import SqlStore
from climate.manage import database
from tests.nova_bodies import hypervisor
from tools.servers.process import Process
from tools.servers.recorded_cloud import PASSWORD, Fault, RecordedCloud

CONFIGURATION = """\
[DEFAULT]
debug = true
transport_url = fake:///
[database]
connection = {database}
[inventory]
sources = nova
refresh_interval_s = 1
[keystone]
{keystone}
"""


def test_hosts_of_nova_come_into_the_database(tmp_path: Path) -> None:
    """And go on to: a Nova that is away for a while changes nothing, and no password is logged, even when debugging."""
    url = f"sqlite:///{tmp_path}/climate.db"
    engine = sql.engine(url)
    database.upgrade(engine)
    store = SqlStore(engine)

    def names() -> list[str]:
        return [host.name for host in store.load().hosts if host.retired_at is None]

    def error() -> str:
        return "".join(state.error for state in store.sources())

    with RecordedCloud([hypervisor("node-1")]) as cloud:
        keystone = "\n".join(f"{name} = {value}" for name, value in cloud.settings().items())
        configuration = tmp_path / "climate.conf"
        configuration.write_text(CONFIGURATION.format(database=url, keystone=keystone))
        program = Path(sys.executable).with_name("climate-inventory")
        process = Process([program, "--config-file", configuration], log=tmp_path / "log")
        try:
            process.wait_until(lambda: names() == ["node-1"])
            with cloud.failing(Fault("os-hypervisors", 500)):
                cloud.nova.hypervisors.append(hypervisor("node-2"))
                process.wait_until(lambda: "status 500" in error())
                assert names() == ["node-1"]
            process.wait_until(lambda: names() == ["node-1", "node-2"])
        finally:
            process.stop()
    engine.dispose()
    log = (tmp_path / "log").read_text()
    assert "source nova failed, its last good state stays: Nova answers with the status 500." in log
    assert PASSWORD not in log
    assert not [token for token in cloud.tokens if token in log]
