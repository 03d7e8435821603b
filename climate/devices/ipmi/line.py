# SPDX-License-Identifier: Apache-2.0
"""The way to one BMC: a UDP socket that knows how long one may wait, and lets go of whoever waits when told to."""

from __future__ import annotations

import socket
import threading
import time

from climate.devices.ipmi.answers import NoAnswer

_LOOK_UP_S = 0.1
_RMCP_VERSION, _RMCP_HEADER, _IPMI = 0x06, 4, 0x07


class Line:
    """What pyipmi uses for a socket; ``recv`` gives up at ``until``, on the monotonic clock.

    pyipmi asks again when a question stays without answer for a while, by
    TimeoutError; that all time is over is told by NoAnswer, on which it does
    not. What is no packet of IPMI is dropped.
    """

    def __init__(self, host: str, port: int, abandoned: threading.Event) -> None:
        self.until = 0.0
        self.abandoned = abandoned
        self._where = f"{host}, port {port}"
        self._patience_s = 1.0
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
        except OSError as error:
            raise NoAnswer(f"{self._where}: {error.strerror or error}") from None
        self._address = address

    def connect(self, _address: object) -> None:
        """Only what comes from there is heard; the address was looked up before, of IPv6 too."""
        try:
            self._socket.connect(self._address)
        except OSError as error:
            raise NoAnswer(f"{self._where}: {error.strerror or error}") from None

    def settimeout(self, seconds: float) -> None:
        """How long to wait before the question is put again."""
        self._patience_s = seconds

    def send(self, packet: bytes) -> None:
        try:
            self._socket.send(packet)
        except ConnectionRefusedError:
            # An earlier packet was refused; this one has not been sent.
            raise NoAnswer(f"nothing listens at {self._where}") from None
        except OSError as error:
            raise NoAnswer(f"{self._where}: {error.strerror or error}") from None

    def recv(self, size: int) -> bytes:
        """The next packet of IPMI.

        :raises TimeoutError: there is still time, and the question should be put again.
        :raises NoAnswer: there is not, or one was told to let go.
        """
        again_at = time.monotonic() + self._patience_s
        while True:
            if self.abandoned.is_set():
                raise NoAnswer("it was closed while it waited")
            now = time.monotonic()
            if now >= self.until:
                raise NoAnswer(f"no answer from {self._where}")
            if now >= again_at:
                raise TimeoutError
            self._socket.settimeout(min(_LOOK_UP_S, self.until - now, again_at - now))
            try:
                packet = self._socket.recv(size)
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                raise NoAnswer(f"nothing listens at {self._where}") from None
            except OSError as error:
                raise NoAnswer(f"{self._where}: {error.strerror or error}") from None
            if len(packet) > _RMCP_HEADER and packet[0] == _RMCP_VERSION and packet[3] & 0x1F == _IPMI:
                return packet

    def close(self) -> None:
        self._socket.close()
