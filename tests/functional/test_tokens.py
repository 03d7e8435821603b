# SPDX-License-Identifier: Apache-2.0
"""No token, no answer: Keystone in front by default, and tokens from a file for this machine alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import webob
import yaml

from climate.chassis.web import peers, tokens
from climate.chassis.web.server import WebServer
from climate.errors import ConfigError
from tests.functional.site import Site, host, tokens_file

SPOOFED = {
    "X-Identity-Status": "Confirmed",
    "X-User-Id": "ada",
    "X-Project-Id": "project-admin",
    "X-Roles": "admin",
    "X-Role": "admin",
    "X-Tenant-Id": "project-admin",
    "X-Service-Identity-Status": "Confirmed",
    "X-Service-Roles": "admin",
    "OpenStack-System-Scope": "all",
}


@pytest.mark.parametrize("bind_host", ["0.0.0.0", "::", "192.0.2.7", "climate.example.org"])
def test_static_tokens_do_not_start_off_loopback(tmp_path: Path, bind_host: str) -> None:
    """The error says what to do."""
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1, or auth_strategy = keystone"):
        Site(tmp_path, [], bind_host=bind_host)


@pytest.mark.parametrize("bind_host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", ""])
def test_static_tokens_start_on_loopback(tmp_path: Path, bind_host: str) -> None:
    """Or where another program listens: then each request is looked at."""
    assert Site(tmp_path, [], bind_host=bind_host).ask("GET", "/v1/leases").status_int == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "2001:db8::1", "", "unix:"])
def test_static_tokens_answer_nobody_from_elsewhere(site: Site, address: str) -> None:
    """Whatever token they have; a socket that does not say who asks counts as elsewhere."""
    answer = site.ask("GET", "/v1/leases", who="admin", REMOTE_ADDR=address)
    assert answer.status_int == 403
    assert answer.json["error"]["code"] == "climate.auth.forbidden"


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via", "X-Forwarded-Host"])
def test_static_tokens_answer_nobody_through_a_proxy(site: Site, header: str) -> None:
    """A proxy on this machine may speak for anybody."""
    answer = site.ask("GET", "/v1/leases", headers={header: "for=127.0.0.1"})
    assert answer.status_int == 403


def test_a_proxy_cannot_make_an_address_local(tmp_path: Path) -> None:
    """Also where the operator lets proxies rewrite addresses."""
    site = Site(tmp_path, [], default_config="[oslo_middleware]\nenable_proxy_headers_parsing = true\n")
    answer = site.ask("GET", "/v1/leases", headers={"X-Forwarded-For": "127.0.0.1"}, REMOTE_ADDR="192.0.2.7")
    assert answer.status_int == 403


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_this_machine_has_several_addresses(site: Site, address: str) -> None:
    """Each is its own."""
    assert site.ask("GET", "/v1/leases", REMOTE_ADDR=address).status_int == 200
    assert peers.is_loopback(address)


def test_nobody_brings_their_own_identity(site: Site) -> None:
    """Headers that only the token check may set are removed first."""
    assert site.ask("GET", "/v1/hosts", who="", headers=SPOOFED).status_int == 401
    assert site.ask("GET", "/v1/hosts", who="member", headers=SPOOFED).status_int == 403
    answer = site.ask("GET", "/v1/leases?all_projects=true", who="member", headers=SPOOFED)
    assert answer.json["error"]["details"]["rule"] == "climate:leases:all_projects"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_of_tokens_is_for_its_owner(tmp_path: Path, mode: int) -> None:
    """Whatever others may do with it."""
    path = tokens_file(tmp_path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        tokens.read_tokens(path)


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        "a token",
        {"t": None},
        {"t": {"project_id": "p", "user_id": "u"}},
        {"t": {"project_id": "p", "user_id": "u", "roles": "admin"}},
        {"t": {"project_id": 1, "user_id": "u", "roles": []}},
        {"t": {"project_id": "", "user_id": "u", "roles": []}},
        {"t": {"project_id": "p", "user_id": "u", "roles": [], "role": "x"}},
        {1: {"project_id": "p", "user_id": "u", "roles": []}},
        {"": {"project_id": "p", "user_id": "u", "roles": []}},
    ],
    ids=str,
)
def test_a_file_of_tokens_is_complete(tmp_path: Path, content: Any) -> None:
    """Or the process does not start, and says which file."""
    path = tmp_path / "tokens.yaml"
    path.write_text(yaml.safe_dump(content))
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"tokens\.yaml"):
        tokens.read_tokens(path)


def test_static_tokens_need_their_file(tmp_path: Path) -> None:
    """Missing, not named, or no YAML."""
    with pytest.raises(ConfigError, match="static_tokens_file is needed"):
        Site(tmp_path, [], static_tokens_file=None)
    with pytest.raises(ConfigError, match="No such file"):
        Site(tmp_path, [], static_tokens_file=str(tmp_path / "none.yaml"))
    broken = tmp_path / "broken.yaml"
    broken.write_text("{")
    broken.chmod(0o600)
    with pytest.raises(ConfigError, match="not YAML"):
        tokens.read_tokens(broken)


class Keystone:
    """As much of Keystone as the token check asks: its versions, tokens of its own, and those of users."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""
        self.scope: dict[str, Any] = {"project": {"id": "project-a", "name": "a", "domain": _DOMAIN}}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = webob.Request(environ)
        answer = webob.Response(content_type="application/json", charset="utf-8")
        self.asked.append(f"{request.method} {request.path}")
        if request.path.rstrip("/") == "/v3":
            version = {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": request.path_url}]}
            answer.json = {"version": version}
        elif request.path != "/v3/auth/tokens":
            answer.status = 404
        elif request.method == "POST":
            answer.status = 201
            answer.headers["X-Subject-Token"] = "of-the-service"
            answer.json = self._token("climate", ["service"], {"project": {"id": "s", "name": "s", "domain": _DOMAIN}})
        elif request.headers["X-Subject-Token"] == "of-anna":
            answer.json = self._token("anna", ["member"], self.scope)
        else:
            answer.status = 404
        return answer(environ, start_response)

    def _endpoints(self) -> list[dict[str, str]]:
        endpoint = {"url": self.url, "region": "one", "region_id": "one"}
        return [{**endpoint, "id": interface, "interface": interface} for interface in ("public", "internal", "admin")]

    def _token(self, user: str, roles: list[str], scope: dict[str, Any]) -> dict[str, Any]:
        now = dt.datetime.now(dt.UTC)
        return {
            "token": {
                "methods": ["password"],
                "user": {"id": user, "name": user, "domain": _DOMAIN},
                "roles": [{"id": role, "name": role} for role in roles],
                "issued_at": now.isoformat(),
                "expires_at": (now + dt.timedelta(hours=1)).isoformat(),
                "catalog": [{"type": "identity", "id": "i", "name": "keystone", "endpoints": self._endpoints()}],
                **scope,
            }
        }


_DOMAIN = {"id": "default", "name": "Default"}


@pytest.fixture
def keystone() -> Iterator[Keystone]:
    fake = Keystone()
    server = WebServer(fake, "127.0.0.1", 0, 2, "keystone")
    server.start()
    fake.url = f"http://127.0.0.1:{server.port}/v3"
    yield fake
    server.stop()
    server.wait()


def behind(url: str, directory: Path) -> Site:
    text = f"""[keystone_authtoken]
www_authenticate_uri = {url}
auth_type = password
auth_url = {url}
username = climate
password = secret
project_name = service
user_domain_id = default
project_domain_id = default
http_request_max_retries = 0
"""
    return Site(directory, [host(1)], default_config=text, auth_strategy="keystone")


def test_keystone_stands_in_front_by_default(tmp_path: Path) -> None:
    """Nobody gets past it without a token; what is open is open."""
    default = next(option.default for option in tokens.OPTS if option.name == "auth_strategy")
    text = "[keystone_authtoken]\nwww_authenticate_uri = http://keystone/v3\n"
    site = Site(tmp_path, [], default_config=text, auth_strategy=default)
    assert default == "keystone"
    answer = site.ask("GET", "/v1/leases", headers={"X-Auth-Token": "", **SPOOFED})
    assert answer.status_int == 401
    assert answer.json["error"]["code"] == "climate.auth.required"
    assert answer.headers["WWW-Authenticate"] == 'Keystone uri="http://keystone/v3"'
    assert site.ask("GET", "/", headers={"X-Auth-Token": ""}).status_int == 200
    assert site.ask("GET", "/healthz", headers={"X-Auth-Token": ""}).status_int == 200


def test_a_token_of_keystone_is_asked_for_once(tmp_path: Path, keystone: Keystone) -> None:
    """The identity is Keystone's; a wrong token is refused."""
    site = behind(keystone.url, tmp_path)
    for _ in range(3):
        lease = site.lease(who="of-anna", start_time=site.now)
        assert (lease["project_id"], lease["user_id"]) == ("project-a", "anna")
    assert keystone.asked.count("GET /v3/auth/tokens") == 1
    assert site.ask("GET", "/v1/hosts", who="of-anna", headers=SPOOFED).status_int == 403
    answer = site.ask("GET", "/v1/leases", who="guessed")
    assert answer.status_int == 401
    assert json.loads(answer.text)["error"]["code"] == "climate.auth.required"


@pytest.mark.parametrize("scope", [{}, {"domain": _DOMAIN}, {"system": {"all": True}}], ids=str)
def test_a_token_without_a_project_sees_nothing(tmp_path: Path, keystone: Keystone, scope: dict[str, Any]) -> None:
    """Least of all all projects, for which "no project" stands between the services."""
    keystone.scope = scope
    site = behind(keystone.url, tmp_path)
    for method, path, body in (
        ("GET", "/v1/leases", None),
        ("GET", "/v1/calendar", None),
        ("POST", "/v1/leases", {"duration": 60}),
        ("GET", "/v1/properties", None),
    ):
        answer = site.ask(method, path, body, who="of-anna")
        assert answer.status_int == 403, path
        assert answer.json["error"]["code"] == "climate.auth.forbidden"


def test_keystone_out_of_reach_is_503(tmp_path: Path) -> None:
    """Not a 401: the token may be good."""
    site = behind("http://127.0.0.1:9/v3", tmp_path)
    answer = site.ask("GET", "/v1/leases", who="of-anna")
    assert answer.status_int == 503
    assert answer.json["error"]["code"] == "climate.service.unavailable"
    assert "Retry-After" in answer.headers


def test_a_service_without_access_to_keystone_lets_nobody_in(tmp_path: Path) -> None:
    """With nothing configured: 401 without a token, 503 with one that cannot be checked."""
    site = Site(tmp_path, [], auth_strategy="keystone")
    assert site.ask("GET", "/v1/leases", who="").status_int == 401
    assert site.ask("GET", "/v1/leases", who="member").status_int == 503
    assert site.ask("GET", "/v1/openapi.json", who="").status_int == 200
