# SPDX-License-Identifier: Apache-2.0
"""Who may name which scheduler: the operator says so, and nobody learns of one that they may not name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from climate.core.schedulers.earliest import Earliest
from climate.planning import strategies
from tests.functional.site import Site, host


@pytest.fixture(autouse=True)
def two_schedulers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside ``earliest`` another one is installed."""
    installed = {"earliest": Earliest(), "other": Earliest()}
    monkeypatch.setattr(strategies, "installed", lambda: installed)


def site(directory: Path, *allowed: str) -> Site:
    return Site(directory, [host(1), host(2)], allowed_schedulers=list(allowed))


def named(site: Site, scheduler: str, who: str) -> Any:
    """What a request that names a scheduler is answered: the status, and what stands in the answer."""
    body = {"duration": 60, "scheduler": scheduler}
    answer = site.ask("POST", "/v1/leases", body, who=who)
    shown = answer.json
    shown.get("error", {}).pop("request_id", None)
    return answer.status_int, shown


@pytest.mark.parametrize(
    ("allowed", "who", "may"),
    [
        ([], "member", []),
        (["other"], "member", ["other"]),
        (["other", "gone"], "member", ["other"]),
        (["other", "earliest"], "reader", ["earliest", "other"]),
        ([], "admin", ["earliest", "other"]),
    ],
)
def test_everybody_sees_the_schedulers_that_they_may_name(
    tmp_path: Path, allowed: list[str], who: str, may: list[str]
) -> None:
    """Each with a sentence; the default keeps its mark."""
    shown = site(tmp_path, *allowed).ask("GET", "/v1/schedulers", who=who).json["schedulers"]
    assert [one["name"] for one in shown] == may
    assert all(one["description"].endswith(".") for one in shown)
    assert [one["name"] for one in shown if one["default"]] == [name for name in may if name == "earliest"]


def test_a_tenant_may_name_what_the_operator_allows(tmp_path: Path) -> None:
    """And the lease tells it."""
    status, shown = named(site(tmp_path, "other"), "other", "member")
    assert (status, shown["scheduler"]) == (201, "other")


def test_a_refusal_names_the_option_and_not_what_there_is(tmp_path: Path) -> None:
    """The same for the default, for another that is installed, and for one that never was."""
    there = site(tmp_path, "gone")
    refusals = [named(there, scheduler, "member") for scheduler in ("earliest", "other", "never-was")]
    assert refusals[0] == refusals[1] == refusals[2]
    status, shown = refusals[0]
    assert status == 403
    assert shown["error"]["details"]["option"] == "[api] allowed_schedulers"
    assert "[api] allowed_schedulers" in shown["error"]["message"]
    assert "other" not in shown["error"]["message"]


@pytest.mark.parametrize("who", ["member", "admin"])
def test_a_scheduler_that_is_not_installed_is_a_bad_field(tmp_path: Path, who: str) -> None:
    """Allowed or not, there is none; which others there are is told by their list alone."""
    status, shown = named(site(tmp_path, "gone"), "gone", who)
    assert status == 400
    assert shown["error"]["details"]["field"] == "scheduler"
    assert "other" not in shown["error"]["message"]
