# SPDX-License-Identifier: Apache-2.0
"""What a consumer met on the bus, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from kwapi.bus.subscriber import Subscriber
from kwapi.consumers.devices import Devices
from kwapi.consumers.live import Live


class BusNumbers(Collector):
    """Batches and readings that came, were fetched, came again, were refused or lost; probes that are known.

    And each device that is not well.
    """

    def __init__(self, subscriber: Subscriber, live: Live, devices: Devices) -> None:
        self._subscriber = subscriber
        self._live = live
        self._devices = devices

    def collect(self) -> Iterable[Metric]:
        """The numbers now."""
        counts = self._subscriber.counts
        for name, value, text in (
            ("kwapi_bus_batches", counts.batches, "Batches that were handed on."),
            ("kwapi_bus_readings", counts.readings, "Readings that were handed on."),
            ("kwapi_bus_batches_fetched", counts.fetched, "Batches that were missed and fetched."),
            ("kwapi_bus_batches_again", counts.again, "Batches that came again and were left out."),
            ("kwapi_bus_batches_lost", counts.lost, "Batches that were written once and can be had no more."),
        ):
            yield CounterMetricFamily(name, text, value=value)
        refused = CounterMetricFamily("kwapi_bus_frames_refused", "Frames that were not believed.", labels=["cause"])
        for cause, count in list(counts.refused.items()):
            refused.add_metric([cause], count)
        yield refused
        yield GaugeMetricFamily(
            "kwapi_bus_batches_missing", "Batches that are awaited.", value=self._subscriber.missing
        )
        yield GaugeMetricFamily("kwapi_probes", "Probes that are heard.", value=len(self._live.probes()))
        ailing = GaugeMetricFamily(
            "kwapi_device_not_well", "1 for a device of which its source says so.", labels=["device", "state"]
        )
        for device in self._devices.under():
            ailing.add_metric([device.device, device.state], 1)
        yield ailing
