# SPDX-License-Identifier: Apache-2.0
"""What every probe says now, and what it has counted since it was first heard."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from kwapi.core.delivery import Batch, Event, Lost
from kwapi.core.energy import NS, Meter, Rules, Step, advance, start
from kwapi.core.reading import NO_FLAGS, Flag, Reading, readings_of

_LAST = "\U0010ffff"

Record = Callable[[Reading, Sequence[Step] | None], None]
"""Told of each reading that is believed, and of what it added to its probe's meter (``None``: it is the first)."""


class Probe(Struct, frozen=True, kw_only=True):
    """A probe's last reading, believed or not, and its meter; ``flaws`` are of that reading.

    ``meter`` is ``None`` until a reading could be believed.
    """

    probe_id: str
    reading: Reading
    meter: Meter | None
    flaws: Flag = NO_FLAGS


class Live:
    """All probes that were heard of. One thread hands batches in, any may look.

    ``rules`` gives what is to be believed of a probe, ``record`` is told. A probe that was silent
    for ``forget_s`` leaves the list; its meter is kept, and goes on if it
    comes back.
    """

    def __init__(
        self,
        rules: Callable[[str], Rules],
        clock_ns: Callable[[], int],
        forget_s: float,
        record: Record | None = None,
    ) -> None:
        self._rules = rules
        self._record = record
        self._clock_ns = clock_ns
        self._forget_ns = int(forget_s * NS)
        self._lock = threading.Lock()
        self._probes: dict[str, Probe] = {}
        self._names: list[str] = []
        self.lost = 0

    def take(self, events: Iterable[Event]) -> None:
        """Note what came, in its order."""
        for event in events:
            if isinstance(event, Lost):
                self.lost += event.last - event.first + 1
            else:
                self._take(event)

    def _take(self, batch: Batch) -> None:
        changed = [self._after(reading) for reading in readings_of(batch.readings)]
        with self._lock:
            self._probes.update((probe.probe_id, probe) for probe in changed)

    def _after(self, reading: Reading) -> Probe:
        rules = self._rules(reading.probe_id)
        before = self._probes.get(reading.probe_id)
        if before is None or before.meter is None:
            steps: Sequence[Step] | None = None
            meter = start(reading, rules)
            flaws = Flag.IMPLAUSIBLE if meter is None else NO_FLAGS
        else:
            meter, steps, flaws = advance(before.meter, reading, rules)
        if self._record is not None and meter is not None:
            self._record(reading, steps)
        return Probe(probe_id=reading.probe_id, reading=reading, meter=meter, flaws=flaws)

    def probe(self, probe_id: str) -> Probe | None:
        """One probe; ``None`` if it is not known, or silent for too long."""
        found = self._probes.get(probe_id)
        return found if found is not None and self._heard_since(found) else None

    def probes(self, prefix: str = "") -> list[Probe]:
        """The probes under a prefix that were not silent for too long, by name."""
        oldest_ns = self._clock_ns() - self._forget_ns
        with self._lock:
            if len(self._names) != len(self._probes):
                self._names = sorted(self._probes)
            names: Sequence[str] = self._names
            if prefix:
                # Behind the last name that begins so comes the first that is greater than any such.
                first = bisect.bisect_left(names, prefix)
                names = names[first : bisect.bisect_left(names, f"{prefix}{_LAST}", first)]
            found = [self._probes[name] for name in names]
        return [probe for probe in found if probe.reading.end_ns >= oldest_ns]

    def meters(self) -> dict[str, Probe]:
        """Everything, to be written down."""
        with self._lock:
            return dict(self._probes)

    def restore(self, probes: Mapping[str, Probe]) -> None:
        """Go on from what was written down."""
        with self._lock:
            self._probes.update(probes)

    def _heard_since(self, probe: Probe) -> bool:
        return self._clock_ns() - probe.reading.end_ns <= self._forget_ns
