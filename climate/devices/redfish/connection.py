# SPDX-License-Identifier: Apache-2.0
"""One HTTP connection to a device that may be slow, broken or hostile: held open, bounded in time and size.

It stands on the standard library's client because of what others hide. The
socket has to be at hand, to hold an answer *as a whole* to a deadline (a
time-out of theirs begins anew with each byte), to wait on for an answer that
comes late, and to wake a thread that waits. sushy's connector closes the
connection behind each request, sleeps and repeats by itself, and follows
redirects with its token; requests and urllib3 bound neither the time nor the
size of an answer. None of it is needed where all goes to one host.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

LARGEST_ANSWER = 4 * 1024 * 1024
_LEAST_WAIT_S = 0.001


class RedfishError(Exception):
    """The service did not answer, or not as it should; the text says what to look at, without any secret."""


class NoAnswer(RedfishError):
    """Nothing came before the deadline."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is. ``url``: of it nothing counts but scheme, host and port."""

    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: str) -> Address:
        """:raises ValueError: it is no address of a service."""
        parts = urlsplit(url)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError("it is no address like https://bmc-12.example.org")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a user does not belong into it")
        secure = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if secure else 80), secure)

    def holds(self, url: str) -> bool:
        """Whether an absolute address is one of this service."""
        try:
            return Address.of(url) == self
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Channel(Protocol):
    """What a client needs of a connection; instants are those of ``time.monotonic``. All raise RedfishError."""

    def ask(self, method: str, uri: str, headers: Mapping[str, str], until: float) -> Answer:
        """One request and its answer; asked anew if a connection that was held turns out to be closed."""

    def send(self, method: str, uri: str, headers: Mapping[str, str], body: bytes, until: float) -> None:
        """A request on a new connection, whose answer is waited for apart."""

    def receive(self, until: float) -> Answer:
        """The answer to what was sent. After NoAnswer it can be waited for again."""

    def interrupt(self) -> None:
        """Make a thread that waits come back with an error."""

    def close(self) -> None:
        """Let the connection go; the next request opens another."""


def trust(ca_file: Path | None, verify: bool) -> ssl.SSLContext:
    """Whom to believe: the authorities of the machine, those of a file, or everybody.

    :raises OSError: the file cannot be read; ``ssl.SSLError`` where it holds no certificate.
    """
    return _trust(ca_file, ca_file.stat().st_mtime_ns if ca_file else 0, verify)


@functools.lru_cache(maxsize=64)
def _trust(ca_file: Path | None, written_ns: int, verify: bool) -> ssl.SSLContext:
    # Shared, since the authorities of a machine are a megabyte for each context.
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Connection:
    """A :class:`Channel` over TCP, with TLS unless ``tls`` is ``None``. Used by one thread, interrupted by any."""

    def __init__(self, address: Address, tls: ssl.SSLContext | None) -> None:
        self._address = address
        self._tls = tls
        self._http: http.client.HTTPConnection | None = None
        self._line: _Line | None = None
        self._interrupted = False

    def ask(self, method: str, uri: str, headers: Mapping[str, str], until: float) -> Answer:
        """See :meth:`Channel.ask`."""
        with self._told():
            if self._http is not None:
                with contextlib.suppress(ConnectionError, ssl.SSLEOFError):
                    self._request(method, uri, headers, b"", until)
                    return self._answer(until)
                # The service closes connections that were idle; nothing of an answer was lost.
                self.close()
            self._request(method, uri, headers, b"", until)
            return self._answer(until)

    def send(self, method: str, uri: str, headers: Mapping[str, str], body: bytes, until: float) -> None:
        """See :meth:`Channel.send`."""
        self.close()
        with self._told():
            self._request(method, uri, headers, body, until)

    def receive(self, until: float) -> Answer:
        """See :meth:`Channel.receive`."""
        with self._told(waits_on=True):
            return self._answer(until)

    def interrupt(self) -> None:
        """See :meth:`Channel.interrupt`."""
        self._interrupted = True
        line = self._line
        if line is not None:
            line.cut()

    def close(self) -> None:
        """See :meth:`Channel.close`."""
        connection, self._http, self._line = self._http, None, None
        if connection is not None:
            connection.close()

    @contextlib.contextmanager
    def _told(self, waits_on: bool = False) -> Iterator[None]:
        """Whatever goes wrong inside is told as a RedfishError, and ends the connection."""
        try:
            yield
        except BaseException as error:
            if not (waits_on and isinstance(error, TimeoutError)):
                self.close()
            if isinstance(error, OSError | http.client.HTTPException | ValueError):
                raise _in_words(error, self._address) from None
            raise

    def _request(self, method: str, uri: str, headers: Mapping[str, str], body: bytes, until: float) -> None:
        connection = self._http or self._opened(until)
        if self._line is not None:
            self._line.until = until
        connection.request(method, uri, body or None, dict(headers))

    def _opened(self, until: float) -> http.client.HTTPConnection:
        address, wait_s = self._address, _left(until)
        if self._interrupted:
            raise ConnectionAbortedError
        connection = (
            http.client.HTTPConnection(address.host, address.port, timeout=wait_s)
            if self._tls is None
            else http.client.HTTPSConnection(address.host, address.port, timeout=wait_s, context=self._tls)
        )
        connection.connect()
        self._line = _Line(connection.sock)
        connection.sock = self._line  # type: ignore[assignment]
        self._http = connection
        if self._interrupted:
            raise ConnectionAbortedError
        return connection

    def _answer(self, until: float) -> Answer:
        connection, line = self._http, self._line
        if connection is None or line is None:
            raise ConnectionResetError
        line.until = until
        with connection.getresponse() as response:
            body = response.read(LARGEST_ANSWER + 1)
            if len(body) > LARGEST_ANSWER:
                raise RedfishError(f"{self._address.host} answers with more than {LARGEST_ANSWER} bytes")
            # With a limit to it, ``read`` does not say that an answer ends early.
            if response.length:
                raise http.client.IncompleteRead(body)
            headers = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(response.status, headers, body)
            closes = response.will_close
        if closes:
            self.close()
        return answer


class _Line:
    """A socket that keeps to the deadline ``until``, as ``http.client`` wants it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._readers = 0
        self._closing = False
        self.until = 0.0

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self.until))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Incoming(self))

    def receive(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self.until))
        return self._sock.recv_into(buffer)

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            # TLS's own would take apart what another thread is using.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def leave(self) -> None:
        """An answer was read, or given up."""
        self._readers -= 1
        self._close_if_left()

    def close(self) -> None:
        """Once nobody reads an answer: ``http.client`` closes before it reads one that ends with the connection."""
        self._closing = True
        self._close_if_left()

    def _close_if_left(self) -> None:
        if self._closing and self._readers <= 0:
            self._sock.close()


class _Incoming(io.RawIOBase):
    """What comes in on a line; to close it leaves the line."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._line.leave()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return max(left, _LEAST_WAIT_S)


def _in_words(error: Exception, address: Address) -> RedfishError:
    where = f"{address.host}:{address.port}"
    match error:
        case TimeoutError():
            return NoAnswer(f"{where}: it did not answer in time")
        case ssl.SSLCertVerificationError():
            text = f"its certificate is not trusted: {error.verify_message}; name its authority in ca_file"
        case ssl.SSLError():
            text = f"there is no TLS with it: {error.reason or error}"
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            text = "the connection was closed before there was an answer"
        case http.client.IncompleteRead():
            text = "it broke off in the middle of an answer"
        case http.client.HTTPException():
            text = f"it does not speak HTTP as it should: {type(error).__name__}"
        case OSError():
            text = f"it cannot be reached: {error.strerror or error}"
        case _:
            # What could not be sent may be a token, so it is not shown.
            text = "it gave an address or a token with characters that cannot be sent"
    return RedfishError(f"{where}: {text}")
