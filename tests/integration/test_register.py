# SPDX-License-Identifier: Apache-2.0
"""climate-manage register against a real Keystone: what it makes is what sessions and services find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from keystoneauth1.exceptions import EndpointNotFound
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from tests.conftest import require
from tests.integration.keystone_cloud import DOMAINS, Cloud, Operator
from tools.servers import Keystone
from tools.servers.keystone import PASSWORD

pytestmark = [pytest.mark.servers, pytest.mark.slow]

OURS, INSIDE, NEW, ENERGY = (f"https://{name}.example/v1" for name in ("c", "inside", "new", "k"))
ENDPOINTS = {f"endpoint reservation {interface} in RegionOne" for interface in ("public", "internal", "admin")}
RESERVATION = {"service reservation", *ENDPOINTS}


@pytest.fixture(scope="module")
def keystone() -> Iterator[Keystone]:
    """One of this file's own, where nobody else registers anything."""
    require(Keystone)
    with Keystone() as server:
        yield server


@pytest.fixture
def cloud(keystone: Keystone) -> Cloud:
    """A Keystone as its bootstrap leaves it."""
    made = Cloud(keystone)
    for noun in ("service", "user", "project"):
        for record in records(made, noun):
            if record["name"] not in ("keystone", "admin"):
                made.admin.delete(f"{keystone.url}/{noun}s/{record['id']}")
    for region in records(made, "region"):
        if region["id"] != "RegionOne":
            made.admin.delete(f"{keystone.url}/regions/{region['id']}")
    return made


@pytest.fixture
def operator(cloud: Cloud, tmp_path: Path) -> Operator:
    return Operator(cloud.keystone, tmp_path)


def records(cloud: Cloud, noun: str) -> list[dict[str, Any]]:
    """All that Keystone has of a noun."""
    found: list[dict[str, Any]] = cloud.admin.get(f"{cloud.keystone.url}/{noun}s").json()[f"{noun}s"]
    return found


def everything(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    nouns = ("region", "service", "endpoint", "role", "project", "user", "role_assignment")
    return {noun: records(cloud, noun) for noun in nouns}


def endpoint(cloud: Cloud, **wanted: str) -> str | None:
    """Where a session, signed in anew, finds the API."""
    try:
        return cloud.admin_session().get_endpoint(**{"service_type": "reservation", **wanted})
    except EndpointNotFound:
        return None


def made(outcomes: dict[str, str]) -> set[str]:
    return {thing for thing, outcome in outcomes.items() if outcome == "made"}


def test_from_nothing_all_is_made_and_the_second_time_there(cloud: Cloud, operator: Operator) -> None:
    """A dry run before says the same, and changes nothing; the service's user can sign in."""
    arguments = [
        *("--reservation-url", f"{OURS}/", "--reservation-internal-url", INSIDE, "--energy-url", ENERGY),
        *("--user", f"climate={operator.password_file()}", "--user-role", "service", "--user-role", "auditor"),
    ]
    before = everything(cloud)
    would = operator.registered(*arguments, "--dry-run")
    assert everything(cloud) == before
    assert operator.registered(*arguments) == would
    assert made(would) == {
        *RESERVATION,
        *(thing.replace("reservation", "energy") for thing in RESERVATION),
        *("role auditor", "project service", "user climate"),
        *("grant service to climate in service", "grant auditor to climate in service"),
    }
    found = {interface: endpoint(cloud, interface=interface) for interface in ("public", "internal", "admin")}
    assert found == {"public": OURS, "internal": INSIDE, "admin": INSIDE}
    assert endpoint(cloud, service_type="energy") == ENERGY
    auth = Password(
        auth_url=cloud.keystone.url, username="climate", password=PASSWORD, project_name="service", **DOMAINS
    )
    access = auth.get_access(Session())
    assert set(access.role_names) == {"service", "auditor"}
    after = everything(cloud)
    assert set(operator.registered(*arguments).values()) == {"there already"}
    assert everything(cloud) == after


def test_only_what_differs_is_changed(cloud: Cloud, operator: Operator) -> None:
    """And what somebody disabled is found again."""
    operator.registered("--reservation-url", OURS)
    ids = {one["interface"]: one["id"] for one in records(cloud, "endpoint") if one["url"] == OURS}
    outcomes = operator.registered("--reservation-url", NEW, "--reservation-internal-url", OURS)
    changed = {thing for thing, outcome in outcomes.items() if outcome == "changed"}
    assert changed == {"endpoint reservation public in RegionOne"}
    assert (endpoint(cloud, interface="public"), endpoint(cloud, interface="internal")) == (NEW, OURS)
    assert records(cloud, "endpoint") == [
        one | {"id": ids.get(one["interface"], one["id"])} if one["url"] in (OURS, NEW) else one
        for one in records(cloud, "endpoint")
    ]
    cloud.admin.patch(f"{cloud.keystone.url}/endpoints/{ids['public']}", json={"endpoint": {"enabled": False}})
    assert endpoint(cloud, interface="public") is None
    done = operator.run("--reservation-url", NEW, "--reservation-internal-url", OURS)
    assert "endpoint reservation public in RegionOne: changed (enabled: False -> True)" in done.stdout.splitlines()
    assert endpoint(cloud, interface="public") == NEW


def test_regions_stand_beside_each_other(cloud: Cloud, operator: Operator) -> None:
    """One service; with several regions it must be said which is meant."""
    operator.registered("--reservation-url", OURS)
    cloud.admin.post(f"{cloud.keystone.url}/regions", json={"region": {"id": "RegionTwo"}})
    unsaid = operator.run("--reservation-url", NEW)
    assert (unsaid.returncode, "RegionOne, RegionTwo" in unsaid.stderr) == (1, True)
    second = operator.registered("--reservation-url", NEW, "--region", "RegionTwo")
    assert made(second) == {thing.replace("RegionOne", "RegionTwo") for thing in ENDPOINTS}
    assert endpoint(cloud, region_name="RegionOne") == OURS
    assert endpoint(cloud, region_name="RegionTwo") == NEW
    said_by_option = operator.run("--reservation-url", NEW, region_name="RegionTwo")
    assert (said_by_option.returncode, ": made" in said_by_option.stdout) == (0, False)


def test_a_role_that_an_older_keystone_lacks_is_made(cloud: Cloud, operator: Operator) -> None:
    (role,) = [role for role in records(cloud, "role") if role["name"] == "service"]
    url = f"{cloud.keystone.url}/roles/{role['id']}"
    cloud.admin.patch(url, json={"role": {"options": {"immutable": False}}})
    cloud.admin.delete(url)
    cloud.add_project("a")
    cloud.add_user("nova", "a", "member")
    name = f"nova-{cloud.mark}"
    outcomes = operator.registered("--user", name, "--project", f"a-{cloud.mark}")
    assert made(outcomes) == {"role service", f"grant service to {name} in a-{cloud.mark}"}


def test_another_service_of_the_type_stays_as_it_is(cloud: Cloud, operator: Operator) -> None:
    cloud.made("service", type="reservation", name="blazar")
    before = everything(cloud)
    done = operator.run("--reservation-url", OURS)
    assert (done.returncode, "service blazar of the type reservation" in done.stderr) == (1, True)
    assert everything(cloud) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--reservation-url", OURS, "--region", "RegionThree"], "no region RegionThree"),
        (["--user", "nobody"], "--user nobody=FILE"),
        ([], "nothing to register"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_line(
    cloud: Cloud, operator: Operator, arguments: list[str], words: str
) -> None:
    before = everything(cloud)
    done = operator.run(*arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert words in done.stderr
    assert everything(cloud) == before


def test_whom_keystone_does_not_let_do_it_hears_what_is_missing(cloud: Cloud, operator: Operator) -> None:
    """A right, the password, or Keystone itself."""
    cloud.add_project("a")
    cloud.add_user("anna", "a", "member")
    anna = {"username": f"anna-{cloud.mark}", "project_name": f"a-{cloud.mark}"}
    for signing_in, words in [
        (anna, "needs the role admin"),
        ({"password": "guessed"}, "check its name, password and project"),
        ({"auth_url": "http://127.0.0.1:9/v3"}, "Keystone cannot be reached"),
        ({"auth_url": ""}, "[keystone] auth_url is not set"),
    ]:
        done = operator.run("--reservation-url", OURS, **signing_in)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.stderr
        assert words in done.stderr
        assert "guessed" not in done.stderr


def test_a_password_against_the_rules_is_not_repeated(cloud: Cloud, operator: Operator) -> None:
    """The step is named, and running it again with a better one does the rest."""
    path = cloud.keystone.directory / "keystone.conf"
    rules = path.read_text()
    path.write_text(f"{rules}[security_compliance]\npassword_regex = ^Z+$\n")
    cloud.keystone.restart()
    try:
        done = operator.run("--user", f"climate={operator.password_file()}")
        assert (done.returncode, "user climate: " in done.stderr, "security_compliance" in done.stderr) == (
            1,
            True,
            True,
        )
    finally:
        path.write_text(rules)
        cloud.keystone.restart()
    assert operator.registered("--user", f"climate={operator.password_file()}")["user climate"] == "made"


def test_an_application_credential_of_an_admin_will_do(cloud: Cloud, operator: Operator) -> None:
    """Also one that may make no other."""
    user_id = cloud.admin.get_user_id()
    url = f"{cloud.keystone.url}/users/{user_id}/application_credentials"
    credential = {"name": cloud.mark, "secret": "s3cret-of-it"}
    made_one = cloud.admin.post(url, json={"application_credential": credential}).json()["application_credential"]
    done = operator.run(
        "--reservation-url",
        OURS,
        auth_type="v3applicationcredential",
        application_credential_id=made_one["id"],
        application_credential_secret=credential["secret"],
        username="",
        project_name="",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "s3cret-of-it" not in done.stdout
    assert endpoint(cloud) == OURS
