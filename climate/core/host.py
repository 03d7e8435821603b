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
    ``unavailable_reason`` says why the source wants no new leases on the
    host; it is empty while it does. ``kept`` names facts (each for itself and
    for all that are nested in it) that the source cannot tell now: where it
    does not, what was last known stays.
    """

    name: str
    service_host: str = ""
    external_id: str = ""
    properties: dict[str, PropertyValue] = field(default_factory=dict)
    unavailable_reason: str = ""
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host with our own identity.

    ``host_id`` is a uuid that is never used again; ``name`` is unique among
    hosts; instants are epoch seconds. ``properties`` are what its source
    tells; in answers of the inventory, what holds in effect. ``given`` is what
    an admin says of this host: that holds before anything else. A host is a
    candidate for leases while it is neither disabled by an admin, nor said to
    be unavailable by its source, nor retired because its source no longer
    names it.
    """

    host_id: str
    name: str
    service_host: str
    external_id: str
    source: str
    properties: dict[str, PropertyValue]
    given: dict[str, PropertyValue] = field(default_factory=dict)
    unavailable_reason: str = ""
    disabled: bool = False
    disabled_reason: str = ""
    first_seen_at: int = 0
    last_seen_at: int = 0
    retired_at: int | None = None

    @property
    def bookable(self) -> bool:
        """Whether new leases may have it."""
        return not self.disabled and not self.unavailable_reason and self.retired_at is None
