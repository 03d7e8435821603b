# SPDX-License-Identifier: Apache-2.0
"""Which of the profiles are believed first, and which not at all."""

from __future__ import annotations

from climate.devices.snmp.oid import oid_of
from climate.devices.snmp.profile import Profile
from climate.devices.snmp.recognition import ordered

VENDOR = "1.3.6.1.4.1.34278"


def profile(name: str, *object_ids: str, standard: bool = False, coarse: bool = False, exact: bool = False) -> Profile:
    return Profile(
        name=name,
        vendor="any",
        kind="meter",
        description="a family",
        mibs=("SOME-MIB",),
        source="a test",
        tables=(),
        object_ids=tuple(oid_of(each) for each in object_ids),
        standard=standard,
        coarse=coarse,
        exact=exact,
    )


def names(profiles: list[Profile], object_id: str | None) -> list[str]:
    return [each.name for each in ordered(profiles, None if object_id is None else oid_of(object_id))]


def test_the_longest_known_name_comes_first_and_the_standards_last() -> None:
    given = [profile("z-standard", standard=True), profile("b", VENDOR), profile("a"), profile("c", f"{VENDOR}.8")]
    assert names(given, f"{VENDOR}.8.6") == ["c", "b", "a", "z-standard"]
    assert names(given, None) == ["a", "b", "c", "z-standard"]


def test_what_is_coarser_than_the_standards_comes_after_them() -> None:
    given = [profile("coarse", VENDOR, coarse=True), profile("standard", standard=True)]
    assert names(given, VENDOR) == ["standard", "coarse"]


def test_of_families_that_mean_different_things_by_the_same_objects_only_the_best_known_counts() -> None:
    given = [profile("all", VENDOR, exact=True), profile("some", f"{VENDOR}.8.6", exact=True), profile("other")]
    assert names(given, f"{VENDOR}.8.6") == ["some", "other"]
    assert names(given, f"{VENDOR}.10.1") == ["all", "other"]
    assert names(given, "1.3.6.1.4.1.9.1") == ["other"]
    assert names(given, None) == ["other"]


def test_an_exact_profile_that_somebody_chose_alone_counts_whatever_the_device_calls_itself() -> None:
    assert names([profile("all", VENDOR, exact=True)], None) == ["all"]
