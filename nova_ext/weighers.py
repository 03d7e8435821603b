# SPDX-License-Identifier: Apache-2.0
"""The weighers of nova-scheduler: hosts that stay free for long, then those that do most with a joule.

Nova scales what each gives to 0..1 (by ``minval`` and ``maxval``, or else by
the least and the greatest of the request), multiplies, and adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nova.scheduler import weights
from oslo_config import cfg

from nova_ext import options, ranks, source

options.register(cfg.CONF)


class FreeTimeWeigher(weights.BaseHostWeigher):
    """Prefers hosts whose next lease is far away; silent about instances that are in a lease."""

    minval = 0.0
    maxval = 1.0

    def __init__(self) -> None:
        self._source = source.shared()

    def weight_multiplier(self, host_state: Any) -> float:
        return self._source.settings.free_time_weight_multiplier

    def weigh_objects(self, weighed_obj_list: Sequence[Any], weight_properties: Any) -> list[float]:
        """Each host's worth in 0..1, by one look-up."""
        return ranks.by_free_time(self._source, [weighed.obj for weighed in weighed_obj_list], weight_properties)

    def _weigh_object(self, obj: Any, weight_properties: Any) -> float:
        return ranks.by_free_time(self._source, [obj], weight_properties)[0]


class EfficiencyWeigher(weights.BaseHostWeigher):
    """Prefers hosts with more flop per joule, as far as these are known."""

    def __init__(self) -> None:
        self._source = source.shared()

    def weight_multiplier(self, host_state: Any) -> float:
        return self._source.settings.efficiency_weight_multiplier

    def weigh_objects(self, weighed_obj_list: Sequence[Any], weight_properties: Any) -> list[float]:
        """Each host's efficiency in flop/J, by one look-up."""
        return ranks.by_efficiency(self._source, [weighed.obj for weighed in weighed_obj_list])

    def _weigh_object(self, obj: Any, weight_properties: Any) -> float:
        return ranks.by_efficiency(self._source, [obj])[0]
