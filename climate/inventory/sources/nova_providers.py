# SPDX-License-Identifier: Apache-2.0
"""What Placement says of hosts, asked of a bounded number of them at a time.

Placement tells one provider's traits and inventories at a time, and they
hardly ever change. So each round asks about some hosts only, those first that
were never asked about, then those whose answer is oldest; of the others the
last answer stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from climate.inventory.sources.nova_record import Facts

_PROCESSORS = ("VCPU", "PCPU")  # shared, and dedicated to one instance
_CAPACITY = {"MEMORY_MB": "memory_mb", "DISK_GB": "local_gb"}


class Placement(Protocol):
    """The part of Placement that is needed here."""

    def traits(self, provider_id: str) -> list[str]: ...

    def totals(self, provider_id: str) -> dict[str, int]: ...


@dataclass(frozen=True, slots=True)
class Provider:
    """What was said of one host, as the ``asked``-th that was asked about; ``None`` for what was not wanted."""

    asked: int
    traits: tuple[str, ...] | None = None
    totals: Mapping[str, int] | None = None

    @property
    def facts(self) -> Facts:
        """The properties that follow."""
        facts: Facts = {}
        if self.traits:
            facts["traits"] = " ".join(sorted(self.traits))
        totals = self.totals or {}
        processors = [totals[name] for name in _PROCESSORS if name in totals]
        if processors:
            facts["vcpus"] = sum(processors)
        facts.update({fact: totals[name] for name, fact in _CAPACITY.items() if name in totals})
        return facts


class Providers:
    """Answers about hosts by the ids of their providers, gathered round by round.

    ``prefixes`` are the beginnings of the traits that count; without any, no
    traits are asked for.
    """

    def __init__(self, placement: Placement, per_round: int, prefixes: Sequence[str] = ()) -> None:
        self._placement = placement
        self._per_round = per_round
        self._prefixes = tuple(prefixes)
        self._asked = 0
        self._known: dict[str, Provider] = {}

    @property
    def tells_traits(self) -> bool:
        """Whether traits are asked for."""
        return bool(self._prefixes)

    def look(self, provider_ids: Iterable[str], capacity: bool) -> dict[str, Provider]:
        """What is known of these hosts after one more round; nothing where there is nothing to ask.

        ``capacity``: whether to ask how much the hosts have. What was answered
        before Placement failed is remembered.
        """
        if not (self.tells_traits or capacity):
            return {}
        ids = list(dict.fromkeys(provider_ids))
        self._known = {provider_id: self._known[provider_id] for provider_id in ids if provider_id in self._known}
        for provider_id in sorted(ids, key=lambda provider_id: self._age(provider_id, capacity))[: self._per_round]:
            self._known[provider_id] = self._ask(provider_id, capacity)
        return dict(self._known)

    def _age(self, provider_id: str, capacity: bool) -> int:
        """Least for what is wanted most."""
        known = self._known.get(provider_id)
        return -1 if known is None or (capacity and known.totals is None) else known.asked

    def _ask(self, provider_id: str, capacity: bool) -> Provider:
        traits = None
        if self.tells_traits:
            traits = tuple(trait for trait in self._placement.traits(provider_id) if trait.startswith(self._prefixes))
        self._asked += 1
        return Provider(self._asked, traits, self._placement.totals(provider_id) if capacity else None)
