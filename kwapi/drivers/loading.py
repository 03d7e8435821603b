# SPDX-License-Identifier: Apache-2.0
"""The drivers that are installed, by the names of their entry points."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from typing import Any

from stevedore.named import NamedExtensionManager

from climate.errors import ConfigError
from kwapi.drivers.protocol import DriverType

NAMESPACE = "kwapi.drivers"


def names() -> list[str]:
    """What drivers there are, in the order of the alphabet; loads none."""
    return sorted({point.name for point in importlib.metadata.entry_points(group=NAMESPACE)})


def load(name: str) -> DriverType:
    """The driver of that name; capitals do not matter. Others are not loaded: what they need may not be installed.

    :raises ConfigError: there is none, or it cannot be loaded.
    """
    failures: list[BaseException] = []
    installed = names()
    known = next((each for each in installed if each.lower() == name.lower()), None)
    if known is None:
        raise ConfigError(f"there is no driver {name!r}; there are: {', '.join(installed)}")
    manager: Iterable[Any] = NamedExtensionManager(
        NAMESPACE, [known], on_load_failure_callback=lambda _, __, error: failures.append(error)
    )
    for extension in manager:
        found: DriverType = extension.plugin
        return found
    reason = f"{type(failures[0]).__name__}: {failures[0]}" if failures else "it does not load"
    raise ConfigError(f"the driver {known} cannot be loaded: {reason}")
