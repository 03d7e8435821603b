# SPDX-License-Identifier: Apache-2.0
"""What a request says of leases, in whichever way it is said."""

from __future__ import annotations

from typing import Any

import pytest

from nova_ext.options import HINTS
from nova_ext.request import NoLease, NotALease, OfLease, Request, lifetime_s, request_of, wish_of
from tests.unit.nova_ext.rounds import LEASE, OTHER, Spec, spec


@pytest.mark.parametrize("name", HINTS)
@pytest.mark.parametrize("value", [LEASE, [LEASE], (LEASE,), LEASE.upper()])
def test_each_name_says_the_lease(name: str, value: Any) -> None:
    assert wish_of(Request(hints={name: value}), HINTS) == OfLease(LEASE)


def test_other_hints_name_no_lease() -> None:
    assert wish_of(request_of(spec(group="some", query="x")), HINTS) == NoLease()


def test_several_names_may_say_the_same() -> None:
    assert wish_of(request_of(spec(lease=LEASE, reservation=LEASE.upper())), HINTS) == OfLease(LEASE)


@pytest.mark.parametrize(
    "hints",
    [
        {"lease": [LEASE, LEASE]},
        {"lease": [LEASE, OTHER]},
        {"lease": []},
        {"lease": None},
        {"lease": ""},
        {"lease": "mine"},
        {"lease": LEASE + "\n"},
        {"lease": f"{{{LEASE}}}"},
        {"lease": LEASE.replace("-", "")},
        {"lease": 7},
        {"lease": {"id": LEASE}},
        {"lease": [[LEASE]]},
        {"lease": LEASE, "reservation": OTHER},
        {"lease": LEASE, "lease_id": "nonsense"},
    ],
)
def test_whatever_names_no_single_lease_is_refused(hints: dict[str, Any]) -> None:
    assert isinstance(wish_of(Request(hints=hints), HINTS), NotALease)


def test_what_a_user_wrote_does_not_break_the_line_of_a_log() -> None:
    wish = wish_of(Request(hints={"lease": "a\nERROR all is lost" + "x" * 1000}), HINTS)
    assert isinstance(wish, NotALease)
    assert "\n" not in wish.reason
    assert len(wish.reason) < 200


def test_what_is_not_set_is_not_asked_for() -> None:
    """Nova's objects would look into the database, which a scheduler does not wait for."""
    assert request_of(Spec()) == Request()
    assert request_of(Spec({"scheduler_hints": None, "flavor": Spec()})) == Request()


def test_a_rebuild_is_known_by_novas_own_hint() -> None:
    assert request_of(spec(_nova_check_type=["rebuild"])).stays
    assert not request_of(spec(_nova_check_type=["same_host"])).stays
    assert not request_of(spec()).stays


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("90", 90),
        (90, 90),
        ("2h30m", 9000),
        ("1w2d", 777_600),
        ("45m", 2700),
        ("30S", 30),
        ("0", None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("30m2h", None),
        ("9" * 40, None),
        (["1h", "2h"], None),
    ],
)
def test_a_lifetime_is_seconds_or_a_span(said: Any, seconds: int | None) -> None:
    assert lifetime_s(Request(hints={"lifetime": said}), "lifetime", "climate:lifetime") == seconds


def test_the_hint_comes_before_the_flavor() -> None:
    flavor = {"climate:lifetime": "1d"}
    assert lifetime_s(Request(extra_specs=flavor), "lifetime", "climate:lifetime") == 86_400
    both = Request(hints={"lifetime": ["1h"]}, extra_specs=flavor)
    assert lifetime_s(both, "lifetime", "climate:lifetime") == 3600
    wrong = Request(hints={"lifetime": ["long"]}, extra_specs=flavor)
    assert lifetime_s(wrong, "lifetime", "climate:lifetime") == 86_400
