# SPDX-License-Identifier: Apache-2.0
"""Every number of a device's status can be scraped."""

from __future__ import annotations

import dataclasses

import prometheus_client

from kwapi.manager import metrics
from kwapi.manager.record import Answered, Record
from kwapi.manager.status import Cause, DeviceStatus, Status
from tests.unit.kwapi.manager.meters import Maker, wattmeter


def device() -> DeviceStatus:
    record = Record(wattmeter("pdu", Maker(), ("1", "2")), 0.0, 30.0, 0)
    record.begin(record.plan(1.0))
    record.succeed(5_000_000_000, 3.0, Answered({"site/pdu/1"}))
    record.fail(Cause.HANG, "", 6_000_000_000)
    return record.status(abandoned=1)


def test_all_numbers_are_shown() -> None:
    """A counter or a gauge for each, or a label for those by cause."""
    registry = prometheus_client.CollectorRegistry()
    status = Status(devices=(device(),), disabled=("bad", "worse"), outdated=())
    registry.register(metrics.DeviceCollector(lambda: status))
    labels = {"section": "pdu", "device": "site/pdu"}

    def value(name: str, **more: str) -> float | None:
        return registry.get_sample_value(f"kwapi_{name}", labels | more)

    assert value("device_attempts_total") == 1
    assert value("device_probes") == 2
    assert value("device_abandoned") == 1
    assert value("device_failures_total", cause="hang") == 1
    assert value("device_failures_total", cause="device") == 0
    assert value("device_state", state="failing") == 1
    assert value("device_state", state="answering") == 0
    assert value("device_last_success_timestamp_seconds") == 5
    assert registry.get_sample_value("kwapi_sections_disabled") == 2
    assert registry.get_sample_value("kwapi_sections_outdated") == 0


def test_a_probe_that_is_missing_is_named() -> None:
    """With its device, which counts as partial; the others have no line."""
    record = Record(wattmeter("pdu", Maker(), ("1", "2")), 0.0, 30.0, 0)
    record.succeed(5, 3.0, Answered({"site/pdu/1"}, absent={"site/pdu/2": "it has no value now"}))
    registry = prometheus_client.CollectorRegistry()
    status = Status(devices=(record.status(abandoned=0),), disabled=(), outdated=())
    registry.register(metrics.DeviceCollector(lambda: status))
    shown = [
        (sample.labels["probe"], sample.value)
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "kwapi_probe_missing"
    ]
    assert shown == [("site/pdu/2", 1)]
    labels = {"section": "pdu", "device": "site/pdu"}
    assert registry.get_sample_value("kwapi_device_state", {**labels, "state": "partial"}) == 1
    assert registry.get_sample_value("kwapi_device_state", {**labels, "state": "answering"}) == 0


def test_no_number_is_forgotten() -> None:
    apart = {"section", "device", "driver", "state", "interval_s", "last_success_ns", "failures", "failures_in_row"}
    apart |= {"last_failure", "since_ns", "reason", "missing"}
    numbers = {field.name for field in dataclasses.fields(DeviceStatus)} - apart
    assert numbers == set(metrics.COUNTERS) | set(metrics.GAUGES)
