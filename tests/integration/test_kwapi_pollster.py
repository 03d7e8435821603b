# SPDX-License-Identifier: Apache-2.0
"""A pollster of 2013 against today's process: one GET of all probes, with a token, of which it reads kwh and w."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from tests.integration.kwapi_counting import wait
from tools.metering import Metering, dummies
from tools.servers import Keystone
from tools.servers.keystone import PASSWORD

pytestmark = pytest.mark.slow

PROBES = 4


@dataclass(frozen=True)
class Sample:
    """What a pollster hands to Ceilometer."""

    name: str
    kind: str
    unit: str
    volume: float
    resource_id: str


class Pollster:
    """Knows an endpoint, as the catalogue has it, and a token; nothing else."""

    def __init__(self, endpoint: str, token: str | None) -> None:
        self._url = f"{endpoint}/probes/"
        self._headers = {} if token is None else {"X-Auth-Token": token}

    def poll(self) -> list[Sample]:
        """Energy and power of all probes."""
        answer = requests.get(self._url, headers=self._headers, timeout=60)
        answer.raise_for_status()
        samples = []
        for probe_id, probe in answer.json()["probes"].items():
            samples.append(Sample("energy", "cumulative", "kWh", float(probe["kwh"]), probe_id))
            samples.append(Sample("power", "gauge", "W", float(probe["w"]), probe_id))
        return samples


def check_polled(pollster: Pollster) -> None:
    """Both meters of each probe, and energy that grows."""
    before = {(one.name, one.resource_id): one.volume for one in pollster.poll()}
    assert len(before) == 2 * PROBES
    assert all(75 <= volume <= 100 for (name, _), volume in before.items() if name == "power")

    def grown() -> bool:
        now = {(one.name, one.resource_id): one.volume for one in pollster.poll()}
        return all(now[key] > volume for key, volume in before.items() if key[0] == "energy")

    wait(grown)


@pytest.fixture
def metering(tmp_path: Path) -> Iterator[Metering]:
    """Drivers of two wattmeters."""
    with Metering(tmp_path, dummies(2, 2, 0.2)) as made:
        made.start("drivers")
        yield made


def test_with_a_static_token(metering: Metering) -> None:
    """And without one, nothing."""
    metering.start("api")
    metering.wait_for_probes(PROBES)
    check_polled(Pollster(f"{metering.url}/v1", metering.token))
    for token in (None, "guessed"):
        with pytest.raises(requests.HTTPError, match="401"):
            Pollster(f"{metering.url}/v1", token).poll()


def signed_in(keystone: Keystone, **who: str) -> Session:
    """Somebody's session."""
    domains = {"user_domain_id": "default", "project_domain_id": "default"}
    return Session(auth=Password(auth_url=keystone.url, password=PASSWORD, **who, **domains))


def test_with_keystone_and_its_catalogue(metering: Metering, keystone: Keystone) -> None:
    """The endpoint is found by the type ``energy``; administrators and services are let in, members are not."""
    options = {**keystone.middleware_settings(), "token_cache_time": "1"}
    metering.add(
        "api",
        "[kwapi]\nauth_strategy = keystone\n[keystone_authtoken]\n"
        + "".join(f"{name} = {value}\n" for name, value in options.items()),
    )
    metering.start("api")
    admin = signed_in(keystone, username="admin", project_name="admin")

    def made(noun: str, **fields: Any) -> str:
        identifier: str = admin.post(f"{keystone.url}/{noun}s", json={noun: fields}).json()[noun]["id"]
        return identifier

    service = made("service", type="energy", name="kwapi")
    made("endpoint", service_id=service, interface="public", url=f"{metering.url}/v1", region_id="RegionOne")
    project = made("project", name=uuid.uuid4().hex)
    tokens = {}
    for role in ("service", "member"):
        name = f"{role}-{uuid.uuid4().hex}"
        user = made("user", name=name, password=PASSWORD)
        (found,) = admin.get(f"{keystone.url}/roles", params={"name": role}).json()["roles"]
        admin.put(f"{keystone.url}/projects/{project}/users/{user}/roles/{found['id']}")
        tokens[role] = signed_in(keystone, username=name, project_id=project).get_token()
    someone = signed_in(keystone, username="admin", project_name="admin")
    endpoint = someone.get_endpoint(service_type="energy")
    assert endpoint == f"{metering.url}/v1"
    wait(lambda: len(Pollster(endpoint, tokens["service"]).poll()) == 2 * PROBES)
    check_polled(Pollster(endpoint, tokens["service"]))
    check_polled(Pollster(endpoint, someone.get_token()))
    for token, status in ((tokens["member"], "403"), ("guessed", "401"), (None, "401")):
        with pytest.raises(requests.HTTPError, match=status):
            Pollster(endpoint, token).poll()
