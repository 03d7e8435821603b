# SPDX-License-Identifier: Apache-2.0
"""What is missing in Keystone is made, what differs is changed, and nothing else is touched."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.chassis.secrets import Secret
from climate.errors import ClimateError, ConfigError, ServiceUnavailable
from climate.manage.register import acting, wishes
from climate.manage.register.plan import Known, Outcome, region_of, steps
from climate.manage.register.wishes import Account, Wishes

RESERVATION, ENERGY = wishes.SERVICES
OURS, OLD, OTHER = "https://c.example/v1", "https://old.example/v1", "https://other.example"
REGIONS = ("RegionOne", "RegionTwo")
ENTRY = wishes.Entry(RESERVATION, dict.fromkeys(wishes.INTERFACES, OURS))


@dataclass
class Keystone:
    """One in memory; ``fails_at`` is how many changes it does before it goes away."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    grants: set[tuple[str, str, str]] = field(default_factory=set)
    fails_at: int | None = None
    changes: int = 0

    def found(self, noun: str, **query: str) -> list[dict[str, Any]]:
        return [one for one in self.records.get(noun, []) if all(one[key] == value for key, value in query.items())]

    def make(self, noun: str, fields: dict[str, Any]) -> str:
        self._changing()
        made = {**fields, "id": f"{noun}-{len(self.records.setdefault(noun, []))}"}
        self.records[noun].append(made)
        return str(made["id"])

    def change(self, noun: str, record_id: str, fields: dict[str, Any]) -> None:
        self._changing()
        next(one for one in self.records[noun] if one["id"] == record_id).update(fields)

    def roles_of(self, user_id: str, project_id: str) -> list[dict[str, Any]]:
        return [{"id": role} for role, user, project in self.grants if (user, project) == (user_id, project_id)]

    def grant(self, role_id: str, user_id: str, project_id: str) -> None:
        self._changing()
        assert all((role_id, user_id, project_id))
        self.grants.add((role_id, user_id, project_id))

    def _changing(self) -> None:
        if self.changes == self.fails_at:
            raise ServiceUnavailable("Keystone cannot be reached.")
        self.changes += 1


def fresh() -> Keystone:
    """As its bootstrap leaves it, but of a release without the role service."""
    made = Keystone()
    made.make("domain", {"name": "Default"})
    made.records["region"] = [{"id": region} for region in REGIONS]
    for role in ("reader", "member", "admin"):
        made.make("role", {"name": role})
    made.make("service", {"type": "identity", "name": "keystone", "enabled": True})
    made.changes = 0
    return made


def run(keystone: Keystone, wished: Wishes, **arguments: bool) -> list[str]:
    """The lines that are said."""
    said: list[str] = []
    acting.run(keystone, wished, said.append, **arguments)  # type: ignore[arg-type]
    return said


everything = Wishes(
    entries=(ENTRY, wishes.Entry(ENERGY, dict.fromkeys(wishes.INTERFACES, OTHER))),
    region="RegionOne",
    accounts=(Account("climate", Secret("s3cret")), Account("kwapi", Secret("s3cret"))),
    account_roles=("service", "auditor"),
)


@st.composite
def keystones(draw: st.DrawFn) -> Keystone:
    """One in which somebody has been before, and did this and that."""
    made = fresh()
    for service in draw(st.lists(st.sampled_from(wishes.SERVICES), unique=True)):
        service_id = made.make("service", {"type": service.type, "name": service.name, "enabled": draw(st.booleans())})
        places = st.tuples(st.sampled_from(wishes.INTERFACES), st.sampled_from(REGIONS))
        for interface, region in draw(st.lists(places, unique=True)):
            place = {"service_id": service_id, "interface": interface, "region_id": region}
            url = draw(st.sampled_from([OURS, OLD, OTHER]))
            made.make("endpoint", {**place, "url": url, "enabled": draw(st.booleans())})
    if draw(st.booleans()):
        made.make("project", {"name": "service", "domain_id": "domain-0", "enabled": draw(st.booleans())})
    if draw(st.booleans()):
        made.make("user", {"name": "kwapi", "domain_id": "domain-0", "enabled": draw(st.booleans())})
    made.changes = 0
    return made


@given(keystones())
def test_afterwards_everything_is_there_and_a_second_run_changes_nothing(keystone: Keystone) -> None:
    before = copy.deepcopy(keystone)
    run(keystone, everything)
    changes = keystone.changes
    assert all(": there already" in line for line in run(keystone, everything))
    assert keystone.changes == changes
    ours = {one["id"] for one in keystone.records["service"] if one["type"] != "identity"}
    catalogue = {
        (one["service_id"], one["interface"]): (one["url"], one["enabled"])
        for one in keystone.records["endpoint"]
        if one["region_id"] == "RegionOne"
    }
    assert catalogue.keys() == {(service, interface) for service in ours for interface in wishes.INTERFACES}
    assert all(enabled for _, enabled in catalogue.values())
    for noun, records in before.records.items():  # nothing is deleted, nor touched in the other region
        kept = [one for one in records if one.get("region_id") == "RegionTwo" or noun in ("project", "user", "role")]
        assert all(one in keystone.records[noun] for one in kept)


@given(keystones())
def test_a_dry_run_says_what_the_real_one_does_and_changes_nothing(keystone: Keystone) -> None:
    before = copy.deepcopy(keystone)
    would = run(keystone, everything, dry=True)
    assert keystone == before
    did = run(keystone, everything)
    assert [line.replace(": would be ", ": ") for line in would] == did
    assert sum(": there already" not in line for line in would) == keystone.changes


@given(keystones(), st.integers(0, 12))
def test_what_was_cut_short_is_done_by_the_next_run(keystone: Keystone, after: int) -> None:
    """With the step at which it stopped named."""
    whole = copy.deepcopy(keystone)
    run(whole, everything)
    keystone.fails_at = after
    if after < whole.changes:
        with pytest.raises(ServiceUnavailable, match=r"^\w+ .+: Keystone cannot be reached. Run this again.$"):
            run(keystone, everything)
    keystone.fails_at = None
    run(keystone, everything)
    assert keystone.changes == whole.changes


def test_no_password_is_said() -> None:
    """Neither in a line, nor in the JSON object."""
    for as_json in (False, True):
        keystone = fresh()
        said = "\n".join(run(keystone, everything, as_json=as_json))
        assert "s3cret" not in said
        assert keystone.found("user", name="climate")[0]["password"] == "s3cret"
    assert "s3cret" not in repr(steps(everything, acting.look(fresh(), everything)))  # type: ignore[arg-type]


def test_programs_get_one_object() -> None:
    """Which says whether anything was changed."""
    keystone = fresh()
    wished = Wishes(entries=(ENTRY,), region="RegionOne")
    (first,) = map(json.loads, run(keystone, wished, as_json=True))
    (second,) = map(json.loads, run(keystone, wished, as_json=True))
    assert (first["changed"], second["changed"], first["dry_run"]) == (True, False, False)
    assert first["things"][-1] == {
        "kind": "endpoint",
        "name": "reservation admin in RegionOne",
        "outcome": Outcome.MADE,
        "detail": OURS,
    }


def test_a_password_of_a_user_that_is_there_stays() -> None:
    """Whether it is another cannot be seen; and who signs in with it would be shut out."""
    keystone = fresh()
    keystone.make("user", {"name": "climate", "domain_id": "domain-0", "enabled": True, "password": "theirs"})
    said = run(keystone, everything)
    assert "user climate: there already (its password stays as it is)" in said
    assert keystone.found("user", name="climate")[0]["password"] == "theirs"


def test_what_an_administrator_disabled_is_told_and_stays_so() -> None:
    """A person may have had reasons to shut a user out; an endpoint that nobody sees helps nobody."""
    keystone = fresh()
    keystone.make("project", {"name": "service", "domain_id": "domain-0", "enabled": False})
    keystone.make("user", {"name": "climate", "domain_id": "domain-0", "enabled": False})
    said = run(keystone, everything)
    assert "project service: there already (but disabled, so that nobody can sign in to it)" in said
    assert [line for line in said if line.startswith("user climate: there already (but disabled")]


def other_service(keystone: Keystone, **fields: str) -> None:
    keystone.make("service", {"type": "reservation", "name": "climate", "enabled": True, **fields})


def two_endpoints(keystone: Keystone) -> None:
    other_service(keystone)
    for url in (OURS, OLD):
        place = {"service_id": "service-1", "interface": "public", "region_id": "RegionOne"}
        keystone.make("endpoint", {**place, "url": url, "enabled": True})


@pytest.mark.parametrize(
    ("before", "wished", "words"),
    [
        (lambda keystone: other_service(keystone, name="blazar"), {}, "the service blazar of the type reservation"),
        (lambda keystone: [other_service(keystone), other_service(keystone)], {}, "2 services climate"),
        (two_endpoints, {}, "2 endpoints reservation public in RegionOne"),
        (lambda _: None, {"region": "RegionThree"}, "no region RegionThree .*RegionOne, RegionTwo"),
        (lambda _: None, {"region": None}, "Say --region"),
        (lambda _: None, {"accounts": (Account("nova"),)}, "no user nova .*--user nova=FILE"),
        (lambda _: None, {"accounts": (Account("nova"),), "domain": "there"}, "no domain there"),
    ],
)
def test_where_it_cannot_be_said_what_is_meant_nothing_is_done(before: Any, wished: dict[str, Any], words: str) -> None:
    """And the message names what is in the way."""
    keystone = fresh()
    before(keystone)
    keystone.changes = 0
    with pytest.raises(ConfigError, match=words):
        run(keystone, Wishes(**{"entries": (ENTRY,), "region": "RegionOne", **wished}))
    assert keystone.changes == 0


def test_the_only_region_need_not_be_said() -> None:
    assert region_of(None, ["RegionOne"]) == "RegionOne"
    with pytest.raises(ConfigError, match="none"):
        region_of(None, [])


def test_without_a_user_no_domain_is_needed() -> None:
    planned = steps(Wishes(entries=(ENTRY,)), Known(regions=["here"], services=[], endpoints=[], roles={}))
    assert [step.outcome for step in planned] == [Outcome.MADE] * 8


def test_addresses_follow_from_each_other() -> None:
    """Internal is public, admin is internal, until something else is said."""
    made = wishes.entry(RESERVATION, f"{OURS}/", None, None)
    assert made == ENTRY
    inside = wishes.entry(RESERVATION, OURS, OTHER, None)
    assert inside is not None
    assert inside.urls == {"public": OURS, "internal": OTHER, "admin": OTHER}
    assert wishes.entry(RESERVATION, None, None, None) is None
    with pytest.raises(ConfigError, match="--reservation-url"):
        wishes.entry(RESERVATION, None, OTHER, None)


@pytest.mark.parametrize(
    "url",
    [
        "", "c.example", "ftp://c.example", "http://", "https://c.example:99999", "https://[::1", "https://c .example",
        "https://u:p@c.example/v1", "https://c.example/v1?x=1", "https://c.example/v1#x", "http://c.example:0",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        wishes.address(url)


def test_users_are_named_with_the_file_of_their_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    file.chmod(0o600)
    made = wishes.accounts([f"climate={file}", "nova"])
    assert made == (Account("climate", Secret("s3cret")), Account("nova"))
    for wrong in (["=x"], ["climate="], [""], ["nova", "nova"], [f"climate={tmp_path}/none"]):
        with pytest.raises(ConfigError):
            wishes.accounts(wrong)
    file.chmod(0o640)
    with pytest.raises(ClimateError, match="chmod 600"):
        wishes.accounts([f"climate={file}"])
