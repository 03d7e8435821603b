# SPDX-License-Identifier: Apache-2.0
"""Readings pushed to listeners: what is new and no more, to as many as there are places for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import webob
from oslo_config import cfg

from climate.chassis import conf as configuration
from kwapi.api import app, options, policies
from kwapi.consumers.live import Live
from kwapi.core.delivery import Batch
from kwapi.core.energy import NS, Rules
from kwapi.core.reading import Reading, columns_of

START = 1_700_000_000
PLACES = 2


class Site:
    """kwapi-api with as many places as a test needs."""

    def __init__(self, folder: Path) -> None:
        tokens = folder / "tokens.yaml"
        identity = "{project_id: p, user_id: u, roles: [%s]}"
        tokens.write_text("".join(f"{role}: {identity % role}\n" for role in ("admin", "member")))
        tokens.chmod(0o600)
        self.now = START
        self.closing = threading.Event()
        conf = cfg.ConfigOpts()
        configuration.register(conf, [options.list_opts])
        conf([], default_config_files=[])
        given = {"auth_strategy": "static", "static_tokens_file": str(tokens), "listeners": PLACES}
        for name, value in given.items():
            conf.set_override(name, value, group=options.GROUP)
        self.live = Live(lambda probe: Rules(), lambda: self.now * NS, 60.0)
        self.app = app.build(
            conf,
            self.live,
            policies.enforcer(conf),
            lambda: self.now * NS,
            bind_host="127.0.0.1",
            closing=self.closing,
        )

    def say(self, second: int, *probes: str) -> None:
        at = (START + second) * NS
        readings = [Reading(probe_id=probe, begin_ns=at, end_ns=at, watts=float(second)) for probe in probes]
        self.live.take([Batch("s", "", 1, 1, columns_of(readings), False)])
        self.now = START + second

    def get(self, query: str = "", status: int = 200, who: str = "admin") -> webob.Response:
        request = webob.Request.blank(f"/v1/events{query}", headers={"X-Auth-Token": who}, remote_addr="127.0.0.1")
        answer = request.get_response(self.app)
        assert answer.status_int == status, answer.text
        return answer


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.say(1, "lyon/a/1", "lyon/a/2", "paris/b/1")
    return made


def event(body: Iterator[bytes]) -> Any:
    """The next event that says something."""
    while True:
        lines = next(body).decode().splitlines()
        if lines[0].startswith(":"):
            continue
        assert lines[0] == "event: readings"
        assert lines[1].startswith("data: ")
        assert lines[2:] == [""]
        return json.loads(lines[1].removeprefix("data: "))


def test_all_comes_first_and_then_what_is_new(site: Site) -> None:
    answer = site.get("?prefix=lyon/&every=0.2")
    assert answer.content_type == "text/event-stream"
    body = iter(answer.app_iter)
    assert {name: probe["w"] for name, probe in event(body)["probes"].items()} == {"lyon/a/1": 1.0, "lyon/a/2": 1.0}
    site.say(2, "lyon/a/2", "paris/b/1")
    assert {name: probe["w"] for name, probe in event(body)["probes"].items()} == {"lyon/a/2": 2.0}
    site.say(20, "lyon/a/2")
    found = event(body)["probes"]
    assert {name: probe["stale"] for name, probe in found.items()} == {"lyon/a/1": True, "lyon/a/2": False}
    site.say(70, "lyon/a/2")
    assert event(body)["gone"] == ["lyon/a/1"]


def test_nothing_to_tell_is_an_empty_event(site: Site) -> None:
    """A listener knows at once that it is heard."""
    assert event(iter(site.get("?prefix=nowhere/").app_iter)) == {"probes": {}, "gone": []}


def test_there_are_so_many_places_and_each_is_given_back(site: Site) -> None:
    listening = [site.get() for _ in range(PLACES)]
    site.get(status=503)
    next(iter(listening[0].app_iter))
    for answer in listening:
        answer.app_iter.close()
        answer.app_iter.close()
    again = [site.get() for _ in range(PLACES)]
    site.get(status=503)
    assert len(again) == PLACES


def test_a_question_for_the_head_holds_no_place(site: Site) -> None:
    for _ in range(PLACES + 1):
        request = webob.Request.blank("/v1/events", headers={"X-Auth-Token": "admin"}, remote_addr="127.0.0.1")
        request.method = "HEAD"
        answer = request.get_response(site.app)
        assert (answer.status_int, answer.content_type, answer.body) == (200, "text/event-stream", b"")


def test_all_end_when_the_process_stops(site: Site) -> None:
    body = iter(site.get("?every=60").app_iter)
    event(body)
    threading.Timer(0.1, site.closing.set).start()
    assert list(body) == []


def test_who_listens_for_long_has_to_bring_the_token_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been revoked: the stream ends, and whoever may goes on with another."""
    waited: list[float] = []
    monkeypatch.setattr(site.closing, "wait", waited.append)
    assert len(list(site.get("?every=30").app_iter)) == 10
    assert sum(waited) == 300


@pytest.mark.parametrize("query", ["?every=0", "?every=61", "?every=often", "?colour=red", "?every=nan"])
def test_a_wrong_question_is_refused(site: Site, query: str) -> None:
    site.get(query, 400)


def test_members_hear_nothing(site: Site) -> None:
    site.get(status=403, who="member")
