# SPDX-License-Identifier: Apache-2.0
"""Which devices are not well, by the word of their sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kwapi.core.condition import Condition
from kwapi.core.energy import NS
from kwapi.core.wire import Conditions

_ORDER_NS = 60 * NS
"""A word that was sent before one of so little time ago came another way, and late."""


@dataclass(frozen=True, slots=True)
class _Told:
    """The last whole word of a source."""

    sent_ns: int
    heard_ns: int
    devices: Mapping[str, Condition]
    by_probe: Mapping[str, Condition]


class Devices:
    """What the sources say of devices. One thread hands words in, any may look.

    A new word of a source takes the place of its last one. A source that was
    silent for ``forget_s`` is not believed any more.
    """

    def __init__(self, clock_ns: Callable[[], int], forget_s: float) -> None:
        self._clock_ns = clock_ns
        self._forget_ns = int(forget_s * NS)
        self._coming: dict[str, tuple[int, dict[int, Conditions]]] = {}
        # Whoever reads this sees the old or the new; it is never changed, only replaced.
        self._told: Mapping[str, _Told] = {}

    def take(self, word: Conditions) -> None:
        """Note one part of a source's word; it counts when all are there."""
        now_ns = self._clock_ns()
        known = self._told.get(word.source)
        if known is not None and word.sent_ns <= known.sent_ns and now_ns - known.heard_ns < _ORDER_NS:
            return
        sent_ns, parts = self._coming.get(word.source, (0, {}))
        if sent_ns != word.sent_ns:
            parts = {}
            self._coming[word.source] = word.sent_ns, parts
        parts[word.part] = word
        if len(parts) < word.parts:
            return
        del self._coming[word.source]
        devices = {device.device: device for part in parts.values() for device in part.devices}
        by_probe = {probe: device for device in devices.values() for probe in device.probes}
        kept = {source: told for source, told in self._told.items() if now_ns - told.heard_ns <= self._forget_ns}
        self._told = {**kept, word.source: _Told(word.sent_ns, now_ns, devices, by_probe)}

    def under(self, prefix: str = "") -> list[Condition]:
        """The devices that are not well and have a name under a prefix, or a probe that it concerns; by name."""
        found = {
            name: device
            for told in self._believed()
            for name, device in told.devices.items()
            if f"{name}/".startswith(prefix) or any(probe.startswith(prefix) for probe in device.probes)
        }
        return [found[name] for name in sorted(found)]

    def of_probe(self, probe_id: str) -> Condition | None:
        """What is wrong with a probe's device, where it concerns this probe."""
        return next((told.by_probe[probe_id] for told in self._believed() if probe_id in told.by_probe), None)

    def _believed(self) -> list[_Told]:
        oldest_ns = self._clock_ns() - self._forget_ns
        return [told for told in self._told.values() if told.heard_ns >= oldest_ns]
