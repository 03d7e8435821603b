# SPDX-License-Identifier: Apache-2.0
"""kwranking-estimate: files in, one object a record out, in order; what cannot be read is said clearly."""

from __future__ import annotations

import gzip
import io
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from kwranking.cmd import estimate

KEYS = ["cpu_flops", "gpu_flops", "flops", "throughput", "estimator", "confidence", "note"]
TABLE = """\
host,cpu_string,cores,threads,clock_hz,sockets,gpus,node_flops
one,Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz,32,64,2100000000,2,,9
two,AMD EPYC 7513 32-Core Processor,,,,2,2x Nvidia A100-PCIE-40GB,9
three,BCM2835,4,,,,,9
"""
HYPERVISORS = {
    "hypervisors": [
        {
            "vcpus": 24,
            "cpu_info": json.dumps(
                {
                    "vendor": "Intel",
                    "model": "IvyBridge",
                    "features": ["avx"],
                    "topology": {"cells": 2, "sockets": 1, "cores": 6, "threads": 2},
                }
            ),
        },
        {"vcpus": 8, "cpu_info": ""},
    ]
}
LSCPU = """\
CPU(s): 4
CPU family: 6
Model name: Intel(R) Xeon(R) CPU E3-1270 v3 @ 3.50GHz
Thread(s) per core: 1
Socket(s): 1
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(*arguments: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = estimate.run([str(argument) for argument in arguments], out, err)
    return status, out.getvalue(), err.getvalue()


def records(*arguments: object) -> list[dict[str, Any]]:
    status, out, err = run(*arguments, "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert isinstance(told, list)
    return told


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_each_record_is_an_object_in_order(tmp_path: Path) -> None:
    told = records(write(tmp_path / "hosts.csv", TABLE))
    assert [list(one) for one in told] == [KEYS] * 3
    assert [one["cpu_flops"] for one in told] == [32 * 2.1e9 * 32, 64 * 2.6e9 * 16, None]
    assert told[1]["gpu_flops"] == pytest.approx(19.4e12)
    assert told[1]["flops"] == told[1]["cpu_flops"] + told[1]["gpu_flops"]
    assert [one["estimator"] for one in told] == ["theoretical", "theoretical", "none"]
    assert [one["confidence"] for one in told] == ["high", "high", "none"]
    assert "unknown because" in told[2]["note"]


def test_files_of_all_kinds_follow_each_other(tmp_path: Path) -> None:
    """What a file holds is seen by its content."""
    cpuinfo = "processor\t: 0\nmodel name\t: AMD Opteron(tm) Processor 250\n"
    told = records(
        write(tmp_path / "a", json.dumps(HYPERVISORS)),
        write(tmp_path / "b", LSCPU),
        write(tmp_path / "c", cpuinfo),
        write(tmp_path / "d", TABLE),
        write(tmp_path / "e", json.dumps({"hypervisor": HYPERVISORS["hypervisors"][0]})),
        write(tmp_path / "f", json.dumps([{"cpu_string": "AMD EPYC 7513 32-Core Processor", "sockets": 1}])),
        write(tmp_path / "g", json.dumps({"lscpu": [{"field": "Model name:", "data": "AMD EPYC 7351 16-Core"}]})),
    )
    assert [one["cpu_flops"] and one["cpu_flops"] / 1e9 for one in told] == pytest.approx(
        [240, None, 224, 4.8, 2150.4, 2662.4, None, 240, 1331.2, 307.2]
    )


@pytest.mark.parametrize(("suffix", "pack"), [(".xz", lzma.compress), (".gz", gzip.compress)])
def test_files_may_be_packed(tmp_path: Path, suffix: str, pack: Any) -> None:
    path = tmp_path / f"hosts.csv{suffix}"
    path.write_bytes(pack(TABLE.encode()))
    assert len(records(path)) == 3
    path.write_bytes(pack(TABLE.encode())[:-12])
    status, out, err = run(path)
    assert (status, out) == (1, "")
    assert f"{path}: cannot be unpacked" in err


def test_columns_are_known_by_name_in_any_order_and_case(tmp_path: Path) -> None:
    text = "\ufeffCores, CPU_String\n16,Xeon E5-2670 8C 2.6GHz\n"
    assert records(write(tmp_path / "hosts.csv", text))[0]["cpu_flops"] == 16 * 2.6e9 * 8


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is of no form that is read"),
        ("name,price\nfork,1\n", "Of a table's columns, one must be among cpu_string"),
        ('{"hypervisors": [', "begins as JSON and is none"),
        ('{"servers": []}', "is JSON of another kind"),
        ('{"hypervisors": 7}', "is JSON of another kind"),
        ('cpu_string\n"' + "x" * 1_100_000 + '"\n', "after line 1: field larger"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_name(tmp_path: Path, content: str, why: str) -> None:
    """One wrong file, and nothing is printed: the order of the others would mean nothing."""
    good, bad = write(tmp_path / "good.csv", TABLE), write(tmp_path / "bad", content)
    status, out, err = run(good, bad)
    assert (status, out) == (1, "")
    assert err.startswith(f"kwranking-estimate: {bad}: ")
    assert why in err


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    status, _out, err = run(tmp_path / "missing.csv")
    assert status == 1
    assert "missing.csv: cannot be read: No such file or directory" in err


def test_records_that_are_none_are_answered_too(tmp_path: Path) -> None:
    told = records(write(tmp_path / "hosts.json", '{"hypervisors": [7, null, {}]}'))
    assert [one["cpu_flops"] for one in told] == [None] * 3
    assert all("unknown because" in one["note"] for one in told)


def test_people_get_a_table(tmp_path: Path) -> None:
    status, out, _err = run(write(tmp_path / "hosts.csv", TABLE))
    lines = out.splitlines()
    assert status == 0
    assert lines[0].split()[:4] == ["CPU", "Gflop/s", "GPU", "Gflop/s"]
    assert lines[1].split()[:4] == ["2150.4", "0.0", "79.1", "theoretical"]
    assert lines[3].split()[:2] == ["unknown", "0.0"]


def test_another_estimator_may_rank(tmp_path: Path) -> None:
    path = write(tmp_path / "hosts.csv", TABLE)
    assert records("--estimators", "throughput", path)[0]["estimator"] == "throughput"
    assert run("--estimators", "bogomips", path)[0] == 1


def test_a_declared_figure_may_stand_in_the_table(tmp_path: Path) -> None:
    text = "cpu_string,cores,declared,declared_at,declared_origin\nXeon E5-2670 2.6GHz,16,3e11,2026-01-02,HPL\n"
    (told,) = records(write(tmp_path / "hosts.csv", text))
    assert (told["flops"], told["estimator"]) == (3e11, "declared")
    assert "declared by HPL, 2026-01-02" in told["note"]


def test_long_lists_tell_terminals_how_far_they_are(tmp_path: Path) -> None:
    """And nobody else: neither a file nor a short list gets a word."""
    long = write(tmp_path / "long.csv", "cpu_string\n" + "Xeon\n" * 2500)
    terminal = Terminal()
    assert estimate.run([str(long)], io.StringIO(), terminal) == 0
    assert "2000 of 2500 records" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[K")
    assert run(long)[2] == ""
    short = Terminal()
    estimate.run([str(write(tmp_path / "short.csv", TABLE))], io.StringIO(), short)
    assert short.getvalue() == ""
