# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks``: one JSON object or a table, and a status that tells."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

import pytest

from benchmarks.__main__ import names

ROOT = pathlib.Path(__file__).parents[3]
SMALL = ("planning", "--hosts", "50", "--leases", "400", "--searches", "5")


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_json_is_one_flat_object_and_nothing_after_it() -> None:
    """Figures, parameters and the machine; keys carry their units."""
    done = benchmarks(*SMALL, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    figures = json.loads(done.stdout)
    assert done.stdout == json.dumps(figures) + "\n"
    assert all(isinstance(value, str | int | float) for value in figures.values())
    expected = {"benchmark": "planning", "hosts": 50, "leases": 400, "searches": 5, "seed": 1}
    assert expected.items() <= figures.items()
    assert {"search_ms_median", "search_ms_p95", "book_ms_median", "load_s", "ratio_to_pass"} <= figures.keys()
    assert {"machine_cpu", "machine_cores", "machine_python", "machine_numpy"} <= figures.keys()


def test_without_json_there_is_a_line_for_each_figure() -> None:
    """For people."""
    done = benchmarks(*SMALL)
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert done.returncode == 0
    assert lines["benchmark"] == "planning"
    assert float(lines["search_ms_median"]) > 0


@pytest.mark.parametrize(
    "arguments", [(), ("nothing",), ("planning", "--hosts", "0"), ("planning", "--hosts", "many"), ("planning", "--x")]
)
def test_what_cannot_be_run_ends_with_a_status_above_0(arguments: tuple[str, ...]) -> None:
    """And says why, on stderr only."""
    done = benchmarks(*arguments, "--json")
    assert done.returncode > 0
    assert "usage:" in done.stderr
    assert done.stdout == ""


def test_a_benchmark_that_fails_prints_no_figures() -> None:
    """A share of time above all of it cannot be filled."""
    done = benchmarks(*SMALL, "--fill", "nan", "--json")
    assert done.returncode > 0
    assert done.stdout == ""


def test_the_manual_lists_every_benchmark() -> None:
    """By its name, in the table."""
    manual = (ROOT / "docs" / "contributor" / "benchmarks.rst").read_text()
    assert re.findall(r"^   \* - ``(\w+)``$", manual, re.MULTILINE) != []
    assert sorted(re.findall(r"^   \* - ``(\w+)``$", manual, re.MULTILINE)) == names()
