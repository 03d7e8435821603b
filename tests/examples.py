# SPDX-License-Identifier: Apache-2.0
"""How many examples a property is held against: all of them, or few in a quick run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

FULL, QUICK = "full", "quick"
_ORDINARY = 100  # hypothesis's own number
_FEW = 20

# On a machine that is slow or busy an example may take as long as it likes.
settings.register_profile(
    FULL, settings(max_examples=_ORDINARY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
)
settings.register_profile(QUICK, settings.get_profile(FULL), max_examples=_FEW)


def many(count: int) -> int:
    """``count`` examples, for a property that wants more than the ordinary number; fewer in a quick run."""
    return count * settings().max_examples // _ORDINARY
