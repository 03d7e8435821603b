# SPDX-License-Identifier: Apache-2.0
"""What a source did on the bus, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from kwapi.bus.publisher import Publisher
from kwapi.bus.spool import Spool


class SourceNumbers(Collector):
    """Batches and readings that were sent, passed somebody by, or could not be written down; the spool's size."""

    def __init__(self, publisher: Publisher, spool: Spool | None) -> None:
        self._publisher = publisher
        self._spool = spool

    def collect(self) -> Iterable[Metric]:
        """The numbers now."""
        counts = self._publisher.counts
        for name, value, text in (
            ("kwapi_source_batches", counts.batches, "Batches that were sent."),
            ("kwapi_source_readings", counts.readings, "Readings that were sent."),
            ("kwapi_source_batches_overtaken", counts.overtaken, "Batches that some subscriber was too slow for."),
            ("kwapi_source_batches_unspooled", counts.unspooled, "Batches that could not be written down."),
        ):
            yield CounterMetricFamily(name, text, value=value)
        if self._spool is not None:
            yield GaugeMetricFamily("kwapi_source_spool_bytes", "How much the spool holds.", value=self._spool.size)
