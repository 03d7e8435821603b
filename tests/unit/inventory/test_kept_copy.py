# SPDX-License-Identifier: Apache-2.0
"""What the inventory keeps in memory is, after any changes, what it would read anew."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from typing import Any

import pytest

from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.errors import ClimateError
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.properties import Properties
from climate.inventory.refresh import Refresher
from climate.inventory.store.memory import MemoryStore
from climate.rpcapi.inventory import PropertyChange
from tests.unit.inventory.fleet import ListSource, numbered_ids, told

NAMES = ("a", "b", "c", "d", "e")
FILTERS: tuple[list[Any], ...] = ([], [">=", "$vcpus", 2], ["=", "$room", "north"], ["homogeneous", "$rack"])


class Changing:
    """A site to which anything happens."""

    def __init__(self, seed: int) -> None:
        self.store = MemoryStore()
        self._draw = random.Random(seed)
        self._source = ListSource("file", [told(name, vcpus=1, rack="r", running_vms=0) for name in NAMES])
        self._refresher = Refresher([self._source], self.store, lambda: True, numbered_ids(), allow_empty=True)
        self._refresher.refresh_once(1)
        elsewhere = Matching(self.store)  # an admin's wish may reach another copy of the inventory
        self._hosts = Hosts(self.store, elsewhere)
        self._properties = Properties(self.store, elsewhere)

    def anything(self) -> None:
        """One thing, that may be refused."""
        happens: list[Callable[[], object]] = [
            self._tell,
            self._tell,
            lambda: self._hosts.set(self._draw.choice(NAMES), self._draw.random() < 0.5, ""),
            lambda: self._hosts.set(self._draw.choice(NAMES), properties={"room": self._draw.choice(["north", None])}),
            lambda: self._properties.add(Definition(name="room", type=Kind.TEXT, rules=self._rules())),
            lambda: self._properties.change("room", PropertyChange(hidden=self._draw.random() < 0.5)),
            lambda: self._properties.change("rack", PropertyChange(rules=self._rules())),
            lambda: self._properties.forget(self._draw.choice(["room", "rack"])),
        ]
        with contextlib.suppress(ClimateError):
            self._draw.choice(happens)()

    def _rules(self) -> tuple[Rule, ...]:
        return (Rule(where=["=", "$vcpus", self._draw.randint(1, 3)], value="north"),)

    def _tell(self) -> None:
        draw = self._draw
        self._source.hosts = [
            told(name, vcpus=draw.randint(1, 3), rack=draw.choice(["r", "s"]), running_vms=draw.randint(0, 1))
            for name in NAMES
            if draw.random() < 0.9
        ]
        self._refresher.refresh_once(2)


def told_by(matching: Matching, store: MemoryStore) -> list[object]:
    """All that anybody may learn."""
    answers: list[object] = []
    for properties in FILTERS:
        try:
            answers.append(matching.candidates(properties, False))
        except ClimateError as error:
            answers.append(error.message)
    names = matching.names(None)
    assert names is not None
    answers += [names.hosts, names.names, names.service_hosts, names.retired]
    return [*answers, Properties(store, matching).all(True), Hosts(store, matching).get("a").properties]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_is_what_would_be_read(seed: int) -> None:
    site = Changing(seed)
    kept = Matching(site.store)
    for _ in range(30):
        site.anything()
        assert told_by(kept, site.store) == told_by(Matching(site.store), site.store)
