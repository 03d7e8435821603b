# SPDX-License-Identifier: Apache-2.0
"""Signing in to kwapi-api with a password of a real Keystone, as the page does it for people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tools.metering import Metering, dummies
from tools.servers import Keystone
from tools.servers.keystone import PASSWORD

pytestmark = pytest.mark.slow

ADMIN = {"user": "admin", "password": PASSWORD, "project": "admin"}


@pytest.fixture(scope="module")
def metering(tmp_path_factory: pytest.TempPathFactory, keystone: Keystone) -> Iterator[Metering]:
    """kwapi-api that trusts that Keystone."""
    with Metering(tmp_path_factory.mktemp("kwapi"), dummies(1, 2, 0.2)) as made:
        settings = "".join(f"{name} = {value}\n" for name, value in keystone.middleware_settings().items())
        made.replace("api", "auth_strategy = static", "auth_strategy = keystone")
        made.add("api", f"[keystone_authtoken]\n{settings}")
        made.start("drivers", "api")
        yield made


def sign_in(metering: Metering, status: int, **fields: str) -> dict[str, object]:
    """What is answered to somebody who signs in."""
    answer = requests.post(f"{metering.url}/sign-in", json=fields, timeout=60)
    assert answer.status_code == status, answer.text
    body: dict[str, object] = answer.json()
    return body


def test_a_password_gives_a_token_that_opens_the_probes(metering: Metering) -> None:
    assert requests.get(f"{metering.url}/sign-in", timeout=60).json() == {"password": True}
    token = sign_in(metering, 200, **ADMIN)["token"]
    assert isinstance(token, str)
    answer = requests.get(f"{metering.url}/v1/probes/", headers={"X-Auth-Token": token}, timeout=60)
    assert answer.status_code == 200
    assert requests.get(f"{metering.url}/v1/probes/", timeout=60).status_code == 401


@pytest.mark.parametrize(
    "wrong", [{"password": "guess"}, {"user": "nobody"}, {"project": "nothing"}, {"user_domain": "elsewhere"}]
)
def test_what_keystone_does_not_know_is_told_alike(metering: Metering, wrong: dict[str, str]) -> None:
    """Not which part of it was wrong, and no word of the password."""
    error = sign_in(metering, 401, **{**ADMIN, **wrong})["error"]
    assert isinstance(error, dict)
    assert error["message"] == "Keystone does not know this user, password and project."
    assert PASSWORD not in metering.log("api")
    assert "guess" not in metering.log("api")


@pytest.mark.parametrize("field", ["user", "password", "project"])
def test_a_field_that_is_missing_is_named(metering: Metering, field: str) -> None:
    error = sign_in(metering, 400, **{**ADMIN, field: ""})["error"]
    assert isinstance(error, dict)
    assert error["details"]["field"] == field
