# SPDX-License-Identifier: Apache-2.0
"""Meters that tell JSON: the manual's examples, against bodies after the vendors' descriptions."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from climate.chassis.secrets import Secret
from climate.devices.http_json.source import FetchError
from climate.errors import ConfigError
from kwapi.core.reading import Flag, Reading
from kwapi.drivers.http_access import parse_headers
from kwapi.drivers.http_json import HttpJsonDriver
from kwapi.drivers.protocol import DeviceError
from kwapi.manager import configuration
from tests.unit.kwapi.drivers.sections import Clock, section
from tools.servers.json_device import JsonDevice

PAGE = Path(__file__).parents[4] / "docs" / "admin" / "kwapi" / "wattmeters-http.rst"
NS = 1_000_000_000

# What each vendor describes as the answer, shortened; the page's examples by the name of their section.
SWITCH = {
    "id": 0,
    "source": "init",
    "output": True,
    "apower": 8.9,
    "voltage": 237.5,
    "current": 0.046,
    "freq": 50.0,
    "aenergy": {"total": 6.532, "by_minute": [45.199, 47.141, 88.397], "minute_ts": 1626935779},
    "temperature": {"tC": 22.4, "tF": 72.3},
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "shelly-gen1": {
        "/status": {
            "relays": [{"ison": True}, {"ison": False}],
            "meters": [
                {"power": 41.5, "is_valid": True, "timestamp": 1574175600, "total": 120},
                {"power": 0.0, "is_valid": True, "timestamp": 1574175600, "total": 7},
            ],
            "voltage": 231.2,
        }
    },
    "shelly-gen2": {"/rpc/Switch.GetStatus?id=0": SWITCH, "/rpc/Switch.GetStatus?id=1": SWITCH | {"apower": 17.0}},
    "tasmota": {
        "/cm?cmnd=Status%208": {
            "StatusSNS": {
                "Time": "2023-11-14T23:13:18",
                "ENERGY": {
                    "TotalStartTime": "2023-01-01T00:00:00",
                    "Total": 3.185,
                    "Power": 84,
                    "ApparentPower": 97,
                    "ReactivePower": 48,
                    "Factor": 0.87,
                    "Voltage": 229,
                    "Current": 0.422,
                },
            }
        }
    },
    "home-assistant": {
        "/api/states/sensor.rack_7_power": {
            "entity_id": "sensor.rack_7_power",
            "state": "512.3",
            "attributes": {"unit_of_measurement": "W", "device_class": "power"},
            "last_changed": "2023-11-14T22:13:10.000000+00:00",
            "last_updated": "2023-11-14T22:13:15.000000+00:00",
        }
    },
    "mystrom": {
        "/report": {
            "power": 12.3,
            "Ws": 12.1,
            "relay": True,
            "temperature": 23.4,
            "energy_since_boot": 54321.5,
            "time_since_boot": 4500,
        }
    },
    "netio": {
        "/netio.json": {
            "GlobalMeasure": {"Voltage": 230.1, "Frequency": 50.0, "TotalCurrent": 610, "TotalLoad": 140},
            "Outputs": [
                {"ID": 1, "Name": "a", "State": 1, "Current": 410, "PowerFactor": 0.95, "Load": 90, "Energy": 1234},
                {"ID": 2, "Name": "b", "State": 1, "Current": 200, "PowerFactor": 0.91, "Load": 50, "Energy": 567},
            ],
        }
    },
}
EXPECTED: Mapping[str, list[Mapping[str, Any]]] = {
    "shelly-gen1": [
        {"watts": 41.5, "volts": 231.2, "energy_j": 7200.0},
        {"watts": 0.0, "volts": 231.2, "energy_j": 420.0},
    ],
    "shelly-gen2": [
        {"watts": 8.9, "volts": 237.5, "amperes": 0.046, "energy_j": 6.532 * 3600},
        {"watts": 17.0, "volts": 237.5, "amperes": 0.046, "energy_j": 6.532 * 3600},
    ],
    "tasmota": [{"watts": 84.0, "volts": 229.0, "amperes": 0.422, "energy_j": 3.185 * 3.6e6}],
    "home-assistant": [{"watts": 512.3}],
    "mystrom": [{"watts": 12.3, "energy_j": 54321.5}],
    "netio": [
        {"watts": 90.0, "volts": 230.1, "amperes": 0.41, "energy_j": 1234 * 3600.0},
        {"watts": 50.0, "volts": 230.1, "amperes": 0.2, "energy_j": 567 * 3600.0},
    ],
}


def examples() -> Mapping[str, str]:
    """The page's sections, by their names."""
    blocks = re.findall(r"code-block:: ini\n\n((?:   .*\n|\n)+)", PAGE.read_text())
    text = "".join(line.removeprefix("   ") for block in blocks for line in block.splitlines(keepends=True))
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return {
        name: f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in parser[name].items())
        for name in parser.sections()
    }


def test_every_vendor_has_an_example() -> None:
    assert set(examples()) == set(BODIES) == set(EXPECTED)


@pytest.mark.parametrize("name", BODIES)
def test_the_manuals_examples_read_the_vendors_bodies(name: str, tmp_path: Path) -> None:
    """As the page writes them, but for the address."""
    for secret in ("token", "password"):
        (tmp_path / secret).touch(mode=0o600)
        (tmp_path / secret).write_text("abc")
    with JsonDevice(BODIES[name]) as device:
        text = re.sub(r"(url = )https?://[^/\n]+", rf"\g<1>{device.url}", examples()[name])
        text = re.sub(r"(_file = ).*/", r"\1", text)
        (tmp_path / "kwapi.conf").write_text(text)
        found = configuration.read([tmp_path / "kwapi.conf"])
        assert [fault.text for fault in found.faults] == []
        # The bodies' own clock.
        driver = HttpJsonDriver(found.wattmeters[0].section, Clock(1_700_000_000 * NS))
        readings = driver.read()
        driver.close()
        paths = {path for path, _ in device.requests}
    assert [{key: getattr(reading, key) for key in want} for reading, want in zip(readings, EXPECTED[name], strict=True)
            ] == [{key: pytest.approx(value) for key, value in want.items()} for want in EXPECTED[name]]  # fmt: skip
    assert paths == set(BODIES[name])


class Documents:
    """A source of these documents by URL; one that is an error is raised."""

    def __init__(self, **documents: bytes | FetchError) -> None:
        self.documents = documents
        self.asked: list[str] = []

    def fetch(self, url: str, deadline: float) -> bytes:
        name = url.rsplit("/", 1)[-1]
        self.asked.append(name)
        found = self.documents[name]
        if isinstance(found, FetchError):
            raise found
        return found

    def close(self) -> None:
        pass


def driver(source: Documents, clock: Clock, *outlets: str | None, **options: object) -> HttpJsonDriver:
    secrets = {"password": None, "token": None, "headers": None}
    given = secrets | {"url": "http://meter/all", "watts": "w"} | options
    return HttpJsonDriver(section(HttpJsonDriver, outlets or ("1",), **given), clock, source)


def read(document: bytes, *outlets: str | None, **options: object) -> list[Reading]:
    return driver(Documents(all=document), Clock(), *outlets, **options).read()


def test_one_document_may_tell_of_all_outlets() -> None:
    """It is fetched once; one of which it says nothing is left out."""
    source = Documents(all=b'{"o": {"1": {"w": 5}, "3": {"w": "7"}}}')
    made = driver(source, Clock(), "1", "2", "-x", "3", watts='o."{outlet}".w')
    assert [(reading.probe_id[-1], reading.watts) for reading in made.read()] == [("1", 5.0), ("3", 7.0)]
    assert [probe[-1] for probe in made.missing()] == ["2", "x"]
    assert source.asked == ["all"]


def test_each_outlet_may_have_a_document_of_its_own() -> None:
    """One that does not come leaves the others alone."""
    source = Documents(a=b'{"w": 1}', c=FetchError("http://meter/c: no answer in time"), **{"d%20e": b'{"w": 2}'})
    made = driver(source, Clock(), "a", None, "c", "d e", url="http://meter/{outlet}")
    assert [reading.watts for reading in made.read()] == [1.0, 2.0]
    assert list(made.missing().values()) == ["http://meter/c: no answer in time"]
    with pytest.raises(DeviceError, match="no answer in time"):
        driver(source, Clock(), "c", url="http://meter/{outlet}").read()


def test_braces_of_a_jmespath_are_its_own() -> None:
    assert read(b'{"a": 1, "b": 2}', watts="{x: a, y: b}.y")[0].watts == 2.0


def test_units_and_scale_are_heeded() -> None:
    """The ratio of a current transformer concerns power, current and energy."""
    (reading,) = read(
        b'{"w": 2, "v": 231500, "a": 500, "e": 3}',
        volts="v", volts_unit="mV", amperes="a", amperes_unit="mA", energy="e", energy_unit="kWh",
        watts_unit="kW", scale=10.0,
    )  # fmt: skip
    assert (reading.watts, reading.volts, reading.amperes, reading.energy_j) == pytest.approx(
        (20_000, 231.5, 5.0, 108e6)
    )


def test_extras_are_told_with_their_units() -> None:
    (reading,) = read(b'{"w": 2, "t": 20, "f": true}', temperature="t", frequency="f", power_factor="p")
    assert reading.extra == {"temperature_c": 20.0}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b'{"w": true}', "w is no number: 'True'"),
        (b'{"w": "unavailable"}', "w is no number: 'unavailable'"),
        (b'{"w": NaN}', "no JSON"),
        (b'{"w": 1e999}', "not finite"),
        (b"{}", "there is nothing at w"),
        (b"<html>", "no JSON"),
    ],
)
def test_what_is_no_power_is_told_and_not_given(document: bytes, complaint: str) -> None:
    with pytest.raises(DeviceError, match=complaint):
        read(document)


def test_the_documents_instant_counts() -> None:
    """With how old it is; one that was told before is marked."""
    clock = Clock()
    at_s = clock.now_ns / NS - 20
    source = Documents(all=f'{{"w": 5, "t": {at_s}}}'.encode())
    made = driver(source, clock, at="t")
    (first,) = made.read()
    assert first.begin_ns == first.end_ns == clock.now_ns - 20 * NS
    assert (first.extra["age_s"], first.flags) == (pytest.approx(20), 0)
    clock.pass_s(10)
    (second,) = made.read()
    assert (second.end_ns, second.flags) == (first.end_ns, Flag.STALE)
    assert second.extra["age_s"] == pytest.approx(30)
    source.documents["all"] = f'{{"w": 6, "t": {at_s + 25}}}'.encode()
    (third,) = made.read()
    assert (third.begin_ns - first.end_ns, third.flags) == (25 * NS, 0)


@pytest.mark.parametrize(("ahead_s", "complaint"), [(-301, "measured 301 s ago"), (60, "clock is 60 s ahead")])
def test_what_is_too_old_or_of_the_future_is_not_told(ahead_s: int, complaint: str) -> None:
    document = f'{{"w": 5, "t": {Clock().now_ns // NS + ahead_s}}}'.encode()
    with pytest.raises(DeviceError, match=complaint):
        read(document, at="t")


def test_a_clock_that_is_a_little_ahead_counts_as_ours() -> None:
    clock = Clock()
    (reading,) = read(f'{{"w": 5, "t": {clock.now_ns // NS + 2}}}'.encode(), at="t")
    assert reading.end_ns == clock.now_ns


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"watts": None}, "watts"),
        ({"watts": "a..b"}, "watts"),
        ({"at": "]"}, "at"),
        ({"at_zone": "Mars/Olympus"}, "at_zone"),
        ({"url": "ftp://meter/"}, "url"),
        ({"url": "http://me:secret@meter/"}, "url"),
    ],
)
def test_mistakes_are_told(options: dict[str, object], option: str) -> None:
    with pytest.raises(ConfigError) as caught:
        driver(Documents(), Clock(), **options)
    assert caught.value.details["option"] == option
    assert "secret" not in caught.value.message


def test_headers_stand_one_a_line() -> None:
    assert parse_headers("X-API-Key: 12 3\n\nAccept: a/b \n") == {"X-API-Key": "12 3", "Accept": "a/b"}
    for text in ("secret words", "A B: c", "A: \x00", "A: b\r\n B: c", ": xyz"):
        with pytest.raises(ConfigError) as caught:
            parse_headers(text)
        assert text not in caught.value.message


@pytest.mark.parametrize(
    "options",
    [
        {"username": "me"},
        {"password": Secret("x")},
        {"username": "me", "password": Secret("x"), "token": Secret("y")},
        {"token": Secret("two words")},
        {"ca_file": "nowhere.pem"},
        {"certificate_file": "nowhere.pem"},
    ],
)
def test_credentials_that_make_no_sense_are_told(options: dict[str, object], tmp_path: Path) -> None:
    secrets: dict[str, object] = {"password": None, "token": None, "headers": None}
    made = section(HttpJsonDriver, folder=tmp_path, **secrets | {"url": "http://meter/", "watts": "w"} | options)
    with pytest.raises(ConfigError):
        HttpJsonDriver(made, Clock())
