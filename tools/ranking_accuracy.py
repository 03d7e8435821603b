# SPDX-License-Identifier: Apache-2.0
"""How near the estimators of Kwranking come to lists that others measured.

``python -m tools.ranking_accuracy --grid5000 FILE --top500 FILE --specpower FILE``,
each a table (CSV, may be packed with xz), prints one JSON object. With
``--plot FILE`` SPECpower's machines are drawn into an SVG. The tables are:

* Grid'5000: nodes with the columns of ``kwranking-estimate`` and ``node_flops``;
* TOP500: ``list`` (a date), ``processor``, ``cores``, ``rpeak`` (Gflop/s);
* SPECpower: ``cpu``, ``mhz``, ``chips``, ``cores``, ``threads``, ``hw_available``, ``w_100``, ``ssj_ops_100``.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import lzma
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kwranking.core.estimators.chain import index
from kwranking.core.estimators.theoretical import Theoretical
from kwranking.core.facts import CpuFacts
from kwranking.core.identify import identify
from kwranking.core.inputs import columns
from tools.ranking_plot import Point, draw

Row = Mapping[str, str]
DISPUTED = frozenset({"Granite Rapids", "Zen 4", "Zen 4c"})
"""Microarchitectures for which Grid'5000's own figure is a default (8) or counts additions beside FMA (48)."""
_NEAR = 0.05
_EXACT = 0.01
_SYSTEMS = 3


def rows(path: Path) -> list[dict[str, str]]:
    """All rows of a table."""
    raw = path.read_bytes()
    text = (lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@dataclass(frozen=True, slots=True)
class Grid5000:
    """``exact`` of ``hosts`` are within 1 % of ``node_flops``; the others by processor: ours / theirs, hosts."""

    hosts: int
    exact: int
    others: dict[tuple[str, float], int]


def grid5000(nodes: Iterable[Row]) -> Grid5000:
    """Peak of the hosts but those of :data:`DISPUTED`; the answer's own columns are not shown to the estimator."""
    hosts, exact, others = 0, 0, Counter[tuple[str, float]]()
    for node in nodes:
        if node["microarchitecture"] in DISPUTED:
            continue
        hosts += 1
        ours = index(columns.facts_of({name: node.get(name) for name in columns.KNOWN}), [Theoretical()]).cpu_flops
        ratio = (ours or 0.0) / float(node["node_flops"])
        if abs(ratio - 1) <= _EXACT:
            exact += 1
        else:
            others[node["cpu_string"], round(ratio, 3)] += 1
    return Grid5000(hosts, exact, dict(others))


@dataclass(frozen=True, slots=True)
class Top500:
    """Shares: of ``rows`` understood; of names with 3 systems and more near in the median; of rows up to 2011 near."""

    rows: int
    understood: float
    names: int
    names_near: float
    old_rows: int
    old_near: float
    far: dict[str, tuple[float, float]]


def top500(systems: Iterable[Row]) -> Top500:
    """Rpeak / (cores x clock) against our flop a cycle, ``far``: (theirs, ours) of names that are not within 5 %."""
    ratios: dict[str, list[float]] = defaultdict(list)
    flops: dict[str, float] = {}
    total, understood, old, old_near = 0, 0, 0, 0
    for system in systems:
        name, cores = system["processor"], int(system["cores"])
        identity = identify(CpuFacts(name=name, cores=cores))
        total += 1
        early = system["list"] < "2012"
        old += early
        if identity.unknown:
            continue
        understood += 1
        flops[name] = identity.flops
        ratio = float(system["rpeak"]) * 1e9 / (cores * identity.clock_hz)
        ratios[name].append(ratio)
        old_near += early and _is_near(ratio, identity.flops)
    medians = {name: statistics.median(all_of) for name, all_of in ratios.items() if len(all_of) >= _SYSTEMS}
    far = {name: (theirs, flops[name]) for name, theirs in medians.items() if not _is_near(theirs, flops[name])}
    names_near = 1 - len(far) / len(medians) if medians else 0.0
    return Top500(total, understood / total, len(medians), names_near, old, old_near / old if old else 0.0, far)


def _is_near(theirs: float, ours: float) -> bool:
    return abs(theirs / ours - 1) <= _NEAR


@dataclass(frozen=True, slots=True)
class Specpower:
    """Spearman's rank correlation with ssj_ops a watt at full load, of index a watt at full load."""

    machines: int
    theoretical: float
    throughput: float
    points: tuple[Point, ...]


def specpower(results: Iterable[Row], since: int = 0) -> Specpower:
    """Results of machines that were to be had in the year ``since`` or later, of which all is known."""
    points = []
    for result in results:
        year = int(result["hw_available"][-4:])
        one = index(columns.facts_of(_columns(result)), [Theoretical()])
        if year < since or one.cpu_flops is None or one.throughput is None:
            continue
        watts = float(result["w_100"])
        points.append(
            Point(
                year=year,
                ops=float(result["ssj_ops_100"]) / watts,
                theoretical=one.cpu_flops / watts,
                throughput=one.throughput / watts,
                name=result["cpu"],
            )
        )
    measured = [point.ops for point in points]
    return Specpower(
        len(points),
        spearman(measured, [point.theoretical for point in points]),
        spearman(measured, [point.throughput for point in points]),
        tuple(points),
    )


def _columns(result: Row) -> dict[str, str]:
    return {
        "cpu_string": result["cpu"],
        "clock_hz": f"{result['mhz']}e6",
        "sockets": result["chips"],
        "cores": result["cores"],
        "threads": result["threads"].split()[0],
    }


def spearman(left: Sequence[float], right: Sequence[float]) -> float:
    """Spearman's rank correlation; equal values share the mean of their ranks."""
    return float(np.corrcoef(_ranks(left), _ranks(right))[0, 1])


def _ranks(values: Sequence[float]) -> Any:
    array = np.asarray(values, dtype=float)
    ordered = np.sort(array)
    return (np.searchsorted(ordered, array, "left") + np.searchsorted(ordered, array, "right")) / 2


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what files were given for."""
    parser = argparse.ArgumentParser(prog="python -m tools.ranking_accuracy", description=__doc__)
    for name in ("grid5000", "top500", "specpower", "plot"):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    told: dict[str, Any] = {}
    if args.grid5000:
        nodes = grid5000(rows(args.grid5000))
        told |= {"grid5000_hosts": nodes.hosts, "grid5000_exact_ratio": round(nodes.exact / nodes.hosts, 4)}
        told["grid5000_others"] = [[name, ratio, hosts] for (name, ratio), hosts in nodes.others.items()]
    if args.top500:
        systems = top500(rows(args.top500))
        told |= {"top500_rows": systems.rows, "top500_understood_ratio": round(systems.understood, 4)}
        told |= {"top500_names": systems.names, "top500_names_near_ratio": round(systems.names_near, 4)}
        told |= {"top500_rows_to_2011": systems.old_rows, "top500_near_to_2011_ratio": round(systems.old_near, 4)}
        told["top500_far"] = [[name, round(theirs, 2), ours] for name, (theirs, ours) in systems.far.items()]
    if args.specpower:
        results = rows(args.specpower)
        for since, part in ((0, "all"), (2017, "since_2017")):
            figures = specpower(results, since)
            told |= {f"specpower_{part}_machines": figures.machines}
            told |= {f"specpower_{part}_theoretical_rho": round(figures.theoretical, 4)}
            told |= {f"specpower_{part}_throughput_rho": round(figures.throughput, 4)}
        if args.plot:
            args.plot.write_text(draw(specpower(results).points))
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
