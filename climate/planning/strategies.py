# SPDX-License-Identifier: Apache-2.0
"""Which schedulers there are, which one a request gets, and what it may choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import stevedore

from climate.core.calendar.gaps import Calendar
from climate.core.calendar.search import Need
from climate.core.calendar.sparing import GroupRows
from climate.core.schedulers import in_use
from climate.core.schedulers.in_use import InUseRule
from climate.core.schedulers.protocol import Choice, Scheduler
from climate.errors import BadField, ConfigError
from climate.rpcapi.planning import SchedulerInfo

NAMESPACE = "climate.schedulers"


class Strategies:
    """The installed schedulers by name, the operator's default, and what hosts in use are to them.

    :raises ConfigError: when the default is not installed.
    """

    def __init__(self, by_name: Mapping[str, Scheduler], default: str, rule: InUseRule = in_use.DEFAULT) -> None:
        if default not in by_name:
            raise ConfigError(
                f"[planning] default_scheduler = {default} is not installed; there are: {', '.join(sorted(by_name))}.",
                option="default_scheduler",
            )
        self._by_name = dict(by_name)
        self._default = default
        self._rule = rule

    def choose(self, name: str, calendar: Calendar, groups: Sequence[GroupRows], need: Need, now: int) -> Choice | None:
        """What the scheduler of a request takes; ``None`` where nothing fits.

        :raises BadField: no such scheduler.
        """
        return in_use.choose(self.named(name), calendar, groups, need, now, self._rule)

    def named(self, name: str) -> Scheduler:
        """The scheduler of a request; ``""`` is the default.

        :raises BadField: no such scheduler.
        """
        try:
            return self._by_name[name or self._default]
        except KeyError:
            raise BadField(
                f"There is no scheduler {name!r}: GET /v1/schedulers lists those that you may name.", field="scheduler"
            ) from None

    def listed(self) -> list[SchedulerInfo]:
        """All schedulers, by name."""
        return [
            SchedulerInfo(name=name, description=scheduler.description, default=name == self._default)
            for name, scheduler in sorted(self._by_name.items())
        ]


def installed() -> dict[str, Scheduler]:
    """The schedulers that the entry points name, each made once."""
    manager: stevedore.ExtensionManager[Scheduler] = stevedore.ExtensionManager(NAMESPACE, invoke_on_load=True)
    return {extension.name: extension.obj for extension in manager if extension.obj is not None}
