# SPDX-License-Identifier: Apache-2.0
"""Kwapi among strangers: who may hear, whose readings are believed, and what becomes of all that others send."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
import zmq.auth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwapi.bus import asking
from kwapi.bus.keys import read_key
from kwapi.bus.sockets import Curve
from kwapi.core.reading import Reading, columns_of
from kwapi.core.wire import LARGEST_FRAME, Signer
from tests.integration.kwapi_counting import check_all_counted, wait
from tools.metering import SITE, Metering, dummies

pytestmark = pytest.mark.slow

GOOD = dummies(2, 2, 0.2)
PROBES = 4
REFUSED = "kwapi_bus_frames_refused_total"
DEVICE = b"lyon/pdu1/"
FORGED_W = 66_666.0


def certificate(folder: Path, name: str) -> Path:
    """A new one; its secret file."""
    _, secret = zmq.auth.create_certificates(folder, name)
    Path(secret).chmod(0o600)
    return Path(secret)


def test_curve_joins_all_three_and_keeps_strangers_out(tmp_path: Path) -> None:
    """Each with a certificate of its own; one that no peer knows hears nothing, nor does one without."""
    secrets = {name: certificate(tmp_path, name) for name in ("drivers", "forwarder", "api", "stranger")}
    peers = tmp_path / "peers"
    peers.mkdir()
    for name in ("drivers", "forwarder", "api"):
        (tmp_path / f"{name}.key").rename(peers / f"{name}.key")
    with Metering(tmp_path, GOOD, forwarded=True) as metering:
        for name, above in (("drivers", None), ("forwarder", "drivers"), ("api", "forwarder")):
            metering.add(name, f"[bus]\ncurve_certificate = {secrets[name]}\ncurve_peers_dir = {peers}\n")
            if above is not None:
                # A key may have a $ in it, which in a configuration begins a name unless it is written twice.
                key = Curve.read(secrets[above], None).public.decode().replace("$", "$$")
                metering.replace(name, f"{above}.asked\n", f"{above}.asked|{key}\n")
        metering.start("drivers", "forwarder", "api")
        metering.wait_for_probes(PROBES)
        metering.end("api")
        (tmp_path / "checkpoint").unlink()
        metering.replace("api", str(secrets["api"]), str(secrets["stranger"]))
        metering.start("api")
        time.sleep(3)
        assert metering.ask("/v1/probe-ids/") == {"probe_ids": []}
        metering.replace("api", f"curve_certificate = {secrets['stranger']}\n", "")
        metering.end("api")
        metering.start("api")
        time.sleep(3)
        assert metering.ask("/v1/probe-ids/") == {"probe_ids": []}


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [("KEY", "00" * 32, "signature"), ('"k1"', '"k2"', "key"), ("drivers-1", "drivers-2", "key")],
    ids=["another key", "another name of the key", "another source"],
)
def test_readings_with_a_wrong_key_are_refused_and_counted(tmp_path: Path, old: str, new: str, cause: str) -> None:
    """By their cause; no probe is listed."""
    with Metering(tmp_path, GOOD) as metering:
        keys = tmp_path / "keys.yaml"
        secret = (tmp_path / "key").read_text()
        keys.write_text(keys.read_text().replace(old.replace("KEY", secret), new))
        metering.start("drivers", "api")
        wait(lambda: metering.numbers().get(f'{REFUSED}{{cause="{cause}"}}', 0.0) > 5)
        assert metering.ask("/v1/probes/") == {"probes": {}}
        assert metering.numbers()["kwapi_bus_readings_total"] == 0


def test_a_key_is_changed_without_losing_a_reading(tmp_path: Path) -> None:
    """Consumers learn the new one beside the old; then the drivers sign with it; then the old one goes."""
    with Metering(tmp_path, GOOD, checkpoint_s=0.2) as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(PROBES)
        keys = tmp_path / "keys.yaml"
        new = "ab" * 32
        both = keys.read_text().rstrip("}") + "}, " + f'"k2": {{"source": "drivers-1", "key": "{new}"}}}}'
        keys.write_text(both)
        metering.end("api")
        metering.start("api")
        metering.wait_for_probes(PROBES)
        (tmp_path / "key").write_text(new)
        metering.replace("drivers", "key_id = k1", "key_id = k2")
        metering.end("drivers")
        metering.start("drivers")
        check_all_counted(metering)
        assert "is refused" not in metering.log("api")


class Hostile:
    """A second upstream that says whatever it likes, and answers questions with what it likes."""

    def __init__(self, folder: Path) -> None:
        self.ends = f"ipc://{folder}/hostile.live|ipc://{folder}/hostile.asked"
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        live, asked = self.ends.split("|")
        self._live = self._context.socket(zmq.XPUB)
        self._live.bind(live)
        self._asked = self._context.socket(zmq.ROUTER)
        self._asked.bind(asked)
        self._ear = self._context.socket(zmq.SUB)
        self._ear.connect(f"ipc://{folder}/drivers.live")
        self._ear.subscribe(DEVICE)
        self.answers: list[Any] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def wait_until_heard(self) -> None:
        """Until somebody subscribes."""
        assert self._live.poll(60_000)

    def say(self, *frames: bytes) -> None:
        """As live readings."""
        for frame in frames:
            self._live.send(frame)

    def recorded(self, count: int) -> list[bytes]:
        """What the real drivers say."""
        return [self._ear.recv() for _ in range(count)]

    def close(self) -> None:
        """Fall silent."""
        self._stopping.set()
        self._thread.join()
        self._context.destroy(linger=0)

    def _answer(self) -> None:
        while not self._stopping.is_set():
            if not self._asked.poll(100):
                continue
            asker, *_, message = self._asked.recv_multipart()
            number = msgspec.msgpack.decode(message)[0]
            for answer in list(self.answers):
                said = answer if isinstance(answer, bytes) else msgspec.msgpack.encode([number, *answer])
                self._asked.send_multipart([asker, said], zmq.NOBLOCK)


@pytest.fixture
def metering(tmp_path: Path) -> Iterator[Metering]:
    """Drivers, and an API that listens to a stranger, too."""
    with Metering(tmp_path, GOOD) as made:
        yield made


@pytest.fixture
def hostile(metering: Metering) -> Iterator[Hostile]:
    """The stranger, once it is heard."""
    made = Hostile(metering.directory)
    metering.add("api", f"[bus]\nupstream = {made.ends}\n")
    metering.start("drivers", "api")
    metering.wait_for_probes(PROBES)
    made.wait_until_heard()
    yield made
    made.close()


def refused(metering: Metering) -> dict[str, int]:
    """How many, by cause."""
    begin = f'{REFUSED}{{cause="'
    return {
        name.removeprefix(begin).removesuffix('"}'): round(count)
        for name, count in metering.numbers().items()
        if name.startswith(begin)
    }


def signed(
    metering: Metering, *, source: str = "drivers-1", key_id: str = "k1", key: bytes | None = None, age_s: float = 0.0
) -> bytes:
    """A well-made frame of a new device, with a power that would be seen."""
    now = time.time_ns()
    at = now - int(age_s * 1e9)
    signer = Signer(source, key_id, key or read_key(metering.directory / "key"), now)
    reading = Reading(probe_id=f"{SITE}/forged/1", begin_ns=at, end_ns=at, watts=FORGED_W)
    return signer.frame(f"{SITE}/forged/".encode(), 1, at, columns_of([reading]))


def check_unharmed(metering: Metering) -> None:
    """No forged reading anywhere, and every real one counted once."""
    told = metering.ask("/v1/probes/")["probes"]
    assert len(told) == PROBES
    assert max(one["w"] for one in told.values()) < 101
    assert "Traceback" not in metering.log("api")
    check_all_counted(metering)


def test_each_forgery_is_refused_and_counted_by_its_cause(metering: Metering, hostile: Hostile) -> None:
    """None is believed, and none disturbs what is true."""
    real = hostile.recorded(1)[0]
    middle = len(real) // 2
    other_version = real.replace(b"\x96\x01\xa9drivers-1", b"\x96\x02\xa9drivers-1")
    table: list[tuple[str, bytes]] = [
        ("form", b""),
        ("form", DEVICE),
        ("form", real[:8]),
        ("form", b"\xff" * 500),
        ("size", real + b"x" * LARGEST_FRAME),
        ("signature", real[:-1]),
        ("signature", real[:middle] + bytes([real[middle] ^ 1]) + real[middle + 1 :]),
        ("signature", b"lyon/pdu2/" + real[len(DEVICE) :]),
        ("signature", real + real),
        ("signature", other_version),
        ("signature", signed(metering, key=b"guess" * 4)),
        ("key", signed(metering, key_id="k9")),
        ("key", signed(metering, source="drivers-9")),
        ("replay", signed(metering, age_s=3600)),
    ]
    before = refused(metering)
    assert before == {}
    hostile.say(*(frame for _, frame in table))
    wanted = {cause: sum(one == cause for one, _ in table) for cause, _ in table}
    wait(lambda: sum(refused(metering).values()) >= len(table))
    assert refused(metering) == wanted
    check_unharmed(metering)


def test_replayed_and_reordered_frames_count_nothing_twice(metering: Metering, hostile: Hostile) -> None:
    """Recorded a moment ago, and sent again: backwards, and many times over."""
    recorded = hostile.recorded(5)
    wait(lambda: metering.numbers()["kwapi_bus_batches_missing"] == 0)
    hostile.say(*reversed(recorded), *recorded * 20)
    wait(lambda: metering.numbers()["kwapi_bus_batches_again_total"] >= 21 * len(recorded))
    assert refused(metering) == {}
    check_unharmed(metering)


def test_noise_is_refused_whatever_it_is(metering: Metering, hostile: Hostile) -> None:
    """Each piece is counted once, and the bus goes on."""
    real = hostile.recorded(1)[0]
    sent = 0

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.binary(max_size=300)
        | st.binary(max_size=200).map(lambda noise: DEVICE + b"\0k1\0" + noise)
        | st.integers(0, len(real) - 1).map(lambda length: real[:length])
        | st.tuples(st.integers(0, len(real) - 1), st.integers(1, 255)).map(
            lambda at: real[: at[0]] + bytes([real[at[0]] ^ at[1]]) + real[at[0] + 1 :]
        )
    )
    def send(frame: bytes) -> None:
        nonlocal sent
        hostile.say(frame)
        sent += 1

    send()
    wait(lambda: sum(refused(metering).values()) >= sent)
    assert sum(refused(metering).values()) == sent
    assert refused(metering).keys() <= {"form", "key", "signature"}
    check_unharmed(metering)


def test_answers_that_are_none_change_nothing(metering: Metering, hostile: Hostile) -> None:
    """Forged words on positions, frames that nobody asked for, and rubbish."""
    key = read_key(metering.directory / "key")
    far = [("lyon/pdu1/", time.time_ns(), 10**9)]
    forged = Signer("drivers-1", "k1", b"guess" * 4, time.time_ns()).positions(time.time_ns(), far)
    old = Signer("drivers-1", "k1", key, time.time_ns()).positions(time.time_ns() - 10**12, far)
    hostile.answers += [
        b"",
        b"\xc1rubbish",
        ["positions"],
        ["positions", [b"rubbish", forged, old, signed(metering)]],
        ["frames", 2**63, [signed(metering)]],
        ["frames", -1, []],
        [float("nan")],
        msgspec.msgpack.encode([float("inf"), asking.UNKNOWN]),
    ]
    wait(lambda: sum(refused(metering).values()) > 50)
    assert refused(metering).keys() == {"form", "signature", "replay", "content"}
    hostile.answers.clear()
    assert metering.numbers()["kwapi_bus_batches_lost_total"] == 0
    check_unharmed(metering)
