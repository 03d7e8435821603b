# SPDX-License-Identifier: Apache-2.0
"""What may be believed of an agent's answers, and how long one waits for them."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from climate.devices.snmp.agent import Agent, open_session
from climate.devices.snmp.messages import Status
from climate.devices.snmp.oid import SYS_DESCR, SYS_OBJECT_ID, Oid, Value, oid_of
from climate.devices.snmp.session import Community, SnmpError, User
from tools.servers.snmp_stub import SnmpStub

WATTS = oid_of("1.3.6.1.4.1.534.6.6.7.6.5.1.3.0")
VOLTS = oid_of("1.3.6.1.4.1.534.6.6.7.6.3.1.2.0")
ROWS: dict[Oid, Value] = {
    SYS_DESCR: b"A strip",
    SYS_OBJECT_ID: oid_of("1.3.6.1.4.1.534.6.6.7"),
    **{(*VOLTS, number): 230_000 + number for number in range(1, 25)},
    **{(*WATTS, number): 10 * number for number in range(1, 25)},
}
LAST = max(ROWS)
GONE = oid_of("1.3.6.1.4.1.534.9.9.9.0")
TIMEOUT_S = 0.4


@pytest.fixture
def stub() -> Iterator[SnmpStub]:
    with SnmpStub(ROWS) as running:
        yield running


@pytest.fixture(params=[1, 2], ids=["v1", "v2c"])
def either(request: pytest.FixtureRequest, stub: SnmpStub) -> Iterator[Agent]:
    session = open_session("127.0.0.1", stub.port, Community("public", request.param), 20.0)
    yield session
    session.close()


@pytest.fixture
def agent(stub: SnmpStub) -> Iterator[Agent]:
    """Bulk requests, and little patience."""
    session = open_session("127.0.0.1", stub.port, Community("public"), TIMEOUT_S)
    yield session
    session.close()


def test_what_the_agent_does_not_have_is_left_out(either: Agent) -> None:
    """Also by version 1, where one name spoils the answer for all."""
    found = either.get([SYS_DESCR, GONE, (*WATTS, 99), (*WATTS, 3)])
    assert found == {SYS_DESCR: b"A strip", (*WATTS, 3): 30}
    assert either.get([GONE]) == {}
    assert either.get([]) == {}


def test_a_table_is_walked_to_its_end(either: Agent) -> None:
    """And no further; an instance gives itself, what is not there nothing."""
    assert either.walk(WATTS) == {oid: value for oid, value in ROWS.items() if oid[:-1] == WATTS}
    assert either.walk((*WATTS, 5)) == {(*WATTS, 5): 50}
    assert either.walk(GONE) == {}


def test_what_follows_is_told_of_each(either: Agent) -> None:
    assert either.following([WATTS, LAST, VOLTS]) == {WATTS: (*WATTS, 1), VOLTS: (*VOLTS, 1)}


def test_columns_come_side_by_side(either: Agent) -> None:
    """With instances before them."""
    found = either.rows([SYS_OBJECT_ID, GONE], [(*WATTS, 2), VOLTS], 3)
    wanted = [(*WATTS, 3), (*WATTS, 4), (*WATTS, 5), (*VOLTS, 1), (*VOLTS, 2), (*VOLTS, 3), SYS_OBJECT_ID]
    assert found == {oid: ROWS[oid] for oid in wanted}


def test_one_request_brings_all_outlets(stub: SnmpStub, agent: Agent) -> None:
    assert len(agent.rows([SYS_OBJECT_ID], [WATTS], 24)) == 25
    assert stub.requests == [("GetBulk", 2)]


def test_what_an_agent_leaves_out_of_a_long_answer_is_missing(stub: SnmpStub, agent: Agent) -> None:
    stub.most = 8
    assert set(agent.rows([SYS_OBJECT_ID], [WATTS], 24)) == {SYS_OBJECT_ID, *((*WATTS, n) for n in range(1, 8))}
    assert len(agent.walk(WATTS)) == 24


def test_a_request_whose_answer_is_too_long_is_made_smaller(stub: SnmpStub, agent: Agent) -> None:
    stub.refusal = lambda kind, count: (Status.TOO_BIG, 0) if kind == "Get" and count > 3 else None
    assert len(agent.get([(*WATTS, number) for number in range(1, 25)])) == 24
    stub.refusal = lambda kind, count: (Status.TOO_BIG, 0)
    with pytest.raises(SnmpError, match="too long"):
        agent.get([SYS_DESCR, (*WATTS, 1)])
    with pytest.raises(SnmpError, match="too long"):
        agent.rows([], [WATTS], 24)


def test_an_agent_that_is_silent_when_asked_for_much_is_walked_in_small_steps(stub: SnmpStub, agent: Agent) -> None:
    stub.mangle = lambda data: [data] if len(data) < 250 else []
    assert len(agent.walk(WATTS)) == 24


@pytest.mark.parametrize(
    ("status", "words"),
    [(Status.AUTHORIZATION_ERROR, "not allowed"), (Status.GEN_ERR, "genErr"), (99, "error 99")],
)
def test_a_refusal_is_told_with_its_reason(stub: SnmpStub, agent: Agent, status: int, words: str) -> None:
    stub.refusal = lambda kind, count: (status, 1)
    with pytest.raises(SnmpError, match=words):
        agent.get([SYS_DESCR])


def test_one_object_that_fails_does_not_spoil_the_others(stub: SnmpStub, agent: Agent) -> None:
    stub.refusal = lambda kind, count: (Status.GEN_ERR, 2) if count == 3 else None
    assert set(agent.get([SYS_DESCR, GONE, (*WATTS, 1)])) == {SYS_DESCR, (*WATTS, 1)}


def test_an_answer_to_another_request_is_not_taken(stub: SnmpStub, agent: Agent) -> None:
    stub.shift = 1
    with pytest.raises(SnmpError, match="none is an answer"):
        agent.get([SYS_DESCR])


def test_an_answer_with_the_objects_of_others_is_not_taken(stub: SnmpStub, agent: Agent) -> None:
    """Not by their names, nor what is asked behind something and stands before it."""
    stub.rename = lambda name: (*name[:-1], name[-1] + 1)
    with pytest.raises(SnmpError, match="not asked for it"):
        agent.get([(*WATTS, 1)])
    stub.rename = lambda name: (1, 3, 6, 1, 2, 1, 1, 1, 9)
    assert agent.rows([SYS_OBJECT_ID], [WATTS], 24) == {}
    assert agent.following([WATTS]) == {}


def test_an_agent_that_goes_in_circles_is_left(stub: SnmpStub, agent: Agent) -> None:
    stub.rename = lambda name: (*WATTS, 7)
    with pytest.raises(SnmpError, match="circles"):
        agent.walk(WATTS)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\0" * 40, b"\x30\x84\xff\xff\xff\xff", b"HTTP/1.1 400 Bad Request\r\n", b"\x30\x80" * 600],
)
def test_garbage_is_no_answer(stub: SnmpStub, agent: Agent, garbage: bytes) -> None:
    """Also if the answer comes behind it, which then is one."""
    stub.mangle = lambda data: [garbage]
    with pytest.raises(SnmpError):
        agent.get([SYS_DESCR])
    stub.mangle = lambda data: [garbage, data[:-3], data]
    assert agent.get([SYS_DESCR]) == {SYS_DESCR: b"A strip"}


@pytest.mark.parametrize("who", [User("meter"), User("meter", auth_key="signs-with-this")], ids=["plain", "signed"])
def test_garbage_is_no_answer_to_a_user_either(who: User) -> None:
    """Not its own question sent back, nor that with some octets changed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as parrot:
        parrot.bind(("127.0.0.1", 0))
        chance = random.Random(5)

        def echo() -> None:
            while (told := parrot.recvfrom(65535))[0] != b"end":
                changed = bytearray(told[0])
                parrot.sendto(changed, told[1])
                for _ in range(200):
                    changed[chance.randrange(len(changed))] = chance.randrange(256)
                    parrot.sendto(changed, told[1])

        thread = threading.Thread(target=echo, daemon=True)
        thread.start()
        session = open_session("127.0.0.1", parrot.getsockname()[1], who, TIMEOUT_S)
        for _ in range(3):
            with pytest.raises(SnmpError, match=r"\S"):
                session.get([SYS_DESCR])
        session.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"end", parrot.getsockname())
        thread.join(60)


def test_a_lost_request_is_sent_again_in_time(stub: SnmpStub) -> None:
    lost = iter([True])
    stub.mangle = lambda data: [] if next(lost, False) else [data]
    session = open_session("127.0.0.1", stub.port, Community("public"), 10.0, retries=20)
    assert session.get([SYS_DESCR]) == {SYS_DESCR: b"A strip"}
    session.close()


def test_who_does_not_answer_is_named_and_not_waited_for_much_longer(stub: SnmpStub, agent: Agent) -> None:
    stub.community = "another"
    began = time.monotonic()
    with pytest.raises(SnmpError, match=rf"127\.0\.0\.1:{stub.port} does not answer") as raised:
        agent.get([SYS_DESCR])
    assert time.monotonic() - began < TIMEOUT_S + 5
    assert "public" not in str(raised.value)


def test_an_answer_from_another_address_is_not_taken(stub: SnmpStub, agent: Agent) -> None:
    """Though it is right in all else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stub.speak_through(stranger)
        with pytest.raises(SnmpError, match="does not answer"):
            agent.get([SYS_DESCR])


def test_a_port_at_which_nothing_listens_is_told_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    session = open_session("127.0.0.1", port, Community("public"), 60.0)
    with pytest.raises(SnmpError, match="nothing listens"):
        session.get([SYS_DESCR])
    session.close()


def test_a_name_that_nobody_knows_is_told() -> None:
    session = open_session("no-such-host.invalid", 161, Community("public"), 1.0)
    with pytest.raises(SnmpError, match=r"no-such-host\.invalid"):
        session.get([SYS_DESCR])


@pytest.mark.parametrize("who", [Community("public"), User("meter")], ids=["v2c", "v3"])
def test_whoever_waits_comes_back_when_it_is_closed(stub: SnmpStub, who: Community | User) -> None:
    """And it stays closed."""
    stub.mangle = lambda data: []
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    session = open_session("127.0.0.1", silent.getsockname()[1], who, 600.0)
    errors: list[SnmpError] = []

    def ask() -> None:
        try:
            session.get([SYS_DESCR])
        except SnmpError as error:
            errors.append(error)

    reader = threading.Thread(target=ask, daemon=True)
    reader.start()
    silent.settimeout(60)
    silent.recv(65535)
    session.close()
    reader.join(60)
    silent.close()
    assert [str(error) for error in errors] == ["the session is closed"]
    with pytest.raises(SnmpError, match="closed"):
        session.get([SYS_DESCR])
    session.close()


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (User("meter", auth_protocol="rot13"), "auth_protocol"),
        (User("meter", auth_key="long enough", priv_protocol="3rot13"), "priv_protocol"),
        (User("meter", auth_key="short"), "shorter than 8"),
        (User("meter", priv_key="long enough"), "must also sign"),
    ],
)
def test_keys_that_cannot_do_are_told_before_anything_is_sent(user: User, words: str) -> None:
    with pytest.raises(SnmpError, match=words):
        open_session("127.0.0.1", 161, user, 1.0)


def test_opaque_floats_are_numbers(stub: SnmpStub, either: Agent) -> None:
    """As net-snmp wraps them."""
    stub.rows[GONE] = 41.5
    assert either.get([GONE]) == {GONE: 41.5}
