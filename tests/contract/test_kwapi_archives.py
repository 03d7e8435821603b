# SPDX-License-Identifier: Apache-2.0
"""What every place keeps where frames wait for those who missed them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwapi.bus.archive import Archive, Range, Ring
from kwapi.bus.spool import Spool

Make = Callable[[int], Archive]


def frame(topic: bytes, number: int, size: int = 100) -> bytes:
    """A frame that can be told from any other."""
    return topic + b"\0" + str(number).encode().rjust(size, b".")


@pytest.fixture(params=["ring", "spool"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """An empty archive of some size, of each kind."""
    folders = iter(range(1_000_000))

    def made(max_bytes: int) -> Archive:
        if request.param == "ring":
            return Ring(max_bytes)
        return Spool(tmp_path / str(next(folders)), max_bytes, 3600, lambda: 1000.0)

    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([b"a/", b"b/", b"c/"]), max_size=60), st.integers(0, 62), st.integers(0, 62))
def test_what_was_kept_is_given_back(make: Make, order: list[bytes], first: int, last: int) -> None:
    """Of each stream the frames asked for, in order, and no others."""
    archive = make(10_000_000)
    newest = dict.fromkeys([b"a/", b"b/", b"c/"], 0)
    for topic in order:
        newest[topic] += 1
        archive.append(topic, 5, newest[topic], frame(topic, newest[topic]))
    for topic, count in newest.items():
        numbers = range(max(first, 1), min(last, count) + 1)
        assert archive.get(Range(topic, 5, first, last), 10**6) == [(n, frame(topic, n)) for n in numbers]
        assert archive.get(Range(topic, 6, first, last), 10**6) == []
        assert archive.oldest(topic, 5) == (1 if count else None)
    assert archive.oldest(b"d/", 5) is None


def test_an_answer_has_a_bounded_size(make: Make) -> None:
    """But one frame at least, so that whoever asks comes forward."""
    archive = make(10_000_000)
    for number in range(1, 11):
        archive.append(b"a/", 5, number, frame(b"a/", number, 1000))
    assert [number for number, _ in archive.get(Range(b"a/", 5, 3, 9), 2_500)] == [3, 4]
    assert [number for number, _ in archive.get(Range(b"a/", 5, 3, 9), 1)] == [3]


def test_the_oldest_go_first(make: Make) -> None:
    """Of all streams together; what stays is whole from some number on."""
    archive = make(1_000_000)
    for number in range(1, 3001):
        for topic in (b"a/", b"b/"):
            archive.append(topic, 5, number, frame(topic, number, 1000))
    for topic in (b"a/", b"b/"):
        oldest = archive.oldest(topic, 5)
        assert oldest is not None
        assert 2400 < oldest < 2600
        kept = archive.get(Range(topic, 5, 1, 3000), 10**9)
        assert kept == [(number, frame(topic, number, 1000)) for number in range(oldest, 3001)]


def test_a_life_is_kept_apart_from_the_next(make: Make) -> None:
    """Both begin at 1."""
    archive = make(1_000_000)
    for epoch in (5, 6):
        for number in (1, 2):
            archive.append(b"a/", epoch, number, frame(b"a/", 10 * epoch + number))
    assert archive.get(Range(b"a/", 5, 1, 9), 10**6) == [(1, frame(b"a/", 51)), (2, frame(b"a/", 52))]
    assert archive.get(Range(b"a/", 6, 2, 2), 10**6) == [(2, frame(b"a/", 62))]
