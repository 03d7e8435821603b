# SPDX-License-Identifier: Apache-2.0
"""Fetching documents from one device: in a bounded time, of a bounded size, and from nobody else than who was asked."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
import weakref
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

LARGEST_BODY = 1024 * 1024
_MOST_REDIRECTS = 3
_PIECE = 64 * 1024


class FetchError(Exception):
    """A device did not answer, or not as it should; the text says what to look at, without any secret."""


class Source(Protocol):
    """A way to a device's documents; used by one thread at a time."""

    def fetch(self, url: str, deadline: float) -> bytes:
        """A document's bytes; ``deadline`` on the monotonic clock.

        :raises FetchError: it did not come.
        """

    def close(self) -> None:
        """Let it go; again, and nothing happens. Another thread may call it, and whoever waits comes back."""


class HttpSource:
    """Keeps a connection; follows no redirect to another host, heeds no proxy and no netrc of its surroundings.

    ``verify`` is whether a server's certificate is checked, or the file of
    those that are trusted; ``certificate`` and its key are shown to it.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        auth: AuthBase | None = None,
        verify: bool | str = True,
        certificate: str | tuple[str, str] | None = None,
    ) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._closed = threading.Event()
        session = requests.Session()
        session.trust_env = False
        # Packed answers are refused by not asking for them: their size would be known too late.
        session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity", **headers})
        session.auth = auth
        session.verify = verify
        session.cert = certificate
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(self._sockets))
        self._session = session

    def fetch(self, url: str, deadline: float) -> bytes:
        """A document's bytes."""
        host = urlsplit(url).hostname
        for _ in range(_MOST_REDIRECTS + 1):
            with contextlib.closing(self._asked(url, deadline)) as response:
                if not response.is_redirect:
                    return self._body(response, url, deadline)
                target = urljoin(url, response.headers["location"])
            if urlsplit(target).hostname != host or (url.startswith("https:") and not target.startswith("https:")):
                raise FetchError(f"{_shown(url)}: it sends us to another place, which is not followed")
            url = target
        raise FetchError(f"{_shown(url)}: it sends us around")

    def close(self) -> None:
        """Whoever waits comes back with an error."""
        self._closed.set()
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._session.close()

    def _asked(self, url: str, deadline: float) -> requests.Response:
        if self._closed.is_set():
            raise FetchError("the connection is closed")
        try:
            response = self._sent(url, deadline)
        except requests.exceptions.Timeout:
            raise FetchError(f"{_shown(url)}: no answer in time") from None
        except requests.exceptions.SSLError as error:
            raise FetchError(f"{_shown(url)}: its certificate is not trusted: {_reason(error)}") from None
        except requests.exceptions.RequestException as error:
            raise FetchError(f"{_shown(url)}: it cannot be reached: {_reason(error)}") from None
        except (OSError, ValueError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            raise FetchError(f"{_shown(url)}: its answer cannot be read: {type(error).__name__}") from None
        if response.status_code in (401, 403):
            response.close()
            raise FetchError(f"{_shown(url)}: it refuses us ({response.status_code}); look at the credentials")
        if response.status_code != 200 and not response.is_redirect:
            response.close()
            raise FetchError(f"{_shown(url)}: it answers with status {response.status_code}")
        return response

    def _sent(self, url: str, deadline: float) -> requests.Response:
        """The response; asked for twice if the device closed the connection that was kept, just when it was used."""
        for last in (False, True):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            try:
                return self._session.get(url, timeout=left_s, stream=True, allow_redirects=False)
            except requests.exceptions.ConnectionError as error:
                dropped = isinstance(_cause(error), ConnectionResetError | BrokenPipeError)
                if last or not dropped or self._closed.is_set():
                    raise
        raise requests.exceptions.Timeout

    def _body(self, response: requests.Response, url: str, deadline: float) -> bytes:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise FetchError(f"{_shown(url)}: its answer is packed, which nobody asked for")
        body = bytearray()
        try:
            # Not read to the end at once, so that one who sends a byte a second is noticed.
            while piece := response.raw.read1(_PIECE):
                body += piece
                if len(body) > LARGEST_BODY:
                    raise FetchError(f"{_shown(url)}: its answer is larger than {LARGEST_BODY} bytes")
                if time.monotonic() > deadline:
                    raise FetchError(f"{_shown(url)}: its answer does not come to an end in time")
        except (OSError, ValueError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            raise FetchError(f"{_shown(url)}: its answer breaks off: {type(error).__name__}") from None
        said = response.headers.get("content-length", "")
        if said.isascii() and said.isdigit() and int(said) != len(body):
            raise FetchError(f"{_shown(url)}: its answer breaks off")
        return bytes(body)


class _Adapter(HTTPAdapter):
    """Knows the sockets of its connections, so that another thread can shut them."""

    def __init__(self, sockets: weakref.WeakSet[socket.socket]) -> None:
        self._sockets = sockets
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        pools: dict[str, Any] = {}
        for scheme, pool, connection in (
            ("http", HTTPConnectionPool, HTTPConnection),
            ("https", HTTPSConnectionPool, HTTPSConnection),
        ):
            known = type(connection.__name__, (connection,), {"connect": _connect(connection, self._sockets)})
            pools[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": known})
        self.poolmanager.pool_classes_by_scheme = pools


def _connect(kind: Any, sockets: weakref.WeakSet[socket.socket]) -> Any:
    def connect(self: Any) -> None:
        kind.connect(self)
        sockets.add(self.sock)

    return connect


def _shown(url: str) -> str:
    """An address without what may be secret in it: a query, a user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _cause(error: BaseException) -> BaseException:
    """The innermost."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _reason(error: BaseException) -> str:
    """Why, in a few words, without addresses, which may hold secrets."""
    cause = _cause(error)
    return str(getattr(cause, "strerror", None) or type(cause).__name__)
