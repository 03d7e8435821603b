# SPDX-License-Identifier: Apache-2.0
"""What admins say of properties and hosts, and what sources say, stand side by side in every kind of store."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest

from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.inventory.decisions import Decision
from climate.inventory.store.protocol import Store
from tests.contract.fleet import filled, host, plan

EVERYTHING = Definition(
    name="noise.at:night-1",
    hidden=False,
    type=Kind.NUMBER,
    unit="dB(A)",
    description="how loud: é ☃ 𝄞 'quoted' \\ \" %s :x {y}",
    rules=(
        Rule(where=["and", ["in", "$rack", "é", "a'1", 2**62 + 1], ["not", ["=", "$turbo", True]]], value=0.1),
        Rule(where=[], value=2**62 + 1),
    ),
)
GIVEN: dict[str, Any] = {"text": 'é "', "integer": 2**62 + 1, "float": 0.1, "true": True, "digits": "0012"}


def settle(store: Store, **said: Any) -> bool:
    return store.settle(Decision(seen_generation=store.generation(), **said))


def test_what_is_said_of_properties_is_read_back(store: Store) -> None:
    """By name; what was not said stays unsaid, and a flag that is false is not one that is missing."""
    said = [EVERYTHING, Definition(name="a"), Definition(name="Z", hidden=True), Definition(name="b", type=Kind.TEXT)]
    for definition in said:
        assert settle(store, definition=definition)
    known = store.load()
    assert known.definitions == tuple(sorted(said, key=lambda one: one.name))
    assert known.generation == store.generation() == len(said)
    (everything,) = (one for one in known.definitions if one.rules)
    assert [type(rule.value) for rule in everything.rules] == [float, int]


def test_what_is_said_last_counts(store: Store) -> None:
    """As a whole: nothing of the words before is left."""
    settle(store, definition=EVERYTHING)
    settle(store, definition=Definition(name=EVERYTHING.name))
    assert store.load().definitions == (Definition(name=EVERYTHING.name),)
    settle(store, forgotten=EVERYTHING.name)
    assert store.load().definitions == ()
    assert settle(store, forgotten="never said")


def test_what_is_given_to_a_host_is_read_back(store: Store) -> None:
    """From a page, by itself, and with all."""
    one, two = filled(store, host(1), host(2))
    wanted = dataclasses.replace(one, given=GIVEN, disabled=True, disabled_reason="dust")
    assert settle(store, hosts=(wanted,))
    assert store.get_host(one.host_id) == wanted
    assert store.load().hosts == (wanted, two)
    found = store.get_host(one.name).given
    assert {name: type(value) for name, value in found.items()} == {name: type(value) for name, value in GIVEN.items()}
    assert settle(store, hosts=(one,))
    assert store.load().hosts == (one, two)


def test_sources_and_admins_do_not_touch_each_others_words(store: Store) -> None:
    """What a source tells stays as it is when an admin speaks, and the other way round."""
    (before,) = filled(store, host(1))
    told = dataclasses.replace(before, properties={"vcpus": 99}, unavailable_reason="disabled in Nova")
    given = dataclasses.replace(before, given=GIVEN, disabled=True, disabled_reason="dust")
    assert settle(store, hosts=(given,))
    assert store.apply(plan(store, changed=(told,)))
    assert store.get_host(before.name) == dataclasses.replace(told, given=GIVEN, disabled=True, disabled_reason="dust")
    assert settle(store, hosts=(dataclasses.replace(before, given={"a": 1}),))
    after = store.get_host(before.name)
    assert after == dataclasses.replace(told, given={"a": 1})
    assert not after.bookable
    assert store.apply(plan(store, changed=(dataclasses.replace(told, unavailable_reason=""),)))
    assert store.get_host(before.name).bookable


@pytest.mark.parametrize("said", [{"definition": EVERYTHING}, {"forgotten": "a"}, {"hosts": (host(1, given=GIVEN),)}])
def test_a_decision_on_old_news_changes_nothing(store: Store, said: dict[str, Any]) -> None:
    """Whoever changed the store in between may have made it wrong."""
    filled(store, host(1))
    settle(store, definition=Definition(name="a"))
    seen = store.generation()
    settle(store, definition=Definition(name="b"))
    before = store.load()
    assert not store.settle(Decision(seen_generation=seen, **said))
    assert store.load() == before


def test_of_decisions_on_one_generation_one_is_carried_out(store: Store) -> None:
    """Also on the first of all, and against a source's news."""
    for round_ in range(3):
        seen = store.generation()
        started = threading.Barrier(6)
        done: list[bool] = []

        def decide(
            number: int, *, seen: int = seen, started: threading.Barrier = started, done: list[bool] = done
        ) -> None:
            news = dataclasses.replace(plan(store, added=(host(number),)), seen_generation=seen)
            decision = Decision(seen_generation=seen, definition=Definition(name=f"p{number}"))
            started.wait()
            done.append(store.apply(news) if number % 2 else store.settle(decision))

        threads = [threading.Thread(target=decide, args=(10 * round_ + number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(done) == [False] * 5 + [True]
        known = store.load()
        assert len(known.hosts) + len(known.definitions) == round_ + 1 == known.generation
