# SPDX-License-Identifier: Apache-2.0
"""The corpus of malformed filters, and hosts that they are asked of."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from climate.core.host import Host
from tests.functional.site import host

FILE = Path(__file__).with_name("malformed_filters.yaml")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SHOWN = 300  # characters of a clause that an error shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A filter as ``sent`` (JSON text), and what its error says. ``is_list``: it can be sent in a text, too."""

    about: str
    sent: str
    clause: str
    place: str
    says: str
    near: list[str] | None
    is_list: bool

    def body(self, in_text: bool = False) -> bytes:
        """A request for a lease with this filter; ``in_text``: as JSON text in a string."""
        sent = json.dumps(self.sent) if in_text else self.sent
        return f'{{"duration": 3600, "host_properties": {sent}}}'.encode()


def corpus() -> Iterator[Case]:
    """All cases of the file."""
    for group in yaml.load(FILE.read_text(encoding="utf-8"), _LOADER):  # noqa: S506 - it is a safe one
        for entry in group["cases"]:
            sent = _sent(entry)
            clause = entry.get("clause", sent)
            yield Case(
                about=group["about"],
                sent=sent,
                clause=_clipped(clause if isinstance(clause, str) else json.dumps(clause)),
                place=entry["place"],
                says=entry["says"],
                near=entry.get("near"),
                is_list=isinstance(entry.get("filter"), list),
            )


def _sent(entry: dict[str, Any]) -> str:
    if "filter" in entry:
        return json.dumps(entry["filter"])
    if "raw" in entry:
        return str(entry["raw"])
    many = {"head": "", "middle": "", "closing": "", "tail": "", **entry["repeat"]}
    opened, closed = many["part"] * many["times"], many["closing"] * many["times"]
    written: str = many["head"] + opened + many["middle"] + closed + many["tail"]
    return json.dumps(written) if entry.get("text") else written


def _clipped(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def hosts(count: int) -> list[Host]:
    """Hosts with properties of every type, standard ones and others."""
    return [_host(number) for number in range(1, count + 1)]


def _host(number: int) -> Host:
    plain = host(number)
    more = {
        "load": number / 2,
        "color": ("red", "green", "blue")[number % 3],
        "cpu_info.features": "avx sse" if number % 2 else "avx avx512f",
        "turbo": number % 2 == 0,
        "lit": number % 3 == 0,
        "switch": f"s{number % 4}",
    }
    return dataclasses.replace(plain, properties={**plain.properties, **more})
