# SPDX-License-Identifier: Apache-2.0
"""The log names a trouble at once and then counts."""

from __future__ import annotations

from kwapi.manager.complaints import Complaints


def test_troubles_are_told_once_in_a_while_with_their_number() -> None:
    complaints = Complaints(quiet_s=60.0)
    told = [complaints.trouble("no answer", float(second)) for second in range(1000, 1130)]
    assert told[0] == "no answer"
    assert told[60] == told[120] == "no answer (59 more troubles since the last line)"
    assert sum(line is not None for line in told) == 3


def test_relief_is_told_only_after_a_trouble_was() -> None:
    """A device that fails every other time does not fill the log with its recoveries."""
    complaints = Complaints(quiet_s=60.0)
    assert not complaints.relief()
    reliefs = []
    for second in range(0, 100, 2):
        complaints.trouble("no answer", float(second))
        reliefs.append(complaints.relief())
    assert sum(reliefs) == 2
