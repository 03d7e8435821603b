# SPDX-License-Identifier: Apache-2.0
"""Looking at a device asks as little as it can, tells how far it is, and takes only what is there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from climate.devices.snmp import loading
from climate.devices.snmp.looking import look
from climate.devices.snmp.oid import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, Oid, Value, oid_of
from climate.devices.snmp.session import SnmpError
from tools.snmp_captures import Recorded

EATON = oid_of("1.3.6.1.4.1.534.6.6.7")
STRIP: dict[Oid, Value] = {
    SYS_DESCR: b"ePDU MA\r\n0U",
    SYS_OBJECT_ID: EATON,
    SYS_NAME: b"pdu-3",
    (*EATON, 6, 1, 1, 3, 0, 1): b"web-1",
    (*EATON, 6, 4, 1, 3, 0, 1): 789,
    (*EATON, 6, 5, 1, 3, 0, 1): 80,
    (*EATON, 6, 5, 1, 3, 0, 2): -1,
}


class Counted(Recorded):
    """Counts what is asked."""

    def __init__(self, rows: dict[Oid, Value]) -> None:
        super().__init__(rows)
        self.behind: list[Oid] = []
        self.walked: list[Oid] = []

    def following(self, oids: Sequence[Oid]) -> dict[Oid, Oid]:
        """Notes them."""
        self.behind.extend(oids)
        return super().following(oids)

    def walk(self, root: Oid) -> dict[Oid, Value]:
        """Notes it."""
        self.walked.append(root)
        return super().walk(root)


def test_a_device_is_met_with_its_words_and_its_numbers() -> None:
    """Labels, values, and what the device calls itself, in one line."""
    found = look(Recorded(STRIP), loading.installed())
    assert (found.object_id, found.description, found.name) == (EATON, "ePDU MA 0U", "pdu-3")
    assert [profile.name for profile in found.device.profiles] == ["eaton-epdu"]
    said = {(item.place, item.quantity.value): item.value(found.rows) for item in found.device.items}
    assert said == {("outlet-1", "watts"): 80.0, ("outlet-1", "amperes"): 0.789, ("outlet-2", "watts"): None}
    assert {item.label for item in found.device.items if item.place == "outlet-1"} == {"web-1"}


@pytest.mark.parametrize("object_id", [None, oid_of("0.10.43.6.1.4.1"), oid_of("1.3.6.1.4.1.8072.3.2.10"), b"junk"])
def test_a_wrong_or_missing_object_id_hides_nothing(object_id: Value | None) -> None:
    """What answers is what counts."""
    rows = {oid: value for oid, value in STRIP.items() if oid != SYS_OBJECT_ID}
    if object_id is not None:
        rows[SYS_OBJECT_ID] = object_id
    found = look(Recorded(rows), loading.installed())
    assert [profile.name for profile in found.device.profiles] == ["eaton-epdu"]


def test_only_tables_of_families_that_answer_are_walked() -> None:
    """And of a stranger none; each tree is asked for once."""
    known = Counted(STRIP)
    look(known, loading.installed())
    assert known.walked
    assert all(root[: len(EATON)] == EATON for root in known.walked)
    assert len(known.walked) == len(set(known.walked))
    stranger = Counted({SYS_DESCR: b"Linux", SYS_OBJECT_ID: oid_of("1.3.6.1.4.1.8072.3.2.10")})
    found = look(stranger, loading.installed())
    assert (found.device.profiles, found.device.items, stranger.walked) == ((), (), [])
    assert len(stranger.behind) == len({oid[:7] for oid in stranger.behind})


def test_progress_begins_at_nothing_and_ends_at_all() -> None:
    """One step for each walk."""
    steps: list[tuple[int, int]] = []
    session = Counted(STRIP)
    look(session, loading.installed(), lambda done, of: steps.append((done, of)))
    assert steps == [(done, len(session.walked)) for done in range(len(session.walked) + 1)]


def test_some_profiles_alone_can_be_looked_for() -> None:
    """As a section of the configuration wants."""
    assert look(Recorded(STRIP), loading.named(["standard-ups"])).device.profiles == ()


def test_an_agent_that_does_not_answer_is_an_error() -> None:
    """As the session tells it."""

    class Silent(Recorded):
        def get(self, oids: Sequence[Oid]) -> dict[Oid, Value]:
            """Nothing comes."""
            raise SnmpError("10.0.0.5 does not answer")

    with pytest.raises(SnmpError, match=r"10\.0\.0\.5"):
        look(Silent({}), loading.installed())
