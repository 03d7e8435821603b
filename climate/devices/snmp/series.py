# SPDX-License-Identifier: Apache-2.0
"""Files that tell of a whole series of devices, which differ in nothing but names and one number of their objects."""

from __future__ import annotations

import re
from typing import Any

import yaml

from climate.errors import ConfigError

_MODEL = re.compile(r"[a-z0-9]+")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # every start reads every profile


def members(file: str, text: str) -> list[tuple[str, str]]:
    """The files that one stands for, as names and contents: itself, or one for each model of its ``series``.

    ``series`` gives each model its number; ``<model>``, ``<MODEL>`` and
    ``<number>`` stand for these in all other words. ``vendor.yaml`` becomes
    ``vendor-MODEL.yaml``. What is no YAML stays as it is, so that whoever
    reads it can tell.

    :raises ConfigError: the series is none.
    """
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - it is a safe one
    except yaml.YAMLError:
        return [(file, text)]
    if not isinstance(document, dict) or "series" not in document:
        return [(file, text)]
    series = document.pop("series")
    if not _is_series(series):
        raise ConfigError(f"{file}: series: here must be models in small letters, each with a number")
    pattern = yaml.safe_dump(document, sort_keys=False, width=4096)
    stem = file.removesuffix(".yaml")
    return [
        (f"{stem}-{model}.yaml", _filled(pattern, model, number))
        for model, number in sorted(series.items(), key=lambda pair: pair[0])
    ]


def _is_series(series: Any) -> bool:
    return (
        isinstance(series, dict)
        and bool(series)
        and all(isinstance(model, str) and _MODEL.fullmatch(model) for model in series)
        and all(type(number) is int and number >= 0 for number in series.values())
    )


def _filled(pattern: str, model: str, number: int) -> str:
    return pattern.replace("<model>", model).replace("<MODEL>", model.upper()).replace("<number>", str(number))
