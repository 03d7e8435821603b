# SPDX-License-Identifier: Apache-2.0
"""What the bus hands on to a consumer: readings that came, in order and once, or the word that some are lost."""

from __future__ import annotations

from dataclasses import dataclass

from kwapi.core.reading import Columns

Stream = tuple[str, str]
"""A source, and a topic of it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings that came, live or ``fetched`` later; the source sent them at ``sent_ns`` of its clock."""

    source: str
    topic: str
    epoch: int
    sequence: int
    readings: Columns
    fetched: bool
    sent_ns: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """Batches ``first`` to ``last`` that were written once and can be had no more."""

    source: str
    topic: str
    epoch: int
    first: int
    last: int


Event = Batch | Lost
