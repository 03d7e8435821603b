# SPDX-License-Identifier: Apache-2.0
"""Devices that are not well are asked for over the bus, beside the readings and without any harm to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kwapi.bus import asking
from kwapi.core.condition import Condition
from kwapi.core.wire import Conditions
from tests.unit.kwapi.bus.trial import Trial, acquainted, until, verifier, watts

FAILING = Condition("lyon/r1/pdu9", "failing", 1, "it does not answer", ["lyon/r1/pdu9/1"], 1, 3, 3, None)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    made = Trial(tmp_path)
    try:
        yield made
    finally:
        made.close()


def heard_under(trial: Trial, prefix: str) -> list[Condition]:
    """What a consumer is told that hears no more than a prefix."""
    heard: list[Conditions] = []
    consumer = trial.consumer(prefixes=(prefix,), on_conditions=heard.append, ask_devices_every_s=0.05)
    until(consumer, lambda events: bool(heard))
    return heard[0].devices


def test_a_consumer_learns_of_devices_that_never_said_anything(trial: Trial) -> None:
    """Also of one that came later than the trouble; and when it is over."""
    ailing = [FAILING]
    trial.source(devices=lambda: ailing)
    heard: list[Conditions] = []
    consumer = trial.consumer(on_conditions=heard.append, ask_devices_every_s=0.05)
    until(consumer, lambda events: bool(heard))
    assert (heard[0].source, heard[0].devices) == ("s", [FAILING])
    ailing.clear()
    until(consumer, lambda events: not heard[-1].devices)


def test_words_pass_forwarders(trial: Trial) -> None:
    """Those of all sources behind them, each signed by its own."""
    trial.source(devices=lambda: [FAILING])
    trial.source(name="t")
    heard: dict[str, Conditions] = {}
    with trial.forwarder("s", "t", name="f"), trial.forwarder("f", name="g"):
        consumer = trial.consumer(
            "g", verifier=verifier("s", "t"), ask_devices_every_s=0.05,
            on_conditions=lambda word: heard.update({word.source: word}),
        )  # fmt: skip
        until(consumer, lambda events: len(heard) == 2)
    assert heard["s"].devices == [FAILING]
    assert heard["t"].devices == []
    assert not consumer.counts.refused


def test_a_consumer_is_told_of_what_it_hears(trial: Trial) -> None:
    """As its prefixes say, which may be as narrow as a probe."""
    other = Condition("lyon/r2/pdu1", "failing", 1, "it does not answer", ["lyon/r2/pdu1/1"], 1, 3, 3, None)
    trial.source(devices=lambda: [FAILING, other])
    assert heard_under(trial, "lyon/r1/") == [FAILING]
    assert heard_under(trial, "lyon/r2/pdu1/1/") == [other]
    assert heard_under(trial, "nice/") == []


def test_words_of_strangers_are_refused_and_counted(trial: Trial) -> None:
    """They reach nobody."""
    trial.source(name="stranger", devices=lambda: [FAILING])
    heard: list[Conditions] = []
    consumer = trial.consumer("stranger", verifier=verifier("s"), on_conditions=heard.append, ask_devices_every_s=0.05)
    until(consumer, lambda events: consumer.counts.refused["key"] > 2)
    assert heard == []


def test_who_does_not_ask_is_told_nothing(trial: Trial) -> None:
    """A consumer of before hears its readings as ever: nothing of this is on the live way."""
    source = trial.source(devices=lambda: [FAILING])
    consumer = trial.consumer()
    acquainted(consumer, source)
    source.say(1, 2, 3)
    assert watts(until(consumer, lambda events: len(events) == 3)) == [1, 2, 3]
    assert not consumer.counts.refused


def test_a_source_of_before_goes_on_to_be_heard(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not know the question, and so does not answer it; the readings are what they were."""
    monkeypatch.setattr(asking, "_WORDS", (asking.POSITIONS,))
    source = trial.source(devices=lambda: [FAILING])
    heard: list[Conditions] = []
    consumer = trial.consumer(on_conditions=heard.append, ask_devices_every_s=0.05)
    acquainted(consumer, source)
    source.say(1, 2, 3)
    assert watts(until(consumer, lambda events: len(events) == 3)) == [1, 2, 3]
    until(consumer, lambda events: consumer.up_to_date)
    assert heard == []
    assert not consumer.counts.refused
