# SPDX-License-Identifier: Apache-2.0
"""Loops go on after a failure, and a process that is told to stop finishes its work and stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from climate.chassis.process import Loop, Process

WITHIN_S = 30.0


class Recorder:
    """A server that notes what is asked of it."""

    def __init__(self, name: str, notes: list[str], on_start: Callable[[], None] = lambda: None) -> None:
        self._name, self._notes, self._on_start = name, notes, on_start

    def start(self) -> None:
        self._notes.append(f"{self._name} starts")
        self._on_start()

    def stop(self) -> None:
        self._notes.append(f"{self._name} refuses")

    def wait(self) -> None:
        self._notes.append(f"{self._name} is done")


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_servers_refuse_before_they_are_waited_for_and_the_rest_is_closed_last() -> None:
    """All refuse first: a request must not go on to one that is closed."""
    notes: list[str] = []
    process = Process("p", [Recorder("a", notes), Recorder("b", notes)], close=lambda: notes.append("closed"))
    process.start()
    process.stop()
    assert notes == ["a starts", "b starts", "a refuses", "b refuses", "a is done", "b is done", "closed"]


def test_a_loop_repeats() -> None:
    """Until the process stops, and then no more."""
    rounds: list[int] = []
    process = Process("p", loops=[Loop("count", lambda: rounds.append(1), 0.001)])
    process.start()
    eventually(lambda: len(rounds) > 5)
    process.stop()
    after = len(rounds)
    time.sleep(0.02)
    assert len(rounds) == after


def test_a_loop_goes_on_after_a_failure_with_pauses_that_grow(caplog: pytest.LogCaptureFixture) -> None:
    """And with its own interval again after a success; each failure is in the log."""
    waited: list[float] = []
    outcomes = iter(["no", "no", "no", "yes", "no"])
    done = threading.Event()

    def act() -> None:
        outcome = next(outcomes, None)
        if outcome is None:
            done.set()
        elif outcome == "no":
            raise RuntimeError("no luck")

    process = Process("p", loops=[Loop("act", act, 0.2)])

    def wait(pause_s: float) -> bool:
        waited.append(pause_s)
        return done.is_set()

    process._stopping.wait = wait  # type: ignore[method-assign, assignment]
    process.start()
    assert done.wait(WITHIN_S)
    process.stop()
    assert waited[:6] == [0.4, 0.8, 1.6, 0.2, 0.4, 0.2]
    assert process.failures == 4
    assert caplog.text.count("no luck") >= 4


def test_the_pause_after_failures_is_a_minute_at_most() -> None:
    """Or the loop's own interval, where that is longer."""
    for interval_s, longest_s in ((1.0, 60.0), (3600.0, 3600.0)):
        waited: list[float] = []

        def fail() -> None:
            raise RuntimeError

        process = Process("p", loops=[Loop("act", fail, interval_s)])

        def wait(pause_s: float, process: Process = process, waited: list[float] = waited) -> bool:
            waited.append(pause_s)
            if len(waited) == 12:
                process._stopping.set()
            return False

        process._stopping.wait = wait  # type: ignore[method-assign, assignment]
        process.start()
        eventually(process._stopping.is_set)
        process.stop()
        assert waited[-1] == longest_s == max(waited)


def test_one_failing_loop_does_not_disturb_another() -> None:
    rounds: list[int] = []

    def fail() -> None:
        raise RuntimeError

    process = Process("p", loops=[Loop("bad", fail, 0.001), Loop("good", lambda: rounds.append(1), 0.001)])
    process.start()
    eventually(lambda: len(rounds) > 20)
    process.stop()


def test_what_is_under_way_is_finished_before_the_process_closes() -> None:
    notes: list[str] = []
    begun, release = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        release.wait(WITHIN_S)
        notes.append("finished")

    process = Process("p", loops=[Loop("work", work, 60)], close=lambda: notes.append("closed"))
    process.start()
    assert begun.wait(WITHIN_S)
    stopping = threading.Thread(target=process.stop)
    stopping.start()
    release.set()
    stopping.join(WITHIN_S)
    assert notes == ["finished", "closed"]


def test_work_that_does_not_end_is_left_after_a_while() -> None:
    """An operator who restarts a machine does not wait for ever."""
    notes: list[str] = []
    release = threading.Event()
    process = Process(
        "p",
        loops=[Loop("work", lambda: release.wait(60), 60)],
        close=lambda: notes.append("closed"),
        drain_timeout_s=0.05,
    )
    process.start()
    process.stop()
    assert notes == ["closed"]
    release.set()


def test_loops_do_not_wait_for_a_server_whose_broker_is_away() -> None:
    """Leases begin and end without it; and such a server is not drained, for it has nothing to finish."""
    notes: list[str] = []
    rounds: list[int] = []
    broker = threading.Event()
    server = Recorder("a", notes, lambda: broker.wait(60) and None)
    process = Process("p", [server], [Loop("count", lambda: rounds.append(1), 0.001)])
    threading.Thread(target=process.start, daemon=True).start()
    eventually(lambda: len(rounds) > 5)
    process.stop()
    assert notes == ["a starts"]
    broker.set()


def test_a_process_that_never_started_can_be_stopped() -> None:
    notes: list[str] = []
    process = Process("p", [Recorder("a", notes)], [Loop("l", lambda: None, 1)], close=lambda: notes.append("closed"))
    process.stop()
    assert notes == ["closed"]


PROGRAM = """
import sys, threading
from climate.chassis.process import Loop, Process

class First:
    def start(self): {start}
    def stop(self): print("refuses", flush=True)
    def wait(self): print("done", flush=True)

class Second:
    def start(self): print("up", flush=True)
    def stop(self): pass
    def wait(self): pass

Process("p", [First(), Second()], close=lambda: print("closed", flush=True)).run()
"""


def run(start: str) -> subprocess.Popen[str]:
    """A real process whose server starts like this."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(start=start)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=os.getcwd(),
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_the_process_and_ends_it_with_success(number: signal.Signals) -> None:
    with run("pass") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=WITHIN_S)
    assert out.split() == ["refuses", "done", "closed"]
    assert process.returncode == 0


def test_a_signal_ends_a_process_whose_server_cannot_start() -> None:
    """Its broker is away, and the operator wants it gone."""
    with run('print("waits", flush=True); threading.Event().wait()') as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=WITHIN_S)
    assert out.split() == ["closed"]
    assert process.returncode == 0


def test_a_server_that_fails_to_start_ends_the_process_with_its_error() -> None:
    """A port that is taken must not leave half a process behind."""
    with run('raise OSError("the port is taken")') as process:
        out, err = process.communicate(timeout=WITHIN_S)
    assert out.split() == ["closed"]
    assert "the port is taken" in err
    assert process.returncode != 0
