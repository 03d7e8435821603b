# SPDX-License-Identifier: Apache-2.0
"""A physical host as the inventory knows it."""

from __future__ import annotations

from dataclasses import dataclass, field

PropertyValue = str | int | float | bool
"""What one property of a host may hold; a missing fact is a missing key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHost:
    """A host as a source tells it, before the inventory gives it an identity.

    ``properties`` are flat: nested facts have dotted names (``cpu_info.model``).
    """

    name: str
    service_host: str = ""
    external_id: str = ""
    properties: dict[str, PropertyValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host with our own identity.

    ``host_id`` is a uuid that is never used again; ``name`` is unique among
    hosts; instants are epoch seconds. A host is a candidate for leases while
    it is neither disabled by an admin nor retired because its source no
    longer names it.
    """

    host_id: str
    name: str
    service_host: str
    external_id: str
    source: str
    properties: dict[str, PropertyValue]
    disabled: bool = False
    disabled_reason: str = ""
    first_seen_at: int = 0
    last_seen_at: int = 0
    retired_at: int | None = None

    @property
    def bookable(self) -> bool:
        return not self.disabled and self.retired_at is None
