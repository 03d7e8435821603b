# SPDX-License-Identifier: Apache-2.0
"""A threaded HTTP server for one WSGI application; behind uWSGI or gunicorn it is not needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import cheroot.wsgi
from oslo_config import cfg

from climate.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LARGEST_HEADERS = 64 * 1024
_WAITING = 128
_IDLE_S = 60
_STOPS_WITHIN_S = 0.1


def options(default_port: int) -> list[cfg.Opt]:
    """Where to listen, and with how many threads."""
    return [
        cfg.HostAddressOpt("host", default="127.0.0.1", help="The address on which to listen; 0.0.0.0 or :: for all."),
        cfg.PortOpt("port", default=default_port, help="The port on which to listen; 0 for any free one."),
        cfg.IntOpt("threads", default=16, min=1, max=1024, help="How many requests are worked on at a time."),
    ]


class WebServer:
    """Answers on threads of its own from :meth:`start` to :meth:`wait`."""

    def __init__(self, app: WSGIApplication, host: str, port: int, threads: int, name: str) -> None:
        self._server = cheroot.wsgi.Server(
            (host, port),
            app,
            numthreads=threads,
            server_name=name,
            request_queue_size=_WAITING,
            timeout=_IDLE_S,
        )
        self._server.max_request_header_size = _LARGEST_HEADERS
        # How often it looks for connections that are idle, and whether to stop.
        self._server.expiration_interval = _STOPS_WITHIN_S
        self._thread = threading.Thread(target=self._server.serve, name=f"{name}-http", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return int(self._server.bind_addr[1])

    def start(self) -> None:
        """Listen; when this returns, connections are accepted.

        :raises ConfigError: the address or port cannot be had.
        """
        try:
            self._server.prepare()
        except OSError as error:
            host, port = self._server.bind_addr[:2]
            raise ConfigError(f"Cannot listen on {host} port {port}: {error}.") from None
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more, and finish what is under way."""
        self._server.stop()

    def wait(self) -> None:
        """Return when the last thread is done."""
        self._thread.join()
