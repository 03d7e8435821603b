# SPDX-License-Identifier: Apache-2.0
"""Picking the best few of many hosts by several criteria, without sorting them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def smallest(quantity: int, criteria: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.intp]:
    """Indexes of the ``quantity`` smallest, by the first criterion, among equals by the next, and so on.

    Criteria are columns of the same length, at least ``quantity`` long. Those
    that are equal in all are taken in their order. O(n) a criterion.
    """
    pool = np.arange(criteria[0].size)
    chosen = [pool[:0]]
    for criterion in criteria:
        if quantity == pool.size:
            break
        values = criterion[pool]
        threshold = np.partition(values, quantity - 1)[quantity - 1]
        better = pool[values < threshold]
        chosen.append(better)
        pool = pool[values == threshold]
        quantity -= better.size
    chosen.append(pool[:quantity])
    return np.concatenate(chosen)
