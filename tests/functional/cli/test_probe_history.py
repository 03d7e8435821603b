# SPDX-License-Identifier: Apache-2.0
"""Power over time on a terminal and for programs, as kwapi-api's real process keeps it."""

from __future__ import annotations

import csv
import io
import itertools
import re
import signal
import time

import pytest

from tests.functional.cli.program import WITHIN_S, Program
from tools.metering import Metering

pytestmark = pytest.mark.slow

PROBE = "lyon/pdu1/1"
OTHER = "lyon/pdu1/2"


@pytest.fixture
def known(metering: Metering) -> int:
    """An instant since which some seconds of power are known."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        [series] = metering.ask(f"/v1/history?probes={PROBE}&step=1")["series"]
        if sum(watts is not None for watts in series["average_w"]) >= 5:
            return int(time.time()) - 60
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_programs_get_each_step_as_the_service_has_it(operator: Program, metering: Metering, known: int) -> None:
    end = int(time.time()) - 2
    period = ("--start", str(known), "--end", str(end))
    rows = operator.json("probe", "history", PROBE, "--step", "1", *period)
    [series] = metering.ask(f"/v1/history?probes={PROBE}&start={known}&end={end}&step=1")["series"]
    told = [watts for watts in series["average_w"] if watts is not None]
    assert [row["average_watts"] for row in rows if row["average_watts"] is not None] == told
    assert {row["probe"] for row in rows} == {PROBE}
    assert [row["at"] for row in rows] == list(range(rows[0]["at"], rows[-1]["at"] + 1))
    assert all(0 < row["min_watts"] <= row["average_watts"] <= row["max_watts"] for row in rows if row["coverage"])


def test_a_spreadsheet_gets_a_line_for_each_step(operator: Program, known: int) -> None:
    out = operator("probe", "history", PROBE, OTHER, "--step", "1", "--start", str(known), "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["probe", "at", "min_watts", "average_watts", "max_watts", "coverage"]
    assert list(dict.fromkeys(row["probe"] for row in rows)) == [PROBE, OTHER]


def test_people_get_a_table_and_the_energy_beside_it(operator: Program, known: int) -> None:
    """In their own time; what is on stdout stays a table."""
    done = operator.run("probe", "history", "--prefix", "lyon/pdu1/", "--sum", "--step", "1", "--start", str(known))
    assert done.status == 0
    assert re.fullmatch(r"sum of 2: \d+\.\d{4} kWh, \d+\.\d % measured\n", done.err)
    assert re.search(r"\| sum +\| 20\d\d-\d\d-\d\d \d\d:\d\d:?\d*\+00:00 \| +\d+\.\d \| +\d", done.out)
    head = done.out.splitlines()[1]
    assert head.replace("|", " ").split() == ["probe", "at", "min_watts", "average_watts", "max_watts", "coverage"]


def test_steps_are_a_sixtieth_of_the_time_unless_they_are_chosen(operator: Program, known: int) -> None:
    rows = operator.json("probe", "history", PROBE, "--span", "10m")
    assert {after["at"] - before["at"] for before, after in itertools.pairwise(rows)} <= {10}


def test_a_chart_is_drawn_of_each_probe_or_of_their_sum(operator: Program, known: int) -> None:
    """As wide as the terminal, all on one scale."""
    with operator.on_a_terminal("probe", "chart", PROBE, OTHER, "--span", "1m", columns=90, lines=24) as screen:
        assert screen.end() == 0
    lines = [line.rstrip() for line in screen.text.splitlines() if line.strip()]
    assert max(map(len, lines)) <= 90
    assert len(lines) <= 24
    assert [line.split(":")[0] for line in lines if "% measured, peak" in line] == [PROBE, OTHER]
    assert screen.text.count(" 0.0 W└") == 2
    assert "█" in screen.text
    assert lines[-1].startswith("(a column is ")
    total = operator("probe", "chart", "--prefix", "lyon/pdu1/", "--sum", "--span", "5m", "--utc", "--height", "4")
    assert re.match(r"sum of 2: \d+\.\d{4} kWh, \d+\.\d % measured, peak \d+\.\d W\n", total)
    assert sum("┤" in line for line in total.splitlines()) == 4
    assert total.endswith("times are UTC)\n")


def test_a_chart_can_be_watched(operator: Program, known: int) -> None:
    with operator.on_a_terminal(
        "probe", "chart", PROBE, "--span", "1m", "--watch", "1", columns=80, lines=20
    ) as screen:
        deadline = time.monotonic() + WITHIN_S
        while screen.text.count("\x1b[H") < 3:
            assert time.monotonic() < deadline
            screen.wait_for_more()
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 0
    assert screen.text.endswith("\x1b[?25h\x1b[?1049l")


def test_where_there_are_no_block_signs_it_is_ascii(operator: Program, known: int) -> None:
    plain = operator.with_variables(
        LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0", PYTHONIOENCODING="ascii", COLUMNS="60"
    )
    out = plain("probe", "chart", PROBE, "--span", "1m")
    assert out.isascii()
    assert "0.0 W+-----" in out


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["history", "lyon/pdu1/9"], 2, "There is no probe 'lyon/pdu1/9'."),
        (["history", "--start", "yesterday"], 2, "--start is not a time"),
        (["chart", "--start", "1", "--end", "2", "--span", "1h"], 2, "Two of --start, --end and --span"),
        (["history", PROBE, "--prefix", "lyon/"], 2, "not allowed with argument"),
        (["history", PROBE, "--step", "0"], 2, "--step"),
        (["chart", "--height", "0"], 2, "no whole number above 0"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(operator: Program, words: list[str], status: int, said: str) -> None:
    done = operator.run("probe", *words)
    assert (done.status, done.out) == (status, ""), done.err
    assert said in done.err


def test_nothing_of_a_prefix_is_an_empty_list(operator: Program) -> None:
    assert operator.json("probe", "history", "--prefix", "paris/") == []
    assert operator("probe", "chart", "--prefix", "paris/") == "There is no such probe.\n"


def test_where_no_history_is_kept_the_operator_of_the_service_is_named(admin: Program, sandbox: dict[str, str]) -> None:
    """Whatever answers there has no such address."""
    elsewhere = admin.with_variables(CLIMATE_ENERGY_ENDPOINT=sandbox["CLIMATE_ENDPOINT"])
    done = elsewhere.run("probe", "history")
    assert done.status == 4
    assert "[kwapi] history_dir" in done.err


def test_members_see_no_history(climate: Program, sandbox: dict[str, str]) -> None:
    """Power shows who works when."""
    member = climate.with_variables(CLIMATE_ENERGY_ENDPOINT=sandbox["ENERGY_URL"])
    for word in ("history", "chart"):
        done = member.run("probe", word)
        assert (done.status, "climate.auth.forbidden" in done.err) == (5, True)
