# SPDX-License-Identifier: Apache-2.0
"""What a BMC says becomes the right watts of the right probe, or nothing with a reason."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.chassis.secrets import Secret
from climate.devices.ipmi.answers import IpmiError, NoAnswer
from climate.errors import ConfigError
from kwapi.core.reading import Flag
from kwapi.drivers.ipmi import IpmiDriver
from kwapi.drivers.ipmi_options import parse_kg, parse_sensors
from kwapi.drivers.protocol import DeviceError
from tests.unit.devices.ipmi.ipmi_records import Bmc, Records, full_record
from tests.unit.kwapi.drivers.sections import Clock, section

METER, SENSOR = (0x2C, 0x02), (4, 0x2D)
RECORDS = [
    full_record("Sys Power", 1, m=4),
    full_record("PSU1 AC In Pwr", 2, m=5),
    full_record("PSU2 AC In Pwr", 3, m=5),
    full_record("Inlet Temp", 4, unit=1, units=0x80, entity=0x37),
    full_record("Odd", 5, b=-100),
]


def power(watts: int = 344, at_s: int = 1_700_000_000, active: bool = True) -> bytes:
    return struct.pack("<BHHHHIIB", 0xDC, watts, 1, 999, 300, at_s, 1000, 0x40 if active else 0)


def reads(values: dict[int, int | None]) -> object:
    """Get Sensor Reading: raw by number, nothing for a sensor that has none, refused for one that is not there."""

    def answer(data: bytes) -> bytes | int:
        if data[0] not in values:
            return 0xCB
        raw = values[data[0]]
        return bytes((0, 0xE0)) if raw is None else bytes((raw, 0xC0))

    return answer


class Machine:
    """A driver on a BMC with sensors, and a power meter if told so."""

    def __init__(
        self,
        values: dict[int, int | None] | None = None,
        meter: bytes | int | Exception = 0xC1,
        outlets: Sequence[str | None] = ("1",),
        interval_s: float = 1.0,
        **options: object,
    ) -> None:
        self.values = {1: 86, 2: 50, 3: 20, 4: 0xE9, 5: 50} if values is None else values
        self.bmc = Bmc(Records(RECORDS).answers() | {SENSOR: reads(self.values), METER: meter})  # type: ignore[dict-item]
        self.clock = Clock()
        login = {"host": "bmc", "username": "reader", "password": Secret("secret"), "kg": None}
        made = section(IpmiDriver, outlets, **login | options)
        fields = {name: getattr(made, name) for name in made.__slots__} | {"interval_s": interval_s}
        self.driver = IpmiDriver(type(made)(**fields), self.clock, self.bmc)

    def watts(self) -> dict[str, float | None]:
        return {reading.probe_id.rpartition("/")[2]: reading.watts for reading in self.driver.read()}

    def fails(self) -> str:
        with pytest.raises(DeviceError) as caught:
            self.driver.read()
        return str(caught.value)


def test_a_power_meter_is_used_where_there_is_one() -> None:
    """And no sensor is looked at."""
    machine = Machine(meter=power(344))
    assert machine.watts() == {"1": 344.0}
    assert set(machine.bmc.asked) == {METER}


@pytest.mark.parametrize("meter", [0xC1, 0xCC, 0xD4, power(active=False), b"\xdc\x01", power(65535)])
def test_without_one_the_machines_sensor_is_used(meter: bytes | int) -> None:
    assert Machine(meter=meter).watts() == {"1": 344.0}


@pytest.mark.parametrize("meter", [0xC0, 0xD2, NoAnswer("no answer")])
def test_a_meter_that_is_only_busy_is_not_given_up(meter: int | Exception) -> None:
    """Else a probe would tell another quantity than yesterday."""
    machine = Machine(meter=meter)
    machine.fails()
    machine.bmc.answers[METER] = power(100)
    assert machine.watts() == {"1": 100.0}


@pytest.mark.parametrize("meter", [0xC1, power(active=False), b"", power(65535)])
def test_who_is_told_to_use_the_meter_uses_nothing_else(meter: bytes | int) -> None:
    machine = Machine(meter=meter, source="dcmi")
    machine.fails()
    assert set(machine.bmc.asked) == {METER}


def test_who_is_told_to_use_sensors_asks_no_meter() -> None:
    machine = Machine(meter=power(1), source="sensor")
    assert machine.watts() == {"1": 344.0}
    assert METER not in machine.bmc.asked


def test_the_sensors_are_looked_for_once() -> None:
    machine = Machine()
    machine.driver.read()
    before = len(machine.bmc.asked)
    for _ in range(10):
        machine.driver.read()
    assert machine.bmc.asked[before:] == [SENSOR] * 10


def test_each_probe_has_its_sensor_and_a_skipped_one_has_none() -> None:
    machine = Machine(outlets=("whole", None, "1"), sensors=["Sys Power", "-", "psu1 ac in pwr"])
    assert machine.watts() == {"whole": 344.0, "1": 250.0}


def test_power_supplies_are_summed_when_told_so() -> None:
    machine = Machine(sensors=["PSU1 AC In Pwr + #3"])
    (reading,) = machine.driver.read()
    assert (reading.watts, reading.flags) == (350.0, Flag(0))


@pytest.mark.parametrize("second", [{}, {3: None}], ids=["gone", "no reading"])
def test_a_sum_without_one_of_them_is_partial(second: dict[int, int | None]) -> None:
    machine = Machine({2: 50, **second}, sensors=["PSU1 AC In Pwr + PSU2 AC In Pwr"])
    (reading,) = machine.driver.read()
    assert (reading.watts, reading.flags) == (250.0, Flag.PARTIAL)


def test_a_sensor_without_reading_leaves_its_probe_out() -> None:
    machine = Machine({1: 86, 2: None}, outlets=("a", "b"), sensors=["Sys Power", "PSU1 AC In Pwr"])
    assert machine.watts() == {"a": 344.0}


@pytest.mark.parametrize(
    ("values", "reason"), [({1: None}, "'Sys Power' has no reading"), ({}, "'Sys Power' has no reading")]
)
def test_no_reading_at_all_is_told(values: dict[int, int | None], reason: str) -> None:
    assert reason in Machine(values).fails()


@pytest.mark.parametrize("answer", [0xC0, b"", b"\x32"])
def test_a_sensor_that_is_refused_or_garbled_spoils_no_other(answer: bytes | int) -> None:
    machine = Machine(outlets=("a", "b"), sensors=["Sys Power", "PSU1 AC In Pwr"], temperature="inlet")
    machine.driver.read()
    well = reads(machine.values)
    machine.bmc.answers[SENSOR] = lambda data: answer if data[0] in {2, 4} else well(data)  # type: ignore[operator]
    (reading,) = machine.driver.read()
    assert (reading.watts, reading.extra) == (344.0, {})
    assert [probe[-1] for probe in machine.driver.missing()] == ["b"]
    machine.bmc.answers[SENSOR] = well
    machine.driver.read()
    assert machine.driver.missing() == {}


def test_silence_about_the_air_leaves_the_power() -> None:
    machine = Machine(temperature="inlet")
    machine.driver.read()
    well, gone = reads(machine.values), NoAnswer("no answer")
    machine.bmc.answers[SENSOR] = lambda data: gone if data[0] == 4 else well(data)  # type: ignore[operator]
    (reading,) = machine.driver.read()
    assert (reading.watts, reading.extra) == (344.0, {})


def test_where_nothing_tells_a_power_the_sensors_are_looked_for_anew() -> None:
    """Who was updated between two questions has other numbers, and refuses the old ones."""
    machine = Machine()
    machine.driver.read()
    machine.bmc.answers.update(Records([full_record("Sys Power", 9)]).answers())
    machine.bmc.answers[SENSOR] = reads({9: 77})  # type: ignore[assignment]
    assert "'Sys Power' has no reading" in machine.fails()
    assert machine.watts() == {"1": 77.0}


def test_less_than_nothing_is_no_power() -> None:
    assert "'Odd' says -50 W" in Machine(sensors=["Odd"]).fails()


def test_the_air_goes_along_with_the_first_probe() -> None:
    for name in ("inlet", "Inlet Temp"):
        (reading,) = Machine(temperature=name).driver.read()
        assert reading.extra == {"temperature_c": -23.0}
    (reading,) = Machine(temperature="inlet", meter=power(100)).driver.read()
    assert (reading.watts, reading.extra["temperature_c"]) == (100.0, -23.0)
    (reading,) = Machine({1: 86, 4: None}, temperature="inlet").driver.read()
    assert (reading.watts, reading.extra) == (344.0, {})


@pytest.mark.parametrize("options", [{"sensors": ["Sys Pwr"]}, {"sensors": ["Inlet Temp"]}, {"temperature": "Outlet"}])
def test_a_sensor_that_is_not_there_is_told_with_those_that_are(options: dict[str, object]) -> None:
    """Each time, and the list is read anew in case it has changed."""
    machine = Machine(**options)
    for _ in range(2):
        assert "(#" in machine.fails()


def test_why_nothing_can_be_told_by_itself_names_both_reasons() -> None:
    machine = Machine()
    machine.bmc.answers.update(Records(RECORDS[1:]).answers())
    text = machine.fails()
    assert "DCMI power reading" in text
    assert "PSU1 AC In Pwr (#2)" in text
    assert "'sensors'" in text


def test_after_silence_the_sensors_are_looked_for_anew() -> None:
    """Their numbers may be others after an update of the firmware."""
    machine = Machine()
    machine.driver.read()
    machine.bmc.answers[SENSOR] = NoAnswer("no answer")
    machine.fails()
    machine.bmc.answers.update(Records([full_record("Sys Power", 9)]).answers())
    machine.bmc.answers[SENSOR] = reads({9: 77})  # type: ignore[assignment]
    assert machine.watts() == {"1": 77.0}


def test_silence_in_the_middle_of_the_list_does_not_begin_it_anew() -> None:
    machine = Machine(source="sensor")
    get = machine.bmc.answers[0x0A, 0x23]
    answers = iter([get, get, NoAnswer("no answer"), get, get, get])

    def some(data: bytes) -> bytes | int | Exception:
        answer = next(answers)
        return answer(data) if callable(answer) else answer

    machine.bmc.answers[0x0A, 0x23] = some
    machine.fails()
    assert machine.watts() == {"1": 344.0}
    assert machine.bmc.asked.count((0x0A, 0x23)) == len(RECORDS) + 1


def test_a_list_that_was_garbled_is_begun_anew() -> None:
    machine = Machine(source="sensor")
    get = machine.bmc.answers[0x0A, 0x23]
    machine.bmc.answers[0x0A, 0x23] = b"\x00\x00" + RECORDS[0]
    machine.fails()
    machine.bmc.answers[0x0A, 0x23] = get
    assert machine.watts() == {"1": 344.0}


def test_a_meter_that_repeats_itself_is_stale_and_says_for_how_long() -> None:
    machine = Machine(meter=power(100, at_s=50))
    seen = []
    for watts, at_s in ((100, 50), (100, 50), (100, 52), (110, 53)):
        machine.bmc.answers[METER] = power(watts, at_s)
        (reading,) = machine.driver.read()
        seen.append((reading.flags, reading.extra))
        machine.clock.pass_s(1.0)
    assert seen == [(Flag(0), {}), (Flag.STALE, {"age_s": 1.0}), (Flag(0), {}), (Flag(0), {})]


@pytest.mark.parametrize("at_s", [0, 0xFFFFFFFF])
def test_a_bmc_without_a_clock_tells_no_age(at_s: int) -> None:
    machine = Machine(meter=power(100, at_s=at_s))
    assert [machine.driver.read()[0].flags for _ in range(3)] == [Flag(0)] * 3


def test_a_clock_that_stands_while_the_watts_change_tells_no_age_from_then_on() -> None:
    machine = Machine(meter=power(100))
    machine.driver.read()
    machine.bmc.answers[METER] = power(101)
    assert [machine.driver.read()[0].flags for _ in range(3)] == [Flag(0)] * 3


def test_who_asks_seldom_leaves_no_session_open_meanwhile() -> None:
    often, seldom = Machine(interval_s=1.0), Machine(interval_s=60.0)
    often.driver.read()
    seldom.driver.read()
    assert (often.bmc.left, seldom.bmc.left) == (0, 1)


def test_a_reading_is_of_the_time_between_question_and_answer() -> None:
    machine = Machine(meter=power())
    began = machine.clock()

    def slow(_data: bytes) -> bytes:
        machine.clock.pass_s(0.3)
        return power()

    machine.driver.read()
    machine.bmc.answers[METER] = slow
    (reading,) = machine.driver.read()
    assert (reading.begin_ns, reading.end_ns) == (began, began + 300_000_000)


def test_what_is_closed_is_closed() -> None:
    machine = Machine()
    machine.driver.close()
    assert machine.bmc.closed
    assert machine.fails() == "it is closed"


@given(st.dictionaries(st.sampled_from([METER, SENSOR, (6, 1), (0x0A, 0x22), (0x0A, 0x23)]), st.binary(max_size=70)))
def test_garbage_fails_as_a_device_does(garbage: dict[tuple[int, int], bytes]) -> None:
    machine = Machine(meter=power())
    machine.bmc.answers.update(garbage)
    try:
        readings = machine.driver.read()
    except DeviceError:
        return
    assert all(0 <= (reading.watts or 0.0) <= 65535 for reading in readings)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"outlets": ("1", "2")}, "probes"),
        ({"outlets": ("1", "2"), "sensors": ["Sys Power"]}, "sensors"),
        ({"sensors": [""]}, "sensors"),
        ({"sensors": ["A"], "source": "dcmi"}, "sensors"),
        ({"username": "a-name-of-17-char"}, "username"),
        ({"password": Secret("p" * 21)}, "password_file"),
        ({"password": Secret("p" * 17), "protocol": "lan"}, "password_file"),
        ({"kg": Secret("0xq")}, "kg_file"),
        ({"cipher_suites": []}, "cipher_suites"),
    ],
)
def test_options_that_contradict_each_other_are_named(options: dict[str, object], option: str) -> None:
    outlets = options.pop("outlets", ("1",))
    login = {"host": "bmc", "username": "reader", "password": Secret("secret"), "kg": None}
    with pytest.raises(ConfigError) as caught:
        IpmiDriver(section(IpmiDriver, outlets, **login | options), Clock())  # type: ignore[arg-type]
    assert caught.value.details["option"] == option


def test_sensors_are_summed_by_a_plus_with_spaces_around() -> None:
    assert parse_sensors(" PSU1 AC In Pwr +  #3 ") == ("PSU1 AC In Pwr", "#3")
    assert parse_sensors("+12V Power") == ("+12V Power",)


def test_a_bmcs_own_key_is_text_or_hexadecimal() -> None:
    assert parse_kg("plain") == b"plain"
    assert parse_kg("0x00ff") == b"\x00\xff"
    with pytest.raises(ConfigError):
        parse_kg("0x" + "00" * 21)


def test_errors_of_ipmi_are_those_of_a_device() -> None:
    machine = Machine(meter=IpmiError("the BMC has no free session"))
    assert machine.fails() == "the BMC has no free session"
