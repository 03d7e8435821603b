# SPDX-License-Identifier: Apache-2.0
"""Functions that Nova takes in ``available_filters`` and ``weight_classes``: they give what is installed.

Others may add filters and weighers of their own under the same entry points.
One that cannot be loaded keeps nova-scheduler from starting, as a class path
that is wrong would: without its filter it would break promises in silence.
"""

from __future__ import annotations

from typing import Any

from stevedore import ExtensionManager

FILTERS = "climate.nova.filters"
WEIGHERS = "climate.nova.weighers"


def filters() -> list[type[Any]]:
    """The classes under the entry point ``climate.nova.filters``.

    :raises Exception: whatever the import of one of them raises.
    """
    return _classes(FILTERS)


def weighers() -> list[type[Any]]:
    """The classes under the entry point ``climate.nova.weighers``.

    :raises Exception: whatever the import of one of them raises.
    """
    return _classes(WEIGHERS)


def _classes(group: str) -> list[type[Any]]:
    found = ExtensionManager(group, on_load_failure_callback=_refuse)
    return [extension.plugin for extension in sorted(found, key=lambda extension: extension.name)]


def _refuse(_manager: Any, _point: Any, error: BaseException) -> None:
    raise error
