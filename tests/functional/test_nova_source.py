# SPDX-License-Identifier: Apache-2.0
"""Hosts read from Nova through the real python-novaclient, over HTTP, from recorded bodies."""

from __future__ import annotations

import json
import logging
import math
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from climate.core.host import Host, SourceHost
from climate.errors import ConfigError, ServiceUnavailable
from climate.inventory import options
from climate.inventory.refresh import Refresher
from climate.inventory.sources import loading
from climate.inventory.sources.nova import NovaSource
from climate.inventory.store.memory import MemoryStore
from tests.configuration import private
from tests.nova_bodies import LIBVIRT_CPU, aggregate, disabled, hypervisor, ironic
from tests.unit.inventory.fleet import numbered_ids
from tools.servers.recorded_cloud import PASSWORD, Fault, ProviderBody, RecordedCloud
from tools.servers.recorded_nova import Record

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "hosts" / "nova_hypervisors.json"
EPOCHS = ["2.1", "2.27", "2.28", "2.32", "2.33", "2.52", "2.53", "2.87"]
SIGN_IN = 2  # Keystone's version, and the token


class Site:
    """An inventory in memory over a recorded cloud."""

    def __init__(self, cloud: RecordedCloud, directory: Path, **settings: Any) -> None:
        keystone = {**cloud.settings(), "timeout": 20, "connect_retries": 0, "status_code_retries": 0}
        keystone.update({name: settings.pop(name) for name in list(settings) if name in keystone})
        conf = private(directory, {"keystone": keystone, "inventory_nova": settings}, [options.list_opts])
        (self.source,) = loading.load(["nova"], conf)
        self.store = MemoryStore()
        self.refresher = Refresher([self.source], self.store, lambda: True, numbered_ids())

    def fetch(self) -> list[SourceHost]:
        return self.source.fetch()

    def refresh(self) -> bool:
        return self.refresher.refresh_once(int(time.time()))

    def host(self, name: str) -> Host:
        return self.store.get_host(name)

    def names(self) -> list[str]:
        return [host.name for host in self.store.load().hosts if host.retired_at is None]

    def error(self) -> str:
        (state,) = self.store.sources()
        return state.error


@pytest.fixture
def cloud() -> Iterator[RecordedCloud]:
    with RecordedCloud([hypervisor("node-1"), hypervisor("node-2", running_vms=3), ironic()]) as cloud:
        yield cloud


def version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def comparable(hosts: Sequence[SourceHost]) -> list[tuple[str, str, dict[str, Any]]]:
    """Hosts without ids, which change with the microversion."""
    return [(host.name, host.service_host, host.properties | {"service.id": None}) for host in hosts]


@pytest.mark.parametrize("greatest", EPOCHS)
def test_every_nova_tells_the_same(cloud: RecordedCloud, tmp_path: Path, greatest: str) -> None:
    """Whether cpu_info is a text or an object, with pages or without, with numbers for ids or uuids."""
    newest = comparable(Site(cloud, tmp_path).fetch())
    cloud.nova.microversions = ((2, 1), version(greatest))
    hosts = Site(cloud, tmp_path).fetch()
    assert comparable(hosts) == newest
    assert len(hosts) == 3
    assert hosts[0].properties["cpu_info.topology.cells"] == 2
    assert all(host.external_id and host.kept == () for host in hosts)


@pytest.mark.parametrize("spoken", EPOCHS)
def test_the_operator_may_want_an_older_microversion(cloud: RecordedCloud, tmp_path: Path, spoken: str) -> None:
    assert len(Site(cloud, tmp_path, max_microversion=spoken).fetch()) == 3
    paged = "limit=200" in cloud.asked("os-hypervisors")[0]
    assert paged is (version(spoken) >= (2, 33))


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded records are not beside the clone")
@pytest.mark.parametrize("greatest", EPOCHS)
def test_every_recorded_record_comes_in_whole(tmp_path: Path, greatest: str) -> None:
    """Each fact of each record, under its name, dotted where it is nested."""
    records = json.loads(RECORDED.read_text())["hypervisors"]
    with RecordedCloud(records, microversions=((2, 1), version(greatest))) as cloud:
        site = Site(cloud, tmp_path)
        assert site.refresh()
    assert site.names() == sorted(record["hypervisor_hostname"] for record in records)
    for record in records:
        host = site.host(record["hypervisor_hostname"])
        cpu = json.loads(record.pop("cpu_info"))
        service, topology = record.pop("service"), cpu.pop("topology")
        assert host.service_host == service["host"]
        assert host.properties.pop("cpu_info.features").split() == cpu.pop("features")
        assert host.properties.pop("service.id")
        assert host.properties == {
            **{name: value for name, value in record.items() if name not in {"id", "hypervisor_hostname"}},
            **{f"cpu_info.{name}": value for name, value in cpu.items()},
            **{f"cpu_info.topology.{name}": value for name, value in topology.items()},
            "availability_zone": "nova",
        }


def test_broken_records_stop_nobody_and_are_told_once(
    cloud: RecordedCloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken: list[Record] = [
        hypervisor("bad-cpu", cpu_info="{"),
        hypervisor("bad-vcpus", vcpus="lots", memory_mb=None),
        hypervisor(hypervisor_hostname=None),
        {"id": "bare", "hypervisor_hostname": "bare"},
    ]
    cloud.nova.hypervisors[1:1] = [*broken, {}]
    site = Site(cloud, tmp_path)
    with caplog.at_level(logging.WARNING, "climate.inventory.sources.nova"):
        for _ in range(3):
            assert site.refresh()
    assert set(site.names()) == {"node-1", "node-2", "bad-cpu", "bad-vcpus", "bare", ironic()["hypervisor_hostname"]}
    assert site.host("bad-cpu").properties["vcpus"] == 64
    assert site.host("bad-vcpus").properties["cpu_info.model"] == "EPYC-Rome"
    assert site.host("bare").properties == {"availability_zone": "nova"}
    told = sorted(record.getMessage() for record in caplog.records)
    assert len(told) == len(set(told)) == 4
    assert "source nova: bad-cpu: cpu_info is no JSON" in told


def test_a_thousand_hypervisors_are_a_few_requests(tmp_path: Path) -> None:
    """Bounded pages, one more to see that there is no other, and one for all aggregates; none for a host."""
    records = [hypervisor(f"node-{number:04}") for number in range(1000)]
    services = [record["service"]["host"] for record in records]
    racks = [aggregate(f"rack-{n}", services[n * 50 : n * 50 + 50], rack=str(n)) for n in range(20)]
    with RecordedCloud(records, racks) as cloud:
        site = Site(cloud, tmp_path, properties="rack=aggregate.rack")
        began = time.monotonic()
        assert site.refresh()
        took_s = time.monotonic() - began
        pages = cloud.asked("os-hypervisors")
        assert len(cloud.asked()) == SIGN_IN + 1 + len(pages) + 1
        assert len(pages) == 6
        assert all("limit=200" in page for page in pages)
        assert site.refresh()
        assert len(cloud.asked()) == SIGN_IN + 2 * (1 + len(pages) + 1)
    assert len(site.names()) == 1000
    assert site.host("node-0999").properties["rack"] == "19"
    assert took_s < 60


def test_a_server_may_send_smaller_pages_than_were_asked_for(cloud: RecordedCloud, tmp_path: Path) -> None:
    cloud.nova.max_limit = 1
    assert len(Site(cloud, tmp_path).fetch()) == 3
    assert len(cloud.asked("os-hypervisors")) == 4


def test_a_page_that_is_not_full_need_not_be_the_last(cloud: RecordedCloud, tmp_path: Path) -> None:
    """Nova drops hypervisors whose service was deleted, after it has counted a page."""
    cloud.nova.hypervisors.insert(0, hypervisor("orphan"))
    cloud.nova.orphans = {"orphan"}
    assert len(Site(cloud, tmp_path, page_size=2).fetch()) == 3


def test_pages_that_do_not_go_on_are_a_failure(cloud: RecordedCloud, tmp_path: Path) -> None:
    """And no endless loop: what answers there ignores the marker."""
    body = json.dumps({"hypervisors": [hypervisor()]})
    with cloud.failing(Fault("os-hypervisors", status=200, body=body)), pytest.raises(ServiceUnavailable, match="page"):
        Site(cloud, tmp_path).fetch()


FAULTS = [
    (Fault("os-hypervisors", after=1), "Nova answers with the status 503"),
    (Fault("os-hypervisors", 500, after=2), "Nova answers with the status 500"),
    (Fault("os-aggregates", 502), "Nova answers with the status 502"),
    (Fault("os-aggregates", 429), "Nova answers with the status 429"),
    (Fault("os-hypervisors", 0, after=1), "Nova cannot be reached"),
    (Fault("compute/v2.1/os", silent_s=60, status=0), "Nova cannot be reached"),
    (Fault("os-hypervisors", 200, body="<html>"), "Nova's answer cannot be understood"),
    (Fault("os-hypervisors", 200, body='{"servers": []}'), "Nova's answer cannot be understood"),
    (Fault("os-hypervisors", 200, body="[]"), "Nova's answer cannot be understood"),
    (Fault("os-aggregates", 200, body="null"), "Nova's answer cannot be understood"),
    (Fault("os-hypervisors", 403), "Nova forbids the user of [keystone]"),
    (Fault("auth/tokens", 401), "does not know the user of [keystone]"),
    (Fault("identity", 0), "cannot be reached"),
    (Fault("/traits", 500, after=1), "Placement answers with the status 500"),
    (Fault("/traits", 200, body="{}"), "Placement's answer cannot be understood"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[f"{f.part}-{f.status}-{f.body[:5]}" for f, _ in FAULTS])
def test_a_failure_midway_leaves_the_last_good_state(
    cloud: RecordedCloud, tmp_path: Path, fault: Fault, words: str
) -> None:
    """Nothing of the half that was read comes in; when all is well again, everything does."""
    cloud.nova.hypervisors[:] = [hypervisor(f"node-{number}") for number in range(6)]
    site = Site(cloud, tmp_path, page_size=2, traits="HW_", timeout=1)
    assert site.refresh()
    before = site.store.load()
    cloud.nova.hypervisors[:] = [hypervisor("new"), *cloud.nova.hypervisors[2:]]
    cloud.tokens.clear()
    with cloud.failing(fault):
        assert not site.refresh()
    assert site.store.load() == before
    assert words in site.error()
    assert "secret" not in site.error()
    assert PASSWORD not in site.error()
    assert site.refresh()
    assert site.names() == ["new", "node-2", "node-3", "node-4", "node-5"]


def test_requests_are_sent_again_a_bounded_number_of_times(cloud: RecordedCloud, tmp_path: Path) -> None:
    site = Site(cloud, tmp_path, status_code_retries=1, connect_retries=1)
    with cloud.failing(Fault("os-aggregates", 503, times=1)), cloud.failing(Fault("os-hypervisors", 0, times=1)):
        assert site.refresh()
    asked = len(cloud.asked("os-aggregates"))
    with cloud.failing(Fault("os-aggregates", 503)):
        assert not site.refresh()
    assert len(cloud.asked("os-aggregates")) == asked + 2


def test_a_token_that_is_valid_no_more_is_replaced(cloud: RecordedCloud, tmp_path: Path) -> None:
    site = Site(cloud, tmp_path)
    assert site.refresh()
    cloud.tokens.clear()
    assert site.refresh()
    assert len(cloud.asked("POST /identity")) == 2


def test_it_is_told_when_keystone_is_away_and_not_nova(cloud: RecordedCloud, tmp_path: Path) -> None:
    with cloud.failing(Fault("identity", 0)), pytest.raises(ServiceUnavailable, match="Keystone cannot be reached"):
        Site(cloud, tmp_path).fetch()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"password": "wrong"}, "Keystone does not know the user"),
        ({"region_name": "elsewhere"}, "no endpoint of Nova"),
    ],
)
def test_what_the_operator_must_set_right_is_told(
    cloud: RecordedCloud, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        Site(cloud, tmp_path, **settings).fetch()


def test_endpoints_can_be_given_by_hand(cloud: RecordedCloud, tmp_path: Path) -> None:
    """Where the catalogue does not have them."""
    cloud.services.clear()
    settings = {
        "keystone": cloud.settings(),
        "nova": {"endpoint_override": f"{cloud.url}/compute/v2.1"},
        "placement": {"endpoint_override": f"{cloud.url}/placement"},
        "inventory_nova": {"traits": "HW_"},
    }
    source = NovaSource.from_conf(private(tmp_path, settings, [options.list_opts]))
    assert len(source.fetch()) == 3
    assert len(cloud.asked("/traits")) == 3


@pytest.mark.parametrize("rule", ["rack=", "no name=vcpus", "x=y/0", "x=y~("])
def test_a_rule_that_is_none_is_refused_at_the_start(cloud: RecordedCloud, tmp_path: Path, rule: str) -> None:
    with pytest.raises(ConfigError, match=re.escape("properties has")):
        Site(cloud, tmp_path, properties=rule)


def test_a_host_disabled_in_nova_is_not_bookable_until_it_is_enabled(cloud: RecordedCloud, tmp_path: Path) -> None:
    cloud.nova.hypervisors[:] = [disabled("node-1", "broken fan"), disabled("node-2", "climate: asleep")]
    site = Site(cloud, tmp_path)
    site.refresh()
    assert [site.host(name).bookable for name in ("node-1", "node-2")] == [False, True]
    assert site.host("node-1").unavailable_reason == "disabled in Nova: broken fan"
    cloud.nova.hypervisors[0] = hypervisor("node-1")
    site.refresh()
    assert site.host("node-1").bookable


def capacity(vcpus: int) -> dict[str, dict[str, int]]:
    return {"VCPU": {"total": vcpus, "reserved": 0}, "MEMORY_MB": {"total": 2048}, "DISK_GB": {"total": 100}}


@pytest.mark.parametrize("why", ["the operator", "the server"])
def test_beyond_287_capacity_comes_from_placement_and_the_cpu_is_remembered(
    cloud: RecordedCloud, tmp_path: Path, why: str
) -> None:
    """First Nova tells all; then it is upgraded, or the operator wants another microversion, and one host is new."""
    if why == "the server":
        site = Site(cloud, tmp_path)
    else:
        site = Site(cloud, tmp_path, max_microversion="2.90")
        cloud.nova.microversions = ((2, 1), (2, 87))
    assert site.refresh()
    assert site.host("node-1").properties["vcpus"] == 64
    cloud.nova.microversions = ((2, 88), (2, 100)) if why == "the server" else ((2, 1), (2, 100))
    cloud.nova.hypervisors.append(hypervisor("new"))
    for name, vcpus in (("node-1", 32), ("new", 8)):
        cloud.providers[hypervisor(name)["id"]] = ProviderBody(inventories=capacity(vcpus))
    assert site.refresh()
    known, lacking, new = (site.host(name).properties for name in ("node-1", "node-2", "new"))
    assert (known["vcpus"], known["memory_mb"], known["local_gb"]) == (32, 2048, 100)
    assert known["cpu_info.model"] == lacking["cpu_info.model"] == LIBVIRT_CPU["model"]
    assert (lacking["vcpus"], lacking["running_vms"]) == (64, 3)
    assert (new["vcpus"], "cpu_info.model" in new) == (8, False)
    assert "vcpus_used" not in known
    assert all("with_servers=true" in page for page in cloud.asked("os-hypervisors")[-2:])


def test_traits_are_asked_for_a_bounded_number_of_hosts_in_each_refresh(tmp_path: Path) -> None:
    records = [hypervisor(f"node-{number:02}") for number in range(25)]
    traits = ["HW_CPU_X86_AVX2", "COMPUTE_NODE", "CUSTOM_QUIET"]
    providers = {record["id"]: ProviderBody(traits) for record in records}
    with RecordedCloud(records, providers=providers) as cloud:
        site = Site(cloud, tmp_path, traits="HW_CPU_,CUSTOM_", placement_hosts=10)
        for round_number in range(1, 6):
            assert site.refresh()
            assert len(cloud.asked("/traits")) == 10 * round_number
            having = [name for name in site.names() if "traits" in site.host(name).properties]
            assert len(having) == min(25, 10 * round_number)
            if round_number == math.ceil(25 / 10):
                assert site.host("node-24").properties["traits"] == "CUSTOM_QUIET HW_CPU_X86_AVX2"
                # Another copy takes over: what is known stays until it has asked about each host itself.
                site.refresher = Refresher(loading_again(cloud, tmp_path), site.store, lambda: True, numbered_ids())


def loading_again(cloud: RecordedCloud, directory: Path) -> list[Any]:
    return [Site(cloud, directory, traits="HW_CPU_,CUSTOM_", placement_hosts=10).source]
