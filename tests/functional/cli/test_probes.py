# SPDX-License-Identifier: Apache-2.0
"""Watching real probes on a terminal and elsewhere, and what happens when they, or the service, fall silent."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.functional.cli.program import PROGRAMS, WITHIN_S, Program
from tools.metering import Metering

pytestmark = pytest.mark.slow

ESCAPES = re.compile(r"\x1b\[\??[0-9]*[a-zA-Z]")


def pages(text: str) -> list[list[str]]:
    """What stood in the window, one time after the other, without colours."""
    parts = text.partition("\x1b[?1049l")[0].split("\x1b[H")[1:]
    # The terminal puts a carriage return before each line feed, also where there is one.
    return [[ESCAPES.sub("", line) for line in re.split(r"\r+\n", part)] for part in parts]


def test_the_table_is_drawn_in_place_until_ctrl_c(operator: Program) -> None:
    """The greediest is first, the unbelievable stands out, sparklines grow; the window is given back."""
    with operator.on_a_terminal("probe", "watch", "--interval", "0.5", columns=110, lines=20) as screen:
        screen.wait_for("▁▁▁▁")
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 0
    assert screen.text.endswith("\x1b[?25h\x1b[?1049l")
    assert screen.text.count("\x1b[H") > 1
    assert "\x1b[2J" not in screen.text
    assert "\x1b[31m! lyon/hot/1" in screen.text
    head, *rows, total = pages(screen.text)[0]
    assert head.split()[0] == "probe"
    watts = [float(row.split()[1]) for row in rows if "lyon/pdu" in row]
    assert len(watts) == 4
    assert watts == sorted(watts, reverse=True)
    assert float(total.split()[3]) == pytest.approx(sum(watts), abs=0.3)
    assert total.endswith("(1 implausible)")


@pytest.mark.parametrize(("columns", "lines"), [(40, 4), (80, 24), (200, 50)])
def test_the_table_fits_into_its_window(operator: Program, columns: int, lines: int) -> None:
    """However small; it ends by itself where that is wanted, and its last picture stays."""
    with operator.on_a_terminal("probe", "watch", "--count", "2", columns=columns, lines=lines) as screen:
        assert screen.end() == 0
    shown = pages(screen.text)
    assert len(shown) == 2
    assert all(len(page) <= lines and max(map(len, page)) <= columns for page in shown)
    left = ESCAPES.sub("", screen.text.partition("\x1b[?1049l")[2])
    assert [line.rstrip() for line in left.splitlines()] == shown[-1]


def test_who_wants_neither_colours_nor_signs_gets_none(operator: Program) -> None:
    """NO_COLOR takes the colours, a stream of ASCII the signs."""
    plain = operator.with_variables(
        NO_COLOR="1", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0", PYTHONIOENCODING="ascii"
    )
    with plain.on_a_terminal("probe", "watch", "lyon/pdu1/", "--count", "3") as screen:
        assert screen.end() == 0
    assert screen.text.isascii()
    assert not re.search(r"\x1b\[\d+m", screen.text)
    assert re.search(r"lyon/pdu1/1 +\d+\.\d +[_.:\-=+*#]+ ", screen.text)


def test_into_a_file_each_look_is_lines_with_its_time(operator: Program, tmp_path: Path) -> None:
    """Ctrl-C is a good end there, too."""
    with (tmp_path / "looks").open("w+") as file:
        process = subprocess.Popen([PROGRAMS / "climate", "probe", "watch"], stdout=file, env=operator.environment)
        try:
            deadline = time.monotonic() + WITHIN_S
            while (tmp_path / "looks").read_text().count(" sum of 5 ") < 2:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
    text = (tmp_path / "looks").read_text()
    assert "\x1b" not in text
    line = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 lyon/pdu1/1 \d+\.\d W \d\.\d{4} kWh \d+\.\d %$"
    assert len(re.findall(line, text, re.MULTILINE)) >= 2


def test_a_probe_that_falls_silent_is_seen(operator: Program, metering: Metering) -> None:
    """In the table and in the list, until it speaks again."""
    with operator.on_a_terminal("probe", "watch", "lyon/pdu", "--interval", "0.5") as screen:
        screen.wait_for("sum of 4")
        metering.send("drivers", signal.SIGSTOP)
        try:
            screen.wait_for("(4 silent)")
            stale = operator.json("probe", "list", "--stale", "--prefix", "lyon/pdu")
            assert [one["probe"] for one in stale] == [f"lyon/pdu{pdu}/{outlet}" for pdu in (1, 2) for outlet in (1, 2)]
            assert all("silent" in one["marks"] and one["age"] >= 3 for one in stale)
        finally:
            metering.send("drivers", signal.SIGCONT)
        silent = len(pages(screen.text))
        deadline = time.monotonic() + WITHIN_S
        while "silent" in "".join(pages(screen.text)[-1]):
            assert time.monotonic() < deadline
            screen.wait_for_more()
        assert len(pages(screen.text)) > silent
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 0
    total = next(page[-1] for page in pages(screen.text) if "silent" in page[-1])
    assert total.split()[3] == "0.0"


def test_an_outage_of_the_service_is_shown_and_does_not_end_it(operator: Program, metering: Metering) -> None:
    """When it is back, so is the table."""
    with operator.on_a_terminal("probe", "watch", "--interval", "0.5") as screen:
        screen.wait_for("sum of 5")
        metering.kill("api")
        screen.wait_for(f"Nothing answers at {metering.url}.")
        metering.start("api")
        before = screen.text.rindex("Nothing answers")
        deadline = time.monotonic() + WITHIN_S
        while "sum of 5" not in screen.text[before:]:
            assert time.monotonic() < deadline
            screen.wait_for_more()
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["probe", "show", "lyon/pdu1/9"], 4, "climate.probe.not_found"),
        (["probe", "watch", "--interval", "0"], 2, "no number of seconds from 0.1 to 3600"),
        (["probe", "watch", "--count", "0"], 2, "no whole number above 0"),
        (["probe", "watch", "--sort", "age"], 2, "invalid choice"),
        (["--token=guessed", "probe", "list"], 5, "climate.auth.required"),
        (["--energy-endpoint", "http://127.0.0.1:9", "probe", "watch"], 6, "Nothing answers at http://127.0.0.1:9"),
        (["lease", "list"], 1, "give --endpoint"),
    ],
)
def test_a_failure_has_a_status_and_a_sentence(operator: Program, words: list[str], status: int, said: str) -> None:
    """As with every other command."""
    done = operator.run(*words)
    assert (done.status, done.out) == (status, ""), done.err
    assert said in done.err


def test_who_does_not_say_where_kwapi_is_is_told_how(climate: Program) -> None:
    done = climate.run("probe", "list")
    assert done.status == 2
    assert "--energy-endpoint" in done.err
    assert "CLIMATE_ENERGY_ENDPOINT" in done.err


def test_members_see_no_probe(climate: Program, sandbox: dict[str, str]) -> None:
    """Power shows who works when."""
    member = climate.with_variables(CLIMATE_ENERGY_ENDPOINT=sandbox["ENERGY_URL"])
    for words in (["list"], ["show", "lyon/a1/pdu-1/1"], ["watch"]):
        done = member.run("probe", *words)
        assert (done.status, "climate.auth.forbidden" in done.err) == (5, True)
