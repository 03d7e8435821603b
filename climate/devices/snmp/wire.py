# SPDX-License-Identifier: Apache-2.0
"""Requests and answers over UDP: to one address, until an answer comes or the time is up."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from climate.devices.snmp.messages import Answer, Garbage, Request, encoded, parse
from climate.devices.snmp.session import Community, SnmpError

T = TypeVar("T")

LARGEST = 65535
_LARGEST_ID = 2**31 - 1


class Wire(Protocol):
    """One agent, asked one thing at a time."""

    bulk: bool
    """Whether it may be asked for much at once."""

    def ask(self, request: Request, until: float) -> Answer:
        """The answer to a request; waits no longer than its timeout, nor than an instant of the monotonic clock.

        :raises SnmpError: none came.
        """

    def close(self) -> None:
        """Whoever waits comes back with an error; again, and nothing happens."""


class Datagrams:
    """A UDP socket to one address, opened when it is needed; of a name with several, the next after a failure."""

    def __init__(self, host: str, port: int, timeout_s: float, retries: int) -> None:
        self.where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.closed = False
        self._host = host
        self._port = port
        self.timeout_s = timeout_s
        self._attempt_s = timeout_s / (retries + 1)
        self._failures = 0
        self._socket: socket.socket | None = None

    def exchange(self, send: Callable[[], None], until: float, understood: Callable[[bytes], T | None], hint: str) -> T:
        """``send``, again if need be, until ``understood`` makes something of what comes. ``hint``: what to look at.

        What comes from other addresses is none of it: the socket is connected.

        :raises SnmpError: nothing came that could be understood.
        """
        until = min(until, time.monotonic() + self.timeout_s)
        heard = 0
        try:
            while time.monotonic() < until:
                send()
                again = min(until, time.monotonic() + self._attempt_s)
                while (data := self.receive(again)) is not None:
                    found = understood(data)
                    if found is not None:
                        return found
                    heard += 1
        except SnmpError:
            self.fail()
            raise
        self.fail()
        raise self.silent(heard, hint)

    def silent(self, heard: int, hint: str) -> SnmpError:
        """What there is to say when no answer came."""
        if self.closed:
            return SnmpError("the session is closed")
        if heard:
            return SnmpError(f"{heard} datagrams came from {self.where}, and none is an answer to what was asked")
        return SnmpError(f"{self.where} does not answer within {self.timeout_s:g} s {hint}")

    def send(self, message: bytes) -> None:
        """Send a datagram.

        :raises SnmpError: the name is not known, or there is no way to it.
        """
        try:
            self._opened().send(message)
        except OSError as error:
            raise self._lost(error) from None

    def receive(self, until: float) -> bytes | None:
        """The next datagram, ``None`` if none comes in time.

        :raises SnmpError: it is closed, or the system knows that nothing listens there.
        """
        left_s = until - time.monotonic()
        opened = self._socket
        if left_s <= 0 or opened is None:
            return None
        try:
            opened.settimeout(left_s)
            data = opened.recv(LARGEST)
        except TimeoutError:
            return None
        except OSError as error:
            raise self._lost(error) from None
        if self.closed:
            raise SnmpError("the session is closed")
        return data

    def fail(self) -> None:
        """Begin anew with the next message, so that nothing that is late is taken for its answer."""
        self._failures += 1
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()

    def close(self) -> None:
        """Whoever receives comes back."""
        self.closed = True
        opened = self._socket
        if opened is not None:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                return
            finally:
                opened.close()

    def _opened(self) -> socket.socket:
        if self.closed:
            raise SnmpError("the session is closed")
        if self._socket is None:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, address = found[self._failures % len(found)]
            opened = socket.socket(family, kind, protocol)
            self._socket = opened
            opened.connect(address)
        return self._socket

    def _lost(self, error: OSError) -> SnmpError:
        if self.closed:
            return SnmpError("the session is closed")
        if isinstance(error, socket.gaierror):
            return SnmpError(f"{self._host}: this name is not known: {error.strerror}")
        if isinstance(error, ConnectionRefusedError):
            return SnmpError(f"nothing listens at {self.where}: is SNMP turned on there?")
        return SnmpError(f"{self.where} cannot be reached: {error.strerror}")


class CommunityWire:
    """Versions 1 and 2c."""

    def __init__(self, datagrams: Datagrams, who: Community) -> None:
        self.bulk = who.version != 1
        self._datagrams = datagrams
        self._who = who
        self._id = random.randrange(_LARGEST_ID)  # noqa: S311 - no secret, only unlike that of others

    def ask(self, request: Request, until: float) -> Answer:
        """The answer that bears this request's number."""
        self._id = self._id % _LARGEST_ID + 1
        number = self._id

        def understood(data: bytes) -> Answer | None:
            try:
                found, answer = parse(data, self._who.version)
            except Garbage:
                return None
            return answer if found == number else None

        message = encoded(request, number, self._who.name, self._who.version)
        version = "1" if self._who.version == 1 else "2c"
        hint = f"as community *** (SNMP version {version}); is SNMP on there, and the community right?"
        return self._datagrams.exchange(lambda: self._datagrams.send(message), until, understood, hint)

    def close(self) -> None:
        """Let go of the socket."""
        self._datagrams.close()
