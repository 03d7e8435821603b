# SPDX-License-Identifier: Apache-2.0
"""What becomes of a device's answers: requests, readings, and what a section may say."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from climate.chassis.secrets import Secret
from climate.devices.snmp.oid import SYS_OBJECT_ID, Oid, Value, oid_of
from climate.devices.snmp.session import Community, SnmpError, User
from climate.errors import ConfigError
from kwapi.core.reading import Flag
from kwapi.drivers.protocol import DeviceError
from kwapi.drivers.snmp import SYS_UP_TIME, SnmpDriver
from kwapi.drivers.snmp_options import who_of
from tests.unit.kwapi.drivers.sections import Clock, section
from tests.unit.kwapi.drivers.snmp_strip import (
    AMPERES,
    DEVICE,
    NAMES,
    STRIP,
    SYSTEM,
    WATTS,
    Device,
    Waiting,
    driver_of,
    read,
    strip,
    watts,
)


def test_each_probe_is_its_outlet() -> None:
    driver = driver_of(Device(strip()))
    assert {name: (each.watts, each.amperes) for name, each in read(driver).items()} == {
        "1": (10.0, 0.1),
        "3": (30.0, 0.3),
    }


def test_one_request_brings_all_outlets() -> None:
    device = Device(strip())
    driver = driver_of(device, [str(number) for number in range(1, 25)])
    assert len(driver.read()) == 24
    device.asked.clear()
    assert watts(driver) == {str(number): 10.0 * number for number in range(1, 25)}
    assert device.asked == ["rows"]


def test_places_say_which_probe_is_which() -> None:
    """By their names, or as bare numbers of outlets."""
    driver = driver_of(Device(strip()), ["web", "db", "spare"], places=["2", "outlet-5", "7"])
    assert watts(driver) == {"web": 20.0, "db": 50.0, "spare": 70.0}


def test_an_outlet_that_the_device_does_not_have_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """And told once, with those that there are; if none is there, that is the device's fault."""
    driver = driver_of(Device(strip(4)), ["1", "9"])
    with caplog.at_level(logging.WARNING):
        assert watts(driver) == {"1": 10.0}
        assert watts(driver) == {"1": 10.0}
    assert list(driver.missing()) == [f"{DEVICE}/9"]
    assert [record.getMessage() for record in caplog.records] == [
        "meter: Strip has no 9; it has: outlet-1, outlet-2, outlet-3, outlet-4"
    ]
    with pytest.raises(DeviceError, match="has no 8, 9; it has: outlet-1"):
        driver_of(Device(strip(4)), ["8", "9"]).read()


def test_who_lacks_its_watts_alone_is_missing_too() -> None:
    """What is left of it is told: here the current."""
    device = Device(strip(2))
    driver = driver_of(device, ["1", "2"])
    driver.read()
    assert driver.missing() == {}
    del device.rows_of[(*WATTS, 1)]
    assert watts(driver) == {"1": None, "2": 20.0}
    assert list(driver.missing()) == [f"{DEVICE}/1"]


def test_half_a_table_gives_half_the_readings(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is made up for what is gone, and nobody else's watts are taken for it; the log names it once."""
    device = Device(strip(4))
    driver = driver_of(device, ["1", "2", "3", "4"])
    assert len(driver.read()) == 4
    for outlet in (1, 2):
        del device.rows_of[(*WATTS, outlet)], device.rows_of[(*AMPERES, outlet)]
    for _ in range(2):
        assert watts(driver) == {"3": 30.0, "4": 40.0}
    assert [record.getMessage() for record in caplog.records].count("meter: it has no value now for 1, 2") == 1
    assert driver.missing() == dict.fromkeys([f"{DEVICE}/1", f"{DEVICE}/2"], "it has no value now for 1, 2")
    for outlet in (3, 4):
        del device.rows_of[(*WATTS, outlet)], device.rows_of[(*AMPERES, outlet)]
    with pytest.raises(DeviceError, match="no value now for 1, 2, 3, 4"):
        driver.read()


def test_what_is_gone_is_looked_for_again_after_a_while() -> None:
    """Not at each reading, and without losing those of others."""
    waiting = Waiting()
    device = Device(strip(4))
    driver = driver_of(device, ["1", "2"], waiting)
    assert len(driver.read()) == 2
    kept = device.rows_of.pop((*WATTS, 1))
    device.rows_of.pop((*AMPERES, 1))
    assert watts(driver) == {"2": 20.0}
    device.asked.clear()
    assert watts(driver) == {"2": 20.0}
    assert device.asked == ["rows"]
    waiting.pass_s(61)
    assert watts(driver) == {"2": 20.0}
    device.rows_of[(*WATTS, 1)] = kept
    assert watts(driver) == {"1": 10.0, "2": 20.0}


def test_answers_that_are_cut_off_make_for_smaller_requests() -> None:
    device = Device(strip(24))
    driver = driver_of(device, [str(number) for number in range(1, 25)])
    assert len(driver.read()) == 24
    device.most = 20
    for _ in range(6):
        driver.read()
    device.asked.clear()
    assert len(driver.read()) == 24
    assert "get" not in device.asked


def test_a_device_that_is_silent_when_asked_for_much_is_asked_for_less() -> None:
    """But not one that does not answer at all."""
    device = Device(strip(48))
    driver = driver_of(device, [str(number) for number in range(1, 49)])
    assert len(driver.read()) == 48
    device.fault = SnmpError("it does not answer")
    for _ in range(10):
        with pytest.raises(DeviceError):
            driver.read()
    device.fault, device.longest = None, 15
    for _ in range(30):
        with contextlib.suppress(DeviceError):
            driver.read()
    device.asked.clear()
    assert len(driver.read()) == 48
    assert len(device.asked) < 15


def test_a_device_that_was_silent_for_a_while_is_asked_as_before() -> None:
    device = Device(strip(24))
    driver = driver_of(device, [str(number) for number in range(1, 25)])
    assert len(driver.read()) == 24
    device.fault = SnmpError("it does not answer")
    for _ in range(10):
        with pytest.raises(DeviceError):
            driver.read()
    device.fault = None
    assert len(driver.read()) == 24
    device.asked.clear()
    assert len(driver.read()) == 24
    assert device.asked == ["rows"]


@pytest.mark.parametrize("value", [-1, b"", b"n/a", b"\xff\xfe", b"1.2 kW", b"1e999", (1, 3), b"9" * 500])
def test_what_is_no_number_is_no_reading(value: Value) -> None:
    """Nor is what the vendor means by "absent"."""
    device = Device(strip(2))
    driver = driver_of(device, ["1", "2"], quantities=["watts"])
    assert len(driver.read()) == 2
    device.rows_of[(*WATTS, 1)] = value
    assert watts(driver) == {"2": 20.0}


def test_another_device_at_the_address_is_refused() -> None:
    """It must be the one that object_id says; one that took its place is noticed at once, and looked at anew."""
    with pytest.raises(DeviceError, match=r"says sysObjectID 1\.3\.6\.1\.4\.1\.534\.6\.6\.7, and object_id is"):
        driver_of(Device(strip()), object_id="1.3.6.1.4.1.318").read()
    device = Device(strip())
    driver = driver_of(device, object_id="1.3.6.1.4.1.534")
    assert len(driver.read()) == 2
    device.rows_of[SYS_OBJECT_ID] = oid_of("1.3.6.1.4.1.318.1")
    with pytest.raises(DeviceError, match="another device"):
        driver.read()
    device.rows_of = strip() | {SYS_OBJECT_ID: (*STRIP, 2)}
    with pytest.raises(DeviceError, match="another device"):
        driver_of(device, object_id="1.3.6.1.4.1.534.6.6.8").read()
    assert len(driver.read()) == 2


def test_who_it_is_is_asked_by_name_where_it_does_not_come_along() -> None:
    """Some agents leave out objects when they are asked for what comes behind others."""

    class Skipping(Device):
        def rows(self, first: Sequence[Oid], columns: Sequence[Oid], count: int) -> dict[Oid, Value]:
            found = super().rows(first, columns, count)
            return {oid: value for oid, value in found.items() if oid != SYS_OBJECT_ID}

    driver = driver_of(Skipping(strip()), object_id="1.3.6.1.4.1.534")
    assert len(driver.read()) == 2
    assert len(driver.read()) == 2


def test_a_device_that_began_anew_is_looked_at_anew() -> None:
    """Its tables may be others now. A clock that jumps all the time does not hold up the readings."""
    waiting = Waiting()
    device = Device(strip(4))
    driver = driver_of(device, ["1", "2"], waiting)
    assert len(driver.read()) == 2
    waiting.pass_s(61)
    assert len(driver.read()) == 2
    device.rows_of[SYS_UP_TIME] = 10
    assert driver.read() == []
    assert len(driver.read()) == 2
    device.rows_of[SYS_UP_TIME] = 5
    assert len(driver.read()) == 2


def test_learning_goes_on_where_the_time_was_up() -> None:
    """A slow device is not held against the others: each read ends in time, and nothing is asked twice."""
    waiting = Waiting()
    device = Device(strip(24))
    device.before = lambda: waiting.pass_s(0.3)
    driver = driver_of(device, ["1", "2"], waiting)
    reads = 0
    while not (readings := driver.read()):
        reads += 1
        assert reads < 100
    assert reads > 2
    assert len(readings) == 2


def test_a_device_that_is_too_slow_for_all_requests_is_told() -> None:
    """So that a read does not last longer than twice the timeout."""
    waiting = Waiting()
    device = Device(strip(200))
    driver = driver_of(device, [str(number) for number in range(1, 201)], waiting)
    assert len(driver.read()) == 200
    device.before = lambda: waiting.pass_s(2.5)
    with pytest.raises(DeviceError, match="takes longer than 2 s"):
        driver.read()


def test_what_goes_wrong_on_the_way_is_the_devices_fault() -> None:
    device = Device(strip())
    driver = driver_of(device)
    device.fault = SnmpError("pdu:161 does not answer")
    for _ in range(2):
        with pytest.raises(DeviceError, match="does not answer"):
            driver.read()
    device.fault = None
    assert len(driver.read()) == 2
    driver.close()
    with pytest.raises(DeviceError, match="closed"):
        driver.read()


def test_objects_need_no_profile() -> None:
    """A device that nobody knows, by its objects alone; or one more beside a profile's."""
    rows: dict[Oid, Value] = SYSTEM | {oid_of("1.3.6.1.4.1.99999.1.0"): b"123.5", oid_of("1.3.6.1.4.1.99999.2.0"): 24}
    lines = ["hall watts 1.3.6.1.4.1.99999.1.0 0.1", "hall temperature_c 1.3.6.1.4.1.99999.2.0"]
    reading = read(driver_of(Device(rows), ["hall"], profile=[], objects=lines))["hall"]
    assert (reading.watts, reading.extra) == (12.35, {"temperature_c": 24.0})
    both = driver_of(Device(strip() | rows), ["1", "hall"], objects=lines)
    assert watts(both) == {"1": 10.0, "hall": 12.35}


def test_a_profile_of_ones_own_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "acme-strip.yaml").write_text(
        "vendor: Acme\nkind: pdu\ndescription: a strip\nmibs: [ACME-MIB]\nsource: its manual\n"
        "object_ids: [1.3.6.1.4.1.99999.1]\n"
        "tables: [{scope: outlet, index: [number], columns: {watts: {oid: 1.3.6.1.4.1.99999.1.4, object: power}}}]\n"
    )
    rows: dict[Oid, Value] = SYSTEM | {oid_of("1.3.6.1.4.1.99999.1.4.2"): 42}
    said = {"host": "pdu", "profile_file": "acme-strip.yaml", **NAMES}
    made = SnmpDriver(section(SnmpDriver, ["2"], tmp_path, **said), Clock(), Device(rows))
    assert watts(made) == {"2": 42.0}


def test_fewer_quantities_are_fewer_objects() -> None:
    driver = driver_of(Device(strip()), quantities=["watts"])
    assert {name: (each.watts, each.amperes) for name, each in read(driver).items()} == {
        "1": (10.0, None),
        "3": (30.0, None),
    }


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"profile": ["eaton"]}, "profile"),
        ({"profile_file": "missing.yaml"}, "profile_file"),
        ({"places": ["1"]}, "places"),
        ({"objects": ["outlet-1 watts"]}, "objects"),
        ({"objects": ["outlet-1 horsepower 1.3.6.1"]}, "objects"),
        ({"objects": ["outlet-1 watts 1.3.6.1 0"]}, "objects"),
        ({"objects": ["outlet-1 watts one.two"]}, "objects"),
        ({"object_id": "eaton"}, "object_id"),
        ({"nominal_volts": 230.0}, "nominal_volts"),
        ({"version": "3"}, "user"),
        ({"user": "meter"}, "user"),
        ({"community": Secret("a"), "community_name": "b"}, "community_file"),
        ({"version": "3", "user": "meter", "priv_key": Secret("long enough")}, "priv_key_file"),
    ],
)
def test_what_cannot_be_is_told_with_the_option(options: Mapping[str, object], option: str) -> None:
    with pytest.raises(ConfigError) as raised:
        driver_of(Device(strip()), **options)
    assert raised.value.details["option"] == option


def test_who_asks_is_as_the_section_says() -> None:
    """Public, unless it says otherwise."""

    def who(**options: object) -> Community | User:
        return who_of(section(SnmpDriver, host="pdu", **{**NAMES, **options}))

    assert who() == Community("public", 2)
    assert who(version="1", community_name="rack") == Community("rack", 1)
    assert who(community=Secret("hidden")) == Community("hidden", 2)
    keys = {"auth_key": Secret("signs-with"), "priv_key": Secret("hides-with"), "priv_protocol": "aes-256"}
    assert who(version="3", user="meter", context="b", **keys) == User(
        "meter", "sha", "signs-with", "aes-256", "hides-with", "b"
    )


def test_volt_amperes_are_no_watts() -> None:
    """They are told beside. Only who says a power factor gets an estimate, and it is flagged as one."""
    rows: dict[Oid, Value] = SYSTEM | {oid_of("1.3.6.1.4.1.99999.1.0"): 200}
    lines = ["hall va 1.3.6.1.4.1.99999.1.0"]
    plain = read(driver_of(Device(rows), ["hall"], profile=[], objects=lines))["hall"]
    assert (plain.watts, plain.flags, plain.extra) == (None, 0, {"apparent_power_va": 200.0})
    guessed = read(driver_of(Device(rows), ["hall"], profile=[], objects=lines, power_factor=0.9))["hall"]
    assert (guessed.watts, guessed.flags, guessed.extra) == (180.0, Flag.ESTIMATED, {"apparent_power_va": 200.0})
