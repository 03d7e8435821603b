# SPDX-License-Identifier: Apache-2.0
"""What is told of a device that is not well: in which state, since when, why, and which probes it concerns."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from kwapi.core.condition import Condition, is_sound
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import DeviceError
from kwapi.manager.record import Answered, Record
from kwapi.manager.status import Cause, State
from tests.unit.kwapi.manager.meters import Bus, Maker, Scripted, Start, until, wattmeter

BEGIN_NS = 1_700_000_000_000_000_000
S = 1_000_000_000
ONE, TWO = "site/pdu/1", "site/pdu/2"


class Story:
    """A device of two probes that is asked each second; each step is one attempt."""

    def __init__(self) -> None:
        self.record = Record(wattmeter("pdu", Maker(), ("1", "2"), interval_s=1.0), 0.0, 30.0, BEGIN_NS)
        self.now = 0.0

    @property
    def now_ns(self) -> int:
        return BEGIN_NS + round(self.now * S)

    @property
    def condition(self) -> Condition | None:
        found = self.record.condition(self.now_ns)
        assert found is None or is_sound(found)
        return found

    def answers(self, *told: str, lasting: float = 0.1, complaint: str = "", **absent: str) -> State:
        """An answer with readings of some probes; of ``one`` and ``two`` the driver may say why there is none."""
        reasons = {{"one": ONE, "two": TWO}[name]: reason for name, reason in absent.items()}
        self.now = self.record.plan(self.now)
        self.record.begin(self.now)
        self.now += lasting
        self.record.succeed(self.now_ns, self.now, Answered(set(told), bool(complaint), complaint, reasons))
        return self.record.state

    def fails(self, text: str = "it does not answer within 2 s", cause: Cause = Cause.DEVICE) -> State:
        self.now = self.record.plan(self.now)
        self.record.begin(self.now)
        self.record.fail(cause, text, self.now_ns)
        return self.record.state


def said(condition: Condition | None) -> tuple[str, str, list[str]]:
    """How it is, why, and which probes are concerned."""
    assert condition is not None
    return condition.state, condition.reason, condition.probes


def test_of_a_device_that_is_well_nothing_is_told() -> None:
    """Nor of one that has had no time to answer yet."""
    story = Story()
    assert story.condition is None
    story.answers(ONE, TWO)
    assert story.condition is None


def test_a_device_that_never_answers_is_told_from_its_first_failure_on() -> None:
    """With its probes, though no reading ever named them; since then, however often it fails."""
    story = Story()
    story.fails()
    first = story.condition
    assert said(first) == ("failing", "it does not answer within 2 s", [ONE, TWO])
    story.fails("nothing listens there")
    now = story.condition
    assert said(now) == ("failing", "nothing listens there", [ONE, TWO])
    assert first is not None
    assert now is not None
    assert (now.since_ns, now.failures, now.attempts, now.of, now.answered_ns) == (first.since_ns, 2, 2, 2, None)


def test_the_first_good_answer_ends_it() -> None:
    story = Story()
    story.fails()
    story.answers(ONE, TWO)
    assert story.condition is None


def test_a_device_that_answers_and_tells_nothing_is_told_of_after_a_while() -> None:
    """It may be looking for its probes; which takes some seconds, and not minutes."""
    story = Story()
    assert story.answers() is State.WAITING
    assert story.condition is None
    while story.now < 20:
        story.answers()
    assert said(story.condition)[0] == "waiting"
    assert story.answers(ONE, TWO) is State.ANSWERING
    assert story.answers() is State.ANSWERING, "later, to have nothing new is no trouble"


def test_half_a_table_is_told_as_such() -> None:
    """With the probes that are missing and the driver's reason, at once; until they are back."""
    story = Story()
    story.answers(ONE, TWO)
    assert story.answers(ONE, two="outlet-2 has no value now") is State.PARTIAL
    assert said(story.condition) == ("partial", "outlet-2 has no value now", [TWO])
    assert story.record.status(0).missing == (TWO,)
    assert story.answers(ONE, TWO) is State.ANSWERING
    assert (story.condition, story.record.status(0).missing) == (None, ())


def test_a_probe_that_tells_all_but_its_power_is_missing_too() -> None:
    """Its driver knows."""
    story = Story()
    assert story.answers(ONE, TWO, two="outlet-2 has no watts now") is State.PARTIAL
    assert said(story.condition) == ("partial", "outlet-2 has no watts now", [TWO])


def test_a_probe_that_is_silent_without_a_word_is_missing_after_a_while() -> None:
    """Not at once: some meters tell of their probes in turn."""
    story = Story()
    story.answers(ONE, TWO)
    states = []
    while story.now < 30:
        states.append(story.answers(ONE))
    assert states[:10] == [State.ANSWERING] * 10
    assert states[-1] is State.PARTIAL
    assert said(story.condition) == ("partial", "it tells nothing of 2", [TWO])


def test_another_devices_data_is_told_and_is_no_answer() -> None:
    """With something of its own beside it, it is half of one."""
    story = Story()
    assert story.answers(complaint="2 readings are unfit: x/1: no probe of this section") is State.FAILING
    assert said(story.condition)[2] == [ONE, TWO]
    assert story.answers(ONE, TWO, complaint="1 readings are unfit: x/1: no probe of this section") is State.PARTIAL
    assert said(story.condition) == ("partial", "1 readings are unfit: x/1: no probe of this section", [])


def test_a_slow_device_is_told_if_it_stays_so() -> None:
    """Once may be chance. Its readings count all the same."""
    story = Story()
    assert story.answers(ONE, TWO, lasting=2.5) is State.ANSWERING
    assert story.answers(ONE, TWO, lasting=2.5) is State.SLOW
    assert said(story.condition) == ("slow", "it takes 2.5 s to answer, and is asked each 1 s", [ONE, TWO])
    assert story.answers(ONE, TWO) is State.ANSWERING


@pytest.mark.parametrize("text", ["a\x1b[2Jb\n\nc" + "x" * 9000, "\x00\x9b\u202e"])
def test_what_a_device_says_can_be_shown_on_a_terminal(text: str) -> None:
    """Whatever it wrote: in one line, without signs that move something, and not for ever."""
    story = Story()
    story.fails(text)
    reason = said(story.condition)[1]
    assert reason.isprintable()
    assert len(reason) <= 500


def test_what_a_broken_driver_says_stays_in_the_log() -> None:
    """Nobody chose these words, and who knows what is in them."""
    story = Story()
    story.fails("its driver failed: KeyError: hunter2", Cause.FAULT)
    assert "hunter2" not in said(story.condition)[1]
    assert "hunter2" in story.record.last_failure


def test_a_manager_tells_of_those_that_are_not_well(start: Start, bus: Bus) -> None:
    """By their sections; the others are not named."""

    def dead(driver: Scripted) -> Sequence[Reading]:
        raise DeviceError("it does not answer")

    class Half(Scripted):
        def missing(self) -> dict[str, str]:
            return {"site/half/2": "outlet 2 is gone"}

    class HalfMaker(Maker):
        def __call__(self, section: object, clock_ns: object) -> Scripted:
            return Half(section, 1, lambda driver: driver.readings()[:1])  # type: ignore[arg-type]

    stuck = threading.Event()

    def hanging(driver: Scripted) -> Sequence[Reading]:
        stuck.wait(60)
        return []

    manager = start(
        wattmeter("dead", Maker(dead)),
        wattmeter("good", Maker()),
        wattmeter("half", HalfMaker(), ("1", "2")),
        wattmeter("hangs", Maker(hanging), timeout_s=0.05),
        hung_drivers=1,
    )
    try:
        until(lambda: [one.state for one in manager.conditions()] == ["failing", "partial", "stuck"])
        found = manager.conditions()
    finally:
        stuck.set()
    assert [one.device for one in found] == ["site/dead", "site/half", "site/hangs"]
    assert [one.probes for one in found] == [["site/dead/1"], ["site/half/2"], ["site/hangs/1"]]
    assert found[1].reason == "outlet 2 is gone"
    assert all(map(is_sound, found))
