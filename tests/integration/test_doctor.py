# SPDX-License-Identifier: Apache-2.0
"""climate-manage doctor beside real servers: it names what was killed, and what is configured wrongly."""

from __future__ import annotations

import configparser
import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from climate.chassis import sql
from climate.manage import database
from climate.manage.doctor import ground
from climate.manage.doctor.examination import Verdict
from tests.databases import KINDS, fresh_database
from tests.integration.keystone_cloud import Operator
from tools.servers import Keystone, PostgreSQL, RabbitMQ
from tools.suite import PROGRAMS, Suite

HOSTS = Path(__file__).parents[2] / "climate" / "sandbox" / "data" / "hosts.yaml"
TIMEOUT_S = 10
MESSAGES = {"broker", "inventory", "planning"}
ALL = {"configuration", "database", "clock", "broker", "sources", "inventory", "planning", "keystone", "api"}


@dataclass
class Site:
    """The suite with a database, a broker and a Keystone that tests may kill."""

    suite: Suite
    postgresql: PostgreSQL
    rabbitmq: RabbitMQ
    keystone: Keystone
    operator: Operator

    def examined(self, config: Path | None = None, *arguments: str) -> tuple[int, list[dict[str, str]]]:
        """The doctor's status and findings."""
        command = [PROGRAMS / "climate-manage", "--config-file", config or self.suite.config, "doctor"]
        done = subprocess.run(
            [*command, "--format", "json", "--timeout", str(TIMEOUT_S), *arguments],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert "Traceback" not in done.stderr
        document = json.loads(done.stdout)
        assert document["healthy"] is (done.returncode == 0)
        assert {one["part"] for one in document["findings"]} == ALL
        return done.returncode, document["findings"]

    def failed(self, config: Path | None = None) -> dict[str, str]:
        """What has failed, and why."""
        status, findings = self.examined(config)
        found = {one["part"]: one["message"] for one in findings if one["state"] == "fail"}
        assert status == bool(found)
        assert all(one["fix"] for one in findings if one["state"] == "fail"), findings
        return found

    def configured(self, directory: Path, group: str, name: str, value: object) -> Path:
        """A copy of the configuration in which one option is another."""
        parser = configparser.RawConfigParser(default_section="")
        parser.read(self.suite.config)
        if not parser.has_section(group):
            parser.add_section(group)
        parser.set(group, name, str(value))
        path = directory / "climate.conf"
        with path.open("w") as file:
            parser.write(file)
        return path


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL, rabbitmq: RabbitMQ, keystone: Keystone
) -> Iterator[Site]:
    """Servers of this file's own, because its tests kill them; where the shared ones may not be missing, nor these."""
    directory = tmp_path_factory.mktemp("doctor")
    hosts = directory / "hosts.yaml"
    hosts.write_text(HOSTS.read_text())
    with PostgreSQL() as own_database, RabbitMQ() as own_broker, Keystone() as own_keystone:
        suite = Suite(
            directory,
            database_url=own_database.fresh_database().url,
            transport_url=own_broker.url,
            hosts=hosts,
            settings={
                "api": {"auth_strategy": "keystone", "rpc_timeout_s": 5},
                "keystone_authtoken": own_keystone.middleware_settings(),
            },
        )
        operator = Operator(own_keystone, directory)
        operator.registered("--reservation-url", f"{suite.url}/v1")
        with suite:
            made = Site(suite, own_database, own_broker, own_keystone, operator)
            eventually(lambda: not made.failed())
            yield made


def eventually(condition: Callable[[], bool], timeout_s: float = 180) -> None:
    """Return once ``condition`` holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not so after {timeout_s:g} s"
        time.sleep(0.2)


@contextlib.contextmanager
def killed(site: Site, *servers: PostgreSQL | RabbitMQ | Keystone) -> Iterator[None]:
    """Servers that are down for a while; after that all is well again."""
    for server in servers:
        server.kill()
    try:
        yield
    finally:
        for server in servers:
            server.restart()
        eventually(site.suite.ready)


def test_a_site_that_is_well_has_no_findings(site: Site) -> None:
    """Each part says what it is."""
    status, findings = site.examined()
    assert (status, {one["state"] for one in findings}) == (0, {"ok"})
    said = " ".join(one["message"] for one in findings)
    for words in (str(site.suite.config), database.head(), "12 hosts", "earliest (default)", site.suite.url, "s apart"):
        assert words in said


def test_a_dead_planner_is_named(site: Site) -> None:
    """The API misses it, too."""
    site.suite.planners[-1].kill()
    try:
        found = site.failed()
        assert found.keys() == {"planning", "api"}
        assert "misses: planning" in found["api"]
    finally:
        site.suite.start_planner()
        eventually(site.suite.ready)


def test_a_dead_inventory_is_named(site: Site) -> None:
    """Likewise."""
    site.suite.others["climate-inventory"].kill()
    try:
        assert site.failed().keys() == {"inventory", "api"}
    finally:
        site.suite.start_other("climate-inventory")
        eventually(site.suite.ready)


def test_a_dead_api_is_named(site: Site) -> None:
    """With the address at which it should be."""
    site.suite.others["climate-api"].kill()
    try:
        found = site.failed()
        assert found.keys() == {"api"}
        assert site.suite.url in found["api"]
    finally:
        site.suite.start_other("climate-api")
        eventually(site.suite.ready)


def test_a_dead_broker_is_named(site: Site) -> None:
    """Nobody can be asked then, but the database can."""
    with killed(site, site.rabbitmq):
        found = site.failed()
        assert found.keys() == {"broker", "inventory", "planning", "api"}
        assert f"127.0.0.1:{site.rabbitmq.port}" in found["broker"]


def test_a_dead_database_is_named(site: Site) -> None:
    """And no password is said."""
    with killed(site, site.postgresql):
        found = site.failed()
        assert {"database", "clock", "inventory"} <= found.keys() <= ALL - {"broker", "sources", "keystone"}
        assert "refused" in found["database"]


def test_a_dead_keystone_is_named(site: Site) -> None:
    """The API is looked for where it is configured then."""
    with killed(site, site.keystone):
        assert site.failed().keys() == {"keystone"}


def test_with_everything_down_there_is_still_an_answer(site: Site) -> None:
    """In its time, for each part."""
    others = [*site.suite.others.values(), *site.suite.planners]
    for process in others:
        process.kill()
    try:
        with contextlib.ExitStack() as stack:
            for server in (site.postgresql, site.rabbitmq, site.keystone):
                server.kill()
                stack.callback(server.restart)
            began = time.monotonic()
            assert site.failed().keys() == ALL - {"configuration", "sources"}
            assert time.monotonic() - began < 3 * TIMEOUT_S
    finally:
        site.suite.start_planner()
        for program in ("climate-inventory", "climate-api"):
            site.suite.start_other(program)
        eventually(site.suite.ready)


@pytest.mark.parametrize(
    ("group", "name", "value", "failed"),
    [
        ("api", "prot", "9393", {"configuration"}),
        ("api", "port", "many", {"configuration", "api"}),
        ("database", "connection", "mysql+nothing://x/y", {"database", "clock"}),
        ("database", "connection", "sqlite:////nowhere/climate.db", {"database"}),
        ("DEFAULT", "transport_url", "rabbit://guest:wrong-secret@127.0.0.1:{broker}/", MESSAGES),
        ("DEFAULT", "transport_url", "rabbit://guest:guest@127.0.0.1:{broker}/nowhere", MESSAGES),
        ("DEFAULT", "transport_url", "no url", MESSAGES),
        ("inventory", "sources", "file,nothing", {"sources", "inventory"}),
        ("inventory_file", "path", "/nowhere/hosts.yaml", {"sources"}),
        ("keystone_authtoken", "password", "wrong-secret", {"keystone"}),
        ("keystone_authtoken", "auth_type", "nothing", {"keystone"}),
        ("keystone_authtoken", "auth_url", "http://127.0.0.1:1/v3", {"keystone"}),
    ],
)
def test_a_wrong_option_is_named(
    site: Site, tmp_path: Path, group: str, name: str, value: str, failed: set[str]
) -> None:
    """In the part that it spoils; what is right is not."""
    config = site.configured(tmp_path, group, name, value.format(broker=site.rabbitmq.port))
    found = site.failed(config)
    assert found.keys() == failed
    assert "wrong-secret" not in str(found)


def test_a_schema_of_another_release_is_named(site: Site, tmp_path: Path) -> None:
    """With both revisions."""
    url = site.postgresql.fresh_database().url
    engine = sql.engine(url)
    database.upgrade(engine, "0002")
    engine.dispose()
    found = site.failed(site.configured(tmp_path, "database", "connection", url.replace("%", "%%")))
    assert found.keys() == {"database"}
    assert "0002" in found["database"]
    assert database.head() in found["database"]


def test_a_source_that_cannot_be_read_is_told_by_who_reads_it(site: Site) -> None:
    """Here and at the service."""
    hosts = site.suite.directory / "hosts.yaml"
    good = hosts.read_text()
    hosts.write_text("- name: [")
    try:
        eventually(lambda: {"sources", "inventory"} <= site.failed().keys())
    finally:
        hosts.write_text(good)
        eventually(lambda: not site.failed())


def test_an_endpoint_that_is_not_registered_is_named(site: Site, tmp_path: Path) -> None:
    """With the command that registers it; the API is looked for where it is configured."""
    config = site.configured(tmp_path, "keystone_authtoken", "region_name", "RegionTwo")
    status, findings = site.examined(config)
    (finding,) = (one for one in findings if one["state"] == "fail")
    assert (status, finding["part"]) == (1, "keystone")
    assert "no public endpoint of the type reservation" in finding["message"]
    assert finding["fix"].startswith("climate-manage register --reservation-url ")


@pytest.mark.parametrize("elsewhere", ["nobody", "another"])
def test_a_catalogue_that_points_elsewhere_is_named(site: Site, elsewhere: str) -> None:
    """Where nobody answers, or somebody who is no climate-api; and what to run, after which all is well."""
    other = {"nobody": "http://127.0.0.1:9/v1", "another": site.keystone.url}[elsewhere]
    site.operator.registered("--reservation-url", other)
    try:
        status, findings = site.examined()
        (finding,) = (one for one in findings if one["state"] == "fail")
        assert (status, finding["part"]) == (1, "api")
        assert f"elsewhere than to the climate-api at {site.suite.url}" in finding["message"]
        assert other.removesuffix("/v1") in finding["message"]
        assert "climate-manage register --reservation-url " in finding["fix"]
    finally:
        site.operator.registered("--reservation-url", f"{site.suite.url}/v1")
    assert not site.failed()


def test_people_get_a_table(site: Site) -> None:
    """Without a word on the other stream."""
    done = subprocess.run(
        [PROGRAMS / "climate-manage", "--config-file", site.suite.config, "doctor"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].split() == ["PART", "STATE", "FINDING"]
    assert done.stdout.splitlines()[-1] == "Nothing has failed."


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("ahead_s", "verdict"), [(0, Verdict.OK), (10, Verdict.WARN), (-10, Verdict.WARN), (60, Verdict.FAIL)]
)
def test_clocks_that_are_apart_are_noticed(
    kind: str, ahead_s: int, verdict: Verdict, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A server's; SQLite has none."""
    url = fresh_database(kind, request, tmp_path).url
    found = list(ground.clock(url, lambda: time.time() + ahead_s))
    assert [one.verdict for one in found] == [Verdict.OK if kind == "sqlite" else verdict]
