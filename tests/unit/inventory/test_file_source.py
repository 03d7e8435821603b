# SPDX-License-Identifier: Apache-2.0
"""Hosts from files: what is understood, and that one mistake refuses the whole file."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from oslo_config import cfg

from climate.core.host import SourceHost
from climate.errors import ConfigError
from climate.inventory.sources import columns, loading
from climate.inventory.sources.file import GROUP, OPTS, FileSource

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "hosts" / "g5k_nodes.csv"
REAL_COLUMNS = (
    "name=host, site, cluster, node_model, cpu_info.vendor=cpu_vendor, cpu_info.arch=platform, cpu_model=cpu_string, "
    "microarchitecture, clock_ghz=clock_hz/1e9, l2_cache_kb=l2/1024, l3_cache_kb=l3/1024, vcpus=threads, "
    "cpu_info.topology.sockets=sockets, cpu_info.topology.cores=cores/sockets, "
    "cpu_info.topology.threads=threads/cores, hyperthreading=ht, turbo, memory_mb=ram_bytes/1048576, "
    "peak_gflops=node_flops/1e9, "
    r"gpus=gpus~^(\d+)x, gpu_model=gpus~^\d+x (.+), exotic, manufactured"
)


def source(directory: Path, name: str, content: str, rules: str = "") -> FileSource:
    path = directory / name
    path.write_text(content)
    return FileSource(path, columns.parse(rule for rule in rules.split(",") if rule))


def test_yaml_with_defaults_nested_facts_and_lists(tmp_path: Path) -> None:
    content = """
defaults:
  rack: 7
  cpu_info: {arch: x86_64, topology: {sockets: 2, cores: 8}}
hosts:
  - name: a-1
    id: 1
    service_host: compute-a
    cpu_info:
      features: [avx, avx2]
      topology: {cores: 16}
    turbo: yes
    bought: 2026-11-21
    gpus: null
  - {name: a-2, rack: b2, vcpus: "32"}
"""
    assert source(tmp_path, "hosts.yaml", content).fetch() == [
        SourceHost(
            name="a-1",
            service_host="compute-a",
            external_id="1",
            properties={
                "rack": "7",
                "cpu_info.arch": "x86_64",
                "cpu_info.topology.sockets": 2,
                "cpu_info.topology.cores": 16,
                "cpu_info.features": "avx avx2",
                "turbo": True,
                "bought": "2026-11-21",
            },
        ),
        SourceHost(
            name="a-2",
            service_host="a-2",
            properties={
                "rack": "b2",
                "cpu_info.arch": "x86_64",
                "cpu_info.topology.sockets": 2,
                "cpu_info.topology.cores": 8,
                "vcpus": 32,
            },
        ),
    ]


def test_json_is_a_list_of_hosts(tmp_path: Path) -> None:
    hosts = source(tmp_path, "hosts.json", '[{"name": "a", "cpu_info.model": "Haswell"}]').fetch()
    assert hosts == [SourceHost(name="a", service_host="a", properties={"cpu_info.model": "Haswell"})]


def test_csv_cells_find_their_types(tmp_path: Path) -> None:
    """A column is numeric or boolean only if all its cells are; a standard property has its own type."""
    content = "name,id,vcpus,rack,size,mixed,flag,empty\n1,10,32,7,1.5,5,True,\n2,11,64,8, 2 ,x,false,\n"
    one, two = source(tmp_path, "hosts.csv", content).fetch()
    assert (one.name, one.external_id) == ("1", "10")
    assert one.properties == {"vcpus": 32, "rack": "7", "size": 1.5, "mixed": "5", "flag": True}
    assert two.properties == {"vcpus": 64, "rack": "8", "size": 2, "mixed": "x", "flag": False}


def test_columns_give_standard_names_and_units(tmp_path: Path) -> None:
    rules = r"name=host,id=host~\d+$,memory_mb=ram/1048576,gpus=cards~^(\d+)x"
    hosts = source(tmp_path, "hosts.csv", "host,ram,cards,other\nn-1,34359738368,4x Tesla,x\nn-2,,,x\n", rules).fetch()
    assert [(host.name, host.external_id, host.properties) for host in hosts] == [
        ("n-1", "1", {"memory_mb": 32768, "gpus": 4}),
        ("n-2", "2", {}),
    ]
    (host,) = source(
        tmp_path, "hosts.yaml", "[{host: {uid: a}, ram: 2097152}]", "name=host.uid,memory_mb=ram/1048576"
    ).fetch()
    assert (host.name, host.properties) == ("a", {"memory_mb": 2})


def test_an_empty_list_is_a_list_of_no_hosts(tmp_path: Path) -> None:
    assert source(tmp_path, "hosts.yaml", "[]").fetch() == []
    assert source(tmp_path, "hosts.json", '{"hosts": []}').fetch() == []
    assert source(tmp_path, "hosts.csv", "name\n").fetch() == []


@pytest.mark.parametrize(
    ("name", "content", "rules", "line", "words"),
    [
        ("h.yaml", "", "", None, "list of hosts"),
        ("h.yaml", "name: a\n", "", 1, "hosts: and defaults:"),
        ("h.yaml", "hosts: [{name: a}]\nextra: 1\n", "", 2, "hosts: and defaults:"),
        ("h.yaml", "hosts: 5\n", "", 1, "list of hosts"),
        ("h.yaml", "- name: a\n- b\n", "", 2, "mapping"),
        ("h.yaml", "- name: a\n- rack: b\n", "", 2, "no name"),
        ("h.yaml", "- name: a\n- name:\n", "", 2, "no name"),
        ("h.yaml", "- name: a b\n", "", 1, "without spaces"),
        ("h.yaml", "- name: a\n- name: b\n- name: a\n  rack: x\n", "", 3, "comes twice, first on line 1"),
        ("h.yaml", "- name: a\n  vcpus: many\n", "", 2, "vcpus must be a number"),
        ("h.yaml", "- name: a\n  cpu_info:\n    topology:\n      cores: x\n", "", 4, "cpu_info.topology.cores must be"),
        ("h.yaml", "- name: a\n  on: 1\n", "", 1, "in quotes"),
        ("h.yaml", "- name: a\n  load: .nan\n", "", 2, "finite"),
        ("h.yaml", "- name: a\n  my fact: 1\n", "", 2, "cannot name a property"),
        ("h.yaml", "- name: a\n  flags: [a, b c]\n", "", 2, "words without spaces"),
        ("h.yaml", "- name: a\n  flags: [[a]]\n", "", 2, "words without spaces"),
        ("h.yaml", "- name: a\n  x: !!binary aGk=\n", "", 2, "must be text, a number"),
        ("h.yaml", "- &a\n  name: a\n  x: *a\n", "", 3, "undefined alias"),
        ("h.json", '[\n{"name": "a"},\n{"name": "a"}]', "", 3, "comes twice, first on line 2"),
        ("h.csv", "name,vcpus\na,1\nb,two\n", "", 3, "vcpus must be a number, and 'two' is none"),
        ("h.csv", "name,x\na,1\na,2\n", "", 3, "comes twice, first on line 2"),
        ("h.csv", "host,x\na,1\n", "", 2, "no name"),
        ("h.csv", "host,x\na,1\n", "name=hots", 1, "columns names 'hots'"),
        ("h.csv", "host,ram\na,1\nb,lots\n", "name=host,memory_mb=ram/2", 3, "ram must be a number"),
    ],
)
def test_one_mistake_refuses_the_file_with_its_line(
    tmp_path: Path, name: str, content: str, rules: str, line: int | None, words: str
) -> None:
    reader = source(tmp_path, name, content, rules)
    with pytest.raises(ConfigError) as caught:
        reader.fetch()
    assert words in caught.value.message
    assert str(tmp_path / name) in caught.value.message
    assert caught.value.details["line"] == line


def test_a_file_is_parsed_again_when_it_changed(tmp_path: Path) -> None:
    reader = source(tmp_path, "hosts.yaml", "[{name: a}]")
    first = reader.fetch()
    assert reader.fetch() == first
    times = (tmp_path / "hosts.yaml").stat()
    (tmp_path / "hosts.yaml").write_text("[{name: b}]")
    os.utime(tmp_path / "hosts.yaml", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert [host.name for host in reader.fetch()] == ["b"]
    (tmp_path / "hosts.yaml").write_text("[{name: b}, {}]")
    for _ in range(2):
        with pytest.raises(ConfigError, match="no name"):
            reader.fetch()
    (tmp_path / "hosts.yaml").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        reader.fetch()


def configured(**options: object) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    conf.register_opts(OPTS, group=GROUP)
    for name, value in options.items():
        conf.set_override(name, value, group=GROUP)
    return conf


def test_the_source_is_found_by_its_name_and_made_from_options(tmp_path: Path) -> None:
    (tmp_path / "nodes.csv").write_text("uid,threads\na,4\n")
    conf = configured(path=str(tmp_path / "nodes.csv"), columns=["name=uid", "vcpus=threads"])
    (found,) = loading.load(["file", "file"], conf)
    assert found.name == "file"
    assert found.fetch() == [SourceHost(name="a", service_host="a", properties={"vcpus": 4})]


@pytest.mark.parametrize(("names", "options"), [([], {}), (["nova2"], {}), (["file"], {"columns": ["a=b="]})])
def test_sources_that_cannot_be_are_configuration_errors(names: list[str], options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        loading.load(names, configured(**options))


@pytest.mark.skipif(not REAL.exists(), reason=f"needs the real hosts in {REAL}")
def test_real_hosts_load_whole() -> None:
    """520 machines of four sites, under standard names and in standard units."""
    hosts = FileSource(REAL, columns.parse(REAL_COLUMNS.split(","))).fetch()
    assert len({host.name for host in hosts}) == len(hosts) == 520
    assert Counter(host.properties["site"] for host in hosts) == {
        "nancy": 266,
        "grenoble": 111,
        "nantes": 74,
        "lyon": 69,
    }
    by_name = {host.name: host.properties for host in hosts}
    assert by_name["gros-55"] | {"turbo": True} == by_name["gros-55"]
    assert by_name["gros-55"]["memory_mb"] == 98304
    assert by_name["gros-55"]["cpu_info.topology.cores"] == 18
    assert by_name["gros-55"]["clock_ghz"] == 2.2
    assert by_name["gros-55"]["peak_gflops"] == 633.6
    assert sum("gpus" in facts for facts in by_name.values()) == 117
    assert by_name["drac-2"]["gpus"] == 4
    assert by_name["drac-2"]["gpu_model"] == "Nvidia Tesla P100-SXM2-16GB"
    assert all(
        facts["vcpus"]
        == facts["cpu_info.topology.sockets"]  # type: ignore[operator]
        * facts["cpu_info.topology.cores"]
        * facts["cpu_info.topology.threads"]
        for facts in by_name.values()
    )
