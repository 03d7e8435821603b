# SPDX-License-Identifier: Apache-2.0
"""Every part is looked at, none waits for another, and whatever goes wrong is a finding."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

from oslo_config import cfg

from climate.errors import ServiceUnavailable
from climate.manage.doctor import report
from climate.manage.doctor.examination import Check, Finding, Verdict, examine

GOOD = Finding("good", Verdict.OK, "It answers.")
ODD = Finding("odd", Verdict.WARN, "It is late.", "Look at it.")
BAD = Finding("bad", Verdict.FAIL, "It is gone.", "Start it.")


def raising(error: Exception) -> Iterator[Finding]:
    yield GOOD
    raise error


def test_findings_come_in_the_order_of_the_checks() -> None:
    """Whoever is ready first."""
    ready = threading.Event()

    def slow() -> list[Finding]:
        assert ready.wait(30)
        return [BAD]

    def quick() -> list[Finding]:
        ready.set()
        return [GOOD, ODD]

    assert examine([Check("bad", slow), Check("good", quick)], 60) == [BAD, GOOD, ODD]


def test_a_part_that_says_nothing_has_failed_and_holds_nobody_up() -> None:
    """The time is for all of them together."""
    never = threading.Event()
    checks = [Check(name, lambda: [BAD] if never.wait(600) else []) for name in "abc"]
    began = time.monotonic()
    found = examine([*checks, Check("good", lambda: [GOOD])], 0.5)
    assert time.monotonic() - began < 60
    assert [(one.part, one.verdict) for one in found] == [
        ("a", Verdict.FAIL),
        ("b", Verdict.FAIL),
        ("c", Verdict.FAIL),
        ("good", Verdict.OK),
    ]
    assert "0.5 s" in found[0].message
    never.set()


def test_what_a_check_raises_is_a_finding() -> None:
    """An error of ours by its message, an option's by its text, any other by its name."""
    for error, message in (
        (ServiceUnavailable("It is away."), "It is away."),
        (cfg.ConfigFileValueError("no number"), "An option cannot be read: no number"),
        (KeyError("x"), "It cannot be looked at (KeyError: 'x')."),
    ):
        found = examine([Check("part", lambda error=error: raising(error), "Start it.")], 60)  # type: ignore[misc]
        assert [(one.part, one.verdict, one.message) for one in found] == [("part", Verdict.FAIL, message)]
        assert found[0].fix


def test_a_check_without_findings_is_well() -> None:
    """Silence is good news."""
    assert [one.verdict for one in examine([Check("part", list)], 60)] == [Verdict.OK]


def test_only_a_failure_makes_the_status_1() -> None:
    """A warning does not."""
    assert (report.status([]), report.status([GOOD, ODD]), report.status([GOOD, BAD, ODD])) == (0, 0, 1)


def test_the_table_has_each_finding_with_its_fix() -> None:
    """Long sentences keep their column."""
    long = Finding("long", Verdict.FAIL, "word " * 60)
    lines = list(report.table([GOOD, BAD, long]))
    assert lines[0].split() == ["PART", "STATE", "FINDING"]
    assert lines[1:4] == ["good  ok     It answers.", "bad   fail   It is gone.", "             -> Start it."]
    assert all(len(line) <= 120 for line in lines)
    assert all(line.startswith(" " * 13) for line in lines[5:-1])
    assert lines[-1] == "2 have failed."
    assert list(report.table([GOOD]))[-1] == "Nothing has failed."


def test_the_document_is_one_json_object() -> None:
    """For programs."""
    assert json.loads(report.document([GOOD, BAD])) == {
        "healthy": False,
        "findings": [
            {"part": "good", "state": "ok", "message": "It answers.", "fix": ""},
            {"part": "bad", "state": "fail", "message": "It is gone.", "fix": "Start it."},
        ],
    }
