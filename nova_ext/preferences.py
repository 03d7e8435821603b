# SPDX-License-Identifier: Apache-2.0
"""How much better one host is than another, among those that a request may have. Arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence

from nova_ext.snapshot import HostUse


def free_s(use: HostUse | None, now: float, horizon_s: float) -> float:
    """For how long a host stays free, in s; at most the horizon, also of one that is never leased or not known."""
    if use is None or use.next_start is None:
        return horizon_s
    return min(max(use.next_start - now, 0.0), horizon_s)


def free_time(free: float, horizon_s: float, lifetime_s: float | None = None) -> float:
    """The worth in 0..1 of a host that stays free for ``free`` s.

    Without a lifetime, its share of the horizon. With one, 0.5 to 1 where it
    fits, the more the less is left over, and less than 0.5 where it does not,
    the more the more of it fits.
    """
    if lifetime_s is None:
        return free / horizon_s
    needed_s = min(lifetime_s, horizon_s)
    if free < needed_s:
        return 0.5 * free / needed_s
    return 1.0 - 0.5 * (free - needed_s) / horizon_s


def efficiency(known: Sequence[float | None]) -> list[float]:
    """The efficiency of each host; of one that is not known the mean of the others: neither better nor worse."""
    told = [value for value in known if value is not None]
    mean = sum(told) / len(told) if told else 0.0
    return [mean if value is None else value for value in known]
