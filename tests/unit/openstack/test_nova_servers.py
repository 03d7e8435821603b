# SPDX-License-Identifier: Apache-2.0
"""What is made of what Nova says of instances, also where it says little."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from climate.errors import ServiceUnavailable
from climate.openstack.nova_servers import NovaServers

WHOLE = {
    "id": "a",
    "name": "web",
    "tenant_id": "p",
    "status": "ACTIVE",
    "created": "2030-03-17T17:46:40Z",
    "flavor": {"vcpus": 2, "ram": 1024, "disk": 10, "ephemeral": 5},
    "OS-EXT-SRV-ATTR:host": "node-1",
    "OS-EXT-STS:task_state": None,
}
LITTLE = {"id": "b", "tenant_id": "p", "status": "UNKNOWN", "created": "2030-03-17T17:46:40Z"}


class Session:
    """Answers each question with the next of ``answers``."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)

    def request(self, url: str, method: str, **arguments: Any) -> Any:
        found = self.answers.pop(0)
        return SimpleNamespace(status_code=200, content=json.dumps(found), json=lambda: found)

    def get_endpoint_data(self, *args: Any, **arguments: Any) -> Any:
        return SimpleNamespace(max_microversion=(2, 100))


def servers(*answers: dict[str, Any]) -> NovaServers:
    cloud: Any = SimpleNamespace(interfaces=("public",), adapter_arguments=lambda: {"session": Session(*answers)})
    return NovaServers(cloud)


def test_an_instance_has_its_size_and_its_host() -> None:
    (found,) = servers({"servers": [WHOLE]}, {"servers": []}).on()
    assert (found.host, found.vcpus, found.memory_mb, found.disk_gb) == ("node-1", 2, 1024, 15)
    assert found.created_at == 1_900_000_000


def test_where_nova_cannot_say_where_an_instance_is_nobody_takes_it_for_gone() -> None:
    """So Nova answers while it does not reach the database of a cell."""
    with pytest.raises(ServiceUnavailable):
        list(servers({"servers": [WHOLE, LITTLE]}, {"servers": []}).on())
    with pytest.raises(ServiceUnavailable):
        servers({"server": LITTLE}).get("b")
