# SPDX-License-Identifier: Apache-2.0
"""How often a project may ask, held across all workers of the API, before anything is done for a request.

Planning counts; a worker takes a few requests out of the project's bucket at
a time, as many as it will need within a second if things go on like this. So
whoever asks in a hurry waits for planning once in a while, and hardly anything
lies unused with workers. In any ``t`` seconds no more are answered than ``burst
+ rate * (t + 1)``: what a worker took lapses in a second.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oslo_config import cfg

from climate.api import policies
from climate.chassis.web import context, faults
from climate.chassis.web.policy import Policies
from climate.core import rate as rates
from climate.core.rate import Bucket, Rate
from climate.errors import ClimateError, NotAuthenticated, TooManyRequests
from climate.rpcapi.planning import Grant, PlanningAPI

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

OPTS = [
    cfg.FloatOpt(
        "limit_timeout_s",
        default=1.0,
        min=0.05,
        max=60.0,
        help="How long a request may wait for planning to say whether its project may ask so often, in seconds. "
        "Without an answer it passes, at the rate that was last known.",
    ),
]
_LAPSES_AFTER_S = 1.0
_AWAY_S = 5.0
_MOST_PURSES = 10_000
_ENDLESS = 2**62


class RequestRate:
    """Middleware that refuses what a project sends beyond its rate; it stands behind the token check."""

    def __init__(self, app: WSGIApplication, policies: Policies, allowance: Allowance) -> None:
        self._app = app
        self._policies = policies
        self._allowance = allowance

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on.

        :raises TooManyRequests: its project sent too many.
        """
        project_id = self._limited(environ)
        if project_id:
            wait_s = self._allowance.spend(environ.get(faults.REQUEST_ID, ""), project_id)
            if wait_s > 0:
                raise TooManyRequests(limit="requests_per_s", retry_after_s=max(1, math.ceil(wait_s)))
        return self._app(environ, start_response)

    def _limited(self, environ: WSGIEnvironment) -> str | None:
        """The project that a request counts for; ``None`` if it counts for none."""
        try:
            who = context.identity_of(environ)
        except NotAuthenticated:
            return None  # an address that needs no token; the others refuse by themselves
        if not who.project_id or self._policies.may(who, policies.EXEMPT_FROM_RATE):
            return None
        return str(who.project_id)


@dataclass(slots=True)
class _Purse:
    """What a worker knows of one project: requests taken and not used, and how often it asks."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    left: int = 0
    lapses_at: float = 0.0
    refused_until: float = 0.0
    second: int = 0
    seen: int = 0
    seen_before: int = 0
    known: Grant | None = None
    alone: Bucket | None = None

    def count(self, now: float) -> None:
        """One more request came."""
        second = int(now)
        if second != self.second:
            self.seen_before = self.seen if second == self.second + 1 else 0
            self.second, self.seen = second, 0
        self.seen += 1

    @property
    def wanted(self) -> int:
        """How many requests wait, or will come within a second, going by this second and the one before."""
        return max(self.seen, self.seen_before)


class Allowance:
    """Spends what projects may send. ``planning`` should answer soon or not at all; ``monotonic`` gives seconds."""

    def __init__(self, planning: PlanningAPI, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._planning = planning
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._purses: dict[str, _Purse] = {}
        self._away_until = -math.inf

    def spend(self, request_id: str, project_id: str) -> float:
        """Spend one request of a project: 0.0 if it may be answered, else in how many seconds to ask again."""
        purse = self._purse(project_id)
        # Requests of one project wait for each other here: the first asks planning for all of them.
        with purse.lock:
            now = self._monotonic()
            if now < purse.refused_until:
                return purse.refused_until - now
            if not (purse.left and now < purse.lapses_at):
                wait_s = self._refill(request_id, project_id, purse, now)
                if wait_s > 0:
                    return wait_s
            purse.left -= 1
            return 0.0

    def _purse(self, project_id: str) -> _Purse:
        now = self._monotonic()
        with self._lock:
            if len(self._purses) >= _MOST_PURSES:
                self._purses = {one: purse for one, purse in self._purses.items() if purse.second >= int(now) - 1}
            purse = self._purses.setdefault(project_id, _Purse())
            purse.count(now)
            return purse

    def _refill(self, request_id: str, project_id: str, purse: _Purse, now: float) -> float:
        """Put at least one request into a purse, or return how long there will be none."""
        grant = self._granted(request_id, project_id, purse.wanted, now)
        if grant is None:
            return self._alone(purse, now)
        purse.known = grant
        if not grant.granted:
            purse.left, purse.refused_until = 0, now + grant.retry_after_s
            return grant.retry_after_s
        purse.left = grant.granted if grant.per_s > 0 else _ENDLESS
        purse.lapses_at = now + _LAPSES_AFTER_S
        return 0.0

    def _granted(self, request_id: str, project_id: str, wanted: int, now: float) -> Grant | None:
        if now < self._away_until:
            return None
        try:
            return self._planning.take_requests(request_id, project_id=project_id, wanted=wanted)
        except ClimateError as error:
            LOG.warning("%s nobody counts requests for the next %s s: %s", request_id, _AWAY_S, error.message)
            self._away_until = self._monotonic() + _AWAY_S
            return None

    def _alone(self, purse: _Purse, now: float) -> float:
        """Without planning every worker counts for itself, by the rate that it heard of last."""
        known = purse.known
        if known is not None and known.per_s > 0:
            taken = rates.take(purse.alone, 1, Rate(known.per_s, known.burst), int(now * 1_000_000))
            purse.alone = taken.bucket
            if not taken.granted:
                return taken.wait_us / 1_000_000
        purse.left, purse.lapses_at = 1, now
        return 0.0
