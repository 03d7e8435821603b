# SPDX-License-Identifier: Apache-2.0
"""Which properties somebody may name, and therefore see.

To whoever may not, a property is unknown: it is in no list and no answer, and
naming it is refused as a name is that nobody ever used.
"""

from __future__ import annotations

from dataclasses import dataclass

from climate.core.host_properties.catalogue import OWN, STANDARD

SERVICE = "service."
"""How the names of Nova's facts about its compute service begin; they tell whose host it is."""


def hidden_by_default(name: str) -> bool:
    """Whether a property tells one host from another, so that it is hidden unless the admin says otherwise."""
    standard = STANDARD.get(name)
    return name.startswith(SERVICE) or (standard is not None and standard.identifies_host)


@dataclass(frozen=True, slots=True)
class Visibility:
    """What an admin hid, and what an admin showed that is hidden by default."""

    hidden: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()

    def hides(self, name: str) -> bool:
        """Whether a property is hidden from those who do not see hosts; what is a host's name or id always is."""
        return name in self.hidden or (hidden_by_default(name) and (name in OWN or name not in self.shown))

    def may_name(self, name: str, sees_hosts: bool) -> bool:
        """Whether somebody may name a property; who sees hosts may name all."""
        return sees_hosts or not self.hides(name)
