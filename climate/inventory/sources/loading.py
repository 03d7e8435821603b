# SPDX-License-Identifier: Apache-2.0
"""The sources that the operator chose, by the names of their entry points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import stevedore
from oslo_config import cfg

from climate.errors import ConfigError
from climate.inventory.sources.protocol import Source, SourceType

NAMESPACE = "climate.inventory.sources"


def load(names: Sequence[str], conf: cfg.ConfigOpts) -> list[Source]:
    """Each source that ``names`` names, made once, by its options.

    :raises ConfigError: no name, a name that is not installed, an option that cannot be used.
    """
    installed = _installed()
    there_are = f"there are: {', '.join(sorted(installed))}"
    if not names:
        raise ConfigError(f"[inventory] sources is empty; {there_are}.", option="sources")
    for name in names:
        if name not in installed:
            raise ConfigError(
                f"[inventory] sources names {name}, which is not installed; {there_are}.", option="sources"
            )
    return [installed[name].from_conf(conf) for name in dict.fromkeys(names)]


def _installed() -> dict[str, SourceType]:
    manager: Iterable[Any] = stevedore.ExtensionManager(NAMESPACE)
    return {extension.name: extension.plugin for extension in manager}
