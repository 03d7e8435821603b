# SPDX-License-Identifier: Apache-2.0
"""Which devices are not well: the last whole word of each source, as long as it is heard."""

from __future__ import annotations

from kwapi.consumers.devices import Devices
from kwapi.core.condition import Condition
from kwapi.core.energy import NS
from kwapi.core.wire import Conditions

T0 = 1_700_000_000 * NS


def device(name: str, *outlets: str, reason: str = "it does not answer") -> Condition:
    return Condition(name, "failing", T0, reason, [f"{name}/{outlet}" for outlet in outlets], len(outlets), 1, 1, None)


class Trial:
    """Devices by the words of sources, at an hour that tests choose."""

    def __init__(self) -> None:
        self.now = T0
        self.devices = Devices(lambda: self.now, 60.0)

    def say(self, *devices: Condition, source: str = "s", at: int | None = None, part: int = 1, parts: int = 1) -> None:
        self.devices.take(Conditions(1, source, 1, self.now if at is None else at, part, parts, list(devices)))

    def names(self, prefix: str = "") -> list[str]:
        return [device.device for device in self.devices.under(prefix)]


def test_a_new_word_takes_the_place_of_the_last() -> None:
    """Of this source, and no other."""
    trial = Trial()
    trial.say(device("lyon/a", "1"), device("lyon/b", "1"))
    trial.say(device("nice/a", "1"), source="t")
    assert trial.names() == ["lyon/a", "lyon/b", "nice/a"]
    trial.now += NS
    trial.say(device("lyon/b", "1"))
    assert trial.names() == ["lyon/b", "nice/a"]
    trial.now += NS
    trial.say()
    assert trial.names() == ["nice/a"]


def test_a_word_in_parts_counts_when_it_is_whole() -> None:
    """In whatever order; parts of an older one are thrown away."""
    trial = Trial()
    trial.say(device("lyon/a", "1"), part=2, parts=2)
    assert trial.names() == []
    trial.say(device("lyon/b", "1"), part=1, parts=2)
    assert trial.names() == ["lyon/a", "lyon/b"]
    trial.now += NS
    trial.say(part=1, parts=2)
    trial.now += NS
    trial.say(device("lyon/c", "1"), part=2, parts=2)
    assert trial.names() == ["lyon/a", "lyon/b"]
    trial.say(part=1, parts=2)
    assert trial.names() == ["lyon/c"]


def test_a_word_that_comes_late_another_way_changes_nothing() -> None:
    """Unless that clock was set back, which shows after a while."""
    trial = Trial()
    trial.now += 5 * NS
    trial.say(device("lyon/a", "1"))
    trial.say(at=T0)
    assert trial.names() == ["lyon/a"]
    trial.now += 60 * NS
    trial.say(at=T0)
    assert trial.names() == []


def test_a_source_that_is_silent_for_long_is_believed_no_more() -> None:
    """Nor are its devices remembered for ever."""
    trial = Trial()
    trial.say(device("lyon/a", "1"))
    trial.now += 60 * NS
    assert trial.names() == ["lyon/a"]
    assert trial.devices.of_probe("lyon/a/1") is not None
    trial.now += NS
    assert trial.names() == []
    assert trial.devices.of_probe("lyon/a/1") is None
    trial.say(source="t")
    assert list(trial.devices._told) == ["t"]


def test_devices_are_found_by_their_names_and_those_of_their_probes() -> None:
    """By a prefix of either; of a probe that is not concerned nothing is told."""
    trial = Trial()
    trial.say(device("lyon/r1/pdu1", "1", "2"), device("lyon/r2/pdu1", "1"), device("lyon/r2/pdu2"))
    assert trial.names("lyon/r1/") == ["lyon/r1/pdu1"]
    assert trial.names("lyon/r1/pdu1/2") == ["lyon/r1/pdu1"]
    assert trial.names("lyon/r1/pdu1/3") == []
    assert trial.names("lyon/r2/") == ["lyon/r2/pdu1", "lyon/r2/pdu2"]
    assert trial.names("lyon/r2/pdu2/") == ["lyon/r2/pdu2"]
    found = trial.devices.of_probe("lyon/r1/pdu1/2")
    assert found is not None
    assert found.device == "lyon/r1/pdu1"
    assert trial.devices.of_probe("lyon/r1/pdu1/3") is None
