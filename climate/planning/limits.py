# SPDX-License-Identifier: Apache-2.0
"""What projects may ask for and hold: the site's limits, each project's own, and what is left of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from oslo_config import cfg

from climate.core import limits
from climate.core.lease import Lease
from climate.core.lifecycle import State
from climate.core.limits import COUNTED, LIMITS, UNLIMITED, Ceiling, Limits
from climate.errors import BadField, ConfigError
from climate.planning.store.limits_protocol import LimitStore
from climate.rpcapi.planning import Grant, LimitValue, ProjectLimits

GROUP = "limits"
OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        limit.name,
        default=limit.default,
        min=UNLIMITED if limit.endless else limit.least,
        max=limit.most,
        help=limit.description + (" -1 is no limit." if limit.endless else ""),
        deprecated_group="planning" if limit.name == "horizon_s" else None,
    )
    for limit in LIMITS
]
_BATCHES_PER_S = 10


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [limits]."""
    return [(GROUP, OPTS)]


def of_site(conf: cfg.ConfigOpts) -> Limits:
    """The operator's limits for projects that have none of their own.

    :raises ConfigError: a value is out of its range, or excludes another.
    """
    found = Limits(**{limit.name: conf[GROUP][limit.name] for limit in LIMITS})
    try:
        limits.check_all(found)
    except BadField as error:
        raise ConfigError(f"[{GROUP}] {error.message}", option=error.details["field"]) from None
    return found


class LimitsOfProjects:
    """Knows every project's limits. ``clock`` gives epoch seconds, ``clock_us`` microseconds of a second."""

    def __init__(self, store: LimitStore, site: Limits, clock: Callable[[], int], clock_us: Callable[[], int]) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._clock_us = clock_us

    def of(self, project_id: str) -> Limits:
        """The limits of a project."""
        return self._site.but(self._store.own(project_id))

    def admit(self, project_id: str, entered: State) -> Limits:
        """The limits of a project that asks for one more lease in state ``entered``.

        This is asked before the calendar is searched, so that who may not have
        a lease learns nothing about it; :meth:`ceiling` is exact.

        :raises LimitReached: it has as many as it may.
        :raises TooManyWithdrawn: it let too many proposals go lately.
        """
        standing = self._store.standing(project_id)
        found = self._site.but(standing.own)
        ceiling = limits.ceiling(found, entered)
        if ceiling is not None:
            ceiling.check(sum(standing.live.get(state, 0) for state in ceiling.states))
        if found.max_withdrawn != UNLIMITED:
            now = self._clock()
            since = now - found.withdrawn_window_s
            limits.check_withdrawn(found, self._store.nth_withdrawn(project_id, since, found.max_withdrawn), now)
        return found

    def ceiling(self, lease: Lease) -> Ceiling | None:
        """What limits a lease that is to be written in a state that it was not in before."""
        if lease.state not in (State.PROPOSED, State.CONFIRMED):
            return None
        return limits.ceiling(self.of(lease.owner.project_id), lease.state)

    def shown(self, project_id: str) -> ProjectLimits:
        """The limits of a project, and what it uses of those that count."""
        standing = self._store.standing(project_id)
        found = self._site.but(standing.own)
        used = {name: sum(standing.live.get(state, 0) for state in states) for name, states in COUNTED.items()}
        used["max_withdrawn"] = self._store.withdrawn(project_id, self._clock() - found.withdrawn_window_s)
        return self._told(project_id, found, used)

    def set(self, project_id: str, values: Mapping[str, int | None]) -> ProjectLimits:
        """Give a project limits of its own; ``None`` gives it the site's again.

        :raises BadField: an unknown limit, a value out of range, or one that excludes another.
        """
        for name, value in values.items():
            limits.check(name, value)
        own = {**self._store.own(project_id), **values}
        then = self._site.but({name: value for name, value in own.items() if value is not None})
        limits.check_together(then, "min_duration_s" if "min_duration_s" in values else "max_duration_s")
        self._store.set(project_id, values)
        return self.shown(project_id)

    def listed(self, limit: int, marker: str | None) -> list[ProjectLimits]:
        """Projects with limits of their own, by id."""
        return [self._told(one, self._site.but(own), {}) for one, own in self._store.listed(limit, marker)]

    def take_requests(self, project_id: str, wanted: int) -> Grant:
        """Take up to ``wanted`` requests out of what a project may send, but no more than a tenth of a second's."""
        found = self.of(project_id)
        rate = found.rate
        if rate is None:
            return Grant(granted=wanted, retry_after_s=0.0, per_s=UNLIMITED, burst=found.requests_burst)
        most = max(1, rate.per_s // _BATCHES_PER_S)
        taken = self._store.take_requests(project_id, max(1, min(wanted, most)), rate, self._clock_us())
        return Grant(granted=taken.granted, retry_after_s=taken.wait_us / 1_000_000, per_s=rate.per_s, burst=rate.burst)

    def _told(self, project_id: str, found: Limits, used: Mapping[str, int]) -> ProjectLimits:
        return ProjectLimits(
            project_id=project_id,
            limits={
                limit.name: LimitValue(
                    value=getattr(found, limit.name),
                    default=getattr(self._site, limit.name),
                    used=used.get(limit.name),
                )
                for limit in LIMITS
            },
        )
