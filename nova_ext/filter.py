# SPDX-License-Identifier: Apache-2.0
"""The filter of nova-scheduler: leased hosts for their lease's instances alone, other hosts for all others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nova.scheduler import filters
from oslo_config import cfg

from nova_ext import options, source

options.register(cfg.CONF)


class LeaseFilter(filters.BaseHostFilter):
    """Decides all hosts of a request together, from memory.

    A rebuild passes: it keeps the instance where it is, and a refusal would
    only hurt whoever is there by right.
    """

    RUN_ON_REBUILD = False

    def __init__(self) -> None:
        self._gate = source.shared().gate

    def filter_all(self, filter_obj_list: Iterable[Any], spec_obj: Any) -> list[Any]:
        """Those hosts that the request may have; see :mod:`nova_ext.decisions`."""
        return self._gate.passing(list(filter_obj_list), spec_obj)

    def host_passes(self, host_state: Any, filter_properties: Any) -> bool:
        """The same for one host, where somebody asks so."""
        return bool(self._gate.passing([host_state], filter_properties))
