# SPDX-License-Identifier: Apache-2.0
"""The suite behind a real Keystone: who is let in, what each of them sees, and the client over a session."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from keystoneauth1 import exceptions

from climate import errors
from climate.client import Client
from tests.functional.cli.program import PROGRAMS, Program
from tests.integration.keystone_cloud import Cloud, Operator, ask
from tools.servers import Keystone, PostgreSQL, RabbitMQ
from tools.suite import Suite

HOSTS = Path(__file__).parents[2] / "climate" / "sandbox" / "data" / "hosts.yaml"
HOST_COUNT = 12
CACHE_S = 1
SERVICE_USER = "climate"
CHANGING_HEADERS = {"date", "x-openstack-request-id"}


@pytest.fixture(scope="module")
def cloud(keystone: Keystone) -> Cloud:
    """Two projects with their people."""
    made = Cloud(keystone)
    for project in ("a", "b"):
        made.add_project(project)
    made.add_user("anna", "a", "member")
    made.add_user("ralf", "a", "reader")
    made.add_user("otto", "b", "member")
    return made


@pytest.fixture(scope="module")
def suite(
    tmp_path_factory: pytest.TempPathFactory, cloud: Cloud, rabbitmq: RabbitMQ, postgresql: PostgreSQL
) -> Iterator[Suite]:
    """All services, trusting that Keystone, in its catalogue, with a user that may only check tokens."""
    settings = cloud.keystone.middleware_settings() | {
        "username": SERVICE_USER,
        "project_name": "service",
        "token_cache_time": str(CACHE_S),
    }
    directory = tmp_path_factory.mktemp("keystone")
    running = Suite(
        directory,
        database_url=postgresql.fresh_database().url,
        transport_url=rabbitmq.url,
        hosts=HOSTS,
        settings={"api": {"auth_strategy": "keystone"}, "keystone_authtoken": settings},
    )
    operator = Operator(cloud.keystone, directory)
    operator.registered(
        "--reservation-url", f"{running.url}/v1", "--user", f"{SERVICE_USER}={operator.password_file()}"
    )
    running.admin_token = str(cloud.admin.get_token())
    with running:
        running.wait_for_hosts(HOST_COUNT)
        yield running


@pytest.fixture
def anna(cloud: Cloud, suite: Suite) -> Client:
    """A member of project a."""
    return Client(cloud.session("anna", "a"))


@pytest.fixture
def otto(cloud: Cloud, suite: Suite) -> Client:
    """A member of project b."""
    return Client(cloud.session("otto", "b"))


@pytest.fixture
def admin(cloud: Cloud, suite: Suite) -> Client:
    """The admin of the site."""
    return Client(cloud.admin_session())


def without_request_id(answer: requests.Response) -> tuple[int, dict[str, str], Any]:
    """All that an answer says, but which request it answers and when."""
    body = answer.json()
    body["error"].pop("request_id")
    return answer.status_code, {k: v for k, v in answer.headers.items() if k.lower() not in CHANGING_HEADERS}, body


@pytest.mark.parametrize("token", [None, "", "guessed", "gAAAAABm" + "x" * 180, "é".encode()], ids=repr)
def test_nobody_is_let_in_without_a_good_token(suite: Suite, token: Any) -> None:
    """401 in our form, and where to get a token."""
    answer = ask(f"{suite.url}/v1/leases", token)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "climate.auth.required"
    assert answer.json()["error"]["request_id"] == answer.headers["X-Openstack-Request-Id"]
    assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")


def test_a_member_finds_the_service_in_the_catalogue_and_leases(anna: Client, cloud: Cloud) -> None:
    """From a password alone; the lease is the project's and the user's, and names no host."""
    lease = anna.leases.create(duration="1h", quantity=2, confirm=True)
    session = cloud.session("anna", "a")
    assert (lease["project_id"], lease["user_id"]) == (session.get_project_id(), session.get_user_id())
    assert "hosts" not in lease
    assert lease["id"] in [one["id"] for one in anna.leases.list()]
    assert "hosts" not in anna.leases.get(lease["id"])
    with pytest.raises(errors.Forbidden):
        next(anna.hosts.list())
    with pytest.raises(errors.Forbidden):
        next(anna.leases.list(all_projects=True))


def test_another_project_cannot_tell_a_lease_from_none(anna: Client, otto: Client, cloud: Cloud, suite: Suite) -> None:
    """Its 404 is that of an id that never was: status, headers and body."""
    lease_id = anna.leases.create(duration="1h")["id"]
    token = cloud.session("otto", "b").get_token()
    theirs = ask(f"{suite.url}/v1/leases/{lease_id}", token)
    nobodys = ask(f"{suite.url}/v1/leases/{uuid.uuid4()}", token)
    assert theirs.status_code == 404
    assert without_request_id(theirs) == without_request_id(nobodys)
    assert lease_id not in [one["id"] for one in otto.leases.list()]
    for attempt in (otto.leases.confirm, otto.leases.cancel):
        with pytest.raises(errors.LeaseNotFound):
            attempt(lease_id)
    assert anna.leases.get(lease_id)["state"] == "proposed"


def test_a_reader_looks_and_changes_nothing(anna: Client, cloud: Cloud) -> None:
    """The project's leases, but none of its own making."""
    lease_id = anna.leases.create(duration="1h")["id"]
    ralf = Client(cloud.session("ralf", "a"))
    assert ralf.leases.get(lease_id)["state"] == "proposed"
    assert lease_id in [one["id"] for one in ralf.leases.list()]
    for attempt in (
        lambda: ralf.leases.create(duration="1h"),
        lambda: ralf.leases.confirm(lease_id),
        lambda: ralf.leases.cancel(lease_id),
    ):
        with pytest.raises(errors.Forbidden):
            attempt()


def test_the_admin_sees_hosts_and_all_projects(anna: Client, otto: Client, admin: Client) -> None:
    """Everybody's leases, and the hosts of each."""
    made = {client.leases.create(duration="1h")["id"] for client in (anna, otto)}
    assert len(list(admin.hosts.list())) == HOST_COUNT
    assert made <= {one["id"] for one in admin.leases.list(all_projects=True)}
    assert all(len(admin.leases.get(lease_id)["hosts"]) == 1 for lease_id in made)


def test_a_revoked_token_is_refused_once_the_cache_forgets_it(cloud: Cloud, suite: Suite, anna: Client) -> None:
    """And a client that has a password signs in again by itself."""
    session = cloud.session("anna", "a")
    client = Client(session)
    client.schedulers.list()
    token = str(session.get_token())
    cloud.revoke(token)
    deadline = time.monotonic() + 60
    while (answer := ask(f"{suite.url}/v1/leases", token)).status_code != 401:
        assert time.monotonic() < deadline, "still let in"
        time.sleep(0.1)
    assert answer.json()["error"]["code"] == "climate.auth.required"
    assert client.schedulers.list() == []  # an answer; a tenant may name none
    assert session.get_token() != token


def test_a_client_with_a_wrong_password_hears_it_from_keystone(cloud: Cloud, suite: Suite) -> None:
    """The session's own error; the service is not even asked."""
    with pytest.raises(exceptions.Unauthorized):
        Client(cloud.session("anna", "a", password="guessed")).schedulers.list()


@pytest.mark.parametrize("program", [("climate",), ("openstack", "climate")], ids=" ".join)
def test_the_command_line_signs_in_with_a_password(cloud: Cloud, suite: Suite, program: tuple[str, ...]) -> None:
    """And takes a lease through its life; the service is found in the catalogue."""
    anna = Program((PROGRAMS / program[0], *program[1:]), cloud.variables("anna", "a"))
    made = anna.json(
        "lease", "create", "--duration", "1h", "--quantity", "2", "--property", "vcpus>=16", "--name", "cli"
    )
    assert made["project_id"] == cloud.session("anna", "a").get_project_id()
    assert anna.json("lease", "confirm", made["id"])["state"] in ("confirmed", "active")
    assert anna.json("lease", "wait", made["id"], "--timeout", "1m")["state"] == "active"
    assert anna.json("lease", "set", made["id"], "--duration", "2h")["duration"] == 7200
    assert made["id"] in anna("lease", "list", "--state", "active")
    assert "cli (2)" in anna("calendar", "--span", "3h")
    ralf = Program(anna.start, cloud.variables("ralf", "a"))
    assert ralf.json("lease", "show", "cli")["id"] == made["id"]
    assert ralf.run("lease", "cancel", made["id"]).status == 5
    assert Program(anna.start, cloud.variables("otto", "b")).run("lease", "show", made["id"]).status == 4
    anna("lease", "cancel", made["id"])
    assert anna.json("lease", "show", made["id"])["state"] == "cancelled"


def test_the_command_line_says_who_does_not_let_it_in(cloud: Cloud, suite: Suite) -> None:
    """Keystone, the catalogue, or nobody at all."""
    signed_in = Program((PROGRAMS / "climate",), cloud.variables("anna", "a"))
    wrong = signed_in.with_variables(OS_PASSWORD="guessed").run("scheduler", "list")
    assert (wrong.status, "did not let you in" in wrong.err) == (5, True)
    elsewhere = signed_in.run("--os-region-name", "RegionTwo", "scheduler", "list")
    assert (elsewhere.status, "catalogue names no reservation service" in elsewhere.err) == (1, True)
    away = signed_in.with_variables(OS_AUTH_URL="http://127.0.0.1:9/v3").run("scheduler", "list")
    assert away.status == 6


def test_the_command_line_takes_a_cloud_from_clouds_yaml(cloud: Cloud, suite: Suite, tmp_path: Path) -> None:
    """With another endpoint than the catalogue's, if one is given."""
    said = cloud.variables("anna", "a")
    auth = {name.removeprefix("OS_").lower(): value for name, value in said.items() if "VERSION" not in name}
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"here": {"auth": auth}}}))
    climate = Program(
        (PROGRAMS / "climate",), {"OS_CLIENT_CONFIG_FILE": str(tmp_path / "clouds.yaml"), "OS_CLOUD": "here"}
    )
    assert [one["name"] for one in climate.json("scheduler", "list")] == [
        one["name"] for one in Client(cloud.session("anna", "a")).schedulers.list()
    ]
    elsewhere = climate.run("--endpoint", "http://127.0.0.1:9", "scheduler", "list")
    assert (elsewhere.status, "127.0.0.1:9" in elsewhere.err) == (6, True)
