# SPDX-License-Identifier: Apache-2.0
"""A hidden property never shows: every kind of property, for everybody, at every place, also not by difference.

Two sites are asked the same. One has the property, hidden; on the other there
never was a property of this name. To whoever does not see hosts, both must
answer alike, to the byte. A third site, where the property is not hidden,
proves that the questions would have found it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from climate.core.host import Host, PropertyValue
from climate.core.host_properties import catalogue, table
from climate.core.host_properties.catalogue import OWN
from tests.functional.site import NOW, Site, host

BASE = {"vcpus": 32, "memory_mb": 65536, "cpu_info.model": "Y", "location": "hall"}
OTHERS = ("member", *(pytest.param(who, marks=pytest.mark.slow) for who in ("reader", "colleague")))
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Case:
    """One property: how it comes to be, its value on all hosts, and whether it is hidden without a word."""

    name: str
    value: PropertyValue
    origin: str
    by_default: bool = False


CASES = [
    Case("rack", "zebra", "standard"),
    Case("latency_class", "zebra", "standard"),
    Case("network_gbps", 7654321, "standard"),
    Case("turbo", True, "standard"),
    Case("cpu_info.features", "zebra okapi", "standard"),
    Case("host_ip", "10.76.54.32", "standard", by_default=True),
    Case("color", "zebra", "reported"),
    Case("level", 7654321, "reported"),
    Case("service.binary", "zebra", "reported", by_default=True),
    Case("noise", "zebra", "added"),
    Case("weight", 7654321, "added"),
    *(Case(name, "node-1", "own", by_default=True) for name in sorted(OWN)),
]
MATRIX = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.origin}-{case.name}")


def fleet(facts: Mapping[str, PropertyValue]) -> list[Host]:
    return [dataclasses.replace(host(number), properties={**BASE, **facts}) for number in range(1, 5)]


def build(directory: Path, facts: Mapping[str, PropertyValue]) -> Site:
    directory.mkdir()
    return Site(directory, fleet(facts))


def with_property(directory: Path, case: Case) -> Site:
    """A site whose hosts have the property, as it is when nobody hid or showed it."""
    told = {case.name: case.value} if case.origin in ("standard", "reported") else {}
    site = build(directory, told)
    if case.origin == "added":
        kind = "text" if isinstance(case.value, str) else "number"
        rules = [{"where": [], "value": case.value}]
        say(site, "POST", "/v1/properties", {"name": case.name, "type": kind, "rules": rules})
        say(site, "PATCH", "/v1/hosts/node-1", {"properties": {case.name: case.value}})
    return site


def say(site: Site, method: str, path: str, body: dict[str, Any]) -> None:
    answer = site.ask(method, path, body, who="admin")
    assert answer.status_int in (200, 201), answer.text


def hidden(directory: Path, case: Case) -> Site:
    """A site that has the property, hidden."""
    site = with_property(directory, case)
    if not case.by_default:
        say(site, "PATCH", f"/v1/properties/{case.name}", {"hidden": True})
    return site


def shown(directory: Path, case: Case) -> Site:
    """A site that has the property for everybody."""
    site = with_property(directory, case)
    if case.by_default:
        say(site, "PATCH", f"/v1/properties/{case.name}", {"hidden": False})
    return site


def never_was(directory: Path, case: Case, patch: pytest.MonkeyPatch) -> Site:
    """A site on which nobody ever heard of such a property, nor did whoever wrote the standard."""
    patch.delitem(catalogue.STANDARD, case.name, raising=False)
    own = table._own_columns
    patch.setattr(
        table, "_own_columns", lambda hosts: {name: column for name, column in own(hosts).items() if name != case.name}
    )
    return build(directory, {})


def near(name: str) -> list[str]:
    """Names that somebody would write who meant this one, or who tries."""
    return [f"{name}s", name[:-1], name.upper(), f"x.{name}"]


def questions(case: Case) -> Iterator[tuple[str, str, Any]]:
    """Whatever somebody may try to learn of a property."""
    name, value = case.name, case.value
    for start in ("/v1/properties", "/properties"):
        for query in (
            "",
            "?detail=true",
            "?sort=name",
            "?sort=type&detail=1",
            "?sort=hosts",
            "?hidden=true",
            f"?{name}=1",
        ):
            yield "GET", f"{start}{query}", None
        for written in (name, *near(name)):
            yield "GET", f"{start}/{written}", None
        yield "PATCH", f"{start}/{name}", {"hidden": False}
        yield "DELETE", f"{start}/{name}", None
        yield "POST", start, {"name": name, "type": "text"}
    for clause in filters(name, value):
        yield "POST", "/v1/leases", {"duration": 60, "confirm": True, "host_properties": clause}
    yield "PATCH", "/v1/hosts/node-1", {"properties": {name: value}}
    yield "GET", "/v1/hosts", None
    yield "GET", "/v1/calendar?start=0", None
    yield "GET", "/v1/leases", None


def filters(name: str, value: PropertyValue) -> Iterator[list[Any]]:
    """The property in every place of a filter: alone, nested, mirrored, beside others, of a wrong type, mistyped."""
    equal = ["=", f"${name}", value]
    yield from (equal, ["and", [">", "$vcpus", 1], equal], ["or", equal, [">", "$vcpus", 1]], ["not", equal])
    yield from (["in", f"${name}", value, "x"], ["=", value, f"${name}"], ["=", "$location", f"${name}"])
    yield from (["<", f"${name}", [1]], ["<", f"${name}", "z"], [">", f"${name}", 1], ["=", f"${name}", not value])
    yield from (
        ["homogeneous", f"${name}"],
        ["homogeneous", "$vcpus", f"${name}"],
        ["and", [], ["homogeneous", f"${name}"]],
    )
    yield ["or", ["homogeneous", f"${name}"]]
    for written in near(name):
        yield ["=", f"${written}", value]
        yield ["homogeneous", f"${written}"]
    yield [">=", "$vcpus", 16]
    yield ["homogeneous", "$location"]


def of_leases(site: Site, who: str) -> Iterator[tuple[str, str, Any]]:
    """What one can do to each lease that somebody has: look, confirm, change, extend, add hosts, cancel."""
    for lease in site.ask("GET", "/v1/leases", who=who).json.get("leases", []):
        path = f"/v1/leases/{lease['id']}"
        yield "GET", path, None
        yield "POST", f"{path}/confirm", {}
        yield "PATCH", path, {"name": "other", "quantity": 2}
        yield "PATCH", path, {"quantity": 1}
        yield "DELETE", path, None


def transcript(site: Site, case: Case, who: str) -> list[Any]:
    """All answers to one person: status, headers and body, with the ids of leases and requests made alike."""
    ids: dict[str, str] = {}

    def alike(text: str) -> str:
        return _ID.sub(lambda found: ids.setdefault(found[0], f"id-{len(ids)}"), text)

    said = []
    for asked in (questions(case), of_leases(site, who), questions(case)):
        for method, path, body in asked:
            answer = site.ask(method, path, body, who=who)
            headers = sorted((name.lower(), value) for name, value in answer.headers.items())
            said.append(alike(str((method, path, body, answer.status, headers, answer.text))))
            site.now += 1  # leases of one second have no order
    return said


@MATRIX
@pytest.mark.parametrize("who", OTHERS)
def test_hidden_is_as_if_it_never_was(case: Case, who: str, tmp_path: Path) -> None:
    """The same answers, to the byte, at every place; and no word of its value."""
    there = transcript(hidden(tmp_path / "hidden", case), case, who)
    with pytest.MonkeyPatch.context() as patch:
        never = transcript(never_was(tmp_path / "never", case, patch), case, who)
    assert [pair for pair in zip(there, never, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.parametrize(
    "case", [one for one in CASES if one.origin != "own"], ids=lambda case: f"{case.origin}-{case.name}"
)
def test_the_same_questions_find_what_is_not_hidden(case: Case, tmp_path: Path) -> None:
    """In listing, detail, order, filter, near names, homogeneous, alike and what a lease's hosts have in common."""
    site = shown(tmp_path / "shown", case)
    path = "/v1/properties"
    listed = [one["name"] for one in site.ask("GET", path).json["properties"]]
    assert case.name in listed
    assert case.name in [one["name"] for one in site.ask("GET", f"{path}?detail=true&sort=type").json["properties"]]
    assert site.ask("GET", f"{path}/{case.name}", who="reader").json["type"] == catalogue.kind_of(case.value)
    assert (
        case.name in site.ask("POST", "/v1/leases", lease(["=", f"${case.name}s", 1])).json["error"]["details"]["near"]
    )
    word = case.value.split()[0] if isinstance(case.value, str) else case.value
    made = site.ask(
        "POST", "/v1/leases", lease(["and", ["=", f"${case.name}", word], ["homogeneous", f"${case.name}"]])
    )
    assert made.json["alike"] == {case.name: case.value}
    assert made.json["common_properties"][case.name] == case.value
    assert "hidden" not in site.ask("GET", f"{path}/{case.name}").json


def lease(clause: list[Any]) -> dict[str, Any]:
    return {"duration": 60, "start_time": NOW, "host_properties": clause}


@MATRIX
def test_an_admin_sees_it_all_the_same(case: Case, tmp_path: Path) -> None:
    """At each of the places, and told that it is hidden."""
    site = hidden(tmp_path / "hidden", case)
    found = site.ask("GET", f"/v1/properties/{case.name}", who="admin").json
    assert found["hidden"] is True
    assert case.name in [
        one["name"] for one in site.ask("GET", "/v1/properties?hidden=true", who="admin").json["properties"]
    ]
    word = case.value.split()[0] if isinstance(case.value, str) else case.value
    clause = ["and", ["=", f"${case.name}", word if case.name != "id" else "node-1"], ["homogeneous", f"${case.name}"]]
    if case.origin == "own":
        clause = ["homogeneous", f"${case.name}"]
    made = site.ask("POST", "/v1/leases", lease(clause), who="admin").json
    assert made["host_properties"] == clause
    assert case.name in made["alike"]
    assert (case.name in made["common_properties"]) is (case.origin != "own")


@MATRIX
@pytest.mark.parametrize("gone", [False, True], ids=["while it is there", "when it is gone"])
def test_an_admins_lease_tells_colleagues_nothing_of_it(case: Case, gone: bool, tmp_path: Path) -> None:
    """Not its filter, what its hosts are alike in, what they have in common, nor an error about any of it."""
    site = hidden(tmp_path / "hidden", case)
    clause = ["and", ["homogeneous", f"${case.name}", "$vcpus"], ["not", ["=", f"${case.name}", _other(case.value)]]]
    made = site.ask("POST", "/v1/leases", lease(clause), who="admin")
    assert made.status_int == 201, made.text
    path = f"/v1/leases/{made.json['id']}"
    if gone:
        forget(site, case)
    answers = [
        site.ask("GET", path, who="colleague"),
        site.ask("GET", "/v1/leases", who="colleague"),
        site.ask("GET", "/v1/calendar", who="colleague"),
        site.ask("PATCH", path, {"quantity": 2}, who="colleague"),
        site.ask("PATCH", path, {"name": "renamed"}, who="colleague"),
        site.ask("POST", f"{path}/confirm", {}, who="colleague"),
    ]
    assert answers[0].json["host_properties"] is None
    assert answers[0].json["alike"] == {"vcpus": 32}
    texts = [answer.text for answer in answers]
    if isinstance(case.value, bool):
        assert not any(f'"{case.name}"' in text for text in texts)
    else:
        key = f'"{case.name}"' if case.origin != "own" else "never said"  # leases have ids and names, too
        words = [key, f"${case.name}", str(case.value).split()[0]]
        assert [(word, text) for word in words for text in texts if word in text] == []
    if gone and case.origin in ("reported", "added"):
        assert answers[3].status_int == 400
        assert answers[3].json["error"]["details"]["near"] == []


def _other(value: PropertyValue) -> PropertyValue:
    return "other" if isinstance(value, str) else not value if isinstance(value, bool) else 1


def forget(site: Site, case: Case) -> None:
    """Let neither source nor admin speak of the property any more; that it was hidden is remembered where it can be."""
    if case.origin == "added":
        assert site.ask("DELETE", f"/v1/properties/{case.name}", who="admin").status_int == 204
    elif case.origin != "own":
        site.refresh(changed=tuple(fleet({})))


@pytest.mark.parametrize("name", sorted(OWN))
def test_how_hosts_are_called_cannot_be_shown(name: str, tmp_path: Path) -> None:
    """Whatever the admin says."""
    site = build(tmp_path / "site", {})
    answer = site.ask("PATCH", f"/v1/properties/{name}", {"hidden": False}, who="admin")
    assert (answer.status_int, answer.json["error"]["details"]) == (400, {"field": "hidden"})


def test_what_is_hidden_later_leaves_leases_that_asked_by_it(tmp_path: Path) -> None:
    """Also the tenant's own: what is hidden is hidden; shown again it is there again."""
    site = build(tmp_path / "site", {"color": "zebra"})
    mine = site.lease(host_properties=["homogeneous", "$color"])
    assert (mine["alike"], mine["common_properties"]["color"]) == ({"color": "zebra"}, "zebra")
    path = f"/v1/leases/{mine['id']}"
    say(site, "PATCH", "/v1/properties/color", {"hidden": True})
    assert "zebra" not in site.ask("GET", path).text + site.ask("GET", "/v1/leases").text
    assert "color" not in site.ask("GET", path).text + site.ask("GET", "/v1/leases").text
    say(site, "PATCH", "/v1/properties/color", {"hidden": False})
    assert site.ask("GET", path).json == mine
