# SPDX-License-Identifier: Apache-2.0
"""OmegaWatt's meters: many outlets, and as many as a hundred values a second of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from msgspec import structs
from oslo_config import cfg

from climate.devices.omegawatt import lines
from climate.devices.omegawatt.lines import Frame, LineError
from climate.devices.serialport.framing import Splitter
from climate.devices.serialport.port import Port, SerialPort
from climate.errors import ConfigError
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import Section
from kwapi.drivers.talking import NS, Arrivals, Ear, refused

AHEAD_NS = 2 * NS
OLDEST_NS = 300 * NS
"""How far a line's instant may lie before this machine's clock; further, one of both clocks is wrong."""
SET_BACK_NS = 10 * NS
"""A clock that goes back by more was set; by less, a line came out of its order."""


class OmegawattDriver:
    """Tells every value of every outlet once, with its own instant.

    ``port`` replaces the serial port or pipe that the options describe.

    :raises ConfigError: the columns cannot be understood.
    """

    options: ClassVar[Sequence[cfg.Opt]] = (
        cfg.StrOpt(
            "port",
            required=True,
            help="The serial port with the lines, or a named pipe into which wattmetre-read writes them.",
        ),
        cfg.IntOpt("baudrate", default=115_200, min=300, max=4_000_000, help="The serial port's speed."),
        cfg.FloatOpt("rate", default=50.0, min=0.01, max=1000.0, help="How many lines come each second."),
        cfg.ListOpt(
            "columns",
            default=[],
            help="What the values of a line are: watts1, amperes1, volts1 (of outlet 1 and so on), volts (of all "
            "outlets), - for one of no interest. By default what a line of names says, and until one comes, the watts "
            "of all outlets.",
        ),
    )

    def __init__(self, section: Section, clock_ns: Callable[[], int], port: Port | None = None) -> None:
        settings: Any = section.options
        self._probes = section.probes
        try:
            self._columns = lines.checked_columns(settings["columns"] or lines.watts_of(len(section.probes)))
        except ValueError as error:
            raise ConfigError(f"columns: {error}.", option="columns") from None
        self._fixed = bool(settings["columns"])
        self._port: Port = port or SerialPort(section.folder / settings["port"], settings["baudrate"])
        rate = settings["rate"]
        splitter = Splitter(lines.END, lines.LONGEST)
        self._ear = Ear(self._port, splitter, section.timeout_s, max(1.0, 3.0 / rate), whole_from_start=False)
        self._period_ns = round(NS / rate)
        self._arrivals = Arrivals(self._period_ns)
        self._last_ns = 0
        self._clock_ns = clock_ns

    def read(self) -> list[Reading]:
        """All values since the last time, each outlet's in the order of time; if there are none, it waits for one.

        :raises DeviceError: the meter is silent, gone, or says nothing that can be used.
        """
        packets, dropped = self._ear.packets()
        now_ns = self._clock_ns()
        found, flaws = self._frames(packets)
        dated = self._dated(found, now_ns, flaws)
        spoiled = dropped + len(flaws)
        if not dated and spoiled:
            raise refused(flaws, spoiled, "lines")
        readings = [
            reading
            for frame, begin_ns, end_ns in dated
            for place, probe in enumerate(self._probes)
            if probe is not None and (reading := parse_outlet(probe, place + 1, frame, begin_ns, end_ns)) is not None
        ]
        return [*readings[:-1], _counted(readings[-1], spoiled)] if readings and spoiled else readings

    def close(self) -> None:
        """Whoever waits comes back with an error."""
        self._port.close()

    def _frames(self, packets: Sequence[bytes]) -> tuple[list[Frame], list[str]]:
        found: list[Frame] = []
        flaws: list[str] = []
        for packet in packets:
            line = packet.decode("ascii", "replace").strip()
            try:
                header = lines.parse_header(line)
                if header is None:
                    found.append(lines.parse_line(line, self._columns))
                elif not self._fixed:
                    self._columns = header
            except LineError as error:
                flaws.append(str(error))
        return found, flaws

    def _dated(self, frames: Sequence[Frame], now_ns: int, flaws: list[str]) -> list[tuple[Frame, int, int]]:
        """The frames with their intervals; those whose instants cannot be true are noted among the flaws."""
        silent = [frame for frame in frames if frame.at_ns is None]
        if silent:
            flaws.extend("a line with an instant among others without" for _ in range(len(frames) - len(silent)))
            intervals = self._arrivals.intervals(len(silent), now_ns)
            return [(frame, *interval) for frame, interval in zip(silent, intervals, strict=True)]
        dated = []
        for frame in frames:
            at_ns = frame.at_ns or 0
            if not now_ns - OLDEST_NS <= at_ns <= now_ns + AHEAD_NS:
                flaws.append(f"a line {(at_ns - now_ns) / NS:.1f} s away from this machine's clock")
                continue
            end_ns = min(at_ns, now_ns)
            if end_ns + SET_BACK_NS < self._last_ns:
                self._last_ns = 0
            if end_ns <= self._last_ns:
                flaws.append("a line that is not behind the one before")
                continue
            dated.append((frame, max(self._last_ns, end_ns - self._period_ns), end_ns))
            self._last_ns = end_ns
        return dated


def parse_outlet(probe: str, number: int, frame: Frame, begin_ns: int, end_ns: int) -> Reading | None:
    """The reading of an outlet, counted from 1; ``None`` where the frame does not tell its watts."""
    values = frame.values
    watts = values.get(f"watts{number}")
    if watts is None:
        return None
    return Reading(
        probe_id=probe,
        begin_ns=begin_ns,
        end_ns=end_ns,
        watts=watts,
        volts=values.get(f"volts{number}", values.get("volts")),
        amperes=values.get(f"amperes{number}"),
    )


def _counted(reading: Reading, spoiled: int) -> Reading:
    return structs.replace(reading, extra={"refused_lines": float(spoiled)})
