# SPDX-License-Identifier: Apache-2.0
"""How many readings a second come from one driver process to one consumer: signed, kept, checked, none lost.

The driver process publishes as fast as it can, through ring and spool; the
consumer verifies, checks the order and fetches what passed it by. ``raw`` is
the same codec, batch, signature and socket without ring, spool and checks, in
the same run. Both go over ``ipc://``. Latency is from just before a batch is
published until the consumer has it, at a steady rate.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from benchmarks import positive
from kwapi.bus.answering import Answering
from kwapi.bus.archive import Ring
from kwapi.bus.publisher import Publisher
from kwapi.bus.sockets import Sockets
from kwapi.bus.spool import Spool
from kwapi.bus.subscriber import Subscriber
from kwapi.core.delivery import Batch, Lost
from kwapi.core.reading import Columns, Reading, columns_of
from kwapi.core.wire import Key, Signer, Verifier

TOPIC = b"site/rack/pdu/"
KEY = bytes(range(32))
BATCH = 100
_SPOOL_BYTES = 256 * 1024 * 1024
_RING_BYTES = 64 * 1024 * 1024
_READY_S = 120.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--batches", type=positive, default=60_000, help=f"batches of {BATCH} readings")
    parser.add_argument("--singles", type=positive, default=300_000, help="batches of one reading")
    parser.add_argument("--paced-s", type=positive, default=5, help="how long the steady rate is held")
    parser.add_argument("--paced-readings-per-s", type=positive, default=100_000)
    parser.add_argument("--rounds", type=positive, default=3, help="how often each rate is taken; the median counts")


@dataclass(frozen=True, slots=True)
class Job:
    """What a driver process is to do; ``pause_s`` between batches is 0 for as fast as it can."""

    folder: Path
    raw: bool
    readings: int
    batches: int
    pause_s: float = 0.0


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Take each rate some times, then the latency."""
    kinds = {
        "batched": (False, BATCH, args.batches),
        "single": (False, 1, args.singles),
        "raw_batched": (True, BATCH, args.batches),
        "raw_single": (True, 1, args.singles),
    }
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    lost = fetched = 0
    for _ in range(args.rounds):
        for kind, (raw, readings, batches) in kinds.items():
            taken = _measured(lambda folder: Job(folder, raw, readings, batches))  # noqa: B023
            rates[kind].append(taken.readings_per_s)
            lost += taken.lost
            fetched += taken.fetched
    batches = args.paced_s * args.paced_readings_per_s // BATCH
    pause_s = BATCH / args.paced_readings_per_s
    paced = _measured(lambda folder: Job(folder, False, BATCH, batches, pause_s))
    figures = {f"{kind}_readings_per_s": float(np.median(values)) for kind, values in rates.items()}
    return {
        **{key: round(value) for key, value in figures.items()},
        "ratio_to_raw": round(figures["batched_readings_per_s"] / figures["raw_batched_readings_per_s"], 3),
        "single_ratio_to_raw": round(figures["single_readings_per_s"] / figures["raw_single_readings_per_s"], 3),
        "lost": lost + paced.lost,
        "fetched_batches": fetched + paced.fetched,
        "latency_ms_p50": round(float(np.percentile(paced.latencies_ms, 50)), 3),
        "latency_ms_p99": round(float(np.percentile(paced.latencies_ms, 99)), 3),
        "latency_ms_max": round(max(paced.latencies_ms), 3),
    }


@dataclass(frozen=True, slots=True)
class Taken:
    """What a consumer measured."""

    readings_per_s: float
    lost: int
    fetched: int
    latencies_ms: list[float]


def _measured(job_of: Callable[[Path], Job]) -> Taken:
    folder = Path(tempfile.mkdtemp(prefix="climate-bus-"))
    job = job_of(folder)
    spawn = multiprocessing.get_context("spawn")
    bound, heard, done = spawn.Event(), spawn.Event(), spawn.Event()
    driver = spawn.Process(target=_drive, args=(job, bound, heard, done), daemon=True)
    driver.start()
    try:
        if not bound.wait(_READY_S):
            raise RuntimeError("the driver process did not start")
        return _consume(job, heard)
    finally:
        done.set()
        driver.join(_READY_S)
        driver.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _drive(job: Job, bound: Event, heard: Event, done: Event) -> None:
    """The driver process: batches until one is heard, and then those that count."""
    sockets = Sockets()
    live = sockets.bound(zmq.XPUB, f"ipc://{job.folder}/live")
    signer = Signer("source", "k1", KEY, time.time_ns())
    columns = _columns(job.readings)
    if job.raw:
        live.setsockopt(zmq.XPUB_NODROP, 1)
        numbers = itertools.count(1)

        def publish() -> None:
            live.send(signer.frame(TOPIC, next(numbers), time.time_ns(), columns))

        bound.set()
        _publish(job, publish, heard)
    else:
        spool = Spool(job.folder / "spool", _SPOOL_BYTES, 3600, time.time)
        publisher = Publisher(live, signer, Ring(_RING_BYTES), spool, time.time_ns)
        answering = Answering(sockets.bound(zmq.ROUTER, f"ipc://{job.folder}/asked"), publisher)
        answering.start()
        synced = time.monotonic()

        def publish() -> None:
            nonlocal synced
            publisher.publish_columns(TOPIC, columns)
            now = time.monotonic()
            if now - synced > 1:
                spool.sync()
                synced = now

        bound.set()
        _publish(job, publish, heard)
        done.wait(_READY_S)
        answering.stop()
        answering.wait()
        spool.close()
    done.wait(_READY_S)
    sockets.close()


def _publish(job: Job, publish: Callable[[], None], heard: Event) -> None:
    while not heard.is_set():
        publish()
        heard.wait(0.01)
    begun = time.monotonic()
    for number in range(job.batches):
        if job.pause_s:
            time.sleep(max(0.0, begun + number * job.pause_s - time.monotonic()))
        publish()


def _consume(job: Job, heard: Event) -> Taken:
    """The consumer: from the first batch on, until the driver has sent all that count."""
    sockets = Sockets()
    try:
        live = sockets.connected(zmq.SUB, (f"ipc://{job.folder}/live", b""))
        verifier = Verifier({"k1": Key("source", KEY)})
        if job.raw:
            return _consume_raw(job, live, verifier, heard)
        asked = sockets.connected(zmq.DEALER, (f"ipc://{job.folder}/asked", b""))
        subscriber = Subscriber(live, [asked], verifier, ("",), time.time_ns)
        batches = lost = 0
        latencies: list[float] = []
        begun = 0.0
        deadline = time.monotonic() + _READY_S
        # The few batches before the first one was heard come on top, and are not waited for.
        while batches < job.batches and time.monotonic() < deadline:
            for event in subscriber.receive(0.5):
                if isinstance(event, Lost):
                    lost += event.last - event.first + 1
                elif not begun:
                    begun = time.perf_counter()
                    heard.set()
                else:
                    batches += 1
                    if job.pause_s:
                        latencies.append(_age_ms(event))
        taken_s = time.perf_counter() - begun
        if batches < job.batches:
            lost += job.batches - batches
        return Taken(batches * job.readings / taken_s, lost, subscriber.counts.fetched, latencies)
    finally:
        sockets.close()


def _consume_raw(job: Job, live: zmq.Socket[bytes], verifier: Verifier, heard: Event) -> Taken:
    live.subscribe(b"")
    verifier.read(live.recv())
    heard.set()
    begun = time.perf_counter()
    for _ in range(job.batches):
        verifier.read(live.recv())
    return Taken(job.batches * job.readings / (time.perf_counter() - begun), 0, 0, [])


def _columns(count: int) -> Columns:
    now = time.time_ns()
    return columns_of(
        [
            Reading(
                probe_id=f"{TOPIC.decode()}{outlet}",
                begin_ns=now,
                end_ns=now + 5_000_000,
                watts=100.0 + outlet,
                volts=230.0,
                amperes=0.5,
            )
            for outlet in range(count)
        ]
    )


def _age_ms(batch: Batch) -> float:
    """The batch's own age: it is known when it was signed."""
    return (time.time_ns() - batch.sent_ns) / 1e6
