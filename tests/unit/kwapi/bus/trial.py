# SPDX-License-Identifier: Apache-2.0
"""A bus in one process: a source that can be restarted, a forwarder that can be taken away, a consumer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

from kwapi.bus.answering import Answering
from kwapi.bus.archive import Ring
from kwapi.bus.forwarder import Forwarder
from kwapi.bus.publisher import Publisher
from kwapi.bus.spool import Spool
from kwapi.bus.subscriber import Subscriber
from kwapi.core.condition import Condition
from kwapi.core.delivery import Batch, Event, Lost
from kwapi.core.reading import Reading, readings_of
from kwapi.core.sequence import Position
from kwapi.core.wire import Key, Signer, Verifier

KEY = bytes(range(32))
DEVICE = "lyon/r1/pdu1/"
WITHIN_S = 60.0


class Source:
    """One life of a source, at ``folder/name.{pub,ask}``; each batch has the next number as its watts."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        folder: Path,
        *,
        name: str = "s",
        spooled: bool = True,
        high_water: int = 1000,
        ring_bytes: int = 10_000_000,
        patience_s: float = 0.0,
        devices: Callable[[], Iterable[Condition]] = tuple,
    ) -> None:
        self._socket = context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.SNDHWM, high_water)
        self._socket.bind(f"ipc://{folder}/{name}.pub")
        self.spool = Spool(folder / f"{name}.spool", 100_000_000, 3600, time.time) if spooled else None
        signer = Signer(name, f"key of {name}", KEY, time.time_ns())
        self.publisher = Publisher(
            self._socket, signer, Ring(ring_bytes), self.spool, time.time_ns, patience_s=patience_s
        )
        asked = context.socket(zmq.ROUTER)
        asked.bind(f"ipc://{folder}/{name}.ask")
        self._answering = Answering(asked, self.publisher)
        self._answering.tell_of(devices)
        self._answering.start()

    def say(self, *watts: float, device: str = DEVICE, outlets: int = 1) -> None:
        """A batch for each number."""
        for power in watts:
            now = time.time_ns()
            batch = [
                Reading(probe_id=f"{device}{outlet}", begin_ns=now, end_ns=now, watts=power)
                for outlet in range(1, outlets + 1)
            ]
            self.publisher.publish(device, batch)

    def die(self) -> None:
        """What was not sent is not sent; what was written stays."""
        self._socket.close(linger=0)
        self._answering.stop()
        self._answering.wait()


def verifier(*sources: str) -> Verifier:
    """Whoever believes these sources."""
    return Verifier({f"key of {source}": Key(source, KEY) for source in sources or ("s",)})


class Trial:
    """What is needed to try the bus; everything ends with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._sources: list[Source] = []

    def source(self, **how: Any) -> Source:
        """A source that lives until the end, or until it is told to die."""
        made = Source(self.context, self.folder, **how)
        self._sources.append(made)
        return made

    def consumer(
        self, *upstreams: str, prefixes: tuple[str, ...] = ("",), positions: Any = None, **how: Any
    ) -> Subscriber:
        """A consumer of what is at ``upstreams``."""
        upstreams = upstreams or ("s",)
        live = self.context.socket(zmq.SUB)
        live.setsockopt(zmq.RCVHWM, how.pop("high_water", 1000))
        askable = []
        for name in upstreams:
            live.connect(f"ipc://{self.folder}/{name}.pub")
            askable.append(self.context.socket(zmq.DEALER))
            askable[-1].connect(f"ipc://{self.folder}/{name}.ask")
        known = how.pop("verifier", None) or verifier("s", *upstreams)
        return Subscriber(live, askable, known, prefixes, time.time_ns, positions=positions, ask_every_s=0.2, **how)

    @contextmanager
    def forwarder(self, *upstreams: str, name: str = "f") -> Iterator[None]:
        """A forwarder behind ``upstreams``."""
        upstream, downstream = self.context.socket(zmq.XSUB), self.context.socket(zmq.XPUB)
        askable = []
        for one in upstreams:
            upstream.connect(f"ipc://{self.folder}/{one}.pub")
            askable.append(self.context.socket(zmq.DEALER))
            askable[-1].connect(f"ipc://{self.folder}/{one}.ask")
        downstream.bind(f"ipc://{self.folder}/{name}.pub")
        asked = self.context.socket(zmq.ROUTER)
        asked.bind(f"ipc://{self.folder}/{name}.ask")
        running = Forwarder(self.context, upstream, downstream, askable, asked)
        running.start()
        try:
            yield
        finally:
            running.stop()
            running.wait()

    def close(self) -> None:
        """End all."""
        for source in self._sources:
            source.die()
        self.context.destroy(linger=0)


def until(consumer: Subscriber, true: Callable[[list[Event]], bool], within_s: float = WITHIN_S) -> list[Event]:
    """What is received until ``true`` is."""
    events: list[Event] = []
    deadline = time.monotonic() + within_s
    while not true(events):
        assert time.monotonic() < deadline, f"{events[-3:]}, {consumer.counts}, {consumer.positions()}"
        events += consumer.receive(0.02)
    return events


def watts(events: list[Event], source: str = "s") -> list[float | None]:
    """The numbers that came from one source."""
    came = [event for event in events if isinstance(event, Batch) and event.source == source]
    return [reading.watts for event in came for reading in readings_of(event.readings)]


def lost(events: list[Event]) -> int:
    """How many batches are told as lost."""
    return sum(event.last - event.first + 1 for event in events if isinstance(event, Lost))


def acquainted(consumer: Subscriber, source: Source, number: float = 0.0) -> None:
    """Until the source's batches reach the consumer; they are all ``number``."""
    deadline = time.monotonic() + WITHIN_S
    while not consumer.receive(0.02):
        assert time.monotonic() < deadline, consumer.counts
        source.say(number)
    settled(consumer)


def settled(consumer: Subscriber) -> None:
    """Until nothing more comes, and nothing is missing."""
    quiet = 0
    while quiet < 5:
        quiet = 0 if consumer.receive(0.02) or consumer.missing else quiet + 1


def positions(consumer: Subscriber) -> dict[tuple[str, str], Position]:
    """What a consumer would write down."""
    return consumer.positions()
