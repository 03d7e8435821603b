# SPDX-License-Identifier: Apache-2.0
"""Limits through the REST API: to the second and to the host, extreme values included; a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from climate.core.limits import UNLIMITED
from tests.functional.site import NOW, Site
from tests.functional.tight import END, HORIZON_S, ask, error, tight_site


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Site]:
    """Makes the site; its limits may be changed."""
    return partial(tight_site, tmp_path)


# What is asked for; the field, the limit and what it allows, or None if it is granted.
EDGES: list[tuple[dict[str, Any], tuple[str, str | None, int | None] | None]] = [
    ({"duration": 60}, None),
    ({"duration": 59}, ("duration", "min_duration_s", 60)),
    ({"duration": 1}, ("duration", "min_duration_s", 60)),
    ({"duration": 0}, ("duration", None, None)),
    ({"duration": -1}, ("duration", None, None)),
    ({"duration": 3600}, None),
    ({"duration": 3601}, ("duration", "max_duration_s", 3600)),
    ({"duration": HORIZON_S}, ("duration", "max_duration_s", 3600)),
    ({"duration": HORIZON_S + 1}, ("duration", "horizon_s", HORIZON_S)),
    ({"duration": 2**31}, ("duration", "horizon_s", HORIZON_S)),
    ({"duration": 2**63 - 1}, ("duration", None, None)),
    ({"duration": 2**63}, ("duration", None, None)),
    ({"duration": 10**18}, ("duration", None, None)),
    ({"duration": 1e308}, ("duration", None, None)),
    ({"duration": "9" * 40}, ("duration", None, None)),
    ({"duration": "99999999999999w"}, ("duration", None, None)),
    ({"quantity": 3}, None),
    ({"quantity": 4}, ("quantity", "max_quantity", 3)),
    ({"quantity": 10**6}, ("quantity", "max_quantity", 3)),
    ({"quantity": 10**6 + 1}, ("quantity", None, None)),
    ({"quantity": 0}, ("quantity", None, None)),
    ({"quantity": -1}, ("quantity", None, None)),
    ({"quantity": 2**31}, ("quantity", None, None)),
    ({"quantity": 2**63}, ("quantity", None, None)),
    ({"quantity": 10**18}, ("quantity", None, None)),
    ({"quantity": 1e308}, ("quantity", None, None)),
    ({"start_time": END - 60}, None),
    ({"start_time": END - 59}, ("duration", "horizon_s", HORIZON_S)),
    ({"start_time": END}, ("duration", "horizon_s", HORIZON_S)),
    ({"start_time": END + 1}, ("start_time", "horizon_s", HORIZON_S)),
    ({"start_time": 253_402_300_799}, ("start_time", "horizon_s", HORIZON_S)),
    ({"start_time": 253_402_300_800}, ("start_time", None, None)),
    ({"start_time": 2**63}, ("start_time", None, None)),
    ({"start_time": 10**18}, ("start_time", None, None)),
    ({"start_time": 1e308}, ("start_time", None, None)),
    ({"start_time": -1}, ("start_time", None, None)),
    ({"start_time": 0}, None),
    ({"start_time": "9999-12-31T23:59:59Z"}, ("start_time", "horizon_s", HORIZON_S)),
    ({"start_time": "9999-12-31T23:59:59-23:59"}, ("start_time", None, None)),
    ({"end_time": END}, None),
    ({"end_time": END + 1}, ("end_time", "horizon_s", HORIZON_S)),
    ({"end_time": 2**63}, ("end_time", None, None)),
    ({"end_time": -1}, ("end_time", None, None)),
    ({"end_time": 0}, ("end_time", None, None)),
    ({"duration": None, "start_time": NOW, "end_time": NOW + 3600}, None),
    ({"duration": None, "start_time": NOW, "end_time": NOW + 3601}, ("end_time", "max_duration_s", 3600)),
    ({"duration": None, "start_time": NOW + 1, "end_time": NOW + 60}, ("end_time", "min_duration_s", 60)),
    ({"duration": None, "start_time": END - 60, "end_time": END}, None),
    ({"name": "x" * 255}, None),
    ({"name": "x" * 256}, ("name", None, None)),
    ({"confirm": 2**63}, ("confirm", None, None)),
    ({"scheduler": "x" * 65}, ("scheduler", None, None)),
    ({"host_properties": [">=", "$vcpus", 2**63]}, ("host_properties", None, None)),
    ({"host_properties": ["<", "$vcpus", 1e308]}, ("host_properties", None, None)),
    ({"host_properties": ["<", "$vcpus", 2**53]}, None),
    ({"host_properties": [">", "$vcpus", -(2**53)]}, None),
]


@pytest.mark.parametrize(("fields", "refused"), EDGES, ids=lambda value: str(value)[:60])
def test_requests_meet_their_limits(make: Callable[..., Site], fields: dict[str, Any], refused: Any) -> None:
    """Granted up to the edge; one beyond names the field, the limit and what it allows, and nothing is held."""
    site = make()
    answer = ask(site, **fields)
    if refused is None:
        assert answer.status_int == 201, answer.text
        return
    assert answer.status_int == 400, answer.text
    details = answer.json["error"]["details"]
    assert (details["field"], details.get("limit"), details.get("allowed")) == refused
    assert refused[1] is None or str(refused[2]) in answer.json["error"]["message"]
    assert site.ask("GET", "/v1/leases").json["leases"] == []


CHANGES: list[tuple[dict[str, Any], tuple[str, str | None, int | None] | None]] = [
    ({"duration": 3600}, None),
    ({"duration": 3601}, ("duration", "max_duration_s", 3600)),
    ({"duration": 2**63}, ("duration", None, None)),
    ({"duration": HORIZON_S + 1}, ("duration", "horizon_s", HORIZON_S)),
    ({"end_time": NOW + 3600}, None),
    ({"end_time": NOW + 3601}, ("end_time", "max_duration_s", 3600)),
    ({"end_time": END + 1}, ("end_time", "horizon_s", HORIZON_S)),
    ({"end_time": 10**18}, ("end_time", None, None)),
    ({"quantity": 3}, None),
    ({"quantity": 4}, ("quantity", "max_quantity", 3)),
    ({"quantity": 10**6}, ("quantity", "max_quantity", 3)),
    ({"quantity": 10**18}, ("quantity", None, None)),
    ({"quantity": -1}, ("quantity", None, None)),
    ({"duration": 30}, None),  # below what a new one must be: whoever gives back early is welcome
    ({"quantity": 1}, None),
]


@pytest.mark.parametrize(("fields", "refused"), CHANGES, ids=lambda value: str(value)[:60])
def test_changes_meet_the_same_limits(make: Callable[..., Site], fields: dict[str, Any], refused: Any) -> None:
    """Where a lease grows."""
    site = make()
    lease = site.lease(duration=600, quantity=2)
    path = f"/v1/leases/{lease['id']}"
    answer = site.ask("PATCH", path, fields)
    if refused is None:
        assert answer.status_int == 200, answer.text
        return
    assert answer.status_int == 400, answer.text
    details = answer.json["error"]["details"]
    assert (details["field"], details.get("limit"), details.get("allowed")) == refused
    after = site.ask("GET", path).json
    assert (after["quantity"], after["end_at"]) == (lease["quantity"], lease["end_at"])


def test_a_lease_keeps_what_it_has_when_limits_shrink(make: Callable[..., Site]) -> None:
    """It can be renamed, shortened and given back, and grow no further."""
    site = make()
    path = f"/v1/leases/{site.lease(duration=3600, quantity=3)['id']}"
    own = {"max_duration_s": 60, "max_quantity": 1, "horizon_s": 60, "max_leases": 0}
    assert site.ask("PATCH", "/v1/limits/project-a", own, who="admin").status_int == 200
    assert site.ask("PATCH", path, {"name": "still mine"}).status_int == 200
    assert error(site.ask("PATCH", path, {"quantity": 4}), 400, "request.bad_field")["limit"] == "max_quantity"
    assert error(site.ask("PATCH", path, {"duration": 3601}), 400, "request.bad_field")["limit"] == "horizon_s"
    assert site.ask("PATCH", path, {"quantity": 2, "duration": 1800}).status_int == 200
    site.pass_time(1800)
    assert site.ask("GET", path).json["state"] == "ended"


def test_open_leases_are_counted(make: Callable[..., Site]) -> None:
    """Confirmed and active ones: the next is refused until one is over or given back."""
    site = make()
    first = site.lease(duration=60)
    site.lease(duration=600)
    later = site.lease(duration=600, start_time=NOW + 5000)
    site.pass_time(1)
    states = [site.ask("GET", f"/v1/leases/{one['id']}").json["state"] for one in (first, later)]
    assert states == ["active", "confirmed"]
    refused = ask(site, confirm=True)
    assert error(refused, 403, "limit.reached") == {"limit": "max_leases", "allowed": 3, "used": 3}
    assert ask(site, who="other", confirm=True).status_int == 201
    site.pass_time(60)
    assert ask(site, confirm=True).status_int == 201
    assert site.ask("DELETE", f"/v1/leases/{later['id']}").status_int == 204
    assert ask(site, confirm=True).status_int == 201
    assert ask(site, confirm=True).status_int == 403


def test_proposals_are_counted_apart(make: Callable[..., Site]) -> None:
    """They wait for their confirmation, and meet the limit of leases only then."""
    site = make()
    for _ in range(2):
        site.lease(duration=600)
    held = [ask(site, duration=600).json["id"] for _ in range(2)]
    assert error(ask(site), 403, "limit.reached") == {"limit": "max_proposals", "allowed": 2, "used": 2}
    assert site.ask("POST", f"/v1/leases/{held[0]}/confirm").status_int == 200
    refused = site.ask("POST", f"/v1/leases/{held[1]}/confirm")
    assert error(refused, 403, "limit.reached") == {"limit": "max_leases", "allowed": 3, "used": 3}
    assert site.ask("GET", f"/v1/leases/{held[1]}").json["state"] == "proposed"
    assert site.ask("POST", f"/v1/leases/{held[0]}/confirm").status_int == 200  # again is as once
    site.pass_time(300)
    assert ask(site).status_int == 201


def test_who_has_no_room_learns_nothing_of_the_calendar(make: Callable[..., Site]) -> None:
    """The same answer whether hosts like these are free or not."""
    site = make()
    for _ in range(2):
        ask(site, duration=600)
    site.lease(who="other", quantity=3, duration=600)
    answers = [ask(site, quantity=quantity) for quantity in (1, 2, 3)]
    bodies = [{**answer.json["error"], "request_id": ""} for answer in answers]
    assert bodies[0]["code"] == "climate.limit.reached"
    assert bodies == [bodies[0]] * 3


def test_a_repeated_request_is_answered_although_there_is_no_room_left(make: Callable[..., Site]) -> None:
    """It asks for nothing more."""
    site = make(max_proposals=1)
    body = {"duration": 60}
    answers = [site.ask("POST", "/v1/leases", body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_int for answer in answers] == [201, 201]
    assert answers[0].json["id"] == answers[1].json["id"]
    assert ask(site).status_int == 403


def test_withdrawn_proposals_make_one_wait(make: Callable[..., Site]) -> None:
    """Cancelled or expired: too many within the window, and the project waits until the oldest drops out."""
    site = make()
    for step in (0, 100):
        site.now = NOW + step
        assert site.ask("DELETE", f"/v1/leases/{ask(site).json['id']}").status_int == 204
    held = [ask(site).json for _ in range(2)]
    site.pass_time(300)
    assert [site.ask("GET", f"/v1/leases/{one['id']}").json["state"] for one in held] == ["expired"] * 2
    for confirm in (False, True):
        refused = ask(site, confirm=confirm)
        wait_s = NOW + 1000 - site.now
        details = error(refused, 429, "limit.withdrawn")
        assert details == {"limit": "max_withdrawn", "allowed": 4, "retry_after_s": wait_s}
        assert refused.headers["Retry-After"] == str(wait_s)
    assert ask(site, who="other").status_int == 201
    site.now = NOW + 999
    assert ask(site).headers["Retry-After"] == "1"
    site.now = NOW + 1000
    assert site.ask("DELETE", f"/v1/leases/{ask(site).json['id']}").status_int == 204
    assert ask(site).headers["Retry-After"] == "100"


def test_a_confirmed_lease_that_is_given_back_is_not_withdrawn(make: Callable[..., Site]) -> None:
    """Only proposals cost nothing to let go."""
    site = make(max_withdrawn=1)
    for _ in range(5):
        assert site.ask("DELETE", f"/v1/leases/{site.lease()['id']}").status_int == 204
    assert ask(site).status_int == 201


@pytest.mark.parametrize("name", ["max_duration_s", "max_quantity", "max_leases", "max_proposals", "max_withdrawn"])
def test_a_limit_that_is_none_refuses_nothing(make: Callable[..., Site], name: str) -> None:
    """-1, and nothing of the kind is refused any more."""
    site = make(**{name: UNLIMITED})
    if name == "max_duration_s":
        assert ask(site, duration=HORIZON_S).status_int == 201
    elif name == "max_quantity":
        assert ask(site, quantity=6).status_int == 201
        assert ask(site, quantity=7).status_int == 409
    elif name == "max_withdrawn":
        for _ in range(12):
            assert site.ask("DELETE", f"/v1/leases/{ask(site).json['id']}").status_int == 204
    else:
        confirm = name == "max_leases"
        assert [ask(site, confirm=confirm).status_int for _ in range(6)] == [201] * 6
        assert ask(site, confirm=confirm).status_int == 409


def test_none_at_all_may_be_allowed(make: Callable[..., Site]) -> None:
    """A project that may hold no proposals books at once, or one that may have no leases not at all."""
    site = make(max_proposals=0)
    assert error(ask(site), 403, "limit.reached") == {"limit": "max_proposals", "allowed": 0, "used": 0}
    assert ask(site, confirm=True).status_int == 201
    site.ask("PATCH", "/v1/limits/project-b", {"max_leases": 0}, who="admin")
    assert error(ask(site, who="other", confirm=True), 403, "limit.reached")["allowed"] == 0
