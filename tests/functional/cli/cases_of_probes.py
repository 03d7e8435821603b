# SPDX-License-Identifier: Apache-2.0
"""The commands about probes, each tried once against running processes of Kwapi."""

from __future__ import annotations

import re
import time
from typing import Any

from tests.functional.cli.cases import Bench, case
from tests.functional.cli.program import WITHIN_S


@case("probe list")
def _(bench: Bench) -> None:
    told = bench.metering.ask("/v1/probes/")["probes"]
    listed = bench.operator.json("probe", "list")
    assert [one["probe"] for one in listed] == list(told) == sorted(told)
    assert {"watts", "volts", "amperes", "kWh", "coverage", "age", "marks", "timestamp"} <= set(listed[0])
    under = bench.operator.json("probe", "list", "--prefix", "lyon/pdu2/")
    assert [one["probe"] for one in under] == ["lyon/pdu2/1", "lyon/pdu2/2"]
    assert all(75 <= one["watts"] <= 100 and one["age"] < 30 for one in under)
    assert re.search(
        r"^\| lyon/pdu1/1 +\| +\d+\.\d \| +\d\.\d{4} \| +\d+\.\d % \| +\d+s \| +\|$",
        bench.operator("probe", "list"),
        re.MULTILINE,
    )
    long = bench.operator("probe", "list", "--long", "-f", "csv", "--prefix", "lyon/hot")
    assert [row.split(",")[:2] for row in long.splitlines()[1:]] == [['"lyon/hot/1"', '""']]
    assert bench.operator("probe", "list", "--prefix", "lyon/hot", "-f", "value", "-c", "marks") == '["implausible"]\n'
    assert bench.operator("probe", "list", "--stale", "-f", "value") == ""


@case("probe show")
def _(bench: Bench) -> None:
    shown = bench.operator.json("probe", "show", "lyon/pdu1/1")
    told = bench.metering.ask("/v1/probes/lyon/pdu1/1/")["lyon/pdu1/1"]
    assert shown["probe"] == "lyon/pdu1/1"
    assert (shown["since"], shown["gaps"], shown["extra"]) == (told["since"], told["gaps"], told["extra"])
    assert shown["kWh_lower"] <= shown["kWh"] <= shown["kWh_upper"]
    assert re.search(r"^\| kWh_upper +\| \d\.\d{4} +\|$", bench.operator("probe", "show", "lyon/pdu1/1"), re.MULTILINE)
    assert re.search(r"^\| marks +\| implausible +\|$", bench.operator("probe", "show", "lyon/hot/1"), re.MULTILINE)
    for name in ("lyon/pdu1", "lyon/pdu1/1/w", "nowhere"):
        assert bench.operator.run("probe", "show", name).status == 4


@case("probe watch")
def _(bench: Bench) -> None:
    looks = bench.operator(
        "probe", "watch", "lyon/pdu1/", "lyon/hot", "--count", "2", "--interval", "0.5", "--sort", "name"
    )
    words = [line.split() for line in looks.splitlines()]
    assert [row[1] for row in words] == 2 * ["lyon/hot/1", "lyon/pdu1/1", "lyon/pdu1/2", "sum"]
    assert words[0][2:] == ["-", "W", "-", "kWh", "-", "%", "implausible"]
    assert 150 <= float(words[3][4]) <= 200
    assert words[3][-2:] == ["(1", "implausible)"]


@case("probe history")
def _(bench: Bench) -> None:
    deadline = time.monotonic() + WITHIN_S
    measured: list[dict[str, Any]] = []
    while not measured:
        assert time.monotonic() < deadline
        rows = bench.operator.json("probe", "history", "lyon/pdu1/1", "--span", "1m", "--step", "1")
        measured = [row for row in rows if row["average_watts"] is not None]
    assert all(75 <= row["min_watts"] <= row["average_watts"] <= row["max_watts"] <= 100 for row in measured)


@case("probe chart")
def _(bench: Bench) -> None:
    drawn = bench.operator("probe", "chart", "lyon/pdu1/1", "--span", "1m")
    assert "lyon/pdu1/1" in drawn
    assert " W" in drawn
