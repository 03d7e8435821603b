# SPDX-License-Identifier: Apache-2.0
"""A door before a server, which a test can make slow, or shut."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from urllib.parse import urlsplit


class Relay:
    """Passes TCP connections on to the server that it leads to, and what clients say only after ``delay_s``.

    Shut it lets nobody in, and throws out who is in.
    """

    def __init__(self) -> None:
        self.delay_s = 0.0
        self._target = 0
        self._shut = False
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def leading_to(self, url: str) -> str:
        """Lead to that address from now on; gives the address of this door."""
        self._target = urlsplit(url).port or 0
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def shut(self) -> None:
        """Let nobody through."""
        self._shut = True
        for pair in list(self._pairs):
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def open(self) -> None:
        """Let everybody through again, without delay."""
        self._shut, self.delay_s = False, 0.0

    def close(self) -> None:
        """For good."""
        self.shut()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._through, args=(client,), daemon=True).start()

    def _through(self, client: socket.socket) -> None:
        with client:
            if self._shut:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=60)
            except OSError:
                return
            with server:
                pair = (client, server)
                self._pairs.add(pair)
                answers = threading.Thread(target=self._pass_on, args=(server, client, False), daemon=True)
                answers.start()
                self._pass_on(client, server, True)
                answers.join()
                self._pairs.discard(pair)

    def _pass_on(self, source: socket.socket, sink: socket.socket, slowly: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if slowly:
                    time.sleep(self.delay_s)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
