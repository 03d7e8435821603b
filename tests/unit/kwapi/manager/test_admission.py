# SPDX-License-Identifier: Apache-2.0
"""What is fit for the bus gets there, whatever stands beside it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwapi.core.reading import Flag, Reading, columns_of
from kwapi.core.wire import Key, Signer, Verifier
from kwapi.manager.admission import admit

SECRET = b"0123456789abcdef"
PROBES = frozenset({"s/d/1", "s/d/2"})


def reading(probe: Any = "s/d/1", begin: Any = 10, end: Any = 20, watts: Any = 1.0, **other: Any) -> Reading:
    return Reading(probe_id=probe, begin_ns=begin, end_ns=end, watts=watts, **other)


@pytest.mark.parametrize(
    "bad",
    [
        reading("s/d/3"),
        reading("s/e/1"),
        reading(None),
        reading(watts=math.nan),
        reading(watts=math.inf),
        reading(watts="12"),
        reading(watts=True),
        reading(watts=np.float64(1)),
        reading(watts=10**400),
        reading(watts=None),
        reading(volts=math.nan),
        reading(amperes=-math.inf),
        reading(energy_j=math.nan),
        reading(begin=21),
        reading(begin=-1),
        reading(end=2**63),
        reading(begin=1.0),
        reading(extra={"Temp": 1.0}),
        reading(extra={"temperature_c": math.nan}),
        reading(extra={None: 1.0}),
        reading(flags=4096),
    ],
)
def test_a_reading_that_is_unfit_is_left_out_alone(bad: Reading) -> None:
    """The complaint says which and why."""
    good = reading("s/d/2")
    sound, complaint = admit([bad, good], PROBES)
    assert sound == [good]
    assert complaint.startswith(f"{bad.probe_id}: ")


@pytest.mark.parametrize(
    "good",
    [
        reading(watts=1),
        reading(watts=-3.5),
        reading(watts=None, energy_j=5.0),
        reading(watts=None, extra={"temperature_c": 21.5}),
        reading(begin=20, end=20),
        reading(flags=Flag.STALE | Flag.PARTIAL),
    ],
)
def test_what_a_device_may_say_is_let_through(good: Reading) -> None:
    """Whether watts can be true is for the counting of energy to judge."""
    assert admit((good,), PROBES) == ([good], "")


def test_several_readings_of_a_probe_follow_each_other() -> None:
    """One that overlaps the one before, or repeats it, is left out."""
    first, second = reading(begin=10, end=20), reading(begin=20, end=30)
    repeated, overlapping = reading(begin=20, end=30), reading(begin=25, end=40)
    other = reading("s/d/2", begin=10, end=20)
    last = reading(begin=30, end=31)
    sound, complaint = admit([first, second, repeated, other, overlapping, last], PROBES)
    assert sound == [first, second, other, last]
    assert "overlaps" in complaint


@pytest.mark.parametrize("answer", [None, 12.5, {"s/d/1": 3}, iter([reading()]), [None], [("s/d/1", 3.0)]])
def test_an_answer_that_is_none_is_the_drivers_fault(answer: Any) -> None:
    with pytest.raises(TypeError, match="read"):
        admit(answer, PROBES)


anything = st.none() | st.floats() | st.integers() | st.text(max_size=3) | st.booleans()
instants = st.integers(-5, 2**63 + 5) | st.integers(0, 100)


@given(
    st.lists(
        st.builds(
            Reading,
            probe_id=st.sampled_from(["s/d/1", "s/d/2", "s/d/3", "", "\0"]),
            begin_ns=instants,
            end_ns=instants,
            watts=anything,
            volts=anything,
            amperes=anything,
            energy_j=anything,
            flags=st.integers(-1, 200),
            extra=st.dictionaries(st.sampled_from(["a_c", "b", "B", ""]), anything, max_size=2),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=150)
def test_what_is_let_through_is_believed_at_the_other_end(answer: list[Reading]) -> None:
    """No batch of it is refused as a frame."""
    sound, complaint = admit(answer, PROBES)
    assert bool(complaint) == (len(sound) < len(answer))
    if sound:
        frame = Signer("source", "key", SECRET, 1).frame(b"s/d/", 1, 1, columns_of(sound))
        assert len(Verifier({"key": Key("source", SECRET)}).read(frame).body.readings) == len(sound)
