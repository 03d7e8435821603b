# SPDX-License-Identifier: Apache-2.0
"""Answers become values; what is no answer is refused whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nova_ext.snapshot import HostUse, NotUnderstood, parse

ROW = {
    "host_id": "1",
    "name": "node-1",
    "service_host": "compute-1",
    "lease_id": "a",
    "project_id": "p",
    "state": "active",
    "until": "2030-03-17T17:46:40Z",
    "end_at": "2030-03-17T18:46:20+01:00",
    "next_lease_id": "b",
    "next_project_id": "q",
    "next_state": "confirmed",
    "next_start_at": "2030-03-17T17:46:50Z",
}
FREE = {"name": "node-2", "service_host": "", "lease_id": None, "project_id": None, "state": None, "until": None}


def body(*rows: Any) -> bytes:
    return json.dumps({"sequence": 1, "generated_at": "2030-03-17T17:46:40Z", "hosts": rows}).encode()


def test_an_answer_tells_each_host_its_leases() -> None:
    found = parse('"1-x"', body(ROW, {**FREE, "next_start_at": None}))
    first = HostUse(
        name="node-1",
        service_host="compute-1",
        lease_id="a",
        project_id="p",
        state="active",
        until=1_900_000_000,
        end=1_899_999_980,
        next_lease_id="b",
        next_project_id="q",
        next_state="confirmed",
        next_start=1_900_000_010,
    )
    second = HostUse(name="node-2")
    assert (found.tag, found.hosts) == ('"1-x"', (first, second))
    assert found.by_name == {"node-1": first, "node-2": second}
    assert found.by_service == {"compute-1": first}
    assert found.by_lease == {"a": (first,), "b": (first,)}


def test_what_older_climates_leave_out_is_not_known() -> None:
    row = {key: value for key, value in ROW.items() if key not in ("end_at", "next_state")}
    found = parse("", body(row)).hosts[0]
    assert (found.end, found.next_state, found.used_until) == (None, None, 1_900_000_000)


def test_a_service_of_several_hosts_names_none() -> None:
    found = parse("", body(ROW, {**ROW, "name": "node-2"}))
    assert found.by_service == {}
    assert len(found.by_lease["a"]) == 2


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b'{"hosts": 7}',
        b'{"hosts": [7]}',
        b'{"hosts": [{}]}',
        b"[" * 100_000,
        b"\xff\xfe",
        body({**ROW, "name": None}),
        body({**ROW, "name": 5}),
        body({**ROW, "until": "soon"}),
        body({**ROW, "until": 1_900_000_000}),
        body({**ROW, "until": None}),
        body({**ROW, "until": "2030-03-17T17:46:40"}),
        body({**ROW, "lease_id": ["a"]}),
        body({**ROW, "lease_id": None}),
        body(ROW, {**ROW, "next_start_at": "never"}),
    ],
    ids=range(18),
)
def test_what_is_no_answer_is_refused_whole(garbage: bytes) -> None:
    with pytest.raises(NotUnderstood):
        parse("", garbage)
