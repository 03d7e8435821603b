# SPDX-License-Identifier: Apache-2.0
"""What Nova's host aggregates say of the hosts in them.

``aggregate`` holds the names of all aggregates that a host is in,
``availability_zone`` the zone, and ``aggregate.KEY`` what their metadata say
under a key. A key of which two aggregates of one host say different things
says nothing of that host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from climate.inventory.sources.nova_record import Facts, word

PREFIX = "aggregate."
_ZONE = "availability_zone"  # Nova repeats the zone in the metadata


@dataclass(slots=True)
class Membership:
    """What the aggregates say of the hosts of one compute service; ``notes`` tell where they contradict each other."""

    names: list[str] = field(default_factory=list)
    zone: str = ""
    metadata: dict[str, set[str]] = field(default_factory=dict)

    @property
    def facts(self) -> Facts:
        """The properties that follow; those from metadata are texts."""
        facts: Facts = {f"{PREFIX}{key}": next(iter(said)) for key, said in self.metadata.items() if len(said) == 1}
        if self.names:
            facts["aggregate"] = " ".join(sorted(set(self.names)))
        if self.zone:
            facts[_ZONE] = self.zone
        return facts

    @property
    def notes(self) -> list[str]:
        """The keys that say nothing, because they say several things."""
        return [
            f"its aggregates contradict each other about {key}" for key, said in self.metadata.items() if len(said) > 1
        ]


def memberships(aggregates: Iterable[Mapping[str, Any]], private: Sequence[str] = ()) -> dict[str, Membership]:
    """For every compute service that is in aggregates, by its name, what they say of it.

    ``private``: keys of the metadata that begin so are left out.
    """
    found: dict[str, Membership] = {}
    for aggregate in aggregates:
        hosts, metadata = aggregate.get("hosts"), aggregate.get("metadata")
        name, zone = aggregate.get("name"), aggregate.get(_ZONE)
        for host in hosts if isinstance(hosts, list) else ():
            membership = found.setdefault(str(host), Membership())
            if isinstance(name, str) and name.strip():
                membership.names.append(word(name))
            if isinstance(zone, str) and zone:
                membership.zone = zone
            for key, value in metadata.items() if isinstance(metadata, dict) else ():
                if key != _ZONE and isinstance(value, str) and value and not key.startswith(tuple(private)):
                    membership.metadata.setdefault(key, set()).add(value)
    return found
