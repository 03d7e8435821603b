# SPDX-License-Identifier: Apache-2.0
"""Probes as the commands show them: those of devices that are not well among them, though nobody heard them."""

from __future__ import annotations

from typing import Any

import pytest

from climate.cli import meters
from climate.cli.watched import Watched, state
from climate.client.probes import Device, Listing, Probe

NOW = 1_700_000_100.0


def device(name: str = "lyon/pdu1", *outlets: str, how: str = "failing") -> Device:
    probes = [f"{name}/{outlet}" for outlet in outlets]
    return Device(
        device=name, state=how, since=NOW - 50, reason="it does not answer", probes=probes, of=2, attempts=9,
        failures=9, answered=None,
    )  # fmt: skip


def probe(**other: Any) -> Probe:
    usual = {"timestamp": NOW - 1, "w": 100.0, "kwh": 1.0, "coverage": 100.0, "stale": False}
    return Probe(**{**usual, **other})  # type: ignore[typeddict-item]


def shown(listing: Listing) -> dict[str, meters.Meter]:
    return {name: meters.meter(name, one, NOW) for name, one in meters.concerned(listing).items()}


def test_a_probe_that_nobody_heard_is_shown_with_its_device() -> None:
    """Among the others, by name; it has no numbers and no age."""
    found = shown(Listing(probes={"lyon/pdu2/1": probe(), "lyon/a": probe()}, devices=[device("lyon/pdu1", "1", "2")]))
    assert list(found) == ["lyon/a", "lyon/pdu1/1", "lyon/pdu1/2", "lyon/pdu2/1"]
    never = found["lyon/pdu1/1"]
    assert (never["watts"], never["kWh"], never["age"], never["timestamp"]) == (None, None, None, None)
    assert (never["marks"], never["trouble"]) == (["silent", "failing"], "it does not answer")
    assert (found["lyon/a"]["marks"], found["lyon/a"]["trouble"]) == ([], None)


def test_a_probe_that_was_heard_keeps_its_numbers() -> None:
    """They grow old, and say so; what is wrong stands beside them."""
    found = shown(Listing(probes={"lyon/pdu1/1": probe(stale=True)}, devices=[device("lyon/pdu1", "1")]))
    assert found["lyon/pdu1/1"]["watts"] == 100.0
    assert found["lyon/pdu1/1"]["marks"] == ["silent", "failing"]


@pytest.mark.parametrize(("how", "mark"), [("partial", "missing"), ("slow", "slow"), ("stuck", "stuck")])
def test_marks_say_how_the_device_is(how: str, mark: str) -> None:
    """Of a device that tells half, those probes are missing of which it tells nothing."""
    found = shown(Listing(probes={"lyon/pdu1/1": probe()}, devices=[device("lyon/pdu1", "1", how=how)]))
    assert found["lyon/pdu1/1"]["marks"] == [mark]


def test_a_device_without_probes_that_are_concerned_stands_for_itself() -> None:
    """Such as one that tells all its own, and something of others."""
    found = shown(Listing(probes={"lyon/pdu1/1": probe()}, devices=[device("lyon/pdu1", how="partial")]))
    assert found["lyon/pdu1"]["marks"] == ["partial"]
    assert found["lyon/pdu1/1"]["marks"] == []


def test_people_read_of_a_device_what_they_need() -> None:
    """Not its probes, of which there may be a thousand."""
    never = probe(timestamp=None, w=None, kwh=None, coverage=None, stale=True, device=device("lyon/pdu1", "1"))
    said = meters.in_words(meters.meter("lyon/pdu1/1", never, NOW))
    assert said["device"] == {
        "device": "lyon/pdu1", "state": "failing", "since": "2023-11-14T22:14:10Z", "answered": "never", "attempts": 9,
        "failures": 9,
    }  # fmt: skip
    assert (said["watts"], said["age"]) == (None, None)


def test_who_watches_sees_them_too() -> None:
    """They stand out, and add nothing to the sum."""
    watched = Watched(1.0)
    watched.take(meters.concerned(Listing(probes={"lyon/pdu2/1": probe()}, devices=[device("lyon/pdu1", "1")])))
    rows = watched.rows()
    assert [(seen.name, seen.worst) for seen in rows] == [("lyon/pdu2/1", None), ("lyon/pdu1/1", "failing")]
    assert sum(seen.watts for seen in rows) == 100.0
    assert state(rows) == "1 failing"
