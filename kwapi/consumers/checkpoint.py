# SPDX-License-Identifier: Apache-2.0
"""What a consumer has done so far, on disk: how far it read, and what came of it, both or neither.

One file, written beside the old one, brought to the disk, and then put in its
place: whenever the process is killed, one whole checkpoint is there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from climate.errors import ConfigError
from kwapi.core.delivery import Stream
from kwapi.core.sequence import Position

LOG = logging.getLogger(__name__)

VERSION = 1
T = TypeVar("T")


class _Written(msgspec.Struct, Generic[T], frozen=True, array_like=True):
    version: int
    positions: list[tuple[str, str, int, int]]
    state: T
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint(Generic[T]):
    """How far each stream was read, and what was made of that.

    ``generation`` numbers what else belongs to it and lies elsewhere.
    """

    positions: Mapping[Stream, Position]
    state: T
    generation: int = 0


class CheckpointFile(Generic[T]):
    """A checkpoint at ``path``, with a state of type ``kind``: anything that msgspec can write and read."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        self._path = path
        self._decoder = msgspec.msgpack.Decoder(_Written[kind])  # type: ignore[valid-type]

    def read(self) -> Checkpoint[T] | None:
        """What was written last; ``None`` if nothing ever was.

        :raises ConfigError: the file cannot be read, or is not what this release writes.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"The checkpoint {self._path} cannot be read: {error}.", option="checkpoint") from None
        try:
            written: _Written[T] = self._decoder.decode(data)
            if written.version != VERSION:
                raise ValueError(f"it is of version {written.version}, not {VERSION}")
        except (msgspec.MsgspecError, ValueError) as error:
            raise ConfigError(
                f"{self._path} is no checkpoint of this release: {error}. Counters begin anew if it is moved away.",
                option="checkpoint",
            ) from None
        positions = {(source, topic): Position(epoch, done) for source, topic, epoch, done in written.positions}
        return Checkpoint(positions, written.state, written.generation)

    def write(self, checkpoint: Checkpoint[T]) -> None:
        """Put a new checkpoint in the place of the old one.

        :raises OSError: it cannot be written; the old one stays.
        """
        rows = [(*stream, position.epoch, position.done) for stream, position in checkpoint.positions.items()]
        data = msgspec.msgpack.encode(_Written(VERSION, rows, checkpoint.state, checkpoint.generation))
        beside = self._path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
