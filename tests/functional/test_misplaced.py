# SPDX-License-Identifier: Apache-2.0
"""``/v1/hosts/misplaced``: what stands where it may not, for administrators."""

from __future__ import annotations

from pathlib import Path

import pytest

from climate.core.guarding import Misplaced, Wrong
from tests.functional.site import Site, host


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, [host(0)])


def test_an_administrator_sees_them_all(site: Site) -> None:
    assert site.ask("GET", "/v1/hosts/misplaced", who="admin").json == {"instances": []}
    site.misplaced.append(
        Misplaced(server_id="s", project_id="q", host="compute-0", wrong=Wrong.INTRUDER, lease_id="l")
    )
    shown = site.ask("GET", "/v1/hosts/misplaced", who="admin").json
    assert shown == {
        "instances": [{"server_id": "s", "project_id": "q", "host": "compute-0", "wrong": "intruder", "lease_id": "l"}]
    }


@pytest.mark.parametrize("who", ["member", "reader", "nova", "nobody"])
def test_nobody_else_does(site: Site, who: str) -> None:
    assert site.ask("GET", "/v1/hosts/misplaced", who=who).status_int == 403


def test_it_takes_no_argument(site: Site) -> None:
    assert site.ask("GET", "/v1/hosts/misplaced?host=x", who="admin").status_int == 400
