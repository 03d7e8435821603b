# SPDX-License-Identifier: Apache-2.0
"""A wattmeter that tells again what another one measured: traces in CSV files, at their speed or faster."""

from __future__ import annotations

import gzip
import io
import itertools
import lzma
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar

from oslo_config import cfg

from climate.errors import ConfigError
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import DeviceError, Section
from kwapi.drivers.traces import BadTrace, Row, parse_trace

NS = 1_000_000_000
LARGEST_TRACE = 256 * 1024 * 1024
MOST_ROWS = 10_000
"""How many rows are told at once; who is further behind catches up with the next ones."""


class ReplayDriver:
    """Tells each row when its time has come, which is counted from the first ``read``; a hole stays a hole.

    :raises ConfigError: the trace cannot be read, or does not fit the section's probes.
    """

    options: ClassVar[Sequence[cfg.Opt]] = (
        cfg.StrOpt("trace", required=True, help="The CSV file; .gz and .xz are unpacked."),
        cfg.ListOpt(
            "columns",
            default=[],
            help="The columns with each probe's watts, in the order of the probes. By default they are told by their "
            "names, or are all but the first.",
        ),
        cfg.FloatOpt(
            "mean_s",
            min=0.0,
            max=86400.0,
            help="A row is the mean over so many seconds from its timestamp on; 0: the power at that instant. By "
            "default 1 for a column watts_mean, and 0 for others.",
        ),
        cfg.FloatOpt("speed", default=1.0, min=0.001, max=100_000.0, help="How many times faster than it was."),
        cfg.BoolOpt("loop", default=False, help="Whether to begin anew behind the end."),
        cfg.StrOpt(
            "dates",
            default="now",
            choices=[("now", "as if it were measured now, shortened by the speed"), ("kept", "as they were")],
            help="When the readings say that they were made.",
        ),
    )

    def __init__(self, section: Section, clock_ns: Callable[[], int]) -> None:
        settings: Any = section.options
        self._probes = section.probes
        mean_s = settings["mean_s"]
        self._rows = read_trace(
            section.folder / settings["trace"],
            len(section.probes),
            settings["columns"],
            None if mean_s is None else round(mean_s * NS),
        )
        self._origin_ns = self._rows[0].begin_ns
        # A loop goes on as the trace would: where its last mean ends, or an instant later as usual.
        last = self._rows[-1]
        ends_ns = last.end_ns if last.end_ns > last.begin_ns else last.begin_ns + _usual_distance(self._rows)
        self._span_ns = ends_ns - self._origin_ns
        self._speed: float = settings["speed"]
        self._loops: bool = settings["loop"]
        self._shifted = settings["dates"] == "now"
        self._clock_ns = clock_ns
        self._started_ns: int | None = None
        self._told = 0
        self._closed = threading.Event()

    def read(self) -> list[Reading]:
        """What became due since the last time, each probe's in the order of time; nothing behind the end.

        :raises DeviceError: it is closed.
        """
        if self._closed.is_set():
            raise DeviceError("the replay is closed")
        now_ns = self._clock_ns()
        if self._started_ns is None:
            self._started_ns = now_ns
        position = round((now_ns - self._started_ns) * self._speed)
        readings: list[Reading] = []
        for _ in range(MOST_ROWS):
            turn, index = divmod(self._told, len(self._rows))
            row = self._rows[index]
            if (turn and not self._loops) or row.end_ns - self._origin_ns + turn * self._span_ns > position:
                break
            readings.extend(self._readings(row, turn * self._span_ns))
            self._told += 1
        return readings

    def close(self) -> None:
        """Tells nothing any more."""
        self._closed.set()

    def _readings(self, row: Row, later_ns: int) -> list[Reading]:
        begin_ns, end_ns = self._dated(row.begin_ns + later_ns), self._dated(row.end_ns + later_ns)
        readings = []
        for place, values in row.values.items():
            probe = self._probes[place]
            if probe is not None and not values.keys().isdisjoint(("watts", "energy_j")):
                readings.append(
                    Reading(
                        probe_id=probe,
                        begin_ns=begin_ns,
                        end_ns=end_ns,
                        watts=values.get("watts"),
                        volts=values.get("volts"),
                        amperes=values.get("amperes"),
                        energy_j=values.get("energy_j"),
                    )
                )
        return readings

    def _dated(self, time_ns: int) -> int:
        if not self._shifted or self._started_ns is None:
            return time_ns
        return self._started_ns + round((time_ns - self._origin_ns) / self._speed)


def read_trace(path: Path, probes: int, columns: Sequence[str] = (), mean_ns: int | None = None) -> list[Row]:
    """The rows of a file; see :func:`kwapi.drivers.traces.parse_trace`.

    :raises ConfigError: it cannot be read or understood; names the file and the line.
    """
    try:
        with _opened(path) as file:
            raw = file.read(LARGEST_TRACE + 1)
        if len(raw) > LARGEST_TRACE:
            raise ConfigError(f"{path}: a trace has at most {LARGEST_TRACE} bytes.", option="trace")
        return parse_trace(io.StringIO(raw.decode("utf-8-sig"), newline=""), probes, columns, mean_ns)
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile):
        raise ConfigError(f"{path}: it cannot be unpacked.", option="trace") from None
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read: {error.strerror or error}.", option="trace") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: it is not UTF-8.", option="trace") from None
    except BadTrace as error:
        raise ConfigError(f"{path}, line {error.line}: {error}.", option="trace") from None


def _opened(path: Path) -> IO[bytes]:
    match path.suffix:
        case ".gz":
            return gzip.open(path)  # type: ignore[return-value]
        case ".xz":
            return lzma.open(path)
    return path.open("rb")


def _usual_distance(rows: Sequence[Row]) -> int:
    if len(rows) == 1:
        return NS
    distances = sorted(second.begin_ns - first.begin_ns for first, second in itertools.pairwise(rows))
    return distances[len(distances) // 2]
