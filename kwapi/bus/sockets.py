# SPDX-License-Identifier: Apache-2.0
"""ZeroMQ sockets, made alike everywhere: how much may wait, how soon a dead peer is noticed, and CURVE."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from climate.errors import ConfigError

Socket = zmq.Socket[bytes]

_HEARTBEAT_MS = 2_000
_DEAD_AFTER_MS = 10_000
_RECONNECT_MS = 100
_RECONNECT_MOST_MS = 2_000


@dataclass(frozen=True, slots=True)
class Upstream:
    """Whom one listens to: where it publishes, where it is asked, and its CURVE key (``b""`` without)."""

    live: str
    asked: str
    key: bytes = b""

    @classmethod
    def parse(cls, text: str) -> Upstream:
        """An upstream as an option writes it: ``LIVE|ASKED`` or ``LIVE|ASKED|KEY``, the key in Z85.

        :raises ConfigError: that is not what it is.
        """
        parts = [part.strip() for part in text.split("|")]
        if len(parts) not in {2, 3} or not all("://" in part for part in parts[:2]):
            raise ConfigError(
                f"upstream = {text} cannot be used: write where it publishes and where it is asked, as in "
                "tcp://10.0.0.5:5561|tcp://10.0.0.5:5562, with its CURVE key behind a third | if it has one.",
                option="upstream",
            )
        return cls(parts[0], parts[1], "".join(parts[2:]).encode())


@dataclass(frozen=True, slots=True)
class Curve:
    """One's own CURVE certificate, and the folder with those of the peers that may connect (``None``: any)."""

    public: bytes
    secret: bytes
    peers: Path | None

    @classmethod
    def read(cls, certificate: Path, peers: Path | None) -> Curve:
        """From files as ``zmq.auth.create_certificates`` writes them.

        :raises ConfigError: others may read the secret, or there is none.
        """
        try:
            if certificate.stat().st_mode & 0o077:
                raise ConfigError(f"{certificate} holds a secret: nobody but its owner may read it (chmod 600).")
            public, secret = zmq.auth.load_certificate(certificate)
        except (OSError, ValueError) as error:
            raise ConfigError(f"The certificate {certificate} cannot be used: {error}.") from None
        if secret is None:
            raise ConfigError(f"{certificate} holds no secret key: name the file that ends with key_secret.")
        return cls(public, secret, peers)


class Sockets:
    """Makes sockets of one context, which :meth:`close` ends. With ``curve``, all of them are encrypted."""

    def __init__(self, curve: Curve | None = None, high_water: int = 1000) -> None:
        self.context: zmq.Context[Socket] = zmq.Context()
        self.context.setsockopt(zmq.MAX_SOCKETS, 100_000)
        self._curve = curve
        self._high_water = high_water
        self._authenticator: ThreadAuthenticator | None = None
        if curve is not None:
            self._authenticator = ThreadAuthenticator(self.context)
            self._authenticator.start()
            self._authenticator.configure_curve(
                domain="*", location=str(curve.peers) if curve.peers else zmq.auth.CURVE_ALLOW_ANY
            )

    def bound(self, kind: int, endpoint: str) -> Socket:
        """A socket that others connect to.

        :raises ConfigError: the endpoint cannot be had.
        """
        socket = self._socket(kind)
        if self._curve is not None:
            socket.curve_server = True
            socket.curve_publickey, socket.curve_secretkey = self._curve.public, self._curve.secret
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:
            socket.close(linger=0)
            raise ConfigError(f"Cannot listen at {endpoint}: {error.strerror}.") from None
        return socket

    def connected(self, kind: int, *ends: tuple[str, bytes]) -> Socket:
        """A socket that is connected to endpoints, each with its peer's CURVE key.

        :raises ConfigError: an endpoint cannot be one, or has no key where it must.
        """
        socket = self._socket(kind)
        for endpoint, key in ends:
            if self._curve is not None:
                if not key:
                    raise ConfigError(f"CURVE is on: the upstream {endpoint} needs its public key behind it.")
                socket.curve_publickey, socket.curve_secretkey = self._curve.public, self._curve.secret
                socket.curve_serverkey = key
            try:
                socket.connect(endpoint)
            except zmq.ZMQError as error:
                socket.close(linger=0)
                raise ConfigError(f"Cannot connect to {endpoint}: {error.strerror}.") from None
        return socket

    def close(self) -> None:
        """End the context and whatever sockets are left."""
        if self._authenticator is not None:
            self._authenticator.stop()
        self.context.destroy(linger=0)

    def _socket(self, kind: int) -> Socket:
        socket = self.context.socket(kind)
        socket.linger = 0
        socket.ipv6 = True
        socket.set_hwm(self._high_water)
        socket.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _DEAD_AFTER_MS)
        socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, _RECONNECT_MOST_MS)
        return socket
