# SPDX-License-Identifier: Apache-2.0
"""What the inventory's use cases rely on, held by every kind of store."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from typing import Any

import pytest

from climate.core.host import Host
from climate.core.host_properties.definitions import Definition
from climate.errors import BadField, HostNotFound
from climate.inventory.decisions import Decision
from climate.inventory.refresh_plan import RefreshPlan
from climate.inventory.store.protocol import Store
from climate.rpcapi.inventory import HostQuery, SourceState
from tests.contract.fleet import filled, host, plan

AWKWARD = {
    "text": "é ☃ 𝄞 'quoted' \\ \" %s :x {y}",
    "integer": 2**62 + 1,
    "negative": -3,
    "float": 0.1,
    "true": True,
    "false": False,
    "digits": "0012",
    "cpu_info.features": "avx avx2 " * 400,
}


def test_an_empty_store_is_at_generation_zero(store: Store) -> None:
    assert store.generation() == 0
    assert store.load().generation == 0
    assert store.load().hosts == ()
    assert store.sources() == []
    assert store.list_hosts(HostQuery()) == []


def test_what_is_written_is_read_back(store: Store) -> None:
    """Each value with its type, whatever characters it has."""
    hosts = filled(store, host(1, properties=AWKWARD, service_host="", external_id="a b"), host(2, "Ünïcode"))
    known = store.load()
    assert known.hosts == hosts
    assert known.generation == store.generation() > 0
    (first, _) = known.hosts
    assert {name: type(value) for name, value in first.properties.items()} == {
        name: type(value) for name, value in AWKWARD.items()
    }


def test_names_sort_by_code_point(store: Store) -> None:
    """On every kind of database, so that pages are the same everywhere."""
    names = ["Zebra", "a-10", "a-2", "a.b", "a_b", "b", "B", "é", "node", "node-1", "node1"]
    filled(store, *(host(number, name) for number, name in enumerate(names, 1)))
    assert [one.name for one in store.load().hosts] == sorted(names)
    assert [one.name for one in store.list_hosts(HostQuery())] == sorted(names)
    assert store.get_host("b") != store.get_host("B")


def test_a_plan_changes_returns_and_retires(store: Store) -> None:
    one, two, three = filled(store, host(1), host(2, retired_at=5), host(3))
    changed = dataclasses.replace(one, properties={"x": 1}, source="nova", service_host="s", external_id="e")
    returned = dataclasses.replace(two, retired_at=None, last_seen_at=20)
    retired = dataclasses.replace(three, retired_at=20, last_seen_at=15)
    before = store.generation()
    assert store.apply(plan(store, 20, changed=(changed,), returned=(returned,), retired=(retired,)))
    assert store.generation() > before
    assert store.load().hosts == (changed, returned, retired)


def test_a_plan_for_another_generation_changes_nothing(store: Store) -> None:
    filled(store, host(1))
    late = plan(store, 20, added=(host(2),))
    store.set_disabled("node-00001", True, "")
    before = store.load()
    assert not store.apply(late)
    assert store.load() == before
    assert store.sources()[0].refreshed_at == 10


def test_hosts_that_changed_after_a_generation_are_read_alone(store: Store) -> None:
    """Whatever changed them; a failed or repeated reading of their source changes none."""
    one, two, three, four = filled(store, *(host(number) for number in range(1, 5)))
    read = [store.load()]

    def news() -> list[Host]:
        known = store.load(after=read[-1].generation)
        read.append(read[-1].updated(known))
        assert read[-1] == store.load()
        return list(known.hosts)

    assert news() == []
    changed = dataclasses.replace(one, properties={"vcpus": 1}, last_seen_at=10)
    gone = dataclasses.replace(two, retired_at=10)
    assert store.apply(plan(store, 10, added=(host(9),), changed=(changed,), retired=(gone,)))
    assert [one.name for one in news()] == ["node-00001", "node-00002", "node-00009"]
    store.set_disabled(three.host_id, True, "")
    assert [one.disabled for one in news()] == [True]
    given = dataclasses.replace(four, given={"room": "north"})
    assert store.settle(Decision(seen_generation=store.generation(), hosts=(given,)))
    store.apply(plan(store, 10))
    store.record_failure("file", 11, "gone")
    assert news() == [given]
    room = Definition(name="room", hidden=True)
    assert store.settle(Decision(seen_generation=store.generation(), definition=room))
    assert (news(), read[-1].definitions) == ([], (room,))
    assert store.apply(plan(store, 10, returned=(dataclasses.replace(two, retired_at=None, last_seen_at=10),)))
    assert [(one.name, one.retired_at) for one in news()] == [("node-00002", None)]
    assert len(store.load(after=-1).hosts) == 5


def test_a_plan_without_changes_keeps_the_generation(store: Store) -> None:
    filled(store, host(1))
    generation = store.generation()
    assert store.apply(plan(store, 99))
    assert store.generation() == generation
    assert store.sources() == [SourceState(name="file", refreshed_at=99, tried_at=99, hosts=3)]


def test_a_host_was_last_seen_when_its_source_answered_unless_it_is_retired(store: Store) -> None:
    filled(store, host(1), host(2, retired_at=10), host(3, source="other"))
    store.apply(plan(store, 70))
    store.record_failure("file", 80, "gone")
    assert [one.last_seen_at for one in store.load().hosts] == [70, 10, 10]
    assert store.get_host("node-00001").last_seen_at == 70
    assert [one.last_seen_at for one in store.list_hosts(HostQuery(retired=None))] == [70, 10, 10]


def test_a_refresh_leaves_alone_what_an_admin_set(store: Store) -> None:
    (one,) = filled(store, host(1))
    store.set_disabled(one.host_id, True, "broken fan")
    assert store.apply(plan(store, 20, changed=(dataclasses.replace(one, properties={}),)))
    after = store.get_host(one.host_id)
    assert (after.disabled, after.disabled_reason, after.properties) == (True, "broken fan", {})
    assert (after.name, after.first_seen_at) == (one.name, 10)


def test_disabling_is_a_change_and_names_the_host_by_id_or_name(store: Store) -> None:
    one, two = filled(store, host(1), host(2))
    generation = store.generation()
    assert store.set_disabled(one.name, True, "é").disabled_reason == "é"
    assert store.set_disabled(one.host_id, False, "").disabled is False
    assert store.generation() == generation + 2
    assert store.get_host(two.name).disabled is False
    with pytest.raises(HostNotFound):
        store.set_disabled("nobody", True, "")
    assert store.generation() == generation + 2


def test_a_host_is_found_by_its_id_before_others_by_their_name(store: Store) -> None:
    one, two = filled(store, host(1), host(2, str(uuid.UUID(int=1)), retired_at=5))
    assert store.get_host(one.host_id).name == one.name
    assert store.get_host(one.name).host_id == one.host_id
    assert store.get_host(two.host_id).retired_at == 5
    for nobody in ("nobody", "", "NODE-00001", "node-00001 ", "%"):
        with pytest.raises(HostNotFound):
            store.get_host(nobody)


def test_hosts_are_listed_by_page_and_filter(store: Store) -> None:
    hosts = filled(store, *(host(number, retired_at=None if number % 3 else 5) for number in range(1, 10)))
    live = [one for one in hosts if one.retired_at is None]

    def listed(**query: Any) -> list[str]:
        return [one.name for one in store.list_hosts(HostQuery(**query))]

    assert listed() == [one.name for one in live]
    assert listed(retired=None) == [one.name for one in hosts]
    assert listed(retired=True) == [hosts[2].name, hosts[5].name, hosts[8].name]
    assert listed(limit=2) == [hosts[0].name, hosts[1].name]
    assert listed(limit=2, marker=hosts[1].host_id) == [hosts[3].name, hosts[4].name]
    assert listed(marker=hosts[2].host_id, limit=1) == [hosts[3].name]
    assert listed(marker=hosts[8].host_id) == []
    assert listed(name=hosts[3].name) == [hosts[3].name]
    assert listed(name=hosts[2].name) == []
    assert listed(ids=(hosts[4].host_id, hosts[2].host_id, "nobody"), retired=None) == [hosts[2].name, hosts[4].name]
    assert listed(ids=()) == []
    with pytest.raises(BadField, match="marker"):
        listed(marker="nobody")


def test_a_thousand_ids_are_asked_for_at_once(store: Store) -> None:
    hosts = filled(store, *(host(number) for number in range(1, 1201)))
    query = HostQuery(ids=tuple(one.host_id for one in hosts), limit=1200)
    assert [one.host_id for one in store.list_hosts(query)] == [one.host_id for one in hosts]


def test_a_failure_is_remembered_and_forgotten(store: Store) -> None:
    store.record_failure("nova", 5, "out of reach: é")
    assert store.sources() == [
        SourceState(name="nova", refreshed_at=None, tried_at=5, hosts=0, error="out of reach: é")
    ]
    store.apply(plan(store, 6, "nova"))
    store.record_failure("nova", 7, "x" * 5000)
    filled(store, host(1))
    assert store.sources() == [
        SourceState(name="file", refreshed_at=10, tried_at=10, hosts=3),
        SourceState(name="nova", refreshed_at=6, tried_at=7, hosts=3, error="x" * 5000),
    ]
    store.forget_source("nova")
    store.forget_source("nova")
    assert [state.name for state in store.sources()] == ["file"]
    assert len(store.load().hosts) == 1


def test_of_plans_for_one_generation_one_is_carried_out(store: Store) -> None:
    """Also for the first generation of all, which has no row to lock."""
    for round_ in range(3):
        plans = [plan(store, 20, added=(host(100 * round_ + number),)) for number in range(1, 9)]
        started = threading.Barrier(len(plans))
        applied: list[bool] = []

        def carry_out(one: RefreshPlan, started: threading.Barrier, applied: list[bool]) -> None:
            started.wait()
            applied.append(store.apply(one))

        threads = [threading.Thread(target=carry_out, args=(one, started, applied)) for one in plans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(applied) == [False] * 7 + [True]
        assert len(store.load().hosts) == round_ + 1


def test_writers_of_all_kinds_wait_for_each_other(store: Store) -> None:
    """No deadlock is left standing, and no change is lost."""
    filled(store, *(host(number) for number in range(1, 9)))
    generation = store.generation()
    errors: list[BaseException] = []
    started = threading.Barrier(6)

    def write(number: int) -> None:
        started.wait()
        try:
            for i in range(10):
                if number % 2:
                    store.set_disabled(f"node-{i % 8 + 1:05}", bool(i % 2), str(number))
                else:
                    store.record_failure(f"source-{i % 2}", i, str(number))
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.generation() == generation + 30
