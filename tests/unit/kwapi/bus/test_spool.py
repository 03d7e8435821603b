# SPDX-License-Identifier: Apache-2.0
"""The spool on its disk: after a kill, after an hour, and when the disk does not do as it should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from climate.errors import ConfigError
from kwapi.bus.archive import Range
from kwapi.bus.spool import SUFFIX, Spool


class Clock:
    """Epoch seconds that tests move."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def spool(folder: Path, max_bytes: int = 10_000_000, clock: Clock | None = None) -> Spool:
    """A spool that keeps an hour."""
    return Spool(folder, max_bytes, 3600, clock or Clock())


def fill(spool: Spool, count: int, *, epoch: int = 5, size: int = 100, first: int = 1) -> None:
    """Frames of one stream."""
    for number in range(first, first + count):
        spool.append(b"a/", epoch, number, b"a/\0" + str(number).encode().rjust(size))


def numbers(spool: Spool, epoch: int = 5) -> list[int]:
    """What there is of that stream."""
    return [number for number, _ in spool.get(Range(b"a/", epoch, 1, 10**6), 10**9)]


def test_a_new_life_finds_what_the_last_one_wrote(tmp_path: Path) -> None:
    """Without its having been closed: nothing is kept back."""
    fill(spool(tmp_path), 20)
    again = spool(tmp_path)
    assert numbers(again) == list(range(1, 21))
    fill(again, 3, epoch=6)
    assert again.streams() == [(b"a/", 5, 20), (b"a/", 6, 3)]
    assert numbers(spool(tmp_path), 6) == [1, 2, 3]


@pytest.mark.parametrize("torn", [1, 10, 19, 20, 21, 60, 122])
def test_a_torn_end_is_cut_off(tmp_path: Path, torn: int) -> None:
    """Wherever the write was when the machine stopped; what comes after it is whole again."""
    first = spool(tmp_path)
    fill(first, 3)
    (segment,) = tmp_path.glob(f"*{SUFFIX}")
    os.truncate(segment, segment.stat().st_size - torn)
    again = spool(tmp_path)
    assert numbers(again) == [1, 2]
    fill(again, 1, epoch=6)
    assert (numbers(spool(tmp_path)), numbers(spool(tmp_path), 6)) == ([1, 2], [1])


def test_rubbish_at_the_end_is_cut_off(tmp_path: Path) -> None:
    """Zeros, as some file systems leave them, or anything else."""
    fill(spool(tmp_path), 2)
    (segment,) = tmp_path.glob(f"*{SUFFIX}")
    for rubbish in (bytes(500), os.urandom(7), b"\xff" * 300):
        with segment.open("ab") as file:
            file.write(rubbish)
        assert numbers(spool(tmp_path)) == [1, 2]


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    """By whole segments, at the next sync; the files go, too."""
    clock = Clock()
    kept = spool(tmp_path, 2_000_000, clock)
    fill(kept, 500, size=1000)
    files = len(list(tmp_path.iterdir()))
    assert files > 2
    clock.now += 3601
    kept.sync()
    assert len(list(tmp_path.iterdir())) == 1
    assert kept.oldest(b"a/", 5) is None or (kept.oldest(b"a/", 5) or 0) > 100


def test_a_disk_that_is_full_keeps_what_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a record is taken back, and said."""
    kept = spool(tmp_path)
    fill(kept, 2)
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, record: whole(descriptor, record[:50]))
    with pytest.raises(OSError, match="only 50 of"):
        fill(kept, 1, first=3)
    monkeypatch.setattr(os, "write", whole)
    fill(kept, 1, first=4)
    assert kept.get(Range(b"a/", 5, 4, 4), 1000)[0][0] == 4
    assert numbers(kept) == numbers(spool(tmp_path)) == [1, 2, 4]


def test_a_gap_goes_with_what_lies_behind_it(tmp_path: Path) -> None:
    """Frames that could not be written are no reason to lose others, now or when the oldest go."""
    clock = Clock()
    kept = spool(tmp_path, max_bytes=1_000_000, clock=clock)
    for first in (1, 1001, 2001):
        fill(kept, 990, first=first)
    everything = [number for first in (1, 1001, 2001) for number in range(first, first + 990)]
    assert numbers(kept) == everything
    fill(kept, 5000, first=3001)
    left = numbers(kept)
    assert left == [*everything, *range(3001, 8001)][-len(left) :]
    assert kept.oldest(b"a/", 5) in (left[0], left[0] - 10)
    assert numbers(spool(tmp_path, max_bytes=1_000_000)) == left
    fill(kept, 1, first=1_000_000)
    assert numbers(kept) == [1_000_000]


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """Before anything is read."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        spool(tmp_path / "file")


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Power tells who works when."""
    fill(spool(tmp_path / "new"), 1)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
