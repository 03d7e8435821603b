# SPDX-License-Identifier: Apache-2.0
"""Effects follow their commits: at least once, in order for each key, whoever dies in between."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from climate.chassis import outbox, sql
from climate.chassis.outbox import Effect, Outbox

METADATA = sa.MetaData()
TABLE = outbox.table("test_outbox", METADATA)


class Crash(BaseException):
    """The process is gone in the middle of its work."""


class Post:
    """An outbox in a file, its workers, and what they did."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.now = 1_000
        self.done: list[tuple[str, Any]] = []
        self.seen: list[tuple[int, int]] = []
        self.trouble: Callable[[str], None] = lambda name: None

    def write(self, *names: str) -> None:
        """One effect for each name, in one transaction; the key is the name's first letter."""
        effects = tuple(Effect("letter", name[0], {"name": name}) for name in names)
        with sql.transaction(self.engine) as connection:
            outbox.write(connection, TABLE, effects, self.now)

    def handle(self, effect_id: int, payload: dict[str, Any]) -> None:
        self.seen.append((self.now, effect_id))
        self.trouble(payload["name"])
        self.done.append(payload["name"])

    def worker(self) -> Outbox:
        return Outbox(self.engine, TABLE, {"letter": self.handle}, lambda: self.now)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    engine = sql.engine(f"sqlite:///{tmp_path}/outbox.db")
    METADATA.create_all(engine)
    yield Post(engine)
    engine.dispose()


def fail_on(*names: str) -> Callable[[str], None]:
    def trouble(name: str) -> None:
        if name in names:
            raise RuntimeError(name)

    return trouble


def test_effects_are_done_once_in_the_order_of_their_writing(post: Post) -> None:
    """Those of one key strictly; then the outbox is empty."""
    post.write("a1", "b1", "a2")
    post.write("a3", "b2")
    assert post.worker().waiting() == 5
    assert post.worker().run_due() == 5
    assert [name for name in post.done if name[0] == "a"] == ["a1", "a2", "a3"]
    assert [name for name in post.done if name[0] == "b"] == ["b1", "b2"]
    assert post.worker().waiting() == 0
    assert post.worker().run_due() == 0


def test_a_long_queue_is_done_in_one_go(post: Post) -> None:
    """More keys than one batch, and more effects of one key."""
    post.write(*(f"{chr(200 + n)}{m}" for m in range(3) for n in range(130)))
    assert post.worker().run_due() == 390
    for n in range(130):
        assert [name[1] for name in post.done if name[0] == chr(200 + n)] == ["0", "1", "2"]


def test_an_id_is_never_used_again(post: Post) -> None:
    """Whoever hears of an effect twice knows it by its id; SQLite would give the last one's to the next."""
    for name in ("a1", "a2", "b1"):
        post.write(name)
        post.worker().run_due()
    assert len({effect_id for _, effect_id in post.seen}) == 3


def test_what_was_rolled_back_is_never_done(post: Post) -> None:
    with post.engine.connect() as connection:
        outbox.write(connection, TABLE, (Effect("letter", "a", {"name": "a1"}),), post.now)
        connection.rollback()
    assert post.worker().run_due() == 0
    assert post.done == []


def test_a_payload_arrives_as_it_was_written(post: Post) -> None:
    """As JSON: text in any script, numbers, lists, nothing."""
    payload = {"name": "ä", "n": 2**40, "list": [1, None, {"x": "\N{GRINNING FACE}"}]}
    with sql.transaction(post.engine) as connection:
        outbox.write(connection, TABLE, (Effect("letter", "a", payload),), post.now)
    got: list[dict[str, Any]] = []
    Outbox(post.engine, TABLE, {"letter": lambda _id, given: got.append(given)}, lambda: post.now).run_due()
    assert got == [payload]


def test_a_failed_effect_holds_up_its_own_key_alone(post: Post) -> None:
    """What comes after it would be out of order; other keys do not care."""
    post.write("a1", "a2", "b1", "b2")
    post.trouble = fail_on("a1")
    assert post.worker().run_due() == 2
    assert post.done == ["b1", "b2"]
    post.trouble = fail_on()
    post.now += 10
    assert post.worker().run_due() == 2
    assert post.done == ["b1", "b2", "a1", "a2"]


def test_a_failed_effect_is_tried_again_under_the_same_id_after_pauses_that_grow(post: Post) -> None:
    """1, 2, 4, ... seconds and never more than five minutes, until it succeeds."""
    post.write("a1")
    post.trouble = fail_on("a1")
    worker = post.worker()
    for post.now in range(1_000, 3_000):
        worker.run_due()
    times = [now for now, _ in post.seen]
    pauses = [later - now for now, later in itertools.pairwise(times)]
    assert pauses[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert set(pauses[9:]) == {300}
    assert len({effect_id for _, effect_id in post.seen}) == 1
    assert worker.waiting() == 1


def test_an_effect_that_nobody_can_do_waits_for_who_can(post: Post) -> None:
    """A topic of a newer release, in the middle of an upgrade: kept, and others are done."""
    with sql.transaction(post.engine) as connection:
        outbox.write(connection, TABLE, (Effect("newer", "n", {}), Effect("letter", "a", {"name": "a1"})), post.now)
    assert post.worker().run_due() == 1
    assert (post.done, post.worker().waiting()) == (["a1"], 1)


def test_a_handler_may_use_the_database(post: Post) -> None:
    """It runs outside any transaction; what it writes is done too."""
    post.write("a1")
    post.trouble = lambda name: post.write("b1") if name == "a1" else None
    assert post.worker().run_due() == 2
    assert post.done == ["a1", "b1"]


def test_two_workers_do_each_effect_once(post: Post) -> None:
    """At the same time, and in order."""
    post.write(*(f"{letter}{number}" for number in range(5) for letter in "abcdefghij"))
    barrier = threading.Barrier(3)
    made: list[int] = []

    def work() -> None:
        worker = post.worker()
        barrier.wait(30)
        while worker.waiting():
            made.append(worker.run_due())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 50
    assert len(set(post.done)) == len(post.done) == 50
    for letter in "abcdefghij":
        assert [name[1] for name in post.done if name[0] == letter] == list("01234")


def test_the_effects_of_a_crashed_worker_are_done_by_another(post: Post) -> None:
    """Not before its claim has run out, for it might be slow only; then in order."""

    def crash(name: str) -> None:
        raise Crash

    post.write("a1", "a2")
    post.trouble = crash
    with pytest.raises(Crash):
        post.worker().run_due()
    post.trouble = fail_on()
    other = post.worker()
    assert other.run_due() == 0
    post.now += 59
    assert other.run_due() == 0
    post.now += 1
    assert other.run_due() == 2
    assert post.done == ["a1", "a2"]
    assert post.seen[0][1] == post.seen[1][1]


def test_a_slow_worker_does_nothing_that_another_did_meanwhile(post: Post) -> None:
    """It claims each effect when it comes to it, not all that it saw: claims run out."""
    post.write("a1", "b1", "c1")
    other = post.worker()

    def dawdle(name: str) -> None:
        if name == "a1" and post.now == 1_000:
            post.now += 100
            other.run_due()

    post.trouble = dawdle
    post.worker().run_due()
    assert sorted(post.done) == ["a1", "a1", "b1", "c1"]  # a1 itself was taken for lost, which "at least once" allows


def test_an_effect_that_fails_for_a_worker_that_lost_its_claim_is_not_put_back(post: Post) -> None:
    """The other one has done it."""
    post.write("a1")
    other = post.worker()

    def dawdle(name: str) -> None:
        if post.now == 1_000:
            post.now += 100
            other.run_due()
            raise RuntimeError(name)

    post.trouble = dawdle
    post.worker().run_due()
    assert (post.done, post.worker().waiting()) == (["a1"], 0)


def test_an_effect_of_several_steps_goes_on_when_it_wants_to(post: Post) -> None:
    """It keeps its place before those of its key, others go on, and a step is no failure."""
    post.write("a1", "a2", "b1")
    steps = iter([5, 7, None])

    def handle(effect_id: int, payload: dict[str, Any]) -> int | None:
        post.done.append((payload["name"], post.now))
        return next(steps) if payload["name"] == "a1" else None

    worker = Outbox(post.engine, TABLE, {"letter": handle}, lambda: post.now)
    for _ in range(20):
        worker.run_due()
        post.now += 1
    assert [one for one in post.done if one[0] == "a1"] == [("a1", 1_000), ("a1", 1_005), ("a1", 1_012)]
    assert [one for one in post.done if one[0] != "a1"] == [("b1", 1_000), ("a2", 1_012)]
    assert worker.waiting() == 0


def test_a_step_is_taken_over_when_its_process_dies(post: Post) -> None:
    """The second process makes the step that the first one did not finish."""
    post.write("a1")
    steps: list[int] = []

    def dying(effect_id: int, payload: dict[str, Any]) -> int | None:
        steps.append(post.now)
        if len(steps) == 2:
            raise Crash
        return 1 if len(steps) < 4 else None

    def worker() -> Outbox:
        return Outbox(post.engine, TABLE, {"letter": dying}, lambda: post.now, claim_s=60)

    worker().run_due()
    post.now += 1
    with pytest.raises(Crash):
        worker().run_due()
    for _ in range(70):
        post.now += 1
        worker().run_due()
    assert steps == [1_000, 1_001, 1_061, 1_062]
    assert worker().waiting() == 0
