# SPDX-License-Identifier: Apache-2.0
"""Hears the bus: every batch once and in order, fetched where it did not come; what cannot be had is told.

A consumer calls :meth:`Subscriber.receive` again and again from one thread,
does its work with what it gets, and writes down :meth:`Subscriber.positions`
together with the result. Begun anew with these, it goes on with nothing twice
and nothing missed, however it ended.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import zmq
from msgspec import structs

from kwapi.bus import asking
from kwapi.core.delivery import Batch, Event, Lost, Stream
from kwapi.core.reading import only
from kwapi.core.sequence import Hole, InOrder, Position
from kwapi.core.wire import BadFrame, Conditions, Frame, Positions, Verifier

LOG = logging.getLogger(__name__)

_SOON_S = 0.2
_ANSWER_WITHIN_S = 5.0
_READINGS_AT_A_TIME = 1000
"""So many are handed on together: more would not stay in a processor's cache until they are used."""
_ANSWERS_AT_A_TIME = 500
_FETCHES_AT_A_TIME = 64
_MOST_ASKED = 10_000


@dataclass(slots=True)
class Counts:
    """What a subscriber met since it started; ``refused`` frames by cause (see ``kwapi.core.wire.CAUSES``)."""

    batches: int = 0
    readings: int = 0
    fetched: int = 0
    again: int = 0
    lost: int = 0
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Heard:
    order: InOrder[Batch]
    missing_since: float | None = None
    asked_at: float | None = None


class Subscriber:
    """Readings of all probes under some ``prefixes``, in order.

    ``live`` is a connected SUB socket, subscribed here; ``askable`` are DEALER
    sockets, connected to sources or forwarders. ``positions`` are those of an
    earlier run. A stream that was never heard before begins now; one that
    appears later is wanted whole. What is missing for ``patience_s`` and cannot
    be fetched is given up. A first word of a stream is believed if it was said
    less than ``window_s`` ago. How far the sources are is asked each
    ``ask_every_s``; which of their devices are not well each
    ``ask_devices_every_s``, if there is an ``on_conditions`` to be told.

    A prefix may be as narrow as one probe. Its whole device is heard then, of
    which streams and numbers are, and only its part is handed on.
    """

    def __init__(
        self,
        live: zmq.Socket[bytes],
        askable: Iterable[zmq.Socket[bytes]],
        verifier: Verifier,
        prefixes: tuple[str, ...],
        clock_ns: Callable[[], int],
        *,
        positions: Mapping[Stream, Position] | None = None,
        patience_s: float = 3600.0,
        window_s: float = 60.0,
        ask_every_s: float = 2.0,
        on_conditions: Callable[[Conditions], None] | None = None,
        ask_devices_every_s: float = 3.0,
    ) -> None:
        self.counts = Counts()
        self.missing = 0
        """How many batches are known to exist and were not handed on yet."""
        self.up_to_date = False
        """Whether all upstreams have said how far they are, and all of it was handed on or given up."""
        self._live = live
        self._askable = list(askable)
        self._verifier = verifier
        self._prefixes = prefixes
        self._clock_ns = clock_ns
        self._patience_s = patience_s
        self._window_ns = int(window_s * 1e9)
        self._ask_every_s = ask_every_s
        self._on_conditions = on_conditions
        self._ask_devices_every_s = ask_devices_every_s
        self._devices_at = 0.0
        self._streams = {stream: _Heard(InOrder(position)) for stream, position in (positions or {}).items()}
        self._told: set[int] = set()
        self._numbers = itertools.count(1)
        self._asked: dict[int, tuple[Stream, Hole]] = {}
        self._troubled: set[Stream] = set()
        self._positions_at = 0.0
        self._narrow = False
        self._devices: set[str] = set()
        for prefix in prefixes:
            live.subscribe(prefix)
        self._poller = zmq.Poller()
        for socket in (live, *self._askable):
            self._poller.register(socket, zmq.POLLIN)

    def receive(self, timeout_s: float) -> list[Event]:
        """What can be handed on now; waits up to ``timeout_s`` for something, and may return nothing."""
        now = time.monotonic()
        self._ask(now)
        events: list[Event] = []
        ready = dict(self._poller.poll(int(timeout_s * 1000)))
        for index, socket in enumerate(self._askable):
            if socket in ready:
                events += self._hear_answers(index, socket)
        # Far behind, what is missing goes first: what is live could not be handed on before it anyway.
        if self._live in ready and not any(self._streams[stream].order.crowded for stream in self._troubled):
            events += self._hear_live()
        if self._troubled:
            events += self._look_after_troubles(time.monotonic())
        holes = [self._streams[stream].order.hole() for stream in self._troubled]
        self.missing = sum(hole.count for hole in holes if hole is not None)
        self.up_to_date = not self._troubled and len(self._told) == len(self._askable)
        return events

    def positions(self) -> dict[Stream, Position]:
        """Up to where everything of each stream was handed on."""
        return {stream: heard.order.position for stream, heard in self._streams.items()}

    def _hear_live(self) -> Iterator[Event]:
        receive, counts = self._live.recv, self.counts
        heard = 0
        while heard < _READINGS_AT_A_TIME:
            try:
                frame = receive(zmq.NOBLOCK)
            except zmq.Again:
                return
            before = counts.readings
            yield from self._hear(frame, fetched=False)
            heard += 1 + counts.readings - before

    def _hear(self, data: bytes, *, fetched: bool) -> Iterator[Event]:
        try:
            frame = self._verifier.read(data)
        except BadFrame as error:
            self._refuse(error)
            return
        body = frame.body
        if f"{body.readings.probes[0]}/" == frame.topic:
            return  # one probe's part of a batch, for those who know no more than its name
        stream = body.source, frame.topic
        heard = self._streams.get(stream)
        if heard is None:
            heard = self._first_heard(stream, frame)
            if heard is None:
                return
        batch = Batch(*stream, body.epoch, body.sequence, body.readings, fetched, body.sent_ns)
        if heard.order.pass_on(body.epoch, body.sequence):
            yield from self._handed_on(batch)
            return
        if not heard.order.take(body.epoch, body.sequence, batch):
            self.counts.again += 1
        for batch in heard.order.ready():
            yield from self._handed_on(batch)
        self._troubled.add(stream)

    def _handed_on(self, batch: Batch) -> Iterator[Batch]:
        if self._narrow:
            probes = batch.readings.probes
            wanted = [index for index, probe in enumerate(probes) if f"{probe}/".startswith(self._prefixes)]
            if not wanted:
                return
            if len(wanted) < len(probes):
                batch = replace(batch, readings=only(batch.readings, wanted))
        self.counts.batches += 1
        self.counts.readings += len(batch.readings.probes)
        self.counts.fetched += batch.fetched
        yield batch

    def _first_heard(self, stream: Stream, frame: Frame) -> _Heard | None:
        """A stream that nobody told of yet: it begins with this batch, or whole if its source was asked before."""
        body = frame.body
        if abs(self._clock_ns() - body.sent_ns) > self._window_ns:
            # Perhaps somebody sends what was recorded; if not, the source itself will tell of it.
            self._refuse(BadFrame("replay", f"{stream[1]} was sent at {body.sent_ns}"))
            return None
        done = 0 if len(self._told) == len(self._askable) and self._askable else body.sequence - 1
        heard = self._streams[stream] = _Heard(InOrder(Position(body.epoch, done)))
        return heard

    def _refuse(self, error: BadFrame) -> None:
        self.counts.refused[error.cause] += 1
        if self.counts.refused[error.cause] == 1:
            LOG.warning("a frame is refused (%s): %s; more like it are only counted", error.cause, error)

    # What is missing

    def _ask(self, now: float) -> None:
        """Ask how far the sources are, each few seconds, and for what is missing."""
        unsure = any(self._streams[stream].order.unsure is not None for stream in self._troubled)
        if now - self._positions_at > (_SOON_S if unsure else self._ask_every_s):
            self._positions_at = now
            for socket in self._askable:
                self._say(socket, asking.question(next(self._numbers), asking.POSITIONS))
        if self._on_conditions is not None and now - self._devices_at > self._ask_devices_every_s:
            self._devices_at = now
            for socket in self._askable:
                self._say(socket, asking.question(next(self._numbers), asking.DEVICES))
        for stream in list(itertools.islice(self._troubled, _FETCHES_AT_A_TIME)):
            heard = self._streams[stream]
            hole = heard.order.hole()
            if hole is None or (heard.asked_at is not None and now - heard.asked_at < _ANSWER_WITHIN_S):
                continue
            # What is only known from its source's word may still be on its live way, which is the quicker one.
            if not heard.order.overtaken and now - (heard.missing_since or now) < _SOON_S:
                continue
            heard.asked_at = now
            wanted = asking.Fetch(*stream, hole.epoch, hole.first, hole.last)
            for socket in self._askable:
                number = next(self._numbers)
                self._asked.pop(number - _MOST_ASKED, None)
                self._asked[number] = stream, hole
                self._say(socket, asking.fetch_question(number, wanted))

    def _say(self, socket: zmq.Socket[bytes], question: bytes) -> None:
        try:
            socket.send(question, zmq.NOBLOCK)
        except zmq.Again:
            LOG.debug("an upstream that is away cannot be asked")

    def _hear_answers(self, index: int, socket: zmq.Socket[bytes]) -> Iterator[Event]:
        for _ in range(_ANSWERS_AT_A_TIME):
            try:
                number, said = asking.answer_of(socket.recv(zmq.NOBLOCK))
            except zmq.Again:
                return
            except ValueError:
                self._refuse(BadFrame("form", "not an answer"))
                continue
            if isinstance(said, asking.Words):
                if said.word == asking.POSITIONS:
                    self._hear_positions(index, said.signed)
                else:
                    self._hear_conditions(said.signed)
            else:
                yield from self._hear_fetched(number, said)

    def _hear_positions(self, index: int, words: list[bytes]) -> None:
        for word in words:
            try:
                said = self._verifier.read_positions(word)
            except BadFrame as error:
                self._refuse(error)
                continue
            if abs(self._clock_ns() - said.sent_ns) > self._window_ns:
                self._refuse(BadFrame("replay", f"{said.source} said how far it was at {said.sent_ns}"))
                continue
            self._hear_how_far(said, known=index in self._told)
        self._told.add(index)

    def _hear_conditions(self, words: list[bytes]) -> None:
        if self._on_conditions is None:
            return
        for word in words:
            try:
                said = self._verifier.read_conditions(word)
                if abs(self._clock_ns() - said.sent_ns) > self._window_ns:
                    raise BadFrame("replay", f"{said.source} told of its devices at {said.sent_ns}")
            except BadFrame as error:
                self._refuse(error)
            else:
                mine = [device for device in said.devices if self._is_wanted(f"{device.device}/")]
                self._on_conditions(structs.replace(said, devices=mine))

    def _is_wanted(self, topic: str) -> bool:
        """Whether some of a device is heard."""
        return topic.startswith(self._prefixes) or any(prefix.startswith(topic) for prefix in self._prefixes)

    def _hear_how_far(self, said: Positions, *, known: bool) -> None:
        mine = [row for row in said.streams if row[0].startswith(self._prefixes) or self._holds_wanted(row[0])]
        for topic, epoch, newest in sorted(mine, key=lambda row: row[1]):
            stream = said.source, topic
            heard = self._streams.get(stream)
            if heard is None:
                if epoch != said.epoch:
                    continue  # over before this consumer began
                heard = self._streams[stream] = _Heard(InOrder(Position(epoch, 0 if known else newest)))
            heard.order.announce(epoch, newest)
            self._troubled.add(stream)
        for (source, _), heard in self._streams.items():
            if source == said.source:
                unsure = heard.order.unsure
                if unsure is not None and unsure < said.epoch:
                    heard.order.end(unsure)

    def _holds_wanted(self, topic: str) -> bool:
        """Whether a device has probes that are wanted though not all of it is; then it is heard from now on."""
        inside = [prefix for prefix in self._prefixes if prefix.startswith(topic) and prefix != topic]
        if inside and topic not in self._devices:
            self._devices.add(topic)
            self._live.subscribe(topic)
            self._narrow = True
        return bool(inside)

    def _hear_fetched(self, number: int, said: asking.Frames | None) -> Iterator[Event]:
        asked = self._asked.pop(number, None)
        if asked is None or said is None:
            return
        stream, hole = asked
        for frame in said.frames:
            yield from self._hear(frame, fetched=True)
        heard = self._streams[stream]
        heard.asked_at = None
        yield from self._give_up(stream, Hole(hole.epoch, hole.first, said.through))

    def _look_after_troubles(self, now: float) -> Iterator[Event]:
        """Let those streams be which have no trouble any more; give up what was missing for too long."""
        for stream in list(self._troubled):
            heard = self._streams[stream]
            unsure, hole = heard.order.unsure, heard.order.hole()
            if unsure is None and hole is None:
                self._troubled.discard(stream)
                heard.missing_since = heard.asked_at = None
                continue
            heard.missing_since = heard.missing_since or now
            if now - heard.missing_since < self._patience_s:
                continue
            heard.missing_since = None
            if unsure is not None:
                heard.order.end(unsure)
                for batch in heard.order.ready():
                    yield from self._handed_on(batch)
            if hole is not None:
                yield from self._give_up(stream, hole)

    def _give_up(self, stream: Stream, hole: Hole) -> Iterator[Event]:
        """Tell of what is still missing up to the end of ``hole``, and go on behind it."""
        order = self._streams[stream].order
        while (present := order.hole()) is not None and present.epoch == hole.epoch and present.first <= hole.last:
            last = min(present.last, hole.last)
            count = order.give_up(Hole(present.epoch, present.first, last))
            self.counts.lost += count
            yield Lost(*stream, present.epoch, present.first, last)
            for batch in order.ready():
                yield from self._handed_on(batch)
