# SPDX-License-Identifier: Apache-2.0
"""Every batch once and in order, whoever is slow, away or restarted; and nothing that nobody signed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from kwapi.core.delivery import Batch, Lost
from kwapi.core.reading import Reading, columns_of
from kwapi.core.wire import Signer
from tests.unit.kwapi.bus.trial import DEVICE, KEY, Trial, acquainted, lost, settled, until, verifier, watts


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A bus."""
    made = Trial(tmp_path)
    yield made
    made.close()


def _no_space() -> None:
    raise OSError(28, "No space left on device")


def test_batches_arrive_in_order(trial: Trial) -> None:
    """Live, with all they hold."""
    source, consumer = trial.source(), trial.consumer()
    acquainted(consumer, source)
    source.say(*range(1, 501), outlets=3)
    events = until(consumer, lambda events: len(events) == 500)
    assert watts(events) == [number for number in range(1, 501) for _ in range(3)]
    assert not any(event.fetched for event in events if isinstance(event, Batch))
    assert consumer.counts.readings >= 1500


@pytest.mark.parametrize("spooled", [True, False], ids=["spool", "ring"])
def test_what_passed_a_slow_consumer_by_is_fetched(trial: Trial, spooled: bool) -> None:
    """Nobody waits for it, and it gets all in the end, in order, once."""
    source = trial.source(spooled=spooled, high_water=5)
    slow, quick = trial.consumer(high_water=1), trial.consumer()
    acquainted(slow, source)
    acquainted(quick, source)
    settled(slow)
    begin = time.monotonic()
    source.say(*range(1, 3001))
    assert time.monotonic() - begin < 20
    for consumer in (quick, slow):
        events = until(consumer, lambda events: bool(watts(events)) and watts(events)[-1] == 3000)
        assert watts(events) == list(range(1, 3001))
        assert consumer.counts.lost == 0
    assert source.publisher.counts.overtaken > 0
    assert slow.counts.fetched > 0


def test_a_consumer_goes_on_where_it_was(trial: Trial) -> None:
    """What was sent while it was away is fetched; nothing comes twice."""
    source, consumer = trial.source(), trial.consumer()
    acquainted(consumer, source)
    source.say(1, 2, 3)
    first = until(consumer, lambda events: len(events) == 3)
    written_down = consumer.positions()
    source.say(*range(4, 101))
    again = trial.consumer(positions=written_down)
    second = until(again, lambda events: len(events) == 97)
    source.say(101)
    second += until(again, lambda events: len(events) == 1)
    assert watts(first + second) == list(range(1, 102))


def test_the_last_batches_before_a_silence_are_fetched(trial: Trial) -> None:
    """Though nothing comes behind them that would show the hole."""
    source = trial.source(high_water=1)
    consumer = trial.consumer(high_water=1)
    acquainted(consumer, source)
    source.say(*range(1, 2001))
    assert watts(until(consumer, lambda events: len(events) == 2000)) == list(range(1, 2001))


def test_a_source_that_was_killed_keeps_its_word(trial: Trial) -> None:
    """What it wrote and did not send comes from its spool, before what it says in its next life."""
    source, consumer = trial.source(), trial.consumer()
    acquainted(consumer, source)
    source.say(1, 2)
    events = until(consumer, lambda events: len(events) == 2)
    source.publisher._socket.close(linger=0)
    source.publisher._send = lambda frame: None  # type: ignore[method-assign]
    source.say(3, 4, 5)
    source.die()
    next_life = trial.source()
    acquainted_again = until(consumer, lambda events: len(events) >= 3 or next_life.say(6) is not None)
    events += acquainted_again
    events += until(consumer, lambda events: next_life.say(6) is None and len(events) > 3)
    said = watts(events)
    assert said[:5] == [1, 2, 3, 4, 5]
    assert set(said[5:]) == {6}
    assert consumer.counts.lost == 0


def test_what_nobody_kept_is_told_as_lost(trial: Trial) -> None:
    """Not silently: which batches of which stream."""
    source, consumer = trial.source(spooled=False, ring_bytes=2_000), trial.consumer()
    acquainted(consumer, source)
    source.say(1)
    written_down = consumer.positions()
    until(consumer, lambda events: len(events) == 1)
    source.say(*range(2, 1001))
    again = trial.consumer(positions=written_down)
    events = until(again, lambda events: bool(watts(events)) and watts(events)[-1] == 1000)
    gap = events[0]
    assert isinstance(gap, Lost)
    assert (gap.source, gap.topic) == ("s", DEVICE)
    assert lost(events) == again.counts.lost
    assert lost(events) + len(watts(events)) == 1000
    assert watts(events) == list(range(1001 - len(watts(events)), 1001))


def test_what_nobody_answers_is_given_up_in_time(trial: Trial) -> None:
    """A consumer that cannot wait, such as a live page, goes on without."""
    source = trial.source(high_water=1)
    live = trial.context.socket(zmq.SUB)
    live.setsockopt(zmq.RCVHWM, 1)
    live.connect(f"ipc://{trial.folder}/s.pub")
    from kwapi.bus.subscriber import Subscriber  # noqa: PLC0415

    consumer = Subscriber(live, [], verifier("s"), ("",), time.time_ns, patience_s=0.3)
    acquainted(consumer, source)
    source.say(*range(1, 2001))
    time.sleep(0.1)
    events = until(consumer, lambda events: lost(events) > 0 or source.say(2001) is not None)
    assert consumer.counts.lost > 0
    assert events


def test_subscriptions_are_prefixes(trial: Trial) -> None:
    """All, a rack, a device, one probe; the probes of others stay away."""
    source = trial.source()
    consumers = {
        prefix: trial.consumer(prefixes=(prefix,))
        for prefix in ("", "lyon/r1/", "lyon/r1/pdu1/", "lyon/r1/pdu1/2/", "lyon/r2/")
    }
    devices = ("lyon/r1/pdu1/", "lyon/r1/pdu2/", "lyon/r2/pdu1/")
    for device in devices:
        source.say(0, device=device, outlets=12)
    for consumer in consumers.values():
        until(consumer, lambda events: not consumer.receive(0.05) and bool(consumer.positions()))  # noqa: B023
    time.sleep(0.2)
    for device in devices:
        source.say(7, device=device, outlets=12)
    counts = {"": 36, "lyon/r1/": 24, "lyon/r1/pdu1/": 12, "lyon/r1/pdu1/2/": 1, "lyon/r2/": 12}
    for prefix, count in counts.items():
        events = until(consumers[prefix], lambda events: watts(events).count(7) >= count)  # noqa: B023
        probes = {probe for event in events if isinstance(event, Batch) for probe in event.readings.probes}
        assert watts(events).count(7) == count
        assert all(f"{probe}/".startswith(prefix) for probe in probes)


def test_a_bare_subscriber_hears_one_probe(trial: Trial) -> None:
    """Whoever knows no more than a probe's name gets its part, and no other probe's."""
    source = trial.source()
    bare = trial.context.socket(zmq.SUB)
    bare.connect(f"ipc://{trial.folder}/s.pub")
    bare.subscribe(f"{DEVICE}1/")
    deadline = time.monotonic() + 60
    while not bare.poll(60):
        assert time.monotonic() < deadline
        source.say(5, outlets=12)
    frame = verifier("s").read(bare.recv())
    assert frame.topic == f"{DEVICE}1/"
    assert frame.body.readings.probes == [f"{DEVICE}1"]


def test_forwarders_follow_each_other(trial: Trial) -> None:
    """Two sources, a forwarder behind both, another behind it; taken away, what is missed is fetched through it."""
    sources = [trial.source(name=name) for name in ("s", "t")]
    consumer = trial.consumer("g", verifier=verifier("s", "t"))
    with trial.forwarder("s", "t", name="f"), trial.forwarder("f", name="g"):
        for source in sources:
            acquainted(consumer, source)
    for source in sources:
        source.say(*range(1, 101))
    with trial.forwarder("s", "t", name="f"), trial.forwarder("f", name="g"):
        events = until(consumer, lambda events: len(events) == 200)
        for source in sources:
            source.say(*range(101, 201))
        events += until(consumer, lambda events: len(events) == 200)
    for name in ("s", "t"):
        assert watts(events, name) == list(range(1, 201))
    assert consumer.counts.lost == 0


def test_what_could_not_be_written_comes_from_memory(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that was full for a while costs nothing that the ring still has."""
    source = trial.source(ring_bytes=2_000)
    consumer = trial.consumer()
    acquainted(consumer, source)
    where = consumer.positions()
    source.say(*range(1, 30))
    assert source.spool is not None
    with monkeypatch.context() as full:
        full.setattr(source.spool, "append", lambda *frame: _no_space())
        source.say(30, 31)
    source.say(32)
    again = trial.consumer(positions=where)
    events = until(again, lambda events: 32 in watts(events))
    assert [number for number in watts(events) if number] == list(range(1, 33))
    assert (lost(events), source.publisher.counts.unspooled) == (0, 2)


def test_a_stream_that_appears_later_is_wanted_whole(trial: Trial) -> None:
    """A device that was plugged in while the consumer listened, but whose first batches were missed."""
    source = trial.source()
    consumer = trial.consumer(prefixes=("lyon/r1/",))
    acquainted(consumer, source)
    until(consumer, lambda events: consumer.receive(0.1) == [] and bool(consumer._told))
    consumer._live.unsubscribe("lyon/r1/")
    time.sleep(0.3)
    source.say(1, 2, 3, device="lyon/r1/new/")
    time.sleep(0.3)
    consumer._live.subscribe("lyon/r1/")
    events = until(consumer, lambda events: len(watts(events)) >= 3)
    assert watts(events)[:3] == [1, 2, 3]


def test_forged_and_replayed_frames_are_counted_and_do_nothing(trial: Trial) -> None:
    """By their cause."""
    source, consumer = trial.source(), trial.consumer()
    acquainted(consumer, source)
    settled(consumer)
    socket = source.publisher._socket
    now = time.time_ns()
    columns = columns_of([Reading(probe_id=f"{DEVICE}1", begin_ns=now, end_ns=now, watts=666.0)])
    good = source.publisher._signer.frame(DEVICE.encode(), 1, now, columns)
    old = Signer("s", "key of s", KEY, 1).frame(
        b"lyon/r9/", 1, now - 10**12, columns_of([Reading(probe_id="lyon/r9/1", begin_ns=now, end_ns=now, watts=666.0)])
    )
    forged = Signer("s", "key of s", b"guess" * 4, now).frame(DEVICE.encode(), 99, now, columns)
    unknown = Signer("s", "another", KEY, now).frame(DEVICE.encode(), 99, now, columns)
    for frame in (good, good, old, forged, unknown, DEVICE.encode() + b"rubbish", DEVICE.encode()):
        socket.send(frame)
    source.say(1)
    events = until(consumer, lambda events: 1 in watts(events))
    assert 666.0 not in watts(events)
    assert consumer.counts.again == 2
    assert dict(consumer.counts.refused) == {"replay": 1, "signature": 1, "key": 1, "form": 2}
