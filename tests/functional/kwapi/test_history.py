# SPDX-License-Identifier: Apache-2.0
"""The history of probes over HTTP: steps, gaps, sums, CSV, and what is wrong with a question."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import webob
from oslo_config import cfg

from climate.chassis import conf as configuration
from kwapi.api import app, options, policies
from kwapi.consumers.history import History
from kwapi.consumers.history_files import HistoryFiles
from kwapi.consumers.live import Live
from kwapi.core.delivery import Batch
from kwapi.core.energy import NS, Rules
from kwapi.core.history import TIERS
from kwapi.core.reading import Reading, columns_of

START = 1_700_000_000 - 1_700_000_000 % 3600
ONE, TWO = "lyon/r1/pdu1/1", "lyon/r1/pdu1/2"


class Site:
    """kwapi-api with a history that tests fill, at an hour that they choose."""

    def __init__(self, folder: Path) -> None:
        tokens = folder / "tokens.yaml"
        tokens.write_text(
            "admin: {project_id: p, user_id: u, roles: [admin]}\nmember: {project_id: p, user_id: u, roles: [member]}\n"
        )
        tokens.chmod(0o600)
        self.now = START
        conf = cfg.ConfigOpts()
        configuration.register(conf, [options.list_opts])
        conf([], default_config_files=[])
        for name, value in {"auth_strategy": "static", "static_tokens_file": str(tokens)}.items():
            conf.set_override(name, value, group=options.GROUP)
        history = History(HistoryFiles(folder / "history", TIERS, 0), TIERS)
        self.live = Live(lambda probe: Rules(), lambda: self.now * NS, 1e6, history.record)
        clock = lambda: self.now * NS  # noqa: E731
        self.app = app.build(conf, self.live, policies.enforcer(conf), clock, bind_host="127.0.0.1", history=history)

    def say(self, second: int, watts: float, probe: str = ONE) -> None:
        """A reading of some seconds after the start."""
        at = (START + second) * NS
        reading = Reading(probe_id=probe, begin_ns=at, end_ns=at, watts=watts)
        self.live.take([Batch("s", "", 1, 1, columns_of([reading]), False, at)])
        self.now = max(self.now, START + second)

    def get(self, path: str, status: int = 200, who: str = "admin") -> webob.Response:
        """What is answered."""
        request = webob.Request.blank(path, headers={"X-Auth-Token": who}, remote_addr="127.0.0.1")
        answer = request.get_response(self.app)
        assert answer.status_int == status, answer.text
        return answer

    def ask(self, path: str) -> Any:
        """The same, read."""
        return json.loads(self.get(path).body)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The first probe drew 100 W for a minute, was silent for one, and draws 200 W for one; the second 50 W always."""
    made = Site(tmp_path)
    for second in range(181):
        made.say(second, 50.0, TWO)
        if not 60 < second < 120:
            made.say(second, 100.0 if second <= 60 else 200.0)
    return made


def test_a_probe_has_a_history(site: Site) -> None:
    found = site.ask(f"/v1/probes/{ONE}/history?start={START}&end={START + 180}&step=30")
    assert (found["start"], found["end"], found["step_s"]) == (START, START + 180, 30)
    assert found["at"] == [START + 30 * place for place in range(6)]
    (series,) = found["series"]
    assert (series["probe_id"], series["probes"]) == (ONE, 1)
    assert series["kwh"] == pytest.approx((60 * 100 + 60 * 200) / 3.6e6)
    assert series["coverage"] == pytest.approx(66.667)
    assert series["average_w"] == [100.0, 100.0, None, None, 200.0, 200.0]
    assert series["covered"] == [100.0, 100.0, 0.0, 0.0, 100.0, 100.0]
    assert series["min_w"][:2] == series["max_w"][:2] == [100.0, 100.0]


def test_the_last_hour_is_told_by_default(site: Site) -> None:
    found = site.ask(f"/v1/probes/{ONE}/history")
    assert found["end"] - found["start"] in range(3600, 3608)
    assert found["step_s"] == 3
    assert [each for each in found["series"][0]["average_w"] if each is not None][-1] == 200.0


def test_a_sum_stands_on_one_clock(site: Site) -> None:
    """Where one is silent, the other is all that there is, and the coverage says so."""
    found = site.ask(f"/v1/history?prefix=lyon/&sum=true&start={START}&end={START + 180}&step=60")
    (series,) = found["series"]
    assert (series["probe_id"], series["probes"]) == ("sum", 2)
    assert [round(each) for each in series["average_w"]] == [150, 50, 250]
    assert series["covered"] == [100.0, 50.0, 100.0]
    assert series["kwh"] == pytest.approx((60 * 100 + 60 * 200 + 180 * 50) / 3.6e6)


def test_several_probes_come_in_the_order_of_the_question(site: Site) -> None:
    found = site.ask(f"/v1/history?probes={TWO},{ONE}&start={START}&end={START + 10}&step=1")
    assert [series["probe_id"] for series in found["series"]] == [TWO, ONE]
    assert found["series"][0]["average_w"] == [50.0] * 10


def test_dates_may_be_written_as_dates(site: Site) -> None:
    found = site.ask(f"/v1/probes/{ONE}/history?start=2023-11-14T22:00:00Z&end=2023-11-14T22:01&step=1")
    assert (found["start"], found["end"]) == (1_699_999_200, 1_699_999_260)


def test_csv_has_a_line_for_each_step_that_has_something(site: Site) -> None:
    answer = site.get(f"/v1/history?prefix=lyon/&start={START}&end={START + 180}&step=60&format=csv")
    assert answer.content_type == "text/csv"
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    found = [(line["probe_id"], int(line["at"]) - START, round(float(line["average_w"]))) for line in lines]
    assert found == [(ONE, 0, 100), (ONE, 120, 200), (TWO, 0, 50), (TWO, 60, 50), (TWO, 120, 50)]
    assert {line["coverage_percent"] for line in lines if line["probe_id"] == TWO} == {"100"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=5&end=4", "start"),
        ("start=yesterday", "start"),
        ("end=nan", "end"),
        ("end=99999999999", "end"),
        ("step=0", "step"),
        ("step=fast", "step"),
        (f"start={START}&step=1&end=4000000000", "step"),
        ("format=xml", "format"),
        ("probes=a&prefix=b", "probes"),
        ("color=red", "color"),
        ("sum=perhaps&prefix=lyon", "sum"),
        ("probes=lyon/r9/x", "probes"),
        ("", "probes"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(site: Site, query: str, field: str) -> None:
    told = query if field in ("probes", "sum") else f"{query}&prefix=lyon/"
    error = json.loads(site.get(f"/v1/history?{told}", 400).body)["error"]
    assert error["details"]["field"] == field


def test_an_unknown_probe_has_no_history(site: Site) -> None:
    assert json.loads(site.get("/v1/probes/lyon/r9/x/history", 404).body)["error"]["code"] == "climate.probe.not_found"


def test_members_do_not_see_others_power(site: Site) -> None:
    site.get(f"/v1/probes/{ONE}/history", 403, "member")
    site.get("/v1/history?prefix=lyon/", 403, "member")


def test_no_probe_under_a_prefix_is_an_empty_answer(site: Site) -> None:
    assert site.ask("/v1/history?prefix=paris/")["series"] == []
    (total,) = site.ask("/v1/history?prefix=paris/&sum=true&step=600")["series"]
    assert (total["probes"], total["kwh"], total["coverage"]) == (0, 0.0, 0.0)
