# SPDX-License-Identifier: Apache-2.0
"""Ends trees of processes; as a program, does so when the parent has died.

A process that is killed cannot tidy up after itself, and the kernel's
parent-death signal reaches one child only, follows the *thread* that started
it, and is forgotten by whoever changes user. So one small program holds the
other end of a pipe: when that closes, the parent is gone, and what it had
started goes too.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable

import psutil

POLL_S = 0.02


def family(pid: int) -> list[psutil.Process]:
    """The process and all its descendants now; empty if there is no such process.

    A process group would not do: PostgreSQL gives each backend its own session.
    """
    try:
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def wait_gone(processes: Iterable[psutil.Process], timeout_s: float) -> bool:
    """True as soon as none of them runs (a zombie does not), False after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    left = list(processes)
    while left := [process for process in left if _runs(process)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """SIGKILL to each that still runs, then wait until they are gone (10 s at most)."""
    doomed = list(processes)
    for process in doomed:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    wait_gone(doomed, 10)


def end_trees(leaders: dict[int, signal.Signals], grace_s: float) -> None:
    """Ask each leader to stop by its signal, wait ``grace_s`` for all, kill whatever is left of their trees."""
    families = {pid: family(pid) for pid in leaders}
    for pid, members in families.items():
        if members:
            _send(members[0], leaders[pid])
    everybody = [process for members in families.values() for process in members]
    if not wait_gone(everybody, grace_s):
        kill_all(everybody)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def main() -> None:
    """Read ``watch PID SIGNAL``, ``forget PID`` and ``clean DIRECTORY`` lines; when they end, so do all these."""
    leaders: dict[int, signal.Signals] = {}
    directories: set[str] = set()
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        if verb == "watch":
            pid, number = rest.split()
            leaders[int(pid)] = signal.Signals(int(number))
        elif verb == "forget":
            leaders.pop(int(rest), None)
        elif verb == "clean":
            directories.add(rest)
    end_trees(leaders, grace_s=10)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    os.chdir("/")
    main()
