# SPDX-License-Identifier: Apache-2.0
"""What the history costs: to take a reading in, to keep a year of one, and to show a year, or a hundred probes' day.

A probe tells its power each second of a year, with gaps of hours and peaks of
one second, all of which must be found again in the year's steps. A hundred
probes tell theirs for a day. Questions go through kwapi-api's application,
without a network. Readings are taken in by ``--probes`` probes at 1 Hz and
written each 10 seconds, as kwapi-api does it; what that costs without a
history is subtracted. As a peer, ``numpy_ms_median`` is the reading of as many
rows from one plain array.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import webob
from oslo_config import cfg

from benchmarks import positive
from climate.chassis import conf as configuration
from kwapi.api import app, options, policies
from kwapi.consumers.history import History
from kwapi.consumers.history_files import HistoryFiles
from kwapi.consumers.live import Live
from kwapi.core.delivery import Batch
from kwapi.core.energy import Rules
from kwapi.core.history import BYTES_PER_PROBE, NS, SEGMENT, TIERS, coarser, folded
from kwapi.core.reading import Reading, columns_of

_DAY_S = 86_400
_END_S = 1_700_000_000 // _DAY_S * _DAY_S
_SITE = "lyon/rack1/pdu1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--days", type=positive, default=365, help="how long the one probe has told its power")
    parser.add_argument("--many", type=positive, default=100, help="probes of the question about a day")
    parser.add_argument("--probes", type=positive, default=1_000, help="probes whose readings are taken in")
    parser.add_argument("--seconds", type=positive, default=60, help="for how long")
    parser.add_argument("--asked", type=positive, default=30, help="how often each question is asked")
    parser.add_argument("--seed", type=int, default=1)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Fill, ask, and take in."""
    with tempfile.TemporaryDirectory(prefix="climate-history-") as folder:
        files = HistoryFiles(Path(folder) / "history", TIERS, 0)
        history = History(files, TIERS)
        begun = time.perf_counter()
        peaks = _year(files, args.days, np.random.default_rng(args.seed))
        filled_s = time.perf_counter() - begun
        _day(files, args.many)
        ask = _asker(Path(folder), history)
        start = _END_S - args.days * _DAY_S
        year = f"/v1/probes/{_SITE}/0/history?start={start}&end={_END_S}&step=3600"
        day = f"/v1/history?prefix={_SITE}/day/&start={_END_S - _DAY_S}&end={_END_S}&step=60"
        figures = {
            "year_ms_median": _median_ms(ask, year, args.asked),
            "day_100_probes_ms_median": _median_ms(ask, day, args.asked),
            "day_sum_ms_median": _median_ms(ask, f"{day}&sum=true", args.asked),
            "numpy_ms_median": _numpy_ms(Path(folder), args.days, args.asked),
            "bytes_per_probe": BYTES_PER_PROBE,
            "bytes_on_disk": sum(path.stat().st_blocks * 512 for path in (Path(folder) / "history").iterdir()),
            "year_fill_s": round(filled_s, 1),
            "peaks": len(peaks),
            "peaks_lost": _lost(history, peaks, start),
        }
    figures["year_ratio_to_numpy"] = round(figures["year_ms_median"] / figures["numpy_ms_median"], 2)
    with tempfile.TemporaryDirectory(prefix="climate-history-") as folder:
        bare_us = _taken_in_us(None, args.probes, args.seconds)
        whole_us = _taken_in_us(Path(folder), args.probes, args.seconds)
    figures["live_us_per_reading"] = round(bare_us, 2)
    figures["ingest_us_per_reading"] = round(whole_us - bare_us, 2)
    return figures


def _year(files: HistoryFiles, days: int, chance: np.random.Generator) -> dict[int, float]:
    """A second's readings up to ``_END_S``, day by day; where the peaks are, by the instant, with their watts."""
    number = files.number(f"{_SITE}/0")
    peaks: dict[int, float] = {}
    for day in range(days):
        begin = _END_S - (days - day) * _DAY_S
        watts = 200 + 50 * np.sin(np.arange(_DAY_S + 1) / 7000) + chance.normal(0, 5, _DAY_S + 1)
        at = int(chance.integers(10, _DAY_S // 2))
        watts[at] = peaks[begin + at] = round(float(chance.uniform(700, 900)), 1)
        seconds = np.arange(_DAY_S)
        if day % 7 == 3:
            seconds = seconds[(seconds < _DAY_S // 2) | (seconds > _DAY_S // 2 + 3600)]
        _add(files, day + 1, [_lines(number, begin + seconds, watts[seconds], watts[seconds + 1])])
    return peaks


def _day(files: HistoryFiles, many: int) -> None:
    for probe in range(many):
        number = files.number(f"{_SITE}/day/{probe}")
        seconds = np.arange(_END_S - _DAY_S, _END_S)
        watts = 100.0 + probe + (seconds % 60)
        _add(files, 1_000_000 + probe, [_lines(number, seconds, watts, watts)])


def _lines(number: int, seconds: Any, first: Any, last: Any) -> Any:
    segments = np.zeros(len(seconds), SEGMENT)
    segments["probe"] = number
    segments["begin_ns"] = seconds * NS
    segments["end_ns"] = (seconds + 1) * NS
    segments["begin_watts"], segments["end_watts"] = first, last
    return segments


def _add(files: HistoryFiles, generation: int, parts: list[Any]) -> None:
    rows = [folded(np.concatenate(parts), TIERS[0].step_s)]
    for before, tier in itertools.pairwise(TIERS):
        rows.append(coarser(rows[-1], tier.step_s // before.step_s))
    files.prepare(generation, rows)
    files.apply()


def _lost(history: History, peaks: dict[int, float], start: int) -> int:
    """How many peaks are in no step of the year at their full height."""
    tier = next(place for place, each in enumerate(TIERS) if each.step_s == 3600)
    rows = history.rows(f"{_SITE}/0", tier, start, _END_S)
    highs = {int(row["bucket"]): float(row["high"]) for row in rows}
    return sum(abs(highs.get(at // 3600, 0.0) - watts) > 0.01 for at, watts in peaks.items())


def _asker(folder: Path, history: History) -> Any:
    tokens = folder / "tokens.yaml"
    tokens.write_text("admin: {project_id: p, user_id: u, roles: [admin]}\n")
    tokens.chmod(0o600)
    conf = cfg.ConfigOpts()
    configuration.register(conf, [options.list_opts])
    conf([], default_config_files=[])
    for name, value in {"auth_strategy": "static", "static_tokens_file": str(tokens)}.items():
        conf.set_override(name, value, group=options.GROUP)
    live = Live(lambda probe: Rules(), lambda: _END_S * NS, 1e9)
    for probe in range(1_000):
        name = f"{_SITE}/day/{probe}"
        if history.knows(name):
            now = _END_S * NS
            reading = Reading(probe_id=name, begin_ns=now, end_ns=now, watts=1.0)
            live.take([Batch("s", "", 1, 1, columns_of([reading]), False)])
    site = app.build(conf, live, policies.enforcer(conf), lambda: _END_S * NS, bind_host="127.0.0.1", history=history)

    def ask(path: str) -> bytes:
        request = webob.Request.blank(path, headers={"X-Auth-Token": "admin"}, remote_addr="127.0.0.1")
        answer = request.get_response(site)
        if answer.status_int != 200:
            raise RuntimeError(answer.text[:200])
        return bytes(answer.body)

    return ask


def _median_ms(ask: Any, path: str, times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        ask(path)
        taken.append((time.perf_counter() - begun) * 1e3)
    return round(statistics.median(taken), 3)


def _numpy_ms(folder: Path, days: int, times: int) -> float:
    """As many rows as a year has, read from one file and made to text, as little as can be done."""
    path = folder / "plain.npy"
    np.save(path, np.random.default_rng(0).uniform(100, 200, (4, days * 24)))
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        str(np.load(path).tolist()).encode()
        taken.append((time.perf_counter() - begun) * 1e3)
    return round(statistics.median(taken), 3)


def _taken_in_us(folder: Path | None, probes: int, seconds: int) -> float:
    """Processor time for one reading, in microseconds, with what is written."""
    history = None if folder is None else History(HistoryFiles(folder, TIERS, 0), TIERS)
    live = Live(lambda probe: _RULES, time.time_ns, 60.0, history.record if history is not None else None)
    per = 10
    told = [
        [
            Batch("s", f"{_SITE}{device}/", 1, second + 1, columns_of(_readings(device, per, second)), False)
            for device in range(probes // per)
        ]
        for second in range(seconds)
    ]
    begun = time.process_time()
    for second, batches in enumerate(told):
        live.take(batches)
        if history is not None and second % 10 == 9:
            history.prepare(second + 1)
            history.apply()
    return (time.process_time() - begun) / (seconds * probes) * 1e6


def _readings(device: int, count: int, second: int) -> list[Reading]:
    at = (_END_S + second) * NS + device * 1_000_000
    return [
        Reading(
            probe_id=f"{_SITE}{device}/{outlet}",
            begin_ns=at,
            end_ns=at + 500_000,
            watts=100.0 + (second * 7 + outlet) % 50,
            volts=230.0,
        )
        for outlet in range(count)
    ]


_RULES = Rules()
