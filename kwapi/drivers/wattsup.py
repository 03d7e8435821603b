# SPDX-License-Identifier: Apache-2.0
"""The Watts up? PRO, .net and ES: one outlet, a record each second over USB's serial line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from oslo_config import cfg

from climate.devices.serialport.framing import Splitter
from climate.devices.serialport.port import Port, SerialPort
from climate.devices.wattsup import records
from climate.errors import ConfigError
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import Section
from kwapi.drivers.talking import NS, Arrivals, Ear, refused


class WattsupDriver:
    """Has the meter log to the line, and tells each of its records once.

    ``port`` replaces the serial port that the options describe.

    :raises ConfigError: the section names another number of probes than one.
    """

    options: ClassVar[Sequence[cfg.Opt]] = (
        cfg.StrOpt("port", default="/dev/ttyUSB0", help="The serial port; best one of /dev/serial/by-id."),
    )

    def __init__(self, section: Section, clock_ns: Callable[[], int], port: Port | None = None) -> None:
        settings: Any = section.options
        probes = [probe for probe in section.probes if probe is not None]
        if len(probes) != 1:
            raise ConfigError("A Watts up? has one outlet, so there must be one probe.", option="probes")
        self._probe = probes[0]
        interval_s = max(1, int(section.interval_s))
        path = section.folder / settings["port"]
        self._port: Port = port or SerialPort(path, records.BAUDRATE, records.greeting(interval_s))
        splitter = Splitter(records.END, records.LONGEST)
        self._ear = Ear(self._port, splitter, section.timeout_s, quiet_s=3.0 * interval_s)
        self._arrivals = Arrivals(interval_s * NS)
        self._clock_ns = clock_ns

    def read(self) -> list[Reading]:
        """The records since the last time; if there is none, it waits for one.

        :raises DeviceError: the meter is silent, gone, or says nothing that can be understood.
        """
        packets, dropped = self._ear.packets()
        now_ns = self._clock_ns()
        found, flaws = parse_packets(packets)
        spoiled = dropped + len(flaws)
        if not found and spoiled:
            raise refused(flaws, spoiled, "packets")
        intervals = self._arrivals.intervals(len(found), now_ns)
        return [
            _reading(self._probe, record, interval, spoiled) for record, interval in zip(found, intervals, strict=True)
        ]

    def close(self) -> None:
        """Whoever waits comes back with an error."""
        self._port.close()


def parse_packets(packets: Sequence[bytes]) -> tuple[list[records.Record], list[str]]:
    """The data records among packets, and what is wrong with those that are disturbed."""
    found, flaws = [], []
    for packet in packets:
        try:
            record = records.parse_record(packet)
        except records.RecordError as error:
            flaws.append(str(error))
        else:
            if record is not None:
                found.append(record)
    return found, flaws


def _reading(probe: str, record: records.Record, interval: tuple[int, int], spoiled: int) -> Reading:
    extra = {
        "power_factor": record.power_factor,
        "frequency_hz": record.frequency_hz,
        "apparent_power_va": record.apparent_power_va,
        "refused_packets": float(spoiled) if spoiled else None,
    }
    return Reading(
        probe_id=probe,
        begin_ns=interval[0],
        end_ns=interval[1],
        watts=record.watts,
        volts=record.volts,
        amperes=record.amperes,
        energy_j=record.energy_j,
        extra={name: value for name, value in extra.items() if value is not None},
    )
