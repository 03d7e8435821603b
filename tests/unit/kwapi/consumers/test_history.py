# SPDX-License-Identifier: Apache-2.0
"""History on disk: the same whether it waits or is written, and whenever its process is killed."""

from __future__ import annotations

import enum
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.errors import ConfigError
from kwapi.consumers.history import History
from kwapi.consumers.history_files import HistoryFiles
from kwapi.consumers.live import Live
from kwapi.core.delivery import Batch
from kwapi.core.energy import Rules
from kwapi.core.history import NS, Tier
from kwapi.core.reading import Reading, columns_of
from tests.examples import many

TIERS = (Tier(1, 120), Tier(10, 60), Tier(60, 50))
START_S = 1_700_000_000
PROBES = ("lyon/r1/pdu/1", "lyon/r1/pdu/2")


class Killed(Exception):
    """The process ended here."""


class Moment(enum.Enum):
    """When it is killed, if at all."""

    NEVER = enum.auto()
    BEFORE = enum.auto()
    PREPARED = enum.auto()
    COUNTED = enum.auto()
    APPLIED = enum.auto()


class Run:
    """A consumer with a history in ``folder``; ``generation`` and ``heard`` are what its checkpoint holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.generation = 0
        self.heard = 0
        self._kept_meters: dict = {}
        self._begin()

    def _begin(self) -> None:
        self.history = History(HistoryFiles(self.folder, TIERS, self.generation), TIERS)
        self._live = Live(lambda probe_id: Rules(), lambda: 0, 60.0, self.history.record)
        self._live.restore(self._kept_meters)

    def take(self, batches: list[Batch]) -> None:
        self._live.take(batches[self.heard :])

    def write(self, heard: int, moment: Moment) -> None:
        """What kwapi-api does at its interval, up to a moment."""
        if moment is Moment.BEFORE:
            raise Killed
        self.history.prepare(self.generation + 1)
        if moment is Moment.PREPARED:
            raise Killed
        self.generation, self.heard, self._kept_meters = self.generation + 1, heard, self._live.meters()
        if moment is Moment.COUNTED:
            raise Killed
        self.history.apply()
        if moment is Moment.APPLIED:
            raise Killed

    def restart(self) -> None:
        self._begin()


def batches(watts: list[list[int | None]]) -> list[Batch]:
    """A batch for each second: what each probe draws then, ``None`` where it says nothing."""
    made = []
    for second, row in enumerate(watts):
        at = (START_S + second) * NS
        readings = [
            Reading(probe_id=probe, begin_ns=at + 1000, end_ns=at + 6_000_000, watts=float(value))
            for probe, value in zip(PROBES, row, strict=True)
            if value is not None
        ]
        if readings:
            made.append(Batch("s", "lyon/r1/pdu/", 1, second + 1, columns_of(readings), False, at))
    return made


def everything(history: History) -> list[list]:
    return [
        history.rows(probe, tier, START_S - 100, START_S + 100_000).tolist()
        for probe in PROBES
        for tier in range(len(TIERS))
    ]


def same(one: list[list], two: list[list]) -> bool:
    """Equal but for the order in which floats were added."""
    return [len(rows) for rows in one] == [len(rows) for rows in two] and all(
        left[:3] == right[:3] and left[4] == right[4] and np.isclose(left[3], right[3], rtol=1e-12)
        for rows, others in zip(one, two, strict=True)
        for left, right in zip(rows, others, strict=True)
    )


watts = st.lists(st.lists(st.one_of(st.none(), st.integers(50, 900)), min_size=2, max_size=2), min_size=5, max_size=200)


@settings(max_examples=many(40), deadline=None)
@given(watts, st.lists(st.tuples(st.integers(1, 40), st.sampled_from(Moment)), max_size=6))
def test_killed_at_any_moment_it_is_what_it_would_have_been(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[list[int | None]], stops: list[tuple[int, Moment]]
) -> None:
    folder = tmp_path_factory.mktemp("history")
    told = batches(drawn)
    whole = Run(folder / "whole")
    whole.take(told)
    run = Run(folder / "killed")
    upto = 0
    for more, moment in stops:
        upto = min(upto + more, len(told))
        run.take(told[:upto])
        try:
            run.write(upto, moment)
        except Killed:
            upto = run.heard
        run.restart()
    run.take(told)
    assert same(everything(run.history), everything(whole.history))
    run.write(len(told), Moment.NEVER)
    assert same(everything(run.history), everything(whole.history))
    run.history.sync()
    assert not list((folder / "killed").glob("*.change"))
    run.restart()
    assert same(everything(run.history), everything(whole.history))
    shutil.rmtree(folder)


def test_a_gap_stays_a_gap_and_energy_is_the_meters(tmp_path: Path) -> None:
    """Ten seconds at 100 W, a minute of silence, ten seconds at 300 W."""
    run = Run(tmp_path)
    run.take(batches([[100, None]] * 11 + [[None, None]] * 60 + [[300, None]] * 11))
    rows = run.history.rows(PROBES[0], 0, START_S, START_S + 100)
    seconds = (rows["bucket"] - START_S).tolist()
    assert seconds == [*range(11), *range(71, 82)]
    assert rows["joules"].sum() == pytest.approx(4000, rel=0.001)
    assert set(rows["low"].tolist()) == set(rows["high"].tolist()) == {100.0, 300.0}


def test_a_period_takes_no_more_room_than_its_ring(tmp_path: Path) -> None:
    """What is too old for a tier is gone from it, and still in the coarser ones."""
    run = Run(tmp_path)
    told = batches([[second % 500, None] for second in range(1000)])
    for upto in range(100, 1001, 100):
        run.take(told[:upto])
        run.write(upto, Moment.NEVER)
    size = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    fine = run.history.rows(PROBES[0], 0, START_S, START_S + 1000)
    assert fine["bucket"].min() == START_S + 1000 - 120
    minutes = run.history.rows(PROBES[0], 2, START_S - 60, START_S + 1060)
    assert minutes["high"].max() == 499
    assert minutes["measured_ns"].sum() == pytest.approx(999 * NS, rel=0.001)
    for second in range(5):
        run.take([])
        run.write(1000 + second, Moment.NEVER)
    assert {name: run.folder.joinpath(name).stat().st_size for name in ("1s", "10s", "60s")} == {
        name: size[name] for name in ("1s", "10s", "60s")
    }


def test_a_long_absence_leaves_the_newest_in_each_ring(tmp_path: Path) -> None:
    """All of it comes in one change, several times round."""
    run = Run(tmp_path)
    told = batches([[second % 500, None] for second in range(700)])
    run.take(told)
    before = everything(run.history)
    run.write(len(told), Moment.NEVER)
    fine = run.history.rows(PROBES[0], 0, START_S, START_S + 700)
    assert fine["bucket"].tolist() == list(range(START_S + 580, START_S + 700))
    assert before[0][-120:] == fine.tolist()


def test_hundreds_of_probes_find_room(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path, TIERS, 0)
    history = History(files, TIERS)
    for generation in range(1, 4):
        for probe in range(generation * 90):
            at = (START_S + generation) * NS
            history.record(Reading(probe_id=f"a/{probe}", begin_ns=at, end_ns=at + 10, watts=float(probe)), None)
        history.prepare(generation)
        history.apply()
    again = History(HistoryFiles(tmp_path, TIERS, 3), TIERS)
    for probe in (0, 89, 90, 269):
        assert again.rows(f"a/{probe}", 0, START_S, START_S + 10)["high"].max() == probe
    assert len(again.rows("a/270", 0, START_S, START_S + 10)) == 0


def test_a_folder_of_other_tiers_is_refused(tmp_path: Path) -> None:
    HistoryFiles(tmp_path, TIERS, 0)
    with pytest.raises(ConfigError, match="another history"):
        HistoryFiles(tmp_path, (Tier(1, 100), *TIERS[1:]), 0)
