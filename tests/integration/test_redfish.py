# SPDX-License-Identifier: Apache-2.0
"""What BMCs and PDUs tell over HTTPS is read: the right value of the right probe, in few requests."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path

import pytest

from kwapi.core.reading import Flag
from kwapi.drivers.protocol import DeviceError
from kwapi.manager import configuration
from tests.redfish_bench import Bench, answer_of, wait_until, watts
from tests.redfish_trees import (
    CHASSIS,
    ENABLED,
    PDU,
    linked,
    new_bmc,
    old_bmc,
    outlet,
    rack_pdu,
    sensor,
    supply_metrics,
)
from tools.servers.redfish_service import PASSWORD, USER, Fault, read_mockup

ROOT = Path(__file__).parents[2]
MOCKUP = ROOT.parent / "shared" / "data" / "redfish" / "public-rackmount1.tar.xz"
BAYS = f"{CHASSIS}/PowerSubsystem/PowerSupplies"
OUTLETS = tuple(str(number) for number in range(1, 25))

needs_mockup = pytest.mark.skipif(not MOCKUP.is_file(), reason=f"DMTF's mock-up is not beside the clone ({MOCKUP})")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path) as running:
        yield running


@needs_mockup
@pytest.mark.parametrize(
    ("source", "expected"),
    [("auto", 374.0), ("sensors", 374.0), ("environment", 374.0), ("power_subsystem", 937.4), ("power", 344.0)],
)
def test_the_mockup_of_dmtf_is_read(source: str, expected: float, bench: Bench) -> None:
    """After the first time with two requests at most. Its energy counts whole kilowatt-hours."""
    service = bench.service(read_mockup(MOCKUP))
    driver = bench.driver(service, source=source, counter="always")
    assert watts(driver.read()) == [expected]
    asked = len(service.asked())
    (reading,) = driver.read()
    assert len(service.asked()) - asked <= 2
    if source == "sensors":
        assert reading.energy_j == 325_675 * 3_600_000
        assert reading.extra == {"apparent_power_va": 2749.2, "power_factor": 0.99}


@needs_mockup
def test_supplies_of_the_mockup_are_read_one_by_one(bench: Bench) -> None:
    """The second is absent, and says nothing."""
    (reading,) = bench.driver(bench.service(read_mockup(MOCKUP)), ("psu-1", "psu-2"), measure=["supplies"]).read()
    assert (reading.probe_id, reading.watts, reading.volts) == ("site/rack/meter/psu-1", 937.4, 230.2)
    assert (reading.amperes, reading.extra["temperature_c"]) == (5.19, 43.9)


@needs_mockup
def test_sensors_of_the_mockup_are_read_by_name(bench: Bench) -> None:
    members = ["CPU1Power", "TotalPower"]
    service = bench.service(read_mockup(MOCKUP))
    with pytest.raises(DeviceError, match="'CPU1Power' is none of those"):
        bench.driver(service, ("cpu", "all"), measure=["sensors"], members=members).read()
    driver = bench.driver(service, ("psu", "all"), measure=["sensors"], members=["PS1InputPower", "TotalPower"])
    assert watts(driver.read()) == [374.0, 374.0]


def test_all_outlets_of_a_pdu_come_with_one_request(bench: Bench) -> None:
    service = bench.service(rack_pdu())
    driver = bench.driver(service, OUTLETS, measure=["outlets"])
    assert watts(driver.read()) == [100.0 + number for number in range(1, 25)]
    before = len(service.asked())
    seventh = driver.read()[6]
    assert service.asked()[before:] == [f"GET {PDU}/Outlets?$expand=.($levels=1)"]
    assert (seventh.watts, seventh.volts, seventh.amperes) == (107.0, 230.0, pytest.approx(107 / 230))
    assert seventh.energy_j == pytest.approx(7.1234 * 3_600_000)
    assert service.connections == 2  # one of them for the login


def test_outlets_in_pages_are_read_to_the_last(bench: Bench) -> None:
    service = bench.service(rack_pdu(), page=10)
    driver = bench.driver(service, OUTLETS, measure=["outlets"])
    driver.read()
    before = len(service.asked())
    assert len(driver.read()) == 24
    assert len(service.asked()) - before == 3


def test_one_outlet_without_a_value_is_left_out(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """With the reason, once; the others are told."""
    service = bench.service(rack_pdu(4))
    driver = bench.driver(service, OUTLETS[:4], measure=["outlets"])
    driver.read()
    service.tree[f"{PDU}/Outlets/A2"] |= outlet(None, None)
    assert watts(driver.read()) == watts(driver.read()) == [101.0, 103.0, 104.0]
    assert driver.missing() == {"site/rack/meter/2": "A2: 'A2' has a null PowerWatts"}
    said = [record.getMessage() for record in caplog.records if "A2" in record.getMessage()]
    assert said == ["site/rack/meter/2 tells nothing: A2: 'A2' has a null PowerWatts"]


def test_when_no_outlet_answers_the_reason_is_told(bench: Bench) -> None:
    service = bench.service(rack_pdu(2, expand=False))
    driver = bench.driver(service, OUTLETS[:2], measure=["outlets"])
    driver.read()
    with (
        service.failing(Fault(part="/Outlets/", status=500)),
        pytest.raises(DeviceError, match=r"Outlets/A1: HTTP 500"),
    ):
        driver.read()


def test_another_outlets_data_are_refused(bench: Bench) -> None:
    service = bench.service(rack_pdu(2, expand=False))
    driver = bench.driver(service, OUTLETS[:2], measure=["outlets"])
    driver.read()
    service.tree[f"{PDU}/Outlets/A1"] = service.tree[f"{PDU}/Outlets/A2"]
    assert watts(driver.read()) == [102.0]


@pytest.mark.slow
def test_slow_outlets_are_asked_in_turn(bench: Bench) -> None:
    """If the time is not enough for all, none of them waits for ever."""
    service = bench.service(rack_pdu(4, expand=False))
    driver = bench.driver(service, OUTLETS[:4], timeout_s=3.0, measure=["outlets"])
    answer_of(driver)
    with service.failing(Fault(part="/Outlets/", silent_s=1.1)):
        told: set[str] = set()
        wait_until(lambda: told.update(reading.probe_id for reading in answer_of(driver)) or len(told) == 4)


def test_a_slow_service_is_found_out_step_by_step(bench: Bench) -> None:
    service = bench.service(new_bmc())
    with service.failing(Fault(silent_s=0.15)):
        driver = bench.driver(service, timeout_s=1.0)
        assert driver.read() == []
        assert watts(answer_of(driver)) == [374.0]
    assert len(service.asked("GET /redfish/v1/Chassis/1/EnvironmentMetrics")) <= 2


def test_who_cannot_expand_in_time_is_asked_one_by_one(bench: Bench) -> None:
    service = bench.service(rack_pdu(4))
    with service.failing(Fault(part="$expand", silent_s=3600)):
        driver = bench.driver(service, OUTLETS[:4], timeout_s=1.0, measure=["outlets"])
        assert watts(answer_of(driver)) == [101.0, 102.0, 103.0, 104.0]


def test_where_it_is_told_is_found_anew_when_it_is_gone(bench: Bench) -> None:
    service = bench.service(new_bmc())
    driver = bench.driver(service)
    driver.read()
    del service.tree[f"{CHASSIS}/Sensors/TotalPower"]
    with pytest.raises(DeviceError, match="404"):
        driver.read()
    (reading,) = driver.read()
    assert (reading.watts, reading.extra) == (374.0, {"temperature_c": 24.5})


def test_a_supply_that_is_put_in_counts(bench: Bench) -> None:
    service = bench.service(new_bmc())
    driver = bench.driver(service, source="power_subsystem")
    assert watts(driver.read()) == [382.0]
    service.tree[f"{BAYS}/Bay2"] |= {"Status": ENABLED, "Metrics": linked(f"{BAYS}/Bay2/Metrics")}
    service.tree[f"{BAYS}/Bay2/Metrics"] = supply_metrics(100.0)
    with pytest.raises(DeviceError, match="put in"):
        driver.read()
    assert watts(driver.read()) == [482.0]


def test_a_sum_of_which_a_part_is_missing_says_so(bench: Bench) -> None:
    service = bench.service(new_bmc())
    driver = bench.driver(service, source="power_subsystem")
    driver.read()
    with service.failing(Fault(part="Bay3/Metrics", status=500)):
        (reading,) = driver.read()
    assert (reading.watts, reading.energy_j, reading.flags) == (201.0, None, Flag.PARTIAL)


def test_null_is_no_value(bench: Bench) -> None:
    service = bench.service(old_bmc())
    driver = bench.driver(service)
    assert watts(driver.read()) == [217.0]
    service.tree |= old_bmc(watts=None)
    with pytest.raises(DeviceError, match="PowerConsumedWatts"):
        driver.read()
    service.tree |= old_bmc(watts=250.0)
    assert watts(driver.read()) == [250.0]


def test_a_value_is_of_when_the_service_says_that_it_measured(bench: Bench) -> None:
    """The second time it is the same, and stale."""
    measured = datetime.now(UTC) - timedelta(seconds=30)
    tree = new_bmc()
    tree[f"{CHASSIS}/Sensors/TotalPower"] |= sensor("Power", 374.0, "W", ReadingTime=measured.isoformat())
    driver = bench.driver(bench.service(tree), source="sensors")
    (first,), (second,) = driver.read(), driver.read()
    assert abs(first.begin_ns / 1e9 - measured.timestamp()) < 2.0
    assert first.begin_ns == first.end_ns == second.begin_ns
    assert (first.flags, second.flags) == (0, Flag.STALE)
    assert first.extra["age_s"] == pytest.approx(30.0, abs=3.0)


def test_a_service_that_wants_to_rest_is_left_alone(bench: Bench) -> None:
    service = bench.service(new_bmc())
    driver = bench.driver(service)
    driver.read()
    with (
        service.failing(Fault(status=503, headers={"Retry-After": "3600"})),
        pytest.raises(DeviceError, match="3600 s"),
    ):
        driver.read()
    before = len(service.asked())
    with pytest.raises(DeviceError, match="alone"):
        driver.read()
    assert len(service.asked()) == before


def test_a_rest_ends(bench: Bench) -> None:
    """A date in the past is one that has ended."""
    service = bench.service(new_bmc())
    driver = bench.driver(service)
    driver.read()
    ended = {"Retry-After": formatdate(0, usegmt=True)}
    with service.failing(Fault(status=429, headers=ended)), pytest.raises(DeviceError, match="429"):
        driver.read()
    assert watts(driver.read()) == [374.0]


def test_the_manuals_sections_do_what_it_says(bench: Bench, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "admin" / "kwapi" / "wattmeters-redfish.rst").read_text()
    text = textwrap.dedent(page.partition(".. code-block:: ini\n")[2].partition("\n.. ")[0])
    names = {
        "https://taurus-14-bmc.example.org": bench.service(new_bmc()).url,
        "https://pdu-7.example.org": bench.service(rack_pdu()).url,
        "username = reader": f"username = {USER}",
        "bmc-authority.pem": bench.certificates.authority.name,
    }
    for name, here in names.items():
        assert name in text
        text = text.replace(name, here)
    (tmp_path / "bmc-password").touch(mode=0o600)
    (tmp_path / "bmc-password").write_text(PASSWORD + "\n")
    (tmp_path / "wattmeters.conf").write_text("[DEFAULT]\nsite = lyon\n" + text)
    found = configuration.read([tmp_path / "wattmeters.conf"])
    assert [fault.text for fault in found.faults] == []
    told: dict[str, float | None] = {}
    for each in found.wattmeters:
        driver = each.driver_type(each.section, time.time_ns)
        told |= {reading.probe_id: reading.watts for reading in driver.read()}
        driver.close()
    assert told == {
        "lyon/r12/taurus-14/machine": 374.0,
        "lyon/r12/pdu-7/taurus-1": 101.0,
        "lyon/r12/pdu-7/taurus-2": 102.0,
        "lyon/r12/pdu-7/switch-1": 104.0,
    }
