# SPDX-License-Identifier: Apache-2.0
"""What the operator may say of the manager and, in a section of its own, of each wattmeter."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from oslo_config import cfg, types

_SEPARATOR = re.compile(r",?\n|,")
_INTERVAL_S = {"min": 0.01, "max": 86_400.0}
_TIMEOUT_S = {"min": 0.01, "max": 3_600.0}

OPTS = [
    cfg.StrOpt("site", default="site", help="The first part of the names of devices and probes."),
    cfg.StrOpt("rack", default="", help="Where the wattmeters are that do not say it themselves: the second part."),
    cfg.FloatOpt("interval_s", default=1.0, **_INTERVAL_S, help="How often each wattmeter is read."),
    cfg.FloatOpt(
        "timeout_s",
        default=2.0,
        **_TIMEOUT_S,
        help="How long a wattmeter may take to answer. A driver that has not come back after that, and after two "
        "intervals, is given up, and a new one takes its place.",
    ),
    cfg.FloatOpt(
        "longest_pause_s",
        default=30.0,
        min=0.0,
        max=86_400.0,
        help="A wattmeter that does not answer is asked again after pauses that double, up to this.",
    ),
    cfg.IntOpt(
        "hung_drivers",
        default=3,
        min=1,
        max=100,
        help="How many drivers of one wattmeter may hang at a time; with so many, no further one is started.",
    ),
    cfg.FloatOpt(
        "stop_timeout_s", default=5.0, min=0.0, max=600.0, help="How long drivers may take to finish at the end."
    ),
    cfg.ListOpt(
        "wattmeters",
        default=[],
        help="Files with the sections of wattmeters, and directories whose files ending in .conf are such. They may "
        "as well stand in the process's own files.",
    ),
]


class Outlets(types.ConfigType):
    """The names of a wattmeter's outlets in its order: commas or lines between them, or a JSON or Python list.

    ``-``, ``null`` or nothing stands for an outlet that is not read.
    """

    def __init__(self) -> None:
        super().__init__(type_name="list of outlets")

    def __call__(self, value: Any) -> tuple[str | None, ...]:
        """The outlets.

        :raises ValueError: there is none, or the list cannot be read.
        """
        text = str(value).strip()
        found = _listed(text) if text.startswith("[") else _SEPARATOR.split(text)
        outlets = tuple(_outlet(each) for each in found)
        if not any(outlets):
            raise ValueError("it names no outlet")
        return outlets

    def __repr__(self) -> str:
        return "Outlets"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outlets)

    __hash__ = None  # type: ignore[assignment]

    def _formatter(self, value: Any) -> str:
        return ", ".join("-" if each is None else each for each in value)


WATTMETER_OPTS = [
    cfg.StrOpt("driver", required=True, help="What kind of wattmeter it is: a name of 'kwapi.drivers'."),
    cfg.Opt(
        "probes",
        type=Outlets(),
        required=True,
        help="The names of its outlets, in its order, separated by commas; - for one that is not to be read. The "
        "full name of a probe is that of the device, a slash, and this.",
    ),
    cfg.StrOpt("rack", help="The second part of the device's name. By default that of [DEFAULT]."),
    cfg.StrOpt("device", help="The whole name of the device: site/rack/device. By default the section gives its end."),
    cfg.FloatOpt("interval_s", **_INTERVAL_S, help="How often it is read. By default as [DEFAULT] says."),
    cfg.FloatOpt("timeout_s", **_TIMEOUT_S, help="How long it may take to answer. By default as [DEFAULT] says."),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The manager's own options; the sections of wattmeters are not registered, but read apart."""
    return [("DEFAULT", OPTS)]


def _listed(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ValueError("it is no list; write names with commas between them") from None
    if not isinstance(found, list):
        raise ValueError("it is no list; write names with commas between them")
    return found


def _outlet(named: Any) -> str | None:
    if named is None:
        return None
    if isinstance(named, bool) or not isinstance(named, str | int):
        raise ValueError(f"{str(named)[:40]!r} is no name of an outlet")
    name = str(named).strip()
    return None if name in {"", "-"} else name
