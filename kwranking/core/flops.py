# SPDX-License-Identifier: Apache-2.0
"""Peak rate in double precision: cores x clock x flop a cycle, as TOP500's Rpeak counts it."""

from __future__ import annotations

from collections.abc import Sequence

from kwranking.core.identify import Identity


def peak(identities: Sequence[Identity]) -> float | None:
    """Flop/s of all processors of a host; ``None`` where one of them has no index."""
    if not identities or any(identity.unknown for identity in identities):
        return None
    return sum(one.cores * one.clock_hz * one.flops for one in identities)
