# SPDX-License-Identifier: Apache-2.0
"""Which schedulers there are, and which one a request gets."""

from __future__ import annotations

from collections.abc import Mapping

import stevedore

from climate.core.schedulers.protocol import Scheduler
from climate.errors import BadField, ConfigError
from climate.rpcapi.planning import SchedulerInfo

NAMESPACE = "climate.schedulers"


class Strategies:
    """The installed schedulers by name, and the operator's default.

    :raises ConfigError: when the default is not installed.
    """

    def __init__(self, by_name: Mapping[str, Scheduler], default: str) -> None:
        if default not in by_name:
            raise ConfigError(
                f"[planning] default_scheduler = {default} is not installed; there are: {', '.join(sorted(by_name))}.",
                option="default_scheduler",
            )
        self._by_name = dict(by_name)
        self._default = default

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
