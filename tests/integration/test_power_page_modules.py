# SPDX-License-Identifier: Apache-2.0
"""What the scripts of the page of power compute, one module at a time, in Chromium."""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import require
from tools.metering import Metering, dummies
from tools.servers.browser import Chromium, Window

pytest.importorskip("selenium")
from tests.integration.page_watch import watched
from tools.power_page import PowerPage

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROOM = 320
LETTER_PX = 7
DAY_S = 86400
T0 = 1_900_000_245
RUN = """
const [module, argument, done] = arguments;
import(module).then((found) => { %s }).then(done, (error) => done(`${error}`));
"""
PAST = """
const past = new found.Past();
const seen = [];
for (const [act, at, watts] of argument) {
  if (act === 'push') past.push(at, watts); else past.before(at, watts);
  const all = [];
  past.each(0, (instant, value) => all.push([instant, Number.isNaN(value) ? null : value]));
  seen.push([past.length ? [past.oldest, past.newest] : [null, null], past.ended, all]);
}
return seen;
"""
BELOW = "return [...found.below(Object.entries(argument[0]), argument[1])]"
LABELS = "return found.labels(...argument)"
EVENTS = """
const api = new found.Api(), stop = new AbortController(), streams = [...argument], seen = [];
const written = (name) => `event: readings\\ndata: {"probes": {"${name}": {}}, "gone": []}\\n\\n`;
api.ask = async () => new Response(streams.shift().map(written).join(": still here\\n\\n"));
return (async () => {
  for await (const { probes, whole } of api.events("", stop.signal, (state) => seen.push(state))) {
    seen.push([Object.keys(probes)[0], whole]);
    if (!streams.length) break;
  }
  return seen;
})();
"""
FACTS = "return Object.fromEntries(found.facts(argument))"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowerPage]:
    """The page before somebody signs in."""
    require(Chromium)
    with Metering(tmp_path_factory.mktemp("metering"), dummies(1, 1, 1.0)) as metering, Chromium() as chromium:
        metering.start("api")
        window: Window = chromium.window()
        with watched(window, metering.url, metering.token) as page:
            page.open()
            yield page
        window.close()


def module(page: PowerPage, name: str, script: str, argument: Any) -> Any:
    """What a script makes of a module of the page."""
    return page.driver.execute_async_script(RUN % script, f"/static/power/{name}.js", argument)


@pytest.mark.parametrize(
    ("probes", "at", "found"),
    [
        ({"a/r1/1": 1.0, "a/r1/2": 2.0, "a/r2/1": None}, "", {"a/r1/": ("r1", 2, 3.0), "a/r2/": ("r2", 1, None)}),
        ({"a/r1/1": 1.0, "a/r1/2": 2.0, "a/r2/1": 4.0}, "a/", {"a/r1/": ("r1", 2, 3.0), "a/r2/": ("r2", 1, 4.0)}),
        ({"a/1": 1.0, "b/1": 2.0, "c": 4.0}, "", {"a/": ("a", 1, 1.0), "b/": ("b", 1, 2.0)}),
        ({"a/r1/1": 1.0, "a/2": 2.0}, "", {"a/r1/": ("r1", 1, 1.0)}),
        ({"a/r1/1": 1.0, "a/r1/2": 2.0}, "", {}),
        ({"a/r1/1": 1.0}, "a/r1/1", {}),
        ({}, "", {}),
    ],
)
def test_ways_down_are_where_names_part(
    page: PowerPage, probes: dict[str, float | None], at: str, found: dict[str, tuple[str, int, float | None]]
) -> None:
    """The words that all have in common are passed; what says nothing has no power, and not 0 W."""
    told = module(page, "groups", BELOW, [probes, at])
    assert {prefix: (one["label"], one["count"], one["power"]) for prefix, one in told} == found


@pytest.mark.parametrize("seed", range(3))
def test_the_last_readings_are_a_ring(page: PowerPage, seed: int) -> None:
    """It has as many as have room, the newest, whatever was told in whatever order."""
    chance = random.Random(seed)
    acts: list[tuple[str, Any, Any]] = []
    kept: deque[tuple[float, float | None]] = deque(maxlen=ROOM)
    expected = []
    newest = 1000.0
    for _ in range(400):
        if chance.random() < 0.02:
            at = sorted(newest - 600 + chance.randrange(600) for _ in range(chance.randrange(100)))
            watts = [chance.choice([None, 12.5, 1.0]) for _ in at]
            older = [pair for pair in zip(at, watts, strict=True) if not kept or pair[0] < kept[0][0]]
            kept.extendleft(reversed(older[max(0, len(older) - (ROOM - len(kept))) :] if len(kept) < ROOM else []))
            acts.append(("before", at, watts))
        else:
            newest += 1
            pair = (newest, chance.choice([None, 0.0, 250.5]))
            kept.append(pair)
            acts.append(("push", *pair))
        ends = [kept[0][0], kept[-1][0]] if kept else [None, None]
        expected.append([ends, not kept or kept[-1][1] is None, [list(pair) for pair in kept]])
    assert module(page, "past", PAST, acts) == expected


@pytest.mark.parametrize("step_s", [1, 15, 60, 600, 3600, 6 * 3600, DAY_S, 7 * DAY_S, 31 * DAY_S, 365 * DAY_S])
@pytest.mark.parametrize("apart_px", [30, 53, 120])
def test_what_stands_below_the_ticks_of_time_does_not_overlap(page: PowerPage, step_s: int, apart_px: int) -> None:
    """Each tick has its own word; the coarser ones stand where they are new and have room, at least one of them."""
    instants = [T0 - T0 % step_s + step_s * place for place in range(12)]
    told = [label.split("\n") for label in module(page, "axis", LABELS, [instants, step_s, apart_px])]
    assert all(label[0] for label in told)
    below = [(place, label[1]) for place, label in enumerate(told) if len(label) > 1]
    for (place, text), (later, next_text) in itertools.pairwise(below):
        assert (len(text) + len(next_text)) / 2 * LETTER_PX <= (later - place) * apart_px, told
    assert below or step_s >= 365 * DAY_S


def test_the_peak_of_a_stack_is_that_of_all_together(page: PowerPage) -> None:
    """And coverage is whole only if nothing is missing."""
    one: dict[str, Any] = {"probes": 1, "kwh": 0.5, "coverage": 99.99, "max_w": [10.0, None, 1.0]}
    other: dict[str, Any] = {"probes": 1, "kwh": 1.0, "coverage": 99.99, "max_w": [5.0, 12.0, 2.0]}
    found = {"at": [0, 25200, 50400], "step_s": 25200, "series": [one, other]}
    assert module(page, "words", FACTS, found) == {
        "Energy": "1.500 kWh",
        "Measured": "99.9 %",
        "Peak": "15.0 W",
        "Steps of": "7 h",
        "Probes": "2",
    }


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 s"), (90, "1 min 30 s"), (600, "10 min"), (90061, "1 d 1 h"), (DAY_S, "1 d")]
)
def test_durations_are_told_in_two_units(page: PowerPage, seconds: int, words: str) -> None:
    assert module(page, "words", "return found.duration(argument)", seconds) == words


def test_a_stream_that_ends_begins_anew_with_the_whole(page: PowerPage) -> None:
    """From time to time the service ends it; that is no loss, and who left meanwhile is not in what comes first."""
    seen = module(page, "api", EVENTS, [["a", "b"], ["a"]])
    assert seen == ["Connected.", ["a", True], ["b", False], "Connected.", ["a", True]]
