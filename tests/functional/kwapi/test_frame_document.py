# SPDX-License-Identifier: Apache-2.0
"""The manual's page on the frame says the truth: its test vectors, and the consumer that was written from it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import zmq

from kwapi.bus.archive import Ring
from kwapi.bus.publisher import Publisher
from kwapi.bus.sockets import Sockets
from kwapi.core.condition import Condition
from kwapi.core.reading import Flag, Reading, columns_of, readings_of
from kwapi.core.wire import BadFrame, Key, Signer, Verifier

FOLDER = Path(__file__).parents[3] / "docs" / "reference" / "bus"
VECTORS = json.loads((FOLDER / "vectors.json").read_text())
KEY = bytes.fromhex(VECTORS["key"])
NAMES = [vector["what"] for vector in VECTORS["believed"]]


def hear() -> Any:
    """The manual's consumer."""
    spec = importlib.util.spec_from_file_location("hear", FOLDER / "hear.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verifier() -> Verifier:
    """Whoever has the vectors' key."""
    return Verifier({VECTORS["key_id"]: Key(VECTORS["source"], KEY)})


def reading(row: dict[str, Any]) -> Reading:
    """A reading of the vectors."""
    return Reading(**{"probe_id": row["probe"], **{name: row[name] for name in row if name != "probe"}})


@pytest.mark.parametrize("vector", VECTORS["believed"], ids=NAMES)
def test_our_frames_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    """Written and read, byte for byte and value for value."""
    frame = bytes.fromhex(vector["frame"])
    readings = [reading({**row, "flags": Flag(row["flags"])}) for row in vector["readings"]]
    signer = Signer(vector["source"], VECTORS["key_id"], KEY, vector["epoch"])
    columns = columns_of(readings)
    assert signer.frame(vector["topic"].encode(), vector["sequence"], vector["sent_ns"], columns) == frame
    read = verifier().read(frame)
    assert (read.topic, read.body.sequence, read.body.sent_ns) == (
        vector["topic"],
        vector["sequence"],
        vector["sent_ns"],
    )
    assert list(readings_of(read.body.readings)) == readings


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=[vector["what"] for vector in VECTORS["refused"]])
def test_what_is_wrong_is_refused(vector: dict[str, Any]) -> None:
    """By ours, and by the manual's consumer."""
    frame = bytes.fromhex(vector["frame"])
    with pytest.raises(BadFrame):
        verifier().read(frame)
    with pytest.raises(ValueError, match=r"key|signature|source|unpack"):
        hear().read(frame, VECTORS["source"], VECTORS["key_id"], KEY)


def test_a_word_on_positions_is_that_of_the_vectors() -> None:
    """With the stream of an earlier life."""
    word = VECTORS["word"]
    streams = [tuple(row) for row in word["streams"]]
    signer = Signer(VECTORS["source"], VECTORS["key_id"], KEY, word["epoch"])
    assert signer.positions(word["sent_ns"], streams).hex() == word["frame"]
    assert verifier().read_positions(bytes.fromhex(word["frame"])).streams == streams


def test_a_word_on_devices_is_that_of_the_vectors() -> None:
    """One that never answered, and one that tells all but an outlet."""
    word = VECTORS["devices"]
    devices = [Condition(**device) for device in word["devices"]]
    signer = Signer(VECTORS["source"], VECTORS["key_id"], KEY, word["epoch"])
    assert [frame.hex() for frame in signer.conditions(word["sent_ns"], devices)] == [word["frame"]]
    assert verifier().read_conditions(bytes.fromhex(word["frame"])).devices == devices


@pytest.mark.parametrize("vector", VECTORS["believed"], ids=NAMES)
def test_the_manuals_consumer_reads_them(vector: dict[str, Any]) -> None:
    """It knows nothing of ours."""
    topic, epoch, sequence, readings = hear().read(bytes.fromhex(vector["frame"]), VECTORS["source"], "k1", KEY)
    assert (topic, epoch, sequence) == (vector["topic"], vector["epoch"], vector["sequence"])
    assert readings == [(row["probe"], (row["begin_ns"], row["end_ns"]), row["watts"]) for row in vector["readings"]]


def test_the_manuals_consumer_hears_a_real_bus(tmp_path: Path) -> None:
    """As a program of its own."""
    sockets = Sockets()
    endpoint = f"ipc://{tmp_path}/live"
    live = sockets.bound(zmq.XPUB, endpoint)
    publisher = Publisher(live, Signer("lyon-1", "k1", KEY, time.time_ns()), Ring(10**6), None, time.time_ns)
    arguments = [endpoint, "lyon/r1/pdu1/2/", "lyon-1", "k1", KEY.hex()]
    with subprocess.Popen([sys.executable, FOLDER / "hear.py", *arguments], stdout=subprocess.PIPE, text=True) as heard:
        try:
            assert heard.stdout is not None
            poller = zmq.Poller()
            poller.register(heard.stdout, zmq.POLLIN)
            deadline = time.monotonic() + 120
            while not poller.poll(100):
                assert time.monotonic() < deadline
                now = time.time_ns()
                batch = [
                    Reading(probe_id=f"lyon/r1/pdu1/{outlet}", begin_ns=now, end_ns=now, watts=outlet * 100.0)
                    for outlet in (1, 2)
                ]
                publisher.publish("lyon/r1/pdu1/", batch)
            assert heard.stdout.readline().split()[::2] == ["lyon/r1/pdu1/2", "200.0"]
        finally:
            heard.kill()
            sockets.close()


def test_it_has_forty_lines() -> None:
    """As the page says."""
    assert len((FOLDER / "hear.py").read_text().splitlines()) == 40
