# SPDX-License-Identifier: Apache-2.0
"""The estimators that the operator chose, by the names of their entry points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import stevedore

from climate.errors import ConfigError
from kwranking.core.estimators.chain import units
from kwranking.core.estimators.protocol import Estimator

NAMESPACE = "kwranking.estimators"


def load(names: Sequence[str], option: str = "estimators") -> list[Estimator]:
    """Each estimator that ``names`` names, in this order.

    :raises ConfigError: no name, one that is not installed, or several whose indices cannot be compared.
    """
    manager: Iterable[Any] = stevedore.ExtensionManager(NAMESPACE)
    installed = {extension.name: extension.plugin for extension in manager}
    there_are = f"there are: {', '.join(sorted(installed))}"
    if not names:
        raise ConfigError(f"{option} names no estimator; {there_are}.", option=option)
    for name in names:
        if name not in installed:
            raise ConfigError(f"{option} names {name}, which is not installed; {there_are}.", option=option)
    chosen: list[Estimator] = [installed[name]() for name in dict.fromkeys(names)]
    if len(units(chosen)) > 1:
        told = ", ".join(f"{estimator.name} in {estimator.unit}" for estimator in chosen)
        raise ConfigError(f"{option} mixes indices that cannot be compared: {told}.", option=option)
    return chosen
