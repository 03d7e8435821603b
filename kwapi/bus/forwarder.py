# SPDX-License-Identifier: Apache-2.0
"""Passes the bus on: one copy of each frame crosses the network, whatever the number of consumers behind it.

Subscriptions travel upstream, frames downstream, and so do questions about
the past and their answers. A forwarder keeps nothing and needs no key; more of
them may follow each other.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Sequence

import msgspec
import zmq

from kwapi.bus import asking

LOG = logging.getLogger(__name__)

_LOOK_S = 0.2
_ANSWER_WITHIN_S = 2.0
_MOST_ASKED = 100_000


class Forwarder:
    """A server (see :class:`climate.chassis.process.Server`) over sockets that it closes.

    ``upstream`` is an XSUB, connected to sources or forwarders, ``downstream``
    a bound XPUB; ``askable`` are DEALERs, one connected to each upstream, and
    ``asked`` a bound ROUTER.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        upstream: zmq.Socket[bytes],
        downstream: zmq.Socket[bytes],
        askable: Sequence[zmq.Socket[bytes]],
        asked: zmq.Socket[bytes],
    ) -> None:
        self._upstream = upstream
        self._downstream = downstream
        self._control = context.socket(zmq.PAIR)
        self._far_control = context.socket(zmq.PAIR)
        address = f"inproc://forwarder-{id(self)}"
        self._control.bind(address)
        self._far_control.connect(address)
        self._relay = _Relay(askable, asked)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._pass_frames, name="forwarder-frames", daemon=True),
            threading.Thread(target=self._pass_questions, name="forwarder-questions", daemon=True),
        ]

    def start(self) -> None:
        """Begin to pass on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Pass nothing on any more."""
        self._stopping.set()
        self._control.send(b"TERMINATE")

    def wait(self) -> None:
        """Return when all threads have ended."""
        for thread in self._threads:
            thread.join()
        self._control.close(linger=0)

    def _pass_frames(self) -> None:
        zmq.proxy_steerable(self._upstream, self._downstream, None, self._far_control)
        for socket in (self._upstream, self._downstream, self._far_control):
            socket.close(linger=0)

    def _pass_questions(self) -> None:
        while not self._stopping.is_set():
            self._relay.step(_LOOK_S)
        self._relay.close()


class _Relay:
    """Questions upstream, answers downstream.

    How far the sources are, and how their devices, is asked of all upstreams,
    and answered when all have answered or too long have been silent. What is
    to be fetched is asked of the upstream that spoke of its source.
    """

    def __init__(self, askable: Sequence[zmq.Socket[bytes]], asked: zmq.Socket[bytes]) -> None:
        self._askable = list(askable)
        self._asked = asked
        self._numbers = itertools.count(1)
        self._fetches: dict[int, tuple[bytes, int]] = {}
        self._rounds: dict[int, _Round] = {}
        self._upstream_of: dict[str, zmq.Socket[bytes]] = {}
        self._poller = zmq.Poller()
        for socket in (asked, *self._askable):
            self._poller.register(socket, zmq.POLLIN)

    def step(self, timeout_s: float) -> None:
        """Pass on what is there, or wait a moment for something."""
        ready = dict(self._poller.poll(int(timeout_s * 1000)))
        for socket in self._askable:
            if socket in ready:
                self._answered(socket, socket.recv())
        if self._asked in ready:
            asker, *parts = self._asked.recv_multipart()
            self._ask(asker, parts[-1] if parts else b"")
        late = time.monotonic() - _ANSWER_WITHIN_S
        for number in [number for number, one in self._rounds.items() if one.begun_at < late]:
            self._tell(self._rounds.pop(number))

    def close(self) -> None:
        """Let the sockets go."""
        for socket in (self._asked, *self._askable):
            socket.close(linger=0)

    def _ask(self, asker: bytes, message: bytes) -> None:
        try:
            number, wanted = asking.question_of(message)
        except ValueError:
            LOG.debug("something that is no question")
            return
        own = next(self._numbers)
        if isinstance(wanted, str):
            self._rounds[own] = _Round(asker, number, wanted, len(self._askable))
            for socket in self._askable:
                self._say(socket, asking.question(own, wanted))
            return
        upstream = self._upstream_of.get(wanted.source)
        if upstream is None:
            self._asked.send_multipart([asker, asking.answer(number, asking.UNKNOWN)], zmq.NOBLOCK)
            return
        self._fetches.pop(own - _MOST_ASKED, None)
        self._fetches[own] = asker, number
        self._say(upstream, asking.fetch_question(own, wanted))

    def _answered(self, socket: zmq.Socket[bytes], message: bytes) -> None:
        try:
            number, said = asking.answer_of(message)
        except ValueError:
            LOG.debug("something that is no answer")
            return
        if isinstance(said, asking.Words):
            self._upstream_of.update(dict.fromkeys(map(_source_of, said.signed), socket))
            present = self._rounds.get(number)
            if present is not None and present.word == said.word and present.heard(said.signed):
                self._tell(self._rounds.pop(number))
            return
        asker, its_number = self._fetches.pop(number, (b"", 0))
        if asker and said is not None:
            answer = asking.answer(its_number, asking.FRAMES, said.through, said.frames)
        elif asker:
            answer = asking.answer(its_number, asking.UNKNOWN)
        else:
            return
        self._asked.send_multipart([asker, answer], zmq.NOBLOCK)

    def _tell(self, done: _Round) -> None:
        answer = asking.answer(done.number, done.word, done.words)
        self._asked.send_multipart([done.asker, answer], zmq.NOBLOCK)

    def _say(self, socket: zmq.Socket[bytes], question: bytes) -> None:
        try:
            socket.send(question, zmq.NOBLOCK)
        except zmq.Again:
            LOG.debug("an upstream that is away cannot be asked")


class _Round:
    """One question for a word of the sources, on its way to all upstreams."""

    def __init__(self, asker: bytes, number: int, word: str, upstreams: int) -> None:
        self.asker = asker
        self.number = number
        self.word = word
        self.words: list[bytes] = []
        self.begun_at = time.monotonic()
        self._awaited = upstreams

    def heard(self, words: list[bytes]) -> bool:
        """Add one upstream's answer; whether it was the last."""
        self.words += words
        self._awaited -= 1
        return self._awaited == 0


def _source_of(word: bytes) -> str:
    """Who speaks in a word; it is for consumers to check that it is true."""
    try:
        return str(msgspec.msgpack.decode(word.split(b"\0", 2)[2][:-32])[1])
    except (msgspec.MsgspecError, LookupError, TypeError, RecursionError):
        return ""
