# SPDX-License-Identifier: Apache-2.0
"""Whatever a service sends, the Redfish driver tells what it understood or that the device failed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.chassis.secrets import Secret
from climate.devices.redfish.connection import Address, Answer, NoAnswer
from climate.errors import ConfigError
from kwapi.drivers.protocol import DeviceError
from kwapi.drivers.redfish import RedfishDriver
from tests.redfish_trees import CHASSIS, Tree, new_bmc, rack_pdu
from tests.unit.kwapi.drivers.sections import Clock, section

URL = "https://bmc-1.example.org"
SENSOR = f"{CHASSIS}/Sensors/TotalPower"


class Wire:
    """All channels to a service that answers from a tree, or with what it is told to."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.answer: Answer | None = None
        self.asked: list[str] = []

    def __call__(self) -> Wire:
        return self

    def ask(self, method: str, uri: str, headers: Mapping[str, str], until: float) -> Answer:
        self.asked.append(uri)
        if self.answer is not None:
            return self.answer
        resource = self.tree.get(uri.partition("?")[0].rstrip("/"))
        return Answer(404, {}, b"") if resource is None else Answer(200, {}, json.dumps(resource).encode())

    def send(self, method: str, uri: str, headers: Mapping[str, str], body: bytes, until: float) -> None:
        self.asked.append(uri)

    def receive(self, until: float) -> Answer:
        raise NoAnswer("it did not answer in time")

    def interrupt(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """Nothing is open."""


def driver(wire: Wire, probes: Sequence[str | None] = ("1",), **options: Any) -> RedfishDriver:
    """One whom everybody may ask, unless the options say who asks."""
    settings = {"url": URL, "password": None, "username": None} | options
    return RedfishDriver(section(RedfishDriver, probes, **settings), Clock(), wire)


@given(
    body=st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda all_: json.dumps(all_).encode()),
    status=st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 503]),
    headers=st.dictionaries(st.sampled_from(["date", "location", "retry-after"]), st.text(max_size=20)),
)
def test_garbage_is_never_a_value(body: bytes, status: int, headers: dict[str, str]) -> None:
    """While it is found out where power is told, and afterwards."""
    wire = Wire(new_bmc())
    known, fresh = driver(wire), driver(wire)
    assert known.read()[0].watts == 374.0
    wire.answer = Answer(status, headers, body)
    for each in (known, fresh):
        with pytest.raises(DeviceError, match=r"\S"):
            each.read()


@given(st.dictionaries(st.sampled_from(["date", "link"]), st.text(max_size=30)))
def test_odd_headers_do_no_harm(headers: dict[str, str]) -> None:
    wire = Wire(new_bmc())
    asked = driver(wire, source="environment")
    wire.answer = None
    assert asked.read()
    wire.answer = Answer(200, headers, json.dumps(wire.tree[f"{CHASSIS}/EnvironmentMetrics"]).encode())
    assert asked.read()[0].watts == 374.0


def test_an_outlet_that_is_skipped_is_not_asked() -> None:
    wire = Wire(rack_pdu(4, expand=False))
    asked = driver(wire, ("1", None, "3"), measure=["outlets"])
    asked.read()
    wire.asked.clear()
    assert [reading.watts for reading in asked.read()] == [101.0, 103.0]
    assert [uri.rpartition("/")[2] for uri in wire.asked] == ["A1", "A3"]


def test_readings_are_of_the_time_between_question_and_answer() -> None:
    reading = driver(Wire(new_bmc())).read()[0]
    assert reading.begin_ns == reading.end_ns == Clock().now_ns


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"url": "bmc-1.example.org"}, "url"),
        ({"url": "https://bmc-1.example.org:https"}, "url"),
        ({"url": "https://user:word@bmc-1.example.org"}, "url"),
        ({"url": "http://bmc-1.example.org", "username": "reader", "password": Secret("word")}, "url"),
        ({"username": "reader"}, "username"),
        ({"password": Secret("word")}, "username"),
        ({"measure": ["sensors"]}, "measure"),
        ({"measure": ["outlets"], "members": ["A1", "A2"]}, "members"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError) as raised:
        driver(Wire({}), **options)
    assert raised.value.details["option"] == named
    assert "word@" not in raised.value.message


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("missing.pem", "empty.pem"):
        settings = {"url": URL, "username": None, "password": None, "ca_file": name}
        with pytest.raises(ConfigError, match=name):
            RedfishDriver(section(RedfishDriver, folder=tmp_path, **settings), Clock())


def test_a_login_is_not_begun_anew_while_one_is_open() -> None:
    wire = Wire(new_bmc())
    waiting = driver(wire, username="reader", password=Secret("word"))
    for _ in range(5):
        with pytest.raises(DeviceError, match="in time"):
            waiting.read()
    assert len([uri for uri in wire.asked if uri.endswith("/Sessions")]) == 1


def test_where_a_service_is_stands_in_its_url() -> None:
    assert Address.of("https://[2001:db8::7]:8443/ui") == Address("2001:db8::7", 8443, True)
    assert Address.of("http://bmc-1/") == Address("bmc-1", 80, False)
    for other in ("ftp://bmc-1", "https://", "https:///x"):
        with contextlib.suppress(ValueError):
            pytest.fail(str(Address.of(other)))
