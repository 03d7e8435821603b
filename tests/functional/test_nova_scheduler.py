# SPDX-License-Identifier: Apache-2.0
"""What nova-scheduler makes of the real API's answers: leases are made, begin and end, and hosts open and close."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token

from climate.chassis.web.server import WebServer
from nova_ext.connection import Connection
from nova_ext.gate import Gate
from nova_ext.options import Settings
from nova_ext.source import Source
from tests.functional.site import NOW, Site
from tests.unit.nova_ext.rounds import node, spec

HOSTS = [node(number) for number in range(1, 6)]
LIMIT_S = 60.0
Passing = Callable[..., set[str]]


@pytest.fixture
def source_of(site: Site) -> Iterator[Callable[[str], Source]]:
    """What a scheduler process knows that signs in with somebody's token; it asks for every request anew."""
    server = WebServer(site.app, "127.0.0.1", 0, 8, "climate-api")
    server.start()
    made: list[Source] = []
    settings = Settings(wait_s=LIMIT_S, max_age_s=0.0, refresh_interval_s=60.0)

    def make(token: str) -> Source:
        adapter = Adapter(Session(auth=Token(f"http://127.0.0.1:{server.port}/v1/", token)))
        made.append(Source.of(settings, lambda: Connection(adapter)))
        return made[-1]

    yield make
    for source in made:
        source.stop()
    server.stop()
    server.wait()


@pytest.fixture
def passing(site: Site, source_of: Callable[[str], Source]) -> Passing:
    """The numbers of the hosts that a request of a project may have, by the site's clock."""
    source = source_of("nova")
    gate = Gate(source.availability, source.settings, clock=lambda: float(site.now))

    def passing(project_id: str = "project-a", **hints: str) -> set[str]:
        return {one.nodename for one in gate.passing(HOSTS, spec(project_id=project_id, **hints))}

    return passing


ALL = {one.nodename for one in HOSTS}


def test_a_lease_opens_its_hosts_and_closes_them_to_others(site: Site, passing: Passing) -> None:
    """From the moment that it is made, until its end."""
    assert passing() == ALL
    lease = site.lease(quantity=2)["id"]
    its = passing(lease=lease)
    assert len(its) == 2
    assert passing() == passing("project-b") == ALL - its
    assert passing("project-b", lease=lease) == set()
    site.pass_time(3599)
    assert passing(reservation=lease) == its
    site.now += 1  # nothing is written yet
    assert (passing(lease=lease), passing()) == (set(), ALL)
    site.pass_time(1)
    assert (passing(lease=lease), passing()) == (set(), ALL)


def test_a_proposal_holds_hosts_for_nobody_until_it_is_confirmed(site: Site, passing: Passing) -> None:
    lease = site.lease(confirm=False)["id"]
    assert len(passing()) == 4
    assert passing(lease=lease) == set()
    assert site.ask("POST", f"/v1/leases/{lease}/confirm").status_int == 200
    assert len(passing(lease=lease)) == 1


def test_hosts_close_before_a_lease_begins(site: Site, passing: Passing) -> None:
    """And open to it when it does, whether its start was written by then or not."""
    lease = site.lease(start_time=NOW + 3600, quantity=4)["id"]
    assert (passing(), passing(lease=lease)) == (ALL, set())
    site.now = NOW + 3540
    assert len(passing()) == 1
    site.now = NOW + 3600
    assert len(passing(lease=lease)) == 4
    site.pass_time(1)
    assert len(passing(lease=lease)) == 4


def test_a_lease_that_is_cancelled_opens_its_hosts(site: Site, passing: Passing) -> None:
    lease = site.lease(quantity=4)["id"]
    assert len(passing(lease=lease)) == 4
    assert site.ask("DELETE", f"/v1/leases/{lease}").status_int in (200, 202, 204)
    assert (passing(lease=lease), passing()) == (set(), ALL)


@pytest.mark.parametrize("who", ["member", "reader", "nobody"])
def test_only_a_service_or_an_administrator_is_told(
    source_of: Callable[[str], Source], who: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which status came."""
    assert source_of(who).availability.fresh(LIMIT_S) is None
    assert "status 403" in caplog.text
