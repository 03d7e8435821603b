# SPDX-License-Identifier: Apache-2.0
"""A device is known by what it calls itself and by what it has; which of the two is believed, and when."""

from __future__ import annotations

from climate.devices.snmp import loading
from climate.devices.snmp.oid import Oid, Value, oid_of
from climate.devices.snmp.profile import Profile, Quantity
from climate.devices.snmp.recognition import device_of, ordered, present

VENDOR: Oid = (1, 3, 6, 1, 4, 1, 99999)
STANDARD: Oid = (1, 3, 6, 1, 2, 1, 33)


def family(name: str, watts: Oid, *object_ids: str, place: str = "outlet", more: str = "") -> Profile:
    """A profile with one column of watts."""
    recognised = f"object_ids: [{', '.join(object_ids)}]" if object_ids else "standard: true"
    oid = ".".join(map(str, watts))
    return loading.parse(
        f"{name}.yaml",
        f"vendor: Acme\nkind: pdu\ndescription: Strips\nmibs: [ACME]\nsource: here\n{recognised}\n{more}tables:\n"
        f"  - {{scope: outlet, place: {place}, index: [number], columns: {{watts: {{oid: {oid}, object: watts}}}}}}\n",
    )


STRIP = family("acme-strip", (*VENDOR, 1, 1, 3), "1.3.6.1.4.1.99999.1")
NEW = family("acme-new-strip", (*VENDOR, 2, 1, 3), "1.3.6.1.4.1.99999.1.7")
OTHER = family("other", (1, 3, 6, 1, 4, 1, 88888, 1, 1, 3), "1.3.6.1.4.1.88888")
ANY = family("standard-any", (*STANDARD, 1, 1, 3))
ALL = [ANY, OTHER, STRIP, NEW]


def names(profiles: list[Profile]) -> list[str]:
    """How they are called."""
    return [profile.name for profile in profiles]


def test_the_longest_beginning_of_its_object_id_comes_first_and_standards_last() -> None:
    """In between those that do not know it, by name."""
    by_model = ordered(ALL, oid_of("1.3.6.1.4.1.99999.1.7.2"))
    assert names(by_model) == ["acme-new-strip", "acme-strip", "other", "standard-any"]
    assert names(ordered(ALL, oid_of("1.3.6.1.4.1.99999.10"))) == [
        "acme-new-strip",
        "acme-strip",
        "other",
        "standard-any",
    ]
    assert names(ordered(ALL, oid_of("1.3.6.1.4.1.99999.1"))) == [
        "acme-strip",
        "acme-new-strip",
        "other",
        "standard-any",
    ]
    assert names(ordered(ALL, None))[-1] == "standard-any"


def test_what_answers_below_a_vendors_object_is_that_vendors() -> None:
    """In whatever tables it has some."""
    assert names(present(ALL, {(*VENDOR, 1, 1), (*VENDOR, 9)})) == ["acme-strip"]
    assert present(ALL, set()) == []


def test_a_device_has_what_several_profiles_give_and_of_the_same_the_first() -> None:
    """Unless the first has no value and the second has; who gives nothing is not named."""
    twin = family("acme-twin", (*VENDOR, 3, 1, 3), "1.3.6.1.4.1.99999.1")
    rows: dict[Oid, Value] = {(*VENDOR, 1, 1, 3, 1): 66, (*VENDOR, 1, 1, 3, 2): -1}
    rows |= {(*VENDOR, 3, 1, 3, row): 70 + row for row in (1, 2, 3)}
    device = device_of([STRIP, twin, OTHER], rows)
    assert names(list(device.profiles)) == ["acme-strip", "acme-twin"]
    assert {item.place: item.value(rows) for item in device.items} == {
        "outlet-1": 66.0,
        "outlet-2": 72.0,
        "outlet-3": 73.0,
    }
    assert {item.quantity for item in device.items} == {Quantity.WATTS}


def test_an_object_means_what_the_first_says_that_reads_it() -> None:
    """Another model's profile does not give it again under another name."""
    same = family("acme-model", (*VENDOR, 1, 1, 3), "1.3.6.1.4.1.99999.9", place="inlet")
    rows: dict[Oid, Value] = {(*VENDOR, 1, 1, 3, 1): 66}
    device = device_of([STRIP, same], rows)
    assert names(list(device.profiles)) == ["acme-strip"]
    assert [item.place for item in device.items] == ["outlet-1"]


def test_each_installed_profile_is_found_by_each_of_its_columns_alone() -> None:
    """A device that leaves some out, the first of them say, is not taken for a stranger."""
    for profile in loading.installed():
        for table in profile.tables:
            for column in table.columns.values():
                assert present([profile], {column.oid[:-1]}) == [profile]
