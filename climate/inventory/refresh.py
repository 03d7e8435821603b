# SPDX-License-Identifier: Apache-2.0
"""Bringing the inventory up to date with its sources."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from climate.core.host import SourceHost
from climate.errors import ClimateError, ConfigError, ServiceUnavailable
from climate.inventory.refresh_plan import RefreshPlan, plan_refresh
from climate.inventory.sources.protocol import Source
from climate.inventory.store.protocol import Store

LOG = logging.getLogger(__name__)

_ATTEMPTS = 5


class Refresher:
    """Reads all sources, one after the other; what fails leaves the last good state and is remembered.

    ``leads`` says whether this copy of the inventory is the one that acts;
    ``new_id`` gives ids for new hosts. With ``allow_empty``, a source may
    lose all its hosts at once.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        store: Store,
        leads: Callable[[], bool],
        new_id: Callable[[], str],
        *,
        allow_empty: bool = False,
    ) -> None:
        self._sources = sources
        self._store = store
        self._leads = leads
        self._new_id = new_id
        self._allow_empty = allow_empty
        self._errors: dict[str, str] = {}

    def refresh_once(self, now: int) -> bool:
        """Read every source once, if this copy leads; whether all could be read.

        Hosts of sources that are no longer configured are retired, but only
        after all others were read: their hosts may have moved there.
        """
        if not self._leads():
            return False
        read = [self._refresh(source, now) for source in self._sources]
        if not all(read):
            return False
        configured = {source.name for source in self._sources}
        for state in self._store.sources():
            if state.name not in configured:
                self._apply(state.name, (), now, allow_empty=True)
                self._store.forget_source(state.name)
                LOG.info("source %s is no longer configured: its hosts are retired", state.name)
        return True

    def _refresh(self, source: Source, now: int) -> bool:
        try:
            told = source.fetch()
        except ClimateError as error:
            return self._failed(source.name, now, error.message)
        except Exception:
            LOG.exception("source %s failed", source.name)
            return self._failed(source.name, now, "The source failed; the log of climate-inventory says how.")
        try:
            self._apply(source.name, told, now, allow_empty=self._allow_empty)
        except ConfigError as error:
            return self._failed(source.name, now, error.message)
        if self._errors.pop(source.name, None) is not None:
            LOG.info("source %s answers again", source.name)
        return True

    def _apply(self, source: str, told: Sequence[SourceHost], now: int, *, allow_empty: bool) -> None:
        """Plan and write, anew where somebody else changed hosts in between.

        :raises ConfigError: what is told cannot be believed.
        :raises ServiceUnavailable: others change hosts again and again.
        """
        configured = {source.name for source in self._sources}
        for _ in range(_ATTEMPTS):
            plan = plan_refresh(
                source,
                told,
                self._store.load(),
                at=now,
                configured=configured,
                new_id=self._new_id,
                allow_empty=allow_empty,
            )
            if self._store.apply(plan):
                _log(plan)
                return
        raise ServiceUnavailable("The inventory is changed by others again and again.")

    def _failed(self, source: str, now: int, error: str) -> bool:
        if self._errors.get(source) != error:  # once, not at every round
            LOG.warning("source %s failed, its last good state stays: %s", source, error)
        self._errors[source] = error
        self._store.record_failure(source, now, error)
        return False


def _log(plan: RefreshPlan) -> None:
    if plan.changes:
        LOG.info(
            "source %s: %d hosts, %d new, %d changed, %d back, %d retired",
            plan.source,
            plan.hosts,
            len(plan.added),
            len(plan.changed),
            len(plan.returned),
            len(plan.retired),
        )
