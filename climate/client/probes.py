# SPDX-License-Identifier: Apache-2.0
"""What every probe says now and has counted, as kwapi-api tells it to administrators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

from climate.client.connection import Connection
from climate.errors import ProbeNotFound


class Device(TypedDict):
    """A device that is not well, but in ``state`` (``failing``, ``partial``, ``slow``, ...) ``since`` that second.

    ``probes`` are those that it concerns, ``of`` so many; ``reason`` is a
    sentence. Of ``attempts`` to ask it ``failures`` failed; it ``answered``
    last then, ``None``: never.
    """

    device: str
    state: str
    since: float
    reason: str
    probes: list[str]
    of: int
    attempts: int
    failures: int
    answered: float | None


class Listing(TypedDict):
    """The probes by name, and beside them the devices that are not well."""

    probes: dict[str, Probe]
    devices: list[Device]


class Probe(TypedDict):
    """A probe's last reading and its counter.

    ``timestamp`` is in epoch seconds, ``None`` where there was none for long; ``w`` in watts, the last that were
    believed; ``kwh`` what was counted in ``coverage`` percent of the time;
    ``v`` and ``a`` are volts and amperes. ``stale``: it has been silent for
    some time. ``flags`` says what is special about the reading; in a list it
    is left out where nothing is. The rest is not in lists: within
    ``kwh_lower`` and ``kwh_upper`` lies what was really used ``since`` then,
    in the ``gaps``, too, in which nothing was measured. ``device`` is there if
    that one is not well and the probe is concerned.
    """

    timestamp: float | None
    w: float | None
    kwh: float | None
    coverage: float | None
    stale: bool
    v: NotRequired[float]
    a: NotRequired[float]
    flags: NotRequired[list[str]]
    kwh_lower: NotRequired[float | None]
    kwh_upper: NotRequired[float | None]
    since: NotRequired[float | None]
    gaps: NotRequired[int]
    refused: NotRequired[int]
    extra: NotRequired[dict[str, float]]
    device: NotRequired[Device | None]


class Series(TypedDict):
    """The power of one probe over time, or of the sum of several (``probes`` of them), a value for each step.

    Watts are ``None`` where nothing is known; ``covered`` is how much of a
    step was measured, in percent. ``kwh`` and ``coverage`` are of the whole.
    """

    probe_id: str
    probes: int
    kwh: float
    coverage: float
    min_w: list[float | None]
    average_w: list[float | None]
    max_w: list[float | None]
    covered: list[float]


class History(TypedDict):
    """Power over time: ``at`` is when each step of ``step_s`` seconds begins, in epoch seconds."""

    start: int
    end: int
    step_s: int
    at: list[int]
    series: list[Series]


class Probes:
    """All probes. Every method raises ``Forbidden`` for whoever is no administrator."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, prefix: str = "") -> dict[str, Probe]:
        """The probes whose names begin with ``prefix``, by name, in one answer; those silent for long are left out."""
        return self.listing(prefix)["probes"]

    def listing(self, prefix: str = "") -> Listing:
        """As :meth:`list`, and beside it the devices that are not well, with their probes that were never heard."""
        answer: dict[str, Any] = self._connection.json("GET", "/probes/", query={"prefix": prefix or None})
        return Listing(probes=answer["probes"], devices=answer.get("devices", []))

    def get(self, probe_id: str) -> Probe:
        """All that is known of one probe.

        :raises ProbeNotFound: there is none of this name, or it has been silent for long and nobody knows why.
        """
        answer: dict[str, Any] = self._connection.json("GET", f"/probes/{quote(probe_id)}/")
        found = answer.get(probe_id)  # not there: the path's last word was taken for one of a probe's meters
        if found is None:
            raise ProbeNotFound
        return found

    def history(
        self,
        probes: Sequence[str] = (),
        *,
        prefix: str | None = None,
        start: float | None = None,
        end: float | None = None,
        step_s: float | None = None,
        together: bool = False,
    ) -> History:
        """The power of some probes over time, or of those under a prefix; ``together``: of their sum.

        From ``start`` to ``end`` in epoch seconds, by default the last hour; in
        steps of ``step_s`` seconds or the nearest finer ones that are kept.

        :raises RouteNotFound: kwapi-api keeps no history.
        """
        query = {
            "probes": ",".join(probes) or None,
            "prefix": prefix,
            "start": start,
            "end": end,
            "step": step_s,
            "sum": "true" if together else None,
        }
        answer: History = self._connection.json("GET", "/history", query=query)
        return answer
