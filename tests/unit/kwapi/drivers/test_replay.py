# SPDX-License-Identifier: Apache-2.0
"""A replay tells each row once, when its time has come, with its holes, and with the energy that was measured."""

from __future__ import annotations

import gzip
import itertools
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from climate.errors import ConfigError
from kwapi.core import energy
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import DeviceError
from kwapi.drivers.replay import ReplayDriver, read_trace
from tests.unit.kwapi.drivers.sections import Clock, section

NS = 1_000_000_000
DATA = Path(__file__).parents[5] / "shared" / "data" / "power"
TRACE = "timestamp,watts_mean\n100,10\n101,20\n104,30\n"


def replay(folder: Path, text: str = TRACE, outlets: tuple[str | None, ...] = ("1",), **options: object) -> Replayed:
    (folder / "trace.csv").write_text(text)
    clock = Clock()
    return Replayed(ReplayDriver(section(ReplayDriver, outlets, folder, trace="trace.csv", **options), clock), clock)


class Replayed:
    """A driver, the clock it sees, and when it was asked first."""

    def __init__(self, driver: ReplayDriver, clock: Clock) -> None:
        self.driver = driver
        self.clock = clock
        self.began_ns = clock()

    def after(self, seconds: float) -> list[Reading]:
        self.clock.pass_s(seconds)
        return self.driver.read()


def test_a_row_is_told_when_its_time_is_over(tmp_path: Path) -> None:
    """A mean is not known before its interval ends."""
    replayed = replay(tmp_path)
    assert replayed.after(0) == []
    assert replayed.after(0.9) == []
    assert [reading.watts for reading in replayed.after(0.1)] == [10.0]
    assert replayed.after(0.1) == []
    assert [reading.watts for reading in replayed.after(10)] == [20.0, 30.0]
    assert replayed.after(1000) == []


def test_dates_are_shifted_to_now_and_holes_stay(tmp_path: Path) -> None:
    replayed = replay(tmp_path)
    replayed.after(0)
    seconds = [
        ((reading.begin_ns - replayed.began_ns) / NS, (reading.end_ns - replayed.began_ns) / NS)
        for reading in replayed.after(60)
    ]
    assert seconds == [(0, 1), (1, 2), (4, 5)]


def test_dates_can_be_kept(tmp_path: Path) -> None:
    """Then a faster replay does not shorten the intervals."""
    replayed = replay(tmp_path, dates="kept", speed=10.0)
    replayed.after(0)
    assert [(reading.begin_ns, reading.end_ns) for reading in replayed.after(0.5)] == [
        (100 * NS, 101 * NS),
        (101 * NS, 102 * NS),
        (104 * NS, 105 * NS),
    ]


def test_a_faster_replay_is_as_much_shorter(tmp_path: Path) -> None:
    """No reading lies in the future."""
    replayed = replay(tmp_path, speed=2.0)
    replayed.after(0)
    readings = replayed.after(2.5)
    assert [reading.end_ns - reading.begin_ns for reading in readings] == [NS // 2] * 3
    assert readings[-1].end_ns == replayed.clock()


@pytest.mark.parametrize("dates", ["now", "kept"])
def test_a_loop_goes_on_without_a_step_back(tmp_path: Path, dates: str) -> None:
    """The next turn begins where the last one ended."""
    replayed = replay(tmp_path, loop=True, dates=dates)
    replayed.after(0)
    readings = replayed.after(10)
    assert [reading.watts for reading in readings] == [10.0, 20.0, 30.0, 10.0, 20.0, 30.0]
    assert readings[3].begin_ns == readings[2].end_ns
    assert all(first.end_ns <= second.begin_ns for first, second in itertools.pairwise(readings))


def test_instants_of_a_loop_keep_their_distance(tmp_path: Path) -> None:
    replayed = replay(tmp_path, "timestamp,watts\n0,1\n60,2\n120,3\n", loop=True)
    replayed.after(0)
    begins = [(reading.begin_ns - replayed.began_ns) // NS for reading in replayed.after(300)]
    assert begins == [60, 120, 180, 240, 300]


def test_who_asks_late_misses_nothing(tmp_path: Path) -> None:
    """However the questions fall, all rows come once and in order."""
    text = "timestamp,watts\n" + "".join(f"{second},{second}\n" for second in range(1000))
    replayed = replay(tmp_path, text)
    watts: list[float | None] = []
    for pause in (0, 0.5, 0.5, 3, 200, 0, 0, 1, 5000):
        watts += [reading.watts for reading in replayed.after(pause)]
    assert watts == list(range(1000))


def test_an_outlet_that_is_skipped_and_an_empty_cell_are_not_told(tmp_path: Path) -> None:
    replayed = replay(tmp_path, "timestamp,a,b,c\n0,1,2,3\n1,4,5,\n", ("a", None, "c"))
    told = [*replayed.after(0), *replayed.after(5)]
    assert [(reading.probe_id[-1], reading.watts) for reading in told] == [("a", 1), ("c", 3), ("a", 4)]


def test_after_it_is_closed_there_is_nothing_to_tell(tmp_path: Path) -> None:
    replayed = replay(tmp_path)
    replayed.driver.close()
    replayed.driver.close()
    with pytest.raises(DeviceError):
        replayed.after(0)


@pytest.mark.parametrize(("name", "pack"), [("t.csv", bytes), ("t.csv.gz", gzip.compress), ("t.csv.xz", lzma.compress)])
def test_traces_may_be_packed(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    """One that is cut off, or is something else, is refused by its name."""
    (tmp_path / name).write_bytes(pack(TRACE.encode()))
    assert len(read_trace(tmp_path / name, 1)) == 3
    for raw in (pack(TRACE.encode() * 99)[:-9], b"\x1f\x8b junk", b"\xff\xfe"):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(ConfigError, match=name):
            read_trace(tmp_path / name, 1)


def test_a_trace_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.csv"):
        ReplayDriver(section(ReplayDriver, folder=tmp_path, trace="missing.csv"), Clock())


def test_a_trace_for_other_probes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 1"):
        replay(tmp_path, outlets=("1", "2"))


needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the traces are not beside the clone (../shared/data/power)")


@needs_data
def test_the_energy_of_real_traces_is_what_was_measured_at_50_hz() -> None:
    """Means of seconds, told in minutes, integrated again: within 0.1 % of the integral over the raw samples."""
    for trace in json.loads((DATA / "taurus" / "manifest.json").read_text())["traces"]:
        settings = section(ReplayDriver, folder=DATA, trace=trace["file"], dates="kept", speed=600.0)
        clock = Clock()
        replayed = Replayed(ReplayDriver(settings, clock), clock)
        rules = energy.Rules()
        meter = None
        for _ in range(30):
            for reading in replayed.after(1.0):
                meter = energy.start(reading, rules) if meter is None else energy.advance(meter, reading, rules)[0]
        assert meter is not None
        assert meter.joules == pytest.approx(trace["trapezoid_energy_j"], rel=0.001), trace["file"]
        assert meter.coverage == 1.0


@needs_data
def test_holes_of_real_traces_are_gaps() -> None:
    """Where the meter was silent for seconds; an operator who allows less than that sees each of them."""
    path = "taurus/16k_taurus-12_2021-02-04_22-04-51.1hz.csv.xz"
    silent = read_trace(DATA / path, 1)
    clock = Clock()
    replayed = Replayed(ReplayDriver(section(ReplayDriver, folder=DATA, trace=path, speed=2.0), clock), clock)
    rules = energy.Rules(gap_ns=NS // 4)
    meter = None
    for _ in range(400):
        for reading in replayed.after(10.0):
            meter = energy.start(reading, rules) if meter is None else energy.advance(meter, reading, rules)[0]
    assert meter is not None
    holes = [second.begin_ns - first.end_ns for first, second in itertools.pairwise(silent)]
    assert meter.gaps == sum(hole > 0 for hole in holes) == 4
    assert (1 - meter.coverage) * (meter.until_ns - meter.since_ns) == pytest.approx(sum(holes) / 2, rel=1e-6)


@needs_data
@pytest.mark.parametrize("pattern", ["ipmi/*.csv.xz", "tum_pdu/*/*.csv", "taurus/*.1hz.csv.xz"])
def test_real_traces_can_be_read(pattern: str) -> None:
    """Of PDUs, BMCs and a cluster's wattmeters."""
    paths = sorted(DATA.glob(pattern))
    assert paths
    for path in paths:
        columns = ["holy7c02103", "lichtmandce04"] if path.parent.name == "ipmi" else []
        rows = read_trace(path, max(1, len(columns)), columns)
        assert len(rows) > 50
        assert any(row.values for row in rows)
