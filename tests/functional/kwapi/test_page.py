# SPDX-License-Identifier: Apache-2.0
"""The power page as files: who gets it, what a browser may do with it, and that it needs nothing from elsewhere."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest
import webob
from oslo_config import cfg

from climate.chassis import conf as configuration
from kwapi.api import app, options, policies
from kwapi.consumers.live import Live
from kwapi.core.energy import Rules

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
CONSOLE = importlib.resources.files("climate.console")


@pytest.fixture
def site(tmp_path: Path) -> object:
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text("admin: {project_id: p, user_id: u, roles: [admin]}\n")
    tokens.chmod(0o600)
    conf = cfg.ConfigOpts()
    configuration.register(conf, [options.list_opts])
    conf([], default_config_files=[])
    for name, value in {"auth_strategy": "static", "static_tokens_file": str(tokens)}.items():
        conf.set_override(name, value, group=options.GROUP)
    live = Live(lambda probe: Rules(), lambda: 0, 60.0)
    return app.build(conf, live, policies.enforcer(conf), lambda: 0, bind_host="127.0.0.1")


def get(site: object, path: str, **headers: str) -> webob.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return webob.Request.blank(path, headers=named, remote_addr="127.0.0.1").get_response(site)


def files(folder: Traversable = CONSOLE, path: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from files(entry, f"{path}{entry.name}/")
        elif not entry.name.endswith(".py"):
            yield f"{path}{entry.name}", entry.read_bytes()


def test_a_browser_gets_the_page_and_a_program_the_versions(site: object) -> None:
    page = get(site, "/", Accept=BROWSER)
    assert (page.status_int, page.content_type) == (200, "text/html")
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = get(site, "/", **headers)
        assert answer.content_type == "application/json"
        assert answer.json["versions"]


def test_nothing_may_run_that_is_not_of_the_page(site: object) -> None:
    page = get(site, "/", Accept=BROWSER)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert re.search(rb"<script(?! type=\"module\" src=)|\son[a-z]+=|style=|javascript:", page.body) is None


def test_every_file_is_sent_without_a_token_and_asked_for_again_cheaply(site: object) -> None:
    kinds = {
        "css": "text/css",
        "js": "text/javascript",
        "html": "text/html",
        "svg": "image/svg+xml",
        "LICENSE": "text/plain",
    }
    for name, content in files():
        answer = get(site, f"/static/{name}")
        assert (answer.status_int, answer.body) == (200, content)
        assert answer.content_type == kinds.get(name.rpartition(".")[2], "text/plain")
        again = get(site, f"/static/{name}", If_None_Match=answer.headers["ETag"])
        assert (again.status_int, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/static/", "/static/../__init__.py", "/static/__init__.py", "/static/power/none.js"])
def test_nothing_else_is_sent(site: object, path: str) -> None:
    assert get(site, path, X_Auth_Token="admin").status_int == 404


def test_the_page_names_no_address_outside() -> None:
    """But in comments of the library that comes along, and the name of a namespace."""
    for name, content in files():
        if not name.startswith("vendor/"):
            assert set(re.findall(rb"https?://[^\"' >]+", content)) <= {b"http://www.w3.org/2000/svg"}, name


def test_the_library_comes_with_its_licence_and_version() -> None:
    found = dict(files())
    assert b"MIT" in found["vendor/uplot/LICENSE"]
    assert re.fullmatch(rb"\d+\.\d+\.\d+\n", found["vendor/uplot/VERSION"])


def test_where_tokens_come_from_elsewhere_a_password_is_no_use(site: object) -> None:
    assert get(site, "/sign-in").json == {"password": False}
    request = webob.Request.blank("/sign-in", method="POST", json={"user": "a"}, remote_addr="127.0.0.1")
    assert request.get_response(site).status_int == 404
