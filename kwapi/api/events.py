# SPDX-License-Identifier: Apache-2.0
"""Readings as they come, pushed to whoever keeps listening: Server-Sent Events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.errors import BadField, ServiceUnavailable
from kwapi.api import policies
from kwapi.api.listing import Listing
from kwapi.consumers.live import Live

STREAM = "text/event-stream"
_USUAL_S, _LEAST_S, _MOST_S = 1.0, 0.2, 60.0
_SILENT_S = 15.0
"""After so long without news something is sent all the same, so that a listener who is gone is noticed."""
_LONGEST_S = 300.0
"""As long as keystonemiddleware believes a token without asking again: who listens for longer has to bring it anew."""


class Events(Resource):
    """``/v1/events``. Each listener holds a thread; ``most`` may listen at a time. ``closing`` ends all of them.

    Each stream ends after five minutes, so that nobody listens long after their token was revoked.
    """

    def __init__(self, live: Live, listing: Listing, rights: Policies, most: int, closing: threading.Event) -> None:
        super().__init__()
        self._live = live
        self._listing = listing
        self._rights = rights
        self._places = threading.Semaphore(most)
        self._closing = closing

    def get(self, call: Call) -> Answer:
        """What the probes under a prefix say, all at first, and then those that said something new.

        :raises ServiceUnavailable: as many listen as may.
        """
        self._rights.require(call.identity(), policies.PROBES)
        query = call.query("prefix", "every")
        every_s = _every(query.get("every"))
        if not self._places.acquire(blocking=False):
            raise ServiceUnavailable("As many listen as may at a time; ask again later, or poll /v1/probes/.")
        return Answer(
            stream=_Listening(self._told(query.get("prefix", ""), every_s), self._places),
            content_type=STREAM,
            headers={"X-Accel-Buffering": "no"},
        )

    def _told(self, prefix: str, every_s: float) -> Iterator[bytes]:
        known: dict[str, bytes] = {}
        silent_s = listened_s = 0.0
        first = True
        while listened_s < _LONGEST_S:
            news, gone = self._news(prefix, known)
            if news or gone or first:
                body = b'{"probes":{' + b",".join(news) + b'},"gone":[' + b",".join(gone) + b"]}"
                yield b"event: readings\ndata: " + body + b"\n\n"
                silent_s = 0.0
            elif silent_s >= _SILENT_S:
                yield b": still here\n\n"
                silent_s = 0.0
            first = False
            if self._closing.wait(every_s):
                return
            silent_s += every_s
            listened_s += every_s

    def _news(self, prefix: str, known: dict[str, bytes]) -> tuple[list[bytes], list[bytes]]:
        """What is new since the last time, which ``known`` remembers, and whose probes have left the list."""
        present = dict(self._listing.fragments(self._live.probes(prefix)))
        news = [fragment for name, fragment in present.items() if known.get(name) is not fragment]
        gone = [self._listing.name(name) for name in known if name not in present]
        known.clear()
        known.update(present)
        return news, gone


class _Listening:
    """A body that gives its place back when the server lets it go, however that happens."""

    def __init__(self, told: Iterator[bytes], places: threading.Semaphore) -> None:
        self._told = told
        self._places = places
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self._told

    def close(self) -> None:
        """The server does not ask for more."""
        if self._open:
            self._open = False
            self._places.release()


class Closing:
    """A server (see :class:`climate.chassis.process.Server`) that only ends the listening, so that others can stop."""

    def __init__(self, closing: threading.Event) -> None:
        self._closing = closing

    def start(self) -> None:
        """There is nothing to begin."""

    def stop(self) -> None:
        """Let all listeners go."""
        self._closing.set()

    def wait(self) -> None:
        """There is nothing under way."""


def _every(text: str | None) -> float:
    if text is None:
        return _USUAL_S
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _LEAST_S <= seconds <= _MOST_S:
        raise BadField(f"every must be a number of seconds from {_LEAST_S:g} to {_MOST_S:g}.", field="every")
    return seconds
