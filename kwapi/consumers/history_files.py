# SPDX-License-Identifier: Apache-2.0
"""Rows of power over time in files of a fixed size per probe, changed all at once or not at all.

In its folder: ``probes``, a name a line, whose place is the probe's number;
one file for each tier (``1s``, ``10s``, ...), for each probe a ring of rows;
and *changes*, files with the rows as they stand after a change. A change is
written and brought to the disk first. It counts when the checkpoint that names
its number is there, and is then put into the rings; a start does that again
with those that count, in their order, and drops the others. They hold rows as
they are to be, not differences, so to do it twice is to do it once.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climate.errors import ConfigError
from kwapi.core.history import ROW, Rows, Tier, merged

Array = NDArray[Any]

_CHANGE = np.dtype([("tier", "<u4"), ("place", "<u8"), ("row", ROW)])
_SUFFIX = ".change"
_PROBES = "probes"
_PROBES_AT_A_TIME = 64
"""So many probes' rings are added to a file at a time; what was never written takes no room on the disk."""


class HistoryFiles:
    """The rings of ``tiers`` in ``folder``. One thread changes them, any may read.

    ``generation`` is the number of the last change that counts.

    :raises ConfigError: the folder cannot be used, or holds other tiers.
    """

    def __init__(self, folder: Path, tiers: Sequence[Tier], generation: int) -> None:
        self._folder = folder
        self._tiers = tuple(tiers)
        self._lock = threading.Lock()
        self._prepared: tuple[int, Array] | None = None
        self._applied = generation
        self._written = 0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._names = self._read_names()
            self._written = len(self._names)
            self._numbers = {name: number for number, name in enumerate(self._names)}
            self._rings = [self._open(tier) for tier in self._tiers]
            self._recover(generation)
        except (OSError, ValueError) as error:
            raise ConfigError(f"The history in {folder} cannot be used: {error}.", option="history_dir") from None

    def number(self, probe_id: str) -> int:
        """A probe's number; it gets one if it has none."""
        number = self._numbers.get(probe_id)
        if number is None:
            number = self._numbers[probe_id] = len(self._names)
            self._names.append(probe_id)
        return number

    def known(self, probe_id: str) -> int | None:
        """A probe's number, if it has one."""
        return self._numbers.get(probe_id)

    def prepare(self, generation: int, rows: Sequence[Rows]) -> None:
        """Write the change of that number: ``rows`` of each tier come on top of what is there.

        :raises OSError: it cannot be written; nothing has changed.
        """
        self._make_room()
        changes = [self._change(place, added) for place, added in enumerate(rows)]
        change = np.concatenate(changes) if changes else np.zeros(0, _CHANGE)
        _write(self._path(generation), change.tobytes())
        self._prepared = generation, change

    def apply(self) -> None:
        """Put the prepared change, which counts now, into the rings."""
        if self._prepared is not None:
            generation, change = self._prepared
            self._put(change)
            self._prepared = None
            self._applied = generation

    def rows(self, number: int, tier: int, first: int, last: int) -> Array:
        """A probe's rows of the buckets ``first`` to ``last`` as far as there are some, in their order."""
        length = self._tiers[tier].rows
        if last < first or number * length >= len(self._rings[tier]):
            return np.zeros(0, ROW)
        # Each place once; which bucket stands there, its row says.
        buckets = np.arange(first, min(last, first + length - 1) + 1)
        with self._lock:
            found: Array = self._rings[tier][number * length + buckets % length]
        found = found[(found["bucket"] >= first) & (found["bucket"] <= last)]
        return found[np.argsort(found["bucket"], kind="stable")]

    def sync(self) -> None:
        """Bring the rings to the disk; changes before that need not be kept."""
        done = [number for number in self._numbers_of_changes() if number <= self._applied]
        for tier in self._tiers:
            descriptor = os.open(self._ring_path(tier), os.O_RDWR | os.O_CLOEXEC)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        for number in done:
            self._path(number).unlink(missing_ok=True)

    def _change(self, tier: int, added: Rows) -> Array:
        length = self._tiers[tier].rows
        place = added.probe.astype("<u8") * length + added.rows["bucket"] % length
        # Of several buckets of one place, which only a long absence brings, the last stays.
        order = np.lexsort((added.rows["bucket"], place))
        last = np.flatnonzero(np.concatenate((place[order][1:] != place[order][:-1], [True]))) if len(order) else order
        chosen = order[last]
        change = np.zeros(len(chosen), _CHANGE)
        change["tier"] = tier
        change["place"] = place[chosen]
        change["row"] = merged(self._rings[tier][place[chosen]], added.rows[chosen])
        return change

    def _put(self, change: Array) -> None:
        with self._lock:
            for tier, ring in enumerate(self._rings):
                mine = change[change["tier"] == tier]
                ring[mine["place"]] = mine["row"]

    def _recover(self, generation: int) -> None:
        for number in self._numbers_of_changes():
            path = self._path(number)
            if number > generation:
                path.unlink()
                continue
            change = np.frombuffer(path.read_bytes(), _CHANGE)
            if len(change) and any(
                change["place"][change["tier"] == tier].max(initial=0) >= len(ring)
                for tier, ring in enumerate(self._rings)
            ):
                raise ValueError(f"{path.name} is of another history")
            self._put(change)

    def _make_room(self) -> None:
        """Rings and names for probes that are new."""
        room = min(len(ring) // tier.rows for tier, ring in zip(self._tiers, self._rings, strict=True))
        if len(self._names) > room:
            rings = [self._open(tier) for tier in self._tiers]
            with self._lock:
                self._rings = rings
        if len(self._names) > self._written:
            _write(self._folder / _PROBES, "".join(f"{name}\n" for name in self._names).encode())
            self._written = len(self._names)

    def _read_names(self) -> list[str]:
        path = self._folder / _PROBES
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def _open(self, tier: Tier) -> Array:
        """A tier's rings, with room for all probes and some more."""
        probes = (len(self._names) // _PROBES_AT_A_TIME + 1) * _PROBES_AT_A_TIME
        path = self._ring_path(tier)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            ring_bytes = tier.rows * ROW.itemsize
            size = max(os.fstat(descriptor).st_size, probes * ring_bytes)
            if size % ring_bytes:
                raise ValueError(f"{path.name} is of another history")
            os.ftruncate(descriptor, size)
            mapped = mmap.mmap(descriptor, size)
            # A row here and one there: what stands around them is not wanted, and reading it would cost most of all.
            mapped.madvise(mmap.MADV_RANDOM)
        finally:
            os.close(descriptor)
        return np.frombuffer(mapped, ROW)

    def _ring_path(self, tier: Tier) -> Path:
        return self._folder / f"{tier.step_s}s"

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:020d}{_SUFFIX}"

    def _numbers_of_changes(self) -> list[int]:
        return sorted(int(path.name.removesuffix(_SUFFIX)) for path in self._folder.glob(f"*{_SUFFIX}"))


def _write(path: Path, data: bytes) -> None:
    """A whole file in the place of the old one, on the disk before this returns."""
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
