# SPDX-License-Identifier: Apache-2.0
"""HTTP as devices speak it: secrets, certificates, redirects, answers without end."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.chassis.secrets import Secret
from climate.devices.http_json.source import LARGEST_BODY
from kwapi.drivers.http_json import HttpJsonDriver
from kwapi.drivers.protocol import DeviceError
from tests.unit.kwapi.drivers.sections import section
from tools.servers import certificates
from tools.servers.json_device import Answer, JsonDevice
from tools.servers.process import free_port

TIMEOUT_S = 1.0
PATIENCE_S = 30.0
GOOD = {"w": 5.5}


@pytest.fixture
def device() -> Iterator[JsonDevice]:
    with JsonDevice({"/": GOOD, "/other": {"w": 6.5}}) as running:
        yield running


def driver(url: str, folder: Path = Path(), **options: object) -> HttpJsonDriver:
    secrets: dict[str, object] = {"password": None, "token": None, "headers": None}
    made = section(HttpJsonDriver, folder=folder, **secrets | {"url": url, "watts": "w"} | options)
    return HttpJsonDriver(dataclasses.replace(made, timeout_s=TIMEOUT_S), time.time_ns)


def watts(url: str, folder: Path = Path(), **options: object) -> float | None:
    made = driver(url, folder, **options)
    try:
        return made.read()[0].watts
    finally:
        made.close()


def complaint(url: str, folder: Path = Path(), **options: object) -> str:
    began = time.monotonic()
    with pytest.raises(DeviceError) as caught:
        watts(url, folder, **options)
    assert time.monotonic() - began < TIMEOUT_S + PATIENCE_S
    return str(caught.value)


def test_the_connection_is_kept(device: JsonDevice) -> None:
    made = driver(f"{device.url}/")
    assert [made.read()[0].watts for _ in range(3)] == [5.5, 5.5, 5.5]
    assert [headers["Connection"] for _, headers in device.requests] == ["keep-alive"] * 3
    made.close()


@pytest.mark.parametrize(
    ("options", "name", "expected"),
    [
        (
            {"username": "mé", "password": Secret("pass:wörd")},
            "Authorization",
            f"Basic {base64.b64encode('mé:pass:wörd'.encode()).decode()}",
        ),
        ({"token": Secret("abc.def")}, "Authorization", "Bearer abc.def"),
        ({"headers": Secret("X-API-Key: 123\nX-Other: 4")}, "X-API-Key", "123"),
    ],
)
def test_credentials_are_shown(device: JsonDevice, options: dict[str, object], name: str, expected: str) -> None:
    assert watts(f"{device.url}/", **options) == 5.5
    assert device.requests[0][1][name] == expected


def test_a_digest_is_shown_when_it_is_asked_for(device: JsonDevice) -> None:
    """And the password itself never."""
    challenge = 'Digest qop="auth", realm="shellyplus1pm-a8032ab12345", nonce="60dc2c6b", algorithm=SHA-256'
    device.answers["/"] = Answer(status=401, headers={"WWW-Authenticate": challenge})
    text = complaint(f"{device.url}/", username="admin", password=Secret("hush"), auth="digest")
    assert "refuses us (401); look at the credentials" in text
    assert device.requests[1][1]["Authorization"].startswith('Digest username="admin"')
    assert "hush" not in text + str(device.requests)


def test_no_secret_is_in_what_is_told(device: JsonDevice) -> None:
    """Neither of an address's query nor of a header."""
    device.answers["/?key=hush"] = Answer(status=500)
    for url in (f"{device.url}/?key=hush", f"http://127.0.0.1:{free_port()}/?key=hush"):
        assert "hush" not in complaint(url, token=Secret("hush"))


@pytest.mark.parametrize("target", ["/other", "{url}/other"])
def test_redirects_are_followed_on_the_same_host(device: JsonDevice, target: str) -> None:
    device.answers["/"] = Answer(status=302, headers={"Location": target.format(url=device.url)})
    assert watts(f"{device.url}/") == 6.5


def test_redirects_to_others_are_not_followed(device: JsonDevice) -> None:
    """They would get our credentials, or send us into networks where we are trusted."""
    elsewhere = device.url.replace("127.0.0.1", "localhost")
    device.answers["/"] = Answer(status=302, headers={"Location": f"{elsewhere}/other"})
    assert "another place" in complaint(f"{device.url}/", token=Secret("abc"))
    assert [path for path, _ in device.requests] == ["/"]


def test_redirects_in_a_circle_end(device: JsonDevice) -> None:
    device.answers["/"] = Answer(status=302, headers={"Location": "/"})
    assert "around" in complaint(f"{device.url}/")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(body=b" " * (LARGEST_BODY + 1)), "larger than"),
        (Answer(body=b'{"w": 5', length=100), "breaks off"),
        (Answer(body=b'{"w": 5}' + b" " * 10_000, piece=1, pause_s=0.01), "does not come to an end"),
        (Answer(body=GOOD, delay_s=60), "no answer in time"),
        (Answer(body=GOOD, status=503), "status 503"),
        (Answer(body=b"", status=204), "status 204"),
        (Answer(body=GOOD, headers={"Content-Encoding": "gzip"}), "packed"),
        (Answer(body=b"<html>hello</html>"), "no JSON"),
    ],
)
def test_a_disturbed_answer_is_an_error_and_not_a_value(device: JsonDevice, answer: Answer, text: str) -> None:
    device.answers["/"] = answer
    assert text in complaint(f"{device.url}/")


def test_nobody_listens() -> None:
    assert "cannot be reached: Connection refused" in complaint(f"http://127.0.0.1:{free_port()}/")


def test_a_certificate_must_be_trusted(tmp_path: Path) -> None:
    """By the authority that is named, unless that is switched off."""
    found = certificates.make(tmp_path)
    with JsonDevice({"/": GOOD}, found.context()) as device:
        assert "not trusted" in complaint(f"{device.url}/")
        assert watts(f"{device.url}/", tmp_path, ca_file=found.authority.name) == 5.5
        with pytest.warns(Warning, match="Unverified HTTPS request"):
            assert watts(f"{device.url}/", verify=False) == 5.5


def test_the_surroundings_of_the_process_do_not_count(device: JsonDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert watts(f"{device.url}/") == 5.5


@pytest.mark.parametrize("answer", [Answer(body=GOOD, delay_s=60), Answer(body=b" " * 60_000, piece=1, pause_s=0.1)])
def test_who_waits_can_be_closed(device: JsonDevice, answer: Answer) -> None:
    device.answers["/"] = answer
    secrets: dict[str, object] = {"password": None, "token": None, "headers": None}
    made = section(HttpJsonDriver, **secrets | {"url": f"{device.url}/", "watts": "w"})
    patient = HttpJsonDriver(dataclasses.replace(made, timeout_s=3600.0), time.time_ns)
    closer = threading.Timer(0.5, patient.close)
    closer.start()
    began = time.monotonic()
    with pytest.raises(DeviceError):
        patient.read()
    assert time.monotonic() - began < PATIENCE_S
    with pytest.raises(DeviceError, match="closed"):
        patient.read()


@contextlib.contextmanager
def raw(answer: bytes) -> Iterator[str]:
    """A server that says these bytes to whoever asks, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65_536)
                        connection.sendall(answer)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        listening.shutdown(socket.SHUT_RDWR)
        server.join(PATIENCE_S)


def test_a_connection_that_the_device_closes_just_now_is_opened_again() -> None:
    """Within the same question."""
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"w": 5}'
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for questions in (2, 1):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)
                    if questions == 2:
                        connection.recv(65_536)

        server = threading.Thread(target=serve)
        server.start()
        made = driver(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        assert [made.read()[0].watts for _ in range(2)] == [5.0, 5.0]
        made.close()
        server.join(PATIENCE_S)


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"w":\r\n3\r\n 5}\r\n0\r\n\r\n',
        b'HTTP/1.0 200 OK\r\n\r\n{"w": 5}',
    ],
)
def test_an_answer_may_come_without_its_length(answer: bytes) -> None:
    """As small devices send it."""
    with raw(answer) as url:
        assert watts(url) == 5.0


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: "]))
def test_random_bytes_are_never_a_value(garbage: bytes, head: bytes) -> None:
    with raw(head + garbage) as url:
        complaint(url)
