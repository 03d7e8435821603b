# SPDX-License-Identifier: Apache-2.0
"""Endpoints as options write them, and a bus that only those hear who have a certificate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
import zmq.auth

from climate.errors import ConfigError
from kwapi.bus.sockets import Curve, Sockets, Upstream


def test_an_upstream_is_two_endpoints_and_perhaps_a_key() -> None:
    """With or without spaces."""
    assert Upstream.parse("tcp://a:1|tcp://a:2") == Upstream("tcp://a:1", "tcp://a:2")
    assert Upstream.parse("ipc:///x | ipc:///y | KEY") == Upstream("ipc:///x", "ipc:///y", b"KEY")


@pytest.mark.parametrize("text", ["", "tcp://a:1", "a|b", "tcp://a:1|tcp://a:2|k|more"])
def test_what_is_no_upstream_is_refused(text: str) -> None:
    """With an example."""
    with pytest.raises(ConfigError, match=r"tcp://10\.0\.0\.5:5561\|"):
        Upstream.parse(text)


def test_an_endpoint_that_is_taken_is_named(tmp_path: Path) -> None:
    """Before anything runs."""
    sockets = Sockets()
    taken = sockets.bound(zmq.XPUB, "tcp://127.0.0.1:*")
    for wrong in (taken.last_endpoint.decode(), "tcp://nowhere", "carrier-pigeon://x"):
        with pytest.raises(ConfigError, match="Cannot listen at"):
            sockets.bound(zmq.XPUB, wrong)
    with pytest.raises(ConfigError, match="Cannot connect to"):
        sockets.connected(zmq.SUB, ("carrier-pigeon://x", b""))
    sockets.close()


class Site:
    """A server with a certificate, and some that may or may not come in."""

    def __init__(self, folder: Path) -> None:
        self.peers = folder / "peers"
        self.peers.mkdir()
        self.files = {}
        for name in ("server", "friend", "stranger"):
            public, secret = zmq.auth.create_certificates(folder, name)
            Path(secret).chmod(0o600)
            self.files[name] = Path(secret)
            if name == "friend":
                Path(public).rename(self.peers / "friend.key")
        self.server = Sockets(Curve.read(self.files["server"], self.peers))
        self.live = self.server.bound(zmq.XPUB, "tcp://127.0.0.1:*")
        self.endpoint = self.live.last_endpoint.decode()
        self.others: list[Sockets] = []

    def hears(self, name: str | None, within_s: float) -> bool:
        """Whether somebody with that certificate, or without any, hears what is sent."""
        mine = Sockets(None if name is None else Curve.read(self.files[name], None))
        self.others.append(mine)
        ear = mine.connected(zmq.SUB, (self.endpoint, Curve.read(self.files["server"], None).public))
        ear.subscribe("")
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self.live.send(b"x")
            if ear.poll(20):
                return True
        return False

    def close(self) -> None:
        """End all."""
        for sockets in (*self.others, self.server):
            sockets.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A bus with CURVE."""
    made = Site(tmp_path)
    yield made
    made.close()


def test_only_known_peers_hear_an_encrypted_bus(site: Site) -> None:
    """A stranger's certificate is as good as none."""
    assert site.hears("friend", 60)
    assert not site.hears("stranger", 1)
    assert not site.hears(None, 1)


def test_a_certificate_that_cannot_be_used_is_named(site: Site, tmp_path: Path) -> None:
    """Missing, public only, or open to others."""
    with pytest.raises(ConfigError, match="none"):
        Curve.read(tmp_path / "none", None)
    public = site.peers / "friend.key"
    public.chmod(0o600)
    with pytest.raises(ConfigError, match="key_secret"):
        Curve.read(public, None)
    site.files["friend"].chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Curve.read(site.files["friend"], None)


def test_an_upstream_without_a_key_is_refused_where_curve_is_on(site: Site) -> None:
    """It could not be told from anybody else."""
    with pytest.raises(ConfigError, match="public key"):
        site.server.connected(zmq.SUB, ("tcp://127.0.0.1:1", b""))
