# SPDX-License-Identifier: Apache-2.0
"""The history of probes over HTTP: one, several, or their sum, in JSON for charts and in CSV for anybody."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.errors import BadField, ProbeNotFound
from kwapi.api import policies
from kwapi.consumers.history import History
from kwapi.consumers.live import Live
from kwapi.core.energy import NS
from kwapi.core.history import Rows, coarser, means, summed, tier_for

Array = NDArray[Any]

PERIOD = ("start", "end", "step", "format")
SEVERAL = (*PERIOD, "probes", "prefix", "sum")
CSV = "text/csv"
MOST_PROBES = 1_000
_USUAL_S = 3_600.0
_USUAL_ROWS = 1_000
_MOST_ROWS = 100_000
_ROWS_AT_A_TIME = 2_000
_JOULES_PER_KWH = 3_600_000.0
_LATEST_S = 2**32 - 1
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Period:
    """Which rows are meant: those of ``tier`` from the bucket ``first`` to before ``end``, ``factor`` to a step."""

    tier: int
    tier_s: int
    factor: int
    first: int
    end: int

    @property
    def step_s(self) -> int:
        """The length of a step in seconds."""
        return self.tier_s * self.factor

    @property
    def starts(self) -> Array:
        """When each step begins, in seconds since the epoch."""
        return np.arange(self.first, self.end, dtype=np.int64) * self.step_s


@dataclass(frozen=True, slots=True)
class Series:
    """Rows and mean power of one probe, or of several together."""

    name: str
    probes: int
    rows: Array
    watts: Array

    def columns(self, period: Period) -> tuple[Array, Array, Array, Array]:
        """Least, mean, greatest and coverage in percent for each step; not a number where nothing is known."""
        rows = self.rows
        places = rows["bucket"].astype(np.int64) - period.first
        found = np.full((4, period.end - period.first), np.nan)
        found[0, places] = np.round(rows["low"].astype(np.float64), 3)
        found[1, places] = np.round(self.watts, 3)
        found[2, places] = np.round(rows["high"].astype(np.float64), 3)
        found[3] = 0.0
        whole_ns = period.step_s * NS * self.probes
        found[3, places] = np.round(np.minimum(100.0, 100.0 * rows["measured_ns"] / whole_ns), 3)
        return found[0], found[1], found[2], found[3]


class Histories:
    """What may be asked of the past; ``clock_ns`` gives nanoseconds since the epoch."""

    def __init__(self, history: History, live: Live, rights: Policies, clock_ns: Callable[[], int]) -> None:
        self._history = history
        self._live = live
        self._rights = rights
        self._clock_ns = clock_ns

    def one(self, call: Call, probe_id: str) -> Answer:
        """The history of a probe.

        :raises ProbeNotFound: nobody has heard of it.
        """
        self._rights.require(call.identity(), policies.PROBES)
        if not self._history.knows(probe_id):
            raise ProbeNotFound()
        return self._answer(call.query(*PERIOD), [probe_id], together=False)

    def several(self, call: Call) -> Answer:
        """The histories of the probes that are named, or of those that are under a prefix, or their sum."""
        self._rights.require(call.identity(), policies.PROBES)
        query = call.query(*SEVERAL)
        named = [name for name in query.get("probes", "").split(",") if name]
        if bool(named) == ("prefix" in query):
            raise BadField("Name probes, with commas between them, or give a prefix of their names.", field="probes")
        unknown = [name for name in named if not self._history.knows(name)]
        if unknown:
            raise BadField(f"There is no probe {unknown[0][:255]!r}.", field="probes")
        found = list(dict.fromkeys(named)) or [probe.probe_id for probe in self._live.probes(query["prefix"])]
        if len(found) > MOST_PROBES:
            raise BadField(f"These are {len(found)} probes; ask for {MOST_PROBES} at most.", field="prefix")
        together = query.get("sum", "false").lower()
        if together not in ("true", "false"):
            raise BadField("sum must be true or false.", field="sum")
        return self._answer(query, found, together=together == "true")

    def _answer(self, query: Mapping[str, str], probes: Sequence[str], *, together: bool) -> Answer:
        period = self._period(query)
        kind = query.get("format", "json")
        if kind not in ("json", "csv"):
            raise BadField("format must be json or csv.", field="format")
        series = self._series(period, probes, together)
        if kind == "csv":
            return Answer(stream=_csv(period, series), content_type=CSV)
        return Answer(stream=_json(period, series))

    def _series(self, period: Period, probes: Sequence[str], together: bool) -> Iterator[Series]:
        if not together:
            for probe in probes:
                rows = self._rows(probe, period).rows
                yield Series(probe, 1, rows, means(rows))
        else:
            yield Series("sum", len(probes), *summed([self._rows(probe, period) for probe in probes]))

    def _rows(self, probe: str, period: Period) -> Rows:
        start_s, end_s = period.first * period.step_s, period.end * period.step_s
        rows = self._history.rows(probe, period.tier, start_s, end_s)
        return coarser(Rows(np.zeros(len(rows), "<i4"), rows), period.factor)

    def _period(self, query: Mapping[str, str]) -> Period:
        now_s = self._clock_ns() / NS
        end_s = instant(query, "end", now_s)
        start_s = instant(query, "start", end_s - _USUAL_S)
        if not 0 <= start_s < end_s:
            raise BadField("start must be before end.", field="start")
        asked_s = _seconds(query) if "step" in query else (end_s - start_s) / _USUAL_ROWS
        tier = tier_for(start_s, now_s, asked_s, self._history.tiers)
        factor = max(1, int(asked_s // tier.step_s))
        step_s = tier.step_s * factor
        first, end = int(start_s // step_s), math.ceil(end_s / step_s)
        if end - first > _MOST_ROWS:
            fit = math.ceil((end_s - start_s) / _MOST_ROWS)
            raise BadField(f"These are {end - first} steps; ask for steps of {fit} s or more.", field="step")
        return Period(self._history.tiers.index(tier), tier.step_s, factor, first, end)


class ManyHistories(Resource):
    """``/v1/history``."""

    def __init__(self, histories: Histories) -> None:
        super().__init__()
        self._histories = histories

    def get(self, call: Call) -> Answer:
        """Of several probes."""
        return self._histories.several(call)


def instant(query: Mapping[str, str], name: str, default_s: float) -> float:
    """An instant of a query in seconds since the epoch: a number, or ISO 8601 (UTC where it has no zone).

    :raises BadField: it is neither.
    """
    text = query.get(name)
    if text is None:
        return default_s
    try:
        seconds = float(text)
    except ValueError:
        try:
            told = datetime.datetime.fromisoformat(text)
        except ValueError:
            raise BadField(
                f"{name} must be seconds since 1970 or a date such as 2031-05-01T08:00Z.", field=name
            ) from None
        seconds = (told if told.tzinfo else told.replace(tzinfo=datetime.UTC)).timestamp()
    if not 0 <= seconds <= _LATEST_S:
        raise BadField(f"{name} is outside of what can be kept.", field=name)
    return seconds


def _seconds(query: Mapping[str, str]) -> float:
    try:
        seconds = float(query["step"])
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= _LATEST_S:
        raise BadField("step must be a number of seconds, 1 or more.", field="step")
    return seconds


def _json(period: Period, series: Iterator[Series]) -> Iterator[bytes]:
    """The body in parts, a series each: as soon as one is read, it goes."""
    head = {"start": period.first * period.step_s, "end": period.end * period.step_s, "step_s": period.step_s}
    yield _encode(head)[:-1] + b',"at":' + _encode(period.starts.tolist()) + b',"series":['
    between = b""
    for each in series:
        low, mean, high, coverage = each.columns(period)
        whole_ns = (period.end - period.first) * period.step_s * NS * each.probes
        body = {
            "probe_id": each.name,
            "probes": each.probes,
            "kwh": float(each.rows["joules"].sum()) / _JOULES_PER_KWH,
            "coverage": round(min(100.0, 100.0 * int(each.rows["measured_ns"].sum()) / max(whole_ns, 1)), 3),
            "min_w": low.tolist(),
            "average_w": mean.tolist(),
            "max_w": high.tolist(),
            "covered": coverage.tolist(),
        }
        yield between + _encode(body)
        between = b","
    yield b"]}"


def _csv(period: Period, series: Iterator[Series]) -> Iterator[bytes]:
    """A line for each step in which something was seen."""
    yield b"probe_id,at,min_w,average_w,max_w,coverage_percent\r\n"
    for each in series:
        name = _cell(each.name)
        columns = (period.starts, *each.columns(period))
        known = np.flatnonzero(~np.isnan(columns[1]))
        for begin in range(0, len(known), _ROWS_AT_A_TIME):
            part = known[begin : begin + _ROWS_AT_A_TIME]
            lines = zip(*(column[part].tolist() for column in columns), strict=True)
            yield "".join(_line(name, *line) for line in lines).encode()


def _line(name: str, at: int, low: float, mean: float, high: float, coverage: float) -> str:
    usual = "" if math.isnan(mean) else f"{mean:.10g}"
    return f"{name},{at},{low:.10g},{usual},{high:.10g},{coverage:.6g}\r\n"


def _cell(text: str) -> str:
    """A text as a cell of CSV (RFC 4180); a spreadsheet must not take it for a formula."""
    safe = f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
    return '"' + safe.replace('"', '""') + '"' if any(sign in safe for sign in ',"') else safe
