# SPDX-License-Identifier: Apache-2.0
"""The names of those who hold bookings, as small numbers that fit into a matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

NOBODY = -1
"""The number that stands for no owner."""


class Owners:
    """Keys with a number each and a count of bookings; a number whose bookings are gone is used again."""

    def __init__(self, keys: Sequence[str] = (), counts: Sequence[int] = ()) -> None:
        """Number ``keys`` from 0; ``counts`` says how many bookings each holds.

        :raises ValueError: when a key comes twice.
        """
        self._keys = list(keys)
        self._counts = list(counts)
        self._numbers = {key: number for number, key in enumerate(keys) if self._counts[number]}
        self._vacant = [number for number, count in enumerate(counts) if not count]
        if len(set(keys)) != len(self._keys):
            raise ValueError("an owner's key comes twice")

    def __len__(self) -> int:
        """How many keys hold bookings."""
        return len(self._numbers)

    def key(self, number: int) -> str:
        """The key of a number that a matrix holds."""
        return self._keys[number]

    def number(self, key: str) -> int:
        """The number of ``key``; :data:`NOBODY` while it holds no booking."""
        return self._numbers.get(key, NOBODY)

    def bookings(self, key: str) -> int:
        """How many bookings ``key`` holds; 0 for an unknown one."""
        return self._counts[self._numbers[key]] if key in self._numbers else 0

    def add(self, key: str, bookings: int) -> int:
        """Note that ``key`` holds so many bookings (> 0) more; its number."""
        number = self._numbers.get(key)
        if number is None:
            number = self._new(key)
        self._counts[number] += bookings
        return number

    def drop(self, numbers: Iterable[int]) -> None:
        """Note that one booking of each of ``numbers`` is gone."""
        for number, bookings in Counter(numbers).items():
            self._counts[number] -= bookings
            if not self._counts[number]:
                del self._numbers[self._keys[number]]
                self._vacant.append(number)

    def _new(self, key: str) -> int:
        if self._vacant:
            number = self._vacant.pop()
            self._keys[number] = key
        else:
            number = len(self._keys)
            self._keys.append(key)
            self._counts.append(0)
        self._numbers[key] = number
        return number
