# SPDX-License-Identifier: Apache-2.0
"""The request on the slides of 2013, word for word, is answered with a lease."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import requests
from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.chassis import sql
from climate.cmd import api, inventory, planning
from climate.manage import database
from tools.servers.process import free_port

# The slide shows it without the last brace.
BODY = r"""{"start_time":10,
"end_time":100,
"duration": 5,
"quantity":1,
"host_properties": "[\"=\", \"$id\", 1]"
}"""
TOKEN = "an-admin"
HOSTS = [{"name": "node-1", "id": 1, "vcpus": 8}, {"name": "node-2", "id": 2, "vcpus": 8}]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The whole suite in this process, at the beginning of 1970."""
    tmp_path = tmp_path_factory.mktemp("slides")
    port = free_port()
    (tmp_path / "hosts.json").write_text(json.dumps(HOSTS))
    tokens = tmp_path / "tokens.yaml"
    tokens.touch(mode=0o600)
    tokens.write_text(json.dumps({TOKEN: {"project_id": "admin", "user_id": "admin", "roles": ["admin"]}}))
    (tmp_path / "climate.conf").write_text(f"""
[DEFAULT]
transport_url = fake:///
[database]
connection = sqlite:///{tmp_path}/climate.db
[inventory_file]
path = {tmp_path}/hosts.json
[api]
port = {port}
auth_strategy = static
static_tokens_file = {tokens}
""")
    conf = cfg.CONF
    conf.reset()
    options = (*inventory.OPTIONS, *planning.OPTIONS, *api.OPTIONS)
    configuration.load(conf, ["--config-file", str(tmp_path / "climate.conf")], "test", options, "0")
    engine = sql.engine(conf.database.connection)
    database.upgrade(engine)
    engine.dispose()
    processes = [part.build(conf, lambda: 0) for part in (inventory, planning, api)]
    for process in processes:
        process.start()
    address = f"http://127.0.0.1:{port}"
    give_up_at = time.monotonic() + 60
    while not requests.get(f"{address}/v1/hosts", headers={"X-Auth-Token": TOKEN}, timeout=60).json()["hosts"]:
        assert time.monotonic() < give_up_at, "the inventory has not read its file"
        time.sleep(0.05)
    yield address
    for process in reversed(processes):
        process.stop()
    conf.reset()


@pytest.mark.parametrize("path", ["/v1/leases/", "/v1/leases", "/reservations/", "/v1/reservations"])
def test_the_slides_request_gets_a_lease(url: str, path: str) -> None:
    """From 10 to 15 on host 1, at whatever name the noun goes by."""
    headers = {"X-Auth-Token": TOKEN, "Content-Type": "application/json"}
    answer = requests.post(url + path, data=BODY, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text
    lease = answer.json()
    assert lease["state"] == "proposed"
    assert lease["start_at"] == "1970-01-01T00:00:10Z"
    assert lease["end_at"] == "1970-01-01T00:00:15Z"
    assert [host["name"] for host in lease["hosts"]] == ["node-1"]
    assert requests.delete(lease["links"]["self"], headers=headers, timeout=60).ok  # the next one asks for the same
