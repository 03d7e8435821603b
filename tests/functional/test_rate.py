# SPDX-License-Identifier: Apache-2.0
"""Who asks too often is told 429 and for how long to wait, before anything is done; after that it passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from climate.core.limits import UNLIMITED, Limits
from climate.errors import ServiceUnavailable
from tests.functional.site import Site, host

BURST = 20
RATE = Limits(requests_per_s=10, requests_burst=BURST)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, [host(1), host(2)], limits=RATE)


def statuses(site: Site, count: int, who: str = "member", path: str = "/v1/leases") -> list[int]:
    return [site.ask("GET", path, who=who).status_int for _ in range(count)]


def test_more_than_a_burst_is_refused(site: Site) -> None:
    """In the one form of errors, with Retry-After; after that a request passes again."""
    assert statuses(site, BURST) == [200] * BURST
    refused = site.ask("GET", "/v1/leases")
    error = refused.json["error"]
    assert (refused.status_int, error["code"]) == (429, "climate.limit.requests")
    assert error["details"] == {"limit": "requests_per_s", "retry_after_s": 1}
    assert refused.headers["Retry-After"] == "1"
    assert error["request_id"]
    site.now += int(refused.headers["Retry-After"])
    assert statuses(site, 11) == [200] * 10 + [429]


def test_members_of_a_project_share_its_rate(site: Site) -> None:
    """And nobody else's."""
    assert statuses(site, BURST, who="reader") == [200] * BURST
    assert statuses(site, 1) == [429]
    assert statuses(site, BURST, who="other") == [200] * BURST


@pytest.mark.parametrize("who", ["admin", "nova"])
def test_administrators_and_services_are_exempt(site: Site, who: str) -> None:
    """By policy; planning is not even asked."""
    asked = []
    site.planning.before = asked.append
    assert statuses(site, 3 * BURST, who=who, path="/v1/hosts/availability") == [200] * 3 * BURST
    assert "take_requests" not in asked


def test_addresses_without_token_are_not_counted(site: Site) -> None:
    """Nor is who brings no token, or none of a project."""
    statuses(site, BURST)
    for path in ("/healthz", "/", "/v1", "/v1/openapi.json"):
        assert statuses(site, 3, who="", path=path) == [200] * 3
    assert statuses(site, 3, who="guessed") == [401] * 3
    assert statuses(site, 1) == [429]


def test_nothing_is_done_for_a_refused_request(site: Site) -> None:
    """Whatever it asks for; addresses that there are not count, too."""
    assert statuses(site, BURST, path="/v1/nothing") == [404] * BURST
    asked: list[str] = []
    site.inventory.before = site.planning.before = asked.append
    for method, path, body in (
        ("POST", "/v1/leases", {"duration": 60}),
        ("POST", "/v1/leases", {"duration": -1}),
        ("PATCH", "/v1/leases/11111111-2222-3333-4444-555555555555", {"name": "x"}),
        ("GET", "/v1/nothing", None),
    ):
        assert site.ask(method, path, body).status_int == 429
    assert set(asked) == {"take_requests"}


def test_a_project_may_have_a_rate_of_its_own(site: Site) -> None:
    """Or none."""
    own = {"requests_per_s": 1, "requests_burst": 3}
    assert site.ask("PATCH", "/v1/limits/project-a", own, who="admin").status_int == 200
    assert statuses(site, 5) == [200] * 3 + [429] * 2
    site.now += 1
    assert statuses(site, 2) == [200, 429]
    site.ask("PATCH", "/v1/limits/project-a", {"requests_per_s": UNLIMITED}, who="admin")
    site.now += 1
    assert statuses(site, 3 * BURST) == [200] * 3 * BURST


def test_requests_pass_while_planning_does_not_count(site: Site) -> None:
    """They fail or not on their own."""

    def silent(method: str) -> None:
        raise ServiceUnavailable

    site.planning.before = silent
    assert statuses(site, 3 * BURST, path="/v1/properties") == [200] * 3 * BURST
    assert statuses(site, 1) == [503]


def test_the_policy_says_who_is_exempt(tmp_path: Path) -> None:
    """An operator may hold administrators to it, too."""
    file = tmp_path / "policy.yaml"
    file.write_text('"climate:limits:exempt": "!"\n')
    site = Site(tmp_path, [host(1)], limits=RATE, default_config=f"[oslo_policy]\npolicy_file = {file}\n")
    assert statuses(site, BURST + 1, who="admin") == [200] * BURST + [429]


def test_the_document_tells_of_429(site: Site) -> None:
    """At every address that needs a token, with its header."""
    paths = site.ask("GET", "/v1/openapi.json", who="").json["paths"]
    operations = [one for path in paths.values() for one in path.values() if one.get("security") != []]
    assert len(operations) > 15
    for one in operations:
        assert "climate.limit.requests" in one["responses"]["429"]["description"]
        assert "Retry-After" in one["responses"]["429"]["headers"]
