# SPDX-License-Identifier: Apache-2.0
"""Lets a request through to the hosts that it may have: one look-up a request, from memory where that will do."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from oslo_log import log as logging

from nova_ext.decisions import H, Moment, Placed, Verdict, decide, use_of
from nova_ext.options import Settings
from nova_ext.poller import Known, Poller
from nova_ext.request import Request, request_of, wish_of
from nova_ext.snapshot import Snapshot

LOG = logging.getLogger(__name__)


class Gate:
    """Decides for every request of one process; safe for many threads.

    ``clock`` gives epoch seconds, ``monotonic`` seconds as the poller has them.
    """

    def __init__(
        self,
        availability: Poller[Snapshot],
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._availability = availability
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._in_vain_until = -math.inf
        self._failed: set[str] = set()
        self._compared: Snapshot | None = None
        self._strangers: frozenset[str] = frozenset()

    def passing(self, hosts: Sequence[H], spec: Any) -> list[H]:
        """Those of ``hosts`` that the request of this RequestSpec may have. Never raises; at a loss it gives none."""
        try:
            request = request_of(spec)
            if request.stays:
                return list(hosts)
            verdict = self._verdict(hosts, request)
            if verdict.refusal:
                LOG.info(
                    "No host for instance %s of project %s: %s",
                    request.instance_id,
                    request.project_id,
                    verdict.refusal,
                )
            return verdict.hosts
        except Exception as error:  # noqa: BLE001  whatever it is, the scheduler goes on
            self._tell(error)
            return []

    def _verdict(self, hosts: Sequence[H], request: Request) -> Verdict[H]:
        wish = wish_of(request, self._settings.hint_names)
        known = self._availability.known()
        if known is not None and known.value is not self._compared:
            self._compare(known.value, hosts)

        def of(found: Known[Snapshot] | None) -> Verdict[H]:
            now = Moment(self._clock(), self._age_s(found))
            return decide(found.value if found else None, wish, request.project_id, hosts, now, self._settings)

        verdict = of(known)
        if not verdict.news_may_help and not self._too_old(known):
            return verdict
        return of(self._fresh())

    def _too_old(self, known: Known[Snapshot] | None) -> bool:
        """Whether to wait for the age of the answer alone: not again soon after it was in vain."""
        return self._age_s(known) > self._settings.max_age_s and self._monotonic() >= self._in_vain_until

    def _fresh(self) -> Known[Snapshot] | None:
        asked_at = self._monotonic()
        fresh = self._availability.fresh(self._settings.wait_s)
        if fresh is None or fresh.asked_at < asked_at:
            self._in_vain_until = self._monotonic() + self._settings.retry_max_s
        else:
            self._in_vain_until = -math.inf
        return fresh

    def _age_s(self, known: Known[Snapshot] | None) -> float:
        return math.inf if known is None else max(0.0, self._monotonic() - known.asked_at)

    def _compare(self, snapshot: Snapshot, hosts: Sequence[Placed]) -> None:
        """Log which hosts Climate does not know, where it was not told: they can be leased to nobody.

        Names that do not fit together would show in nothing else.
        """
        strangers = frozenset(host.nodename for host in hosts if use_of(snapshot, host) is None)
        self._compared = snapshot
        if strangers - self._strangers:
            self._strangers = self._strangers | strangers
            LOG.warning(
                "%d of Nova's hosts are not among Climate's, such as %s: they are open to all that name no lease",
                len(strangers),
                min(strangers),
            )

    def _tell(self, error: Exception) -> None:
        """Log a fault of ours with its place, each kind once."""
        kind = type(error).__name__
        if kind not in self._failed:
            self._failed.add(kind)
            LOG.error("The lease filter failed; requests that meet this get no host", exc_info=error)
