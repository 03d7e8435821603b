# SPDX-License-Identifier: Apache-2.0
"""Every kind of token that a real Keystone gives, at both APIs: who is let in, and what the others hear."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from keystoneauth1.identity.v3 import ApplicationCredential
from keystoneauth1.session import Session

from tests.conftest import require
from tests.integration.keystone_cloud import Cloud, Operator, ask
from tools.metering import Metering, dummies
from tools.servers import Keystone, PostgreSQL, RabbitMQ
from tools.suite import Suite

pytestmark = [pytest.mark.servers, pytest.mark.slow]

HOSTS = Path(__file__).parents[2] / "climate" / "sandbox" / "data" / "hosts.yaml"
CACHE_S = 2
SHORT_S = 2
WITHIN_S = 90


@dataclass
class Site:
    """Both APIs behind a Keystone that tests may kill; ``leases``, ``availability`` and ``probes`` are addresses."""

    cloud: Cloud
    leases: str
    availability: str
    hosts: str
    probes: str


@pytest.fixture(scope="module")
def keystone() -> Iterator[Keystone]:
    """One of this file's own, because its tests kill it."""
    require(Keystone)
    with Keystone() as server:
        yield server


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, keystone: Keystone, rabbitmq: RabbitMQ, postgresql: PostgreSQL
) -> Iterator[Site]:
    """The suite and kwapi-api, registered; their user has no right but to check tokens."""
    cloud = Cloud(keystone)
    for project in ("a", "b"):
        cloud.add_project(project)
    for name, roles in {"rita": ("reader",), "anna": ("member",), "amir": ("admin",), "nova": ("service",)}.items():
        cloud.add_user(name, "a", *roles)
    cloud.add_user("dora", "b", "reader")
    for where in ("domains/default", "system"):
        cloud.grant(where, "dora", "admin")
    own = {"username": "climate", "project_name": "service", "token_cache_time": str(CACHE_S)}
    settings = keystone.middleware_settings() | own
    directory = tmp_path_factory.mktemp("tokens")
    suite = Suite(
        directory,
        database_url=postgresql.fresh_database().url,
        transport_url=rabbitmq.url,
        hosts=HOSTS,
        settings={"api": {"auth_strategy": "keystone"}, "keystone_authtoken": settings},
    )
    metering = Metering(tmp_path_factory.mktemp("kwapi"), dummies(1, 2, 0.2))
    metering.replace("api", "auth_strategy = static", "auth_strategy = keystone")
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    metering.add("api", f"[keystone_authtoken]\n{lines}")
    operator = Operator(keystone, directory)
    operator.registered(
        *("--reservation-url", f"{suite.url}/v1", "--energy-url", f"{metering.url}/v1"),
        *("--user", f"climate={operator.password_file()}"),
    )
    suite.admin_token = str(cloud.admin_session().get_token())
    with suite, metering:
        suite.wait_for_hosts(1)
        metering.start("drivers", "api")
        v1 = f"{suite.url}/v1"
        yield Site(cloud, f"{v1}/leases", f"{v1}/hosts/availability", f"{v1}/hosts", f"{metering.url}/v1/probes/")


def token_of(session: Session) -> str:
    return str(session.get_token())


def statuses(site: Site, token: str) -> tuple[int, ...]:
    """What is answered when leases are listed, one is asked for, and hosts, availability and probes are looked at."""
    asked = [("GET", site.leases), ("POST", site.leases), *(("GET", url) for url in (site.hosts, site.availability))]
    return tuple(ask(url, token, method).status_code for method, url in [*asked, ("GET", site.probes)])


def eventually(condition: Callable[[], bool]) -> float:
    """The seconds after which it holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < WITHIN_S, f"not so after {WITHIN_S} s"
        time.sleep(0.1)
    return time.monotonic() - began


def refused(site: Site, token: str) -> bool:
    """Whether both APIs want another token, each saying so in our form."""
    answers = [ask(url, token) for url in (site.leases, site.probes)]
    for answer in answers:
        if answer.status_code == 401:
            assert answer.json()["error"]["code"] == "climate.auth.required"
            assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")
    return all(answer.status_code == 401 for answer in answers)


@contextlib.contextmanager
def short_lives(keystone: Keystone) -> Iterator[None]:
    """Inside, Keystone gives tokens that live for two seconds."""
    path = keystone.directory / "keystone.conf"
    before = path.read_text()
    path.write_text(before.replace("[token]\n", f"[token]\nexpiration = {SHORT_S}\n"))
    keystone.restart()
    try:
        yield
    finally:
        path.write_text(before)
        keystone.restart()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rita", (200, 403, 403, 403, 403)),
        ("anna", (200, 201, 403, 403, 403)),
        ("amir", (200, 201, 200, 200, 200)),
        ("nova", (403, 403, 403, 200, 200)),
    ],
    ids=["reader", "member", "admin", "service"],
)
def test_roles_in_a_project_open_what_the_manual_says(site: Site, name: str, expected: tuple[int, ...]) -> None:
    """A service, such as Nova's scheduler, sees availability and probes without being an admin."""
    assert statuses(site, token_of(site.cloud.session(name, "a"))) == expected


@pytest.mark.parametrize(
    "scope", [{"domain_id": "default"}, {"system_scope": "all"}, {"unscoped": True}], ids=["domain", "system", "none"]
)
def test_a_token_for_no_project_is_told_to_get_one_that_is(site: Site, scope: dict[str, Any]) -> None:
    """Whatever the roles are: dora is an admin of the domain and of the system."""
    token = token_of(site.cloud.scoped("dora", **scope))
    assert statuses(site, token) == (403,) * 5
    for url in (site.leases, site.availability, site.probes):
        error = ask(url, token).json()["error"]
        assert error["code"] == "climate.auth.forbidden"
        assert "for no project" in error["message"]
        assert "OS_PROJECT_NAME" in error["message"]


def credential(site: Site, user: str, **restrictions: Any) -> tuple[Session, Callable[[], None]]:
    """Somebody with an application credential, and what deletes it."""
    session = site.cloud.session(user, "a")
    keystone = site.cloud.keystone.url
    url = f"{keystone}/users/{session.get_user_id()}/application_credentials"
    wanted = {"application_credential": {"name": f"for-{time.monotonic_ns()}", **restrictions}}
    made = session.post(url, json=wanted).json()["application_credential"]
    auth = ApplicationCredential(
        keystone, application_credential_id=made["id"], application_credential_secret=made["secret"]
    )
    return Session(auth=auth), lambda: session.delete(f"{url}/{made['id']}") and None


def test_an_application_credential_has_its_roles_until_it_is_deleted(site: Site) -> None:
    """All of its user's, or some of them."""
    session, delete = credential(site, "anna")
    assert statuses(site, token_of(session)) == (200, 201, 403, 403, 403)
    session, delete = credential(site, "amir", roles=[{"name": "reader"}])
    token = token_of(session)
    assert statuses(site, token) == (200, 403, 403, 403, 403)
    delete()
    eventually(lambda: refused(site, token))


def test_an_application_credential_for_some_requests_is_good_for_them_alone(site: Site) -> None:
    """A header with a token that is no service's, its own or any word, opens nothing more."""
    rules = [
        {"service": "reservation", "method": "GET", "path": "/v1/leases"},
        {"service": "energy", "method": "GET", "path": "/v1/probes/"},
    ]
    session, _ = credential(site, "amir", access_rules=rules)
    token = token_of(session)
    assert statuses(site, token) == (200, 401, 401, 401, 200)
    for said in (token, token_of(site.cloud.session("amir", "a")), "guessed"):
        assert ask(site.leases, token, "POST", **{"X-Service-Token": said}).status_code == 401
    vouched = {"X-Service-Token": token_of(site.cloud.session("nova", "a"))}
    assert ask(site.leases, token, "POST", **vouched).status_code == 201


def test_an_expired_token_is_refused_unless_a_service_vouches_for_it(site: Site) -> None:
    """A long request goes on; nobody but a service can let it, and not with a token that is over, too."""
    cloud = site.cloud
    with short_lives(cloud.keystone):
        token, over = token_of(cloud.session("amir", "a")), token_of(cloud.session("nova", "a"))
    eventually(lambda: refused(site, token) and refused(site, over))
    service = token_of(cloud.session("nova", "a"))
    for url in (site.leases, site.probes):
        assert ask(url, token, **{"X-Service-Token": service}).status_code == 200
        for said in (over, "guessed", token_of(cloud.session("amir", "a"))):
            assert ask(url, token, **{"X-Service-Token": said}).status_code == 401
        assert ask(url, None, **{"X-Service-Token": service}).status_code == 401


def test_a_revoked_token_is_refused_when_the_cache_is_over(site: Site) -> None:
    token = token_of(site.cloud.session("amir", "a"))
    assert not refused(site, token)
    site.cloud.revoke(token)
    assert eventually(lambda: refused(site, token)) < CACHE_S + 30


@pytest.mark.parametrize(("noun", "name"), [("user", "amir"), ("project", "a")])
def test_who_is_disabled_is_shut_out(site: Site, noun: str, name: str) -> None:
    """The token of before, too; and with the right back, a new one opens again."""
    cloud = site.cloud
    token = token_of(cloud.session("amir", "a"))
    assert not refused(site, token)
    cloud.set_enabled(noun, name, False)
    try:
        eventually(lambda: refused(site, token))
    finally:
        cloud.set_enabled(noun, name, True)
    eventually(lambda: ask(site.leases, token_of(cloud.session("amir", "a"))).status_code == 200)


def test_a_role_that_was_taken_away_opens_nothing_more(site: Site) -> None:
    """The user's tokens of before are over."""
    cloud = site.cloud
    cloud.add_user("gone", "a", "admin")
    token = token_of(cloud.session("gone", "a"))
    assert not refused(site, token)
    cloud.take("gone", "a", "admin")
    eventually(lambda: refused(site, token))


def test_while_keystone_is_away_nothing_is_said_to_be_wrong_with_a_token(site: Site) -> None:
    """503 for one that cannot be checked, and after Keystone's return all go on, with their old tokens."""
    cloud = site.cloud
    old, new = (token_of(cloud.session("amir", "a")) for _ in range(2))
    assert not refused(site, old)
    cloud.keystone.kill()
    try:
        for url in (site.leases, site.probes):
            answer = ask(url, new)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "climate.service.unavailable")
            assert int(answer.headers["Retry-After"]) > 0
            assert ask(url, None).status_code == 401
    finally:
        cloud.keystone.restart()
    for token in (old, new):
        eventually(lambda token=token: statuses(site, token) == (200, 201, 200, 200, 200))


def test_after_a_restart_of_keystone_in_between_nobody_signs_in_again(site: Site) -> None:
    """Not the services either, whose own tokens are of before."""
    token = token_of(site.cloud.session("anna", "a"))
    before = statuses(site, token)
    site.cloud.keystone.restart()
    assert statuses(site, token) == before == (200, 201, 403, 403, 403)
