# SPDX-License-Identifier: Apache-2.0
"""Leases and the requests for them, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from climate.core.host import PropertyValue
from climate.core.lifecycle import LIVE, State
from climate.core.period import Period
from climate.errors import BadField


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who holds a lease: ids from Keystone, no names."""

    project_id: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """When a tenant wants hosts: instants and seconds, ``None`` where left out.

    ``start_time`` is "not sooner than", ``end_time`` "not later than".
    """

    start_time: int | None = None
    end_time: int | None = None
    duration_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a request says beside when and how many.

    ``host_properties`` is the filter as JSON values, ``[]`` for any host;
    ``scheduler`` is ``""`` for the operator's default. ``on_lease_end`` is
    what becomes of its instances when it is over, ``""`` for what the operator
    says then.
    """

    name: str = ""
    host_properties: list[Any] = field(default_factory=list)
    scheduler: str = ""
    on_lease_end: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """Where a lease of ``duration_s`` may be placed: it starts at or after
    ``earliest`` and ends at or before ``latest`` (epoch seconds)."""

    earliest: int
    latest: int
    duration_s: int

    @property
    def latest_start(self) -> int:
        return self.latest - self.duration_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease, held, promised, running or over.

    ``[start_at, end_at)`` is what the tenant was given; ``request`` what they
    asked for. ``hosts`` are the ids of the hosts held now (of the last ones
    held, once the lease is over). ``alike`` are the property values that all
    hosts of the lease share by request. ``starts_soon_at`` and ``ends_soon_at``
    are when its start and its end will be announced (``None`` once they were), ``holds_until`` when the last of its
    blocked time is over (``None`` once nothing is blocked). ``version`` counts
    changes: writers name the version they saw.
    """

    lease_id: str
    owner: Owner
    state: State
    start_at: int
    end_at: int
    quantity: int
    wish: Wish
    terms: Terms
    alike: dict[str, PropertyValue] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    created_at: int = 0
    updated_at: int = 0
    expires_at: int | None = None
    confirmed_at: int | None = None
    closed_at: int | None = None
    starts_soon_at: int | None = None
    ends_soon_at: int | None = None
    holds_until: int | None = None
    degraded_reason: str = ""
    error_reason: str = ""
    version: int = 1

    @property
    def period(self) -> Period:
        return Period(self.start_at, self.end_at)

    @property
    def live(self) -> bool:
        return self.state in LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseChange:
    """What a PATCH asks for; ``None`` leaves a thing as it is.

    ``end_time`` and ``duration_s`` exclude each other.
    """

    name: str | None = None
    end_time: int | None = None
    duration_s: int | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatKey:
    """A client's Idempotency-Key and a fingerprint of the request that came with it."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseQuery:
    """Which leases to list, newest first; ``None`` does not filter.

    ``project_id`` ``None`` means all projects. ``at`` keeps leases whose
    period holds that instant, ``start``/``end`` those that overlap the span.
    ``marker`` is the last lease id of the page before.
    """

    project_id: str | None
    states: tuple[State, ...] = ()
    name: str | None = None
    at: int | None = None
    start: int | None = None
    end: int | None = None
    limit: int = 100
    marker: str | None = None


def window_of(wish: Wish, now: int, horizon_s: int) -> Window:
    """The window that a wish means at ``now``.

    Only a start: any time up to the horizon. Only an end: from now. Neither:
    now or not at all. A start in the past means now. The duration may be left
    out where both ends are given: then it is the whole window.

    :raises BadField: an end in the past, a window shorter than the duration
        or beyond the horizon, or no way to know the duration.
    """
    horizon = now + horizon_s
    if wish.end_time is not None and wish.end_time <= now:
        raise BadField("end_time is in the past.", field="end_time")
    for name, instant in (("start_time", wish.start_time), ("end_time", wish.end_time)):
        if instant is not None and instant > horizon:
            raise BadField(
                f"{name} is beyond the horizon: at most {horizon_s} s ahead.",
                field=name,
                limit="horizon_s",
                allowed=horizon_s,
            )
    earliest = now if wish.start_time is None else max(now, wish.start_time)
    duration_s = _duration(wish, earliest)
    if wish.end_time is None:
        latest = now + duration_s if wish.start_time is None else horizon
    else:
        latest = wish.end_time
        if latest - earliest < max(duration_s, 1):
            raise BadField(
                "The window is shorter than the duration: move end_time, or ask for less time.", field="end_time"
            )
    if latest > horizon or latest - earliest < duration_s:
        raise BadField(
            f"The lease would end beyond the horizon: at most {horizon_s} s ahead.",
            field="duration",
            limit="horizon_s",
            allowed=horizon_s,
        )
    return Window(earliest, latest, duration_s)


def _duration(wish: Wish, earliest: int) -> int:
    """How long: as wished, or the whole window (which may be below 1 where the end is no later than the start)."""
    if wish.duration_s is not None:
        if wish.duration_s < 1:
            raise BadField("duration must be at least 1 second.", field="duration")
        return wish.duration_s
    if wish.start_time is None or wish.end_time is None:
        raise BadField("duration is needed unless start_time and end_time are both given.", field="duration")
    return wish.end_time - earliest
