# SPDX-License-Identifier: Apache-2.0
"""Sends a source's readings: numbered, signed, written down, and only then sent to whoever has subscribed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import zmq

from kwapi.bus.archive import Archive, Range, Ring
from kwapi.bus.asking import MOST_BYTES, Fetch, Frames
from kwapi.bus.spool import Spool
from kwapi.core.condition import Condition
from kwapi.core.reading import Columns, Reading, columns_of, only
from kwapi.core.wire import Signer

LOG = logging.getLogger(__name__)

_HIGH_WATER = 1000
_LISTEN_NS = 50_000_000
_FIRST_IMPATIENCE_S = 0.1
_LONGEST_IMPATIENCE_S = 60.0


@dataclass(slots=True)
class Counts:
    """What a publisher did since it started. ``overtaken`` batches were sent while some subscriber was too slow
    for them and has to fetch them; ``unspooled`` ones could not be written down."""

    batches: int = 0
    readings: int = 0
    overtaken: int = 0
    unspooled: int = 0


class Publisher:
    """One source's way to the bus; any thread may publish.

    ``socket`` is a bound XPUB, used by nobody else. A subscriber that cannot
    follow makes it wait for ``patience_s`` at most, and no more for a while
    after that: batches then pass it by, and it fetches them from ``ring`` or
    ``spool``. ``clock_ns`` gives nanoseconds since the epoch.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        signer: Signer,
        ring: Ring,
        spool: Spool | None,
        clock_ns: Callable[[], int],
        *,
        patience_s: float = 0.2,
    ) -> None:
        self.counts = Counts()
        self._socket = socket
        self._socket.setsockopt(zmq.XPUB_NODROP, 1)
        self._signer = signer
        self._ring = ring
        self._spool = spool
        self._clock_ns = clock_ns
        self._patience_s = patience_s
        self._impatient_until = 0.0
        self._impatience_s = _FIRST_IMPATIENCE_S
        self._lock = threading.Lock()
        self._newest: dict[bytes, int] = {}
        self._listened_ns = 0
        self._narrow: set[bytes] = set()

    def publish(self, topic: str, readings: Sequence[Reading]) -> None:
        """Send a batch of readings of probes under ``topic``, which ends with ``/``; nothing to send is no batch."""
        if readings:
            self.publish_columns(topic.encode(), columns_of(readings))

    def publish_columns(self, topic: bytes, columns: Columns) -> None:
        """As :meth:`publish`, of columns."""
        with self._lock:
            sequence = self._newest.get(topic, 0) + 1
            sent_ns = self._clock_ns()
            frame = self._signer.frame(topic, sequence, sent_ns, columns)
            epoch = self._signer.epoch
            if self._spool is not None:
                try:
                    self._spool.append(topic, epoch, sequence, frame)
                except OSError as error:
                    self._not_spooled(error)
            self._ring.append(topic, epoch, sequence, frame)
            self._newest[topic] = sequence
            self.counts.batches += 1
            self.counts.readings += len(columns.probes)
            self._send(frame)
            if sent_ns - self._listened_ns > _LISTEN_NS or sent_ns < self._listened_ns:
                self._listened_ns = sent_ns
                self._listen()
            for narrow in self._narrow:
                if len(narrow) > len(topic) and narrow.startswith(topic):
                    for name, part in _parts(columns, narrow):
                        self._send(self._signer.frame(name, sequence, sent_ns, part))

    def positions(self) -> bytes:
        """The source's signed word on how far its streams are."""
        with self._lock:
            present = dict(self._newest)
        epoch = self._signer.epoch
        streams = [(topic.decode(), epoch, newest) for topic, newest in present.items()]
        if self._spool is not None:
            streams += [
                (topic.decode(), life, newest) for topic, life, newest in self._spool.streams() if life != epoch
            ]
        return self._signer.positions(self._clock_ns(), streams)

    def conditions(self, devices: Iterable[Condition]) -> list[bytes]:
        """The source's signed words on those of its devices that are not well."""
        return self._signer.conditions(self._clock_ns(), devices)

    def fetch(self, wanted: Fetch) -> Frames | None:
        """What there still is of a range of batches; ``None`` if they are of another source."""
        if wanted.source != self._signer.source:
            return None
        return self._found(Range(wanted.topic.encode(), wanted.epoch, wanted.first, wanted.last))

    def _found(self, wanted: Range) -> Frames:
        """From memory what is there, from the spool what was there before; one of them at a time."""
        oldest = self._ring.oldest(wanted.topic, wanted.epoch)
        archive: Archive = self._ring
        if self._spool is not None and (oldest is None or oldest > wanted.first):
            archive = self._spool
            if oldest is not None:
                wanted = replace(wanted, last=min(wanted.last, oldest - 1))
        found = archive.get(wanted, MOST_BYTES)
        return Frames(found[-1][0] if found else wanted.last, [frame for _, frame in found])

    def _send(self, frame: bytes) -> None:
        try:
            self._socket.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            if not self._sent_in_time(frame):
                self.counts.overtaken += 1
                self._socket.setsockopt(zmq.XPUB_NODROP, 0)
                self._socket.send(frame, zmq.NOBLOCK)
                self._socket.setsockopt(zmq.XPUB_NODROP, 1)

    def _sent_in_time(self, frame: bytes) -> bool:
        """Wait for the slowest subscriber, unless that was in vain a while ago."""
        now = time.monotonic()
        if now < self._impatient_until:
            return False
        deadline = now + self._patience_s
        while time.monotonic() < deadline:
            time.sleep(0.0002)
            try:
                self._socket.send(frame, zmq.NOBLOCK)
            except zmq.Again:
                continue
            self._impatience_s = _FIRST_IMPATIENCE_S
            return True
        self._impatient_until = time.monotonic() + self._impatience_s
        self._impatience_s = min(2 * self._impatience_s, _LONGEST_IMPATIENCE_S)
        return False

    def _listen(self) -> None:
        """Learn who subscribes to less than a device."""
        while True:
            try:
                message = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            topic = message[1:]
            if message[:1] == b"\1" and topic.count(b"/") > 0:
                self._narrow.add(topic)
            elif message[:1] == b"\0":
                self._narrow.discard(topic)

    def _not_spooled(self, error: OSError) -> None:
        self.counts.unspooled += 1
        if self.counts.unspooled == 1:
            LOG.error("readings cannot be written down before they are sent: %s", error)


def _parts(columns: Columns, narrow: bytes) -> list[tuple[bytes, Columns]]:
    """For each probe that a narrow subscription reaches: its topic and its readings."""
    indexes: dict[bytes, list[int]] = {}
    for index, probe in enumerate(columns.probes):
        topic = f"{probe}/".encode()
        if topic.startswith(narrow):
            indexes.setdefault(topic, []).append(index)
    return [(topic, only(columns, chosen)) for topic, chosen in indexes.items()]
