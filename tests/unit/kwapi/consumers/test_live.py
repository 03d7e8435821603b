# SPDX-License-Identifier: Apache-2.0
"""What every probe says now; and that its counter goes on, whoever was killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from climate.errors import ConfigError
from kwapi.consumers.checkpoint import Checkpoint, CheckpointFile
from kwapi.consumers.live import Live, Probe
from kwapi.core.delivery import Batch, Lost
from kwapi.core.energy import NS, Rules
from kwapi.core.reading import Flag, Reading, columns_of
from kwapi.core.sequence import Position

T0 = 1_700_000_000 * NS


class Clock:
    """Nanoseconds since the epoch that tests move."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> int:
        return self.now


def live(clock: Clock | None = None) -> Live:
    """Believes up to 1,000 W, and forgets after a minute."""
    return Live(lambda probe: Rules(max_watts=1000.0), clock or Clock(), 60.0)


def batch(second: float, **watts: float) -> Batch:
    """A reading of each probe, by the last part of its name."""
    at = T0 + round(second * NS)
    readings = [
        Reading(probe_id=f"lyon/r1/pdu1/{name}", begin_ns=at, end_ns=at, watts=power) for name, power in watts.items()
    ]
    return Batch("s", "lyon/r1/pdu1/", 1, 1, columns_of(readings), False)


def joules(live: Live, name: str = "a") -> float:
    """What a probe has counted."""
    probe = live.probe(f"lyon/r1/pdu1/{name}")
    assert probe is not None
    assert probe.meter is not None
    return probe.meter.joules


def test_each_probe_counts_for_itself() -> None:
    """Its last reading, and its energy."""
    taken = live()
    taken.take([batch(0, a=100, b=50), batch(1, a=100), batch(2, a=300, b=50)])
    assert joules(taken) == pytest.approx(300)
    assert joules(taken, "b") == pytest.approx(100)
    assert [probe.reading.watts for probe in taken.probes()] == [300, 50]
    assert taken.probe("lyon/r1/pdu1/c") is None


def test_probes_are_listed_by_prefix_and_name() -> None:
    """A rack, a device."""
    taken = live()
    taken.take([batch(0, b=1, a=1, c=1)])
    assert [probe.probe_id for probe in taken.probes("lyon/r1/")] == [f"lyon/r1/pdu1/{name}" for name in "abc"]
    assert taken.probes("lyon/r2/") == []


def test_a_probe_that_is_silent_leaves_and_comes_back() -> None:
    """Its counter goes on, and the silence is a gap."""
    clock = Clock()
    taken = live(clock)
    taken.take([batch(0, a=100), batch(1, a=100)])
    clock.now += 90 * NS
    assert taken.probes() == []
    assert taken.probe("lyon/r1/pdu1/a") is None
    taken.take([batch(90, a=100)])
    assert joules(taken) == pytest.approx(100)
    (probe,) = taken.probes()
    assert probe.meter is not None
    assert probe.meter.gaps == 1


def test_an_impossible_reading_is_shown_and_not_counted() -> None:
    """Whoever looks sees that something is wrong."""
    taken = live()
    taken.take([batch(0, a=5000)])
    (probe,) = taken.probes()
    assert (probe.meter, probe.flaws) == (None, Flag.IMPLAUSIBLE)
    taken.take([batch(1, a=100), batch(2, a=5000), batch(3, a=100)])
    assert joules(taken) == pytest.approx(200)


def test_what_is_lost_is_counted() -> None:
    """Batches that can be had no more."""
    taken = live()
    taken.take([Lost("s", "lyon/r1/pdu1/", 1, 3, 7)])
    assert taken.lost == 5


def test_counters_go_on_after_a_restart(tmp_path: Path) -> None:
    """From what was written down, with the place in the stream: neither back to 0, nor twice."""
    file = CheckpointFile(tmp_path / "live", dict[str, Probe])
    assert file.read() is None
    before = live()
    before.take([batch(0, a=100, b=0), batch(1, a=100)])
    file.write(Checkpoint({("s", "lyon/r1/pdu1/"): Position(7, 2)}, before.meters()))
    written = file.read()
    assert written is not None
    assert written.positions == {("s", "lyon/r1/pdu1/"): Position(7, 2)}
    after = live()
    after.restore(written.state)
    assert after.meters() == before.meters()
    after.take([batch(2, a=100)])
    assert joules(after) == pytest.approx(200)


def test_a_kill_leaves_the_old_checkpoint_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it happens."""
    file = CheckpointFile(tmp_path / "live", list[int])
    file.write(Checkpoint({}, [1]))

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    for step in ("fsync", "fdopen"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, killed)
            with pytest.raises(KeyboardInterrupt):
                file.write(Checkpoint({}, [2]))
        assert file.read() == Checkpoint({}, [1])
    file.write(Checkpoint({}, [3]))
    assert file.read() == Checkpoint({}, [3])


@pytest.mark.parametrize(
    "data",
    [b"", b"rubbish", b"\x93\x01\x90\xa1x", b"\x93\x02\x90\x90"],
    ids=["empty", "rubbish", "of another type", "of another release"],
)
def test_a_checkpoint_that_cannot_be_read_is_named(tmp_path: Path, data: bytes) -> None:
    """Nothing begins anew without the operator's word."""
    (tmp_path / "live").write_bytes(data)
    with pytest.raises(ConfigError, match="live"):
        CheckpointFile(tmp_path / "live", list[int]).read()
