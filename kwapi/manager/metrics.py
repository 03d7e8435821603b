# SPDX-License-Identifier: Apache-2.0
"""How the devices are, in Prometheus's terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kwapi.manager.status import State, Status

_LABELS = ("section", "device")
_NS = 1_000_000_000

COUNTERS = {
    "attempts": "Times that the wattmeter was asked.",
    "readings": "Readings that went on the bus.",
    "restarts": "Threads that took the place of one that hung, ended, or never started.",
    "late": "Answers thrown away because they came after their thread was given up.",
    "missed": "Deadlines that passed while the wattmeter was busy.",
    "paused": "Deadlines left out after failures.",
    "refused": "Readings that were not fit for the bus.",
    "unpublished": "Readings that the bus did not take.",
    "clock_steps": "Times that the clock which dates readings was set.",
}
GAUGES = {
    "abandoned": "Threads that hang and were given up.",
    "probes": "Probes that are read.",
    "lag_s": "How much after its deadline the last attempt began, in seconds.",
    "took_s": "How long the last good answer took, in seconds.",
}


class DeviceCollector(Collector):
    """Asks for the status when it is scraped; register it in a registry."""

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Each number of each device, and how many sections cannot be used."""
        status = self._status()
        for name, text in COUNTERS.items():
            counter = CounterMetricFamily(f"kwapi_device_{name}", text, labels=_LABELS)
            for device in status.devices:
                counter.add_metric([device.section, device.device], getattr(device, name))
            yield counter
        for name, text in GAUGES.items():
            gauge = GaugeMetricFamily(f"kwapi_device_{name}", text, labels=_LABELS)
            for device in status.devices:
                gauge.add_metric([device.section, device.device], getattr(device, name))
            yield gauge
        failures = CounterMetricFamily("kwapi_device_failures", "Attempts that failed.", labels=(*_LABELS, "cause"))
        states = GaugeMetricFamily("kwapi_device_state", "1 for the state it is in.", labels=(*_LABELS, "state"))
        success = GaugeMetricFamily(
            "kwapi_device_last_success_timestamp_seconds", "When it answered last.", labels=_LABELS
        )
        for device in status.devices:
            for cause, count in device.failures.items():
                failures.add_metric([device.section, device.device, cause.value], count)
            for state in State:
                states.add_metric([device.section, device.device, state.value], device.state is state)
            if device.last_success_ns is not None:
                success.add_metric([device.section, device.device], device.last_success_ns / _NS)
        yield from (failures, states, success, _missing(status))
        for name, sections in (("disabled", status.disabled), ("outdated", status.outdated)):
            yield GaugeMetricFamily(f"kwapi_sections_{name}", f"Sections that are {name}.", value=len(sections))


def _missing(status: Status) -> GaugeMetricFamily:
    """Only probes that are missing have a line: most sites have many, and all of them well."""
    gauge = GaugeMetricFamily(
        "kwapi_probe_missing", "1 for a probe that tells nothing while others of its device do.",
        labels=(*_LABELS, "probe"),
    )  # fmt: skip
    for device in status.devices:
        for probe in device.missing:
            gauge.add_metric([device.section, device.device, probe], 1)
    return gauge
