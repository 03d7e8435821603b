# SPDX-License-Identifier: Apache-2.0
"""One of several copies acts, over tooz's driver for one machine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from climate.chassis.election import Election
from climate.errors import ConfigError

OTHER_COPY = """
import sys
from climate.chassis.election import Election
election = Election(sys.argv[1], "inventory", "other")
for line in sys.stdin:
    print(election.am_leader(), flush=True)
"""


def eventually(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_without_a_backend_this_copy_acts() -> None:
    election = Election(None, "inventory", "one")
    assert election.am_leader()
    election.close()


def test_one_of_two_copies_acts_and_goes_on_acting(tmp_path: Path) -> None:
    one, two = (Election(f"file://{tmp_path}", "inventory", name) for name in ("one", "two"))
    assert [one.am_leader(), two.am_leader(), one.am_leader(), two.am_leader()] == [True, False, True, False]
    one.close()
    assert [two.am_leader(), one.am_leader()] == [True, False]
    two.close()


def test_offices_are_apart(tmp_path: Path) -> None:
    elections = [Election(f"file://{tmp_path}", office, "one") for office in ("inventory", "power")]
    assert all(election.am_leader() for election in elections)
    for election in elections:
        election.close()


def test_another_process_takes_over_from_one_that_was_killed(tmp_path: Path) -> None:
    """A lock dies with its process; nothing has to be cleaned up."""
    url = f"file://{tmp_path}"
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_COPY, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None

        def other_leads() -> bool:
            other.stdin.write("\n")
            other.stdin.flush()
            return other.stdout.readline().strip() == "True"

        try:
            assert other_leads()
            here = Election(url, "inventory", "here")
            assert not here.am_leader()
            assert other_leads()
        finally:
            other.kill()
            other.wait()
    eventually(here.am_leader)
    here.close()


def test_nobody_leads_while_the_backend_is_out_of_reach(tmp_path: Path) -> None:
    """And it is found again when it is back."""
    directory = tmp_path / "locks"
    directory.write_text("in the way")
    election = Election(f"file://{directory}", "inventory", "one")
    assert not election.am_leader()
    assert not election.am_leader()
    directory.unlink()
    assert election.am_leader()
    election.close()
    assert election.am_leader()
    election.close()


@pytest.mark.parametrize("url", ["nonsense", "nosuchdriver://host", "://"])
def test_a_backend_that_cannot_be_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Election(url, "inventory", "one")
    assert "backend_url" in caught.value.message
