# SPDX-License-Identifier: Apache-2.0
"""kwranking-estimate: what the CPUs in these files are worth. Asks no service."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from climate.errors import ClimateError
from kwranking.cmd import loading, reading
from kwranking.core.estimators.chain import DEFAULT, Index, index
from kwranking.core.estimators.protocol import Estimator
from kwranking.core.facts import HostFacts

PROGRAM = "kwranking-estimate"
WRONG = 1
_INTERRUPTED = 130
"""As a shell has it for SIGINT."""
_STEP = 1000
_COLUMNS = ("CPU Gflop/s", "GPU Gflop/s", "throughput", "estimator", "confidence", "note")


def main() -> int:
    """Run kwranking-estimate."""
    try:
        return run(sys.argv[1:], sys.stdout, sys.stderr)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever reads has seen enough, as with ``| head``.
        sys.stderr.close()
        return 0


def run(argv: Sequence[str], out: TextIO, err: TextIO) -> int:
    """Estimate every record of the files of ``argv``, in order. Nothing is printed where one file is wrong."""
    args = _parser().parse_args(argv)
    try:
        chain = loading.load([name for name in args.estimators.split(",") if name], "--estimators")
        hosts = [host for name in args.files for host in reading.read(name)]
    except ClimateError as error:
        err.write(f"{PROGRAM}: {error.message}\n")
        return WRONG
    indices = list(_estimated(hosts, chain, err))
    if args.json:
        json.dump([_record(one) for one in indices], out, indent=1)
        out.write("\n")
    else:
        out.writelines(f"{line}\n" for line in table(indices))
    out.flush()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="What the CPUs of hosts are worth: one answer for each record, in order.",
        epilog="Answers to nobody's questions but yours: no service is asked.",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a table (CSV), the JSON of os-hypervisors, /proc/cpuinfo, or what lscpu prints; may be packed "
        "(.xz, .gz); - is the standard input",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.add_argument(
        "--estimators",
        default=",".join(DEFAULT),
        metavar="NAMES",
        help="which estimators rank, the first that can tell (default: %(default)s)",
    )
    return parser


def _estimated(hosts: Sequence[HostFacts], chain: Sequence[Estimator], err: TextIO) -> Iterator[Index]:
    """Each host's index; on a terminal, long lists tell how far they are."""
    shown = len(hosts) > _STEP and err.isatty()
    for number, host in enumerate(hosts):
        if shown and number % _STEP == 0:
            err.write(f"\r{number} of {len(hosts)} records")
            err.flush()
        yield index(host, chain)
    if shown:
        err.write("\r\x1b[K")


def _record(one: Index) -> dict[str, Any]:
    return {
        "cpu_flops": one.cpu_flops,
        "gpu_flops": one.gpu_flops,
        "flops": one.flops,
        "throughput": None if one.throughput is None else round(one.throughput, 3),
        "estimator": one.estimator,
        "confidence": one.confidence.value,
        "note": one.note,
    }


def table(indices: Sequence[Index]) -> list[str]:
    """Lines of a table for people."""
    rows = [_COLUMNS, *(_row(one) for one in indices)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS) - 1)]
    return [
        "  ".join(
            [
                *(_aligned(cell, width, column) for column, (cell, width) in enumerate(zip(row, widths, strict=False))),
                row[-1],
            ]
        )
        for row in rows
    ]


def _aligned(cell: str, width: int, column: int) -> str:
    numbers = 3
    return cell.rjust(width) if column < numbers else cell.ljust(width)


def _row(one: Index) -> tuple[str, ...]:
    return (
        *(_number(value, 1e9) for value in (one.cpu_flops, one.gpu_flops)),
        _number(one.throughput, 1.0),
        one.estimator,
        one.confidence.value,
        one.note,
    )


def _number(value: float | None, unit: float) -> str:
    return "unknown" if value is None else f"{value / unit:.1f}"
