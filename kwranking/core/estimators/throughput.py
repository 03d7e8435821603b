# SPDX-License-Identifier: Apache-2.0
"""General work: how much a host does of what is not dense floating point.

Of the time of general work a part is the core's, which grows shorter with the
clock and with what the core does in a cycle, and a part is spent waiting for
memory, which does not. Both are taken as one half at the core of reference,
which makes the rate of a core the square root of its speed near there:

``rate = sqrt(work x clock) x threads x cache``

``work`` is the microarchitecture's row (general work a cycle, of its maker's
statement about the generation before, Core 2 being 1), ``clock`` the base clock
in GHz. ``threads``: a second thread of a core adds a quarter, each doubling as
much again (Marr et al., Intel Technology Journal 6(1), 2002: 16 to 28 % on
servers). ``cache``: last-level cache a core against what is usual for the
microarchitecture, to the power of 0.1: misses go with the square root of its
size (Hartstein et al., Computing Frontiers 2006), and cost a fifth of the time.
The sum over cores counts; a unit is a core of Core 2 at 1 GHz.
"""

from __future__ import annotations

import math

from kwranking.core.estimators.protocol import Estimate, Subject, unknown
from kwranking.core.identify import Confidence, Identity, least

UNIT = "reference cores"
_THREADS = 0.25
_CACHE = 0.1
_SPEED = 0.5
_WORK_UNKNOWN = 1.0
_CACHE_RANGE = (0.1, 10.0)


class Throughput:
    """General work of the host's processors; GPUs do none."""

    name = "throughput"
    unit = UNIT

    def estimate(self, subject: Subject) -> Estimate:
        """The host's cores, as so many cores of Core 2 at 1 GHz."""
        if why := unknown(subject.identities):
            return Estimate(value=None, unit=UNIT, confidence=Confidence.NONE, notes=(why,))
        value = sum(one.cores * rate(one) for one in subject.identities)
        confidence = least(*(identity.confidence for identity in subject.identities))
        # The formula itself is a model of work that nobody has described.
        return Estimate(value=value, unit=UNIT, confidence=least(confidence, Confidence.MEDIUM))


def rate(identity: Identity) -> float:
    """General work of one core, with its threads."""
    row = identity.microarchitecture
    speed = (row.work if row else _WORK_UNKNOWN) * identity.clock_hz / 1e9
    threads = 1 + _THREADS * math.log2(max(1.0, identity.threads / identity.cores)) if not _paired(identity) else 1.0
    return speed**_SPEED * threads * _cache(identity)


def _paired(identity: Identity) -> bool:
    """Cores that share a module: the row already says what both do together."""
    return identity.microarchitecture is not None and identity.microarchitecture.paired


def _cache(identity: Identity) -> float:
    usual = identity.microarchitecture.cache_mb if identity.microarchitecture else 0.0
    if not identity.cache_mb or not usual:
        return 1.0
    least_ratio, most_ratio = _CACHE_RANGE
    ratio = identity.cache_mb / identity.cores / usual
    return float(min(max(ratio, least_ratio), most_ratio) ** _CACHE)
