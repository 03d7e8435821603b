# SPDX-License-Identifier: Apache-2.0
"""A site whose limits are met soon, and short ways to ask it and to read its refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import webob

from climate.core.limits import UNLIMITED, Limits
from tests.functional.site import NOW, Site, host

HORIZON_S = 100_000
TIGHT = Limits(
    horizon_s=HORIZON_S,
    min_duration_s=60,
    max_duration_s=3600,
    max_quantity=3,
    max_leases=3,
    max_proposals=2,
    max_withdrawn=4,
    withdrawn_window_s=1000,
    requests_per_s=UNLIMITED,
)
END = NOW + HORIZON_S


def tight_site(directory: Path, **changed: int) -> Site:
    """A site of six hosts with these limits, or others."""
    return Site(directory, [host(number) for number in range(1, 7)], limits=TIGHT.but(changed))


def ask(site: Site, who: str = "member", **fields: Any) -> webob.Response:
    return site.ask("POST", "/v1/leases", {"duration": 60, **fields}, who=who)


def error(answer: webob.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_int, answer.json["error"]["code"]) == (status, f"climate.{code}"), answer.text
    details: dict[str, Any] = answer.json["error"]["details"]
    return details
