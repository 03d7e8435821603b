# SPDX-License-Identifier: Apache-2.0
"""Weighs a request's hosts from memory. Never raises: at a loss all hosts weigh the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from oslo_log import log as logging

from nova_ext import preferences
from nova_ext.decisions import Placed, use_of
from nova_ext.request import NoLease, lifetime_s, request_of, wish_of
from nova_ext.source import Source

LOG = logging.getLogger(__name__)
_told: set[str] = set()


def by_free_time(
    source: Source, hosts: Sequence[Placed], spec: Any, clock: Callable[[], float] = time.time
) -> list[float]:
    """Each host's worth in 0..1 by the time until its next lease; the same for all where the request has a lease."""
    try:
        settings, request = source.settings, request_of(spec)
        known = source.availability.known()
        if known is None or not isinstance(wish_of(request, settings.hint_names), NoLease):
            return _alike(hosts)
        lifetime = lifetime_s(request, settings.lifetime_hint, settings.lifetime_extra_spec)
        snapshot, now, horizon_s = known.value, clock(), settings.horizon_s
        return [
            preferences.free_time(preferences.free_s(use_of(snapshot, host), now, horizon_s), horizon_s, lifetime)
            for host in hosts
        ]
    except Exception as error:  # noqa: BLE001  whatever it is, the scheduler goes on
        return _at_a_loss(hosts, error)


def by_efficiency(source: Source, hosts: Sequence[Placed]) -> list[float]:
    """Each host's efficiency in flop/J; where none is known all are the same."""
    try:
        known, ranking = source.availability.known(), source.ranking.known()
        if known is None or ranking is None or not ranking.value:
            return _alike(hosts)
        uses = [use_of(known.value, host) for host in hosts]
        return preferences.efficiency([None if use is None else ranking.value.get(use.name) for use in uses])
    except Exception as error:  # noqa: BLE001  whatever it is, the scheduler goes on
        return _at_a_loss(hosts, error)


def _alike(hosts: Sequence[Placed]) -> list[float]:
    return [0.0] * len(hosts)


def _at_a_loss(hosts: Sequence[Placed], error: Exception) -> list[float]:
    kind = type(error).__name__
    if kind not in _told:
        _told.add(kind)
        LOG.error("A weigher failed; requests that meet this find all hosts alike", exc_info=error)
    return _alike(hosts)
