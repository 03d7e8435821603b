# SPDX-License-Identifier: Apache-2.0
"""SNMP agents that others wrote: net-snmp's snmpd and snmpsim, by all versions of SNMP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from climate.chassis.secrets import Secret
from climate.devices.snmp.agent import open_session
from climate.devices.snmp.oid import SYS_DESCR, SYS_OBJECT_ID, Oid, Value, oid_of
from climate.devices.snmp.session import Community, SnmpError, User
from kwapi.core.reading import Reading
from kwapi.drivers.snmp import SnmpDriver
from tests.unit.kwapi.drivers.sections import section
from tools.servers.snmp_agent import COMMUNITY, NetUser, SnmpAgent
from tools.servers.snmp_simulator import SnmpSimulator
from tools.snmp_captures import read

COLUMN = "1.3.6.1.4.1.534.6.6.7.6.5.1.3.0"
OBJECTS: dict[str, int | str] = {f"{COLUMN}.{outlet}": 10 * outlet for outlet in range(1, 25)}
AUTH, PRIV = "signs-with-this", "hides-with-this"
USERS = [
    NetUser("plain"),
    NetUser("md5", "MD5", AUTH),
    NetUser("md5-des", "MD5", AUTH, "DES", PRIV),
    NetUser("sha-aes", "SHA", AUTH, "AES", PRIV),
    NetUser("sha-224", "SHA-224", AUTH, "AES", PRIV),
    NetUser("sha-256", "SHA-256", AUTH, "AES-256", PRIV),
    NetUser("sha-384", "SHA-384", AUTH, "AES-192", PRIV),
    NetUser("sha-512", "SHA-512", AUTH, "AES", PRIV),
]
TIMEOUT_S = 20.0
SHORT_S = 1.0
CAPTURES = Path(__file__).parents[1] / "data" / "snmp"
snmpd = [
    pytest.mark.servers,
    pytest.mark.skipif(not SnmpAgent.available(), reason=SnmpAgent.available().reason or "it can run"),
]
snmpsim = pytest.mark.skipif(not SnmpSimulator.available(), reason=SnmpSimulator.available().reason or "it can run")


def user_of(known: NetUser) -> User:
    return User(
        known.name,
        known.auth_protocol,
        known.auth_key or None,
        known.priv_protocol,
        known.priv_key or None,
    )


@pytest.fixture(scope="module")
def agent() -> Iterator[SnmpAgent]:
    with SnmpAgent(OBJECTS, USERS) as running:
        yield running


def watts(agent: SnmpAgent, **options: object) -> list[float | None]:
    """What a driver tells of the 24 outlets."""
    secrets = {"community": Secret(COMMUNITY), "auth_key": None, "priv_key": None}
    said = {"host": "127.0.0.1", "port": agent.port, "profile": ["eaton-epdu"], **secrets, **options}
    outlets = [str(outlet) for outlet in range(1, 25)]
    driver = SnmpDriver(section(SnmpDriver, outlets, **said), time.time_ns)
    try:
        readings: list[Reading] = []
        give_up_at = time.monotonic() + 60
        while not readings and time.monotonic() < give_up_at:
            readings = driver.read()
        return [reading.watts for reading in readings]
    finally:
        driver.close()


def keyed(known: NetUser) -> dict[str, object]:
    return {
        "version": "3",
        "user": known.name,
        "auth_protocol": known.auth_protocol.lower(),
        "auth_key": Secret(known.auth_key) if known.auth_key else None,
        "priv_protocol": known.priv_protocol.lower(),
        "priv_key": Secret(known.priv_key) if known.priv_key else None,
    }


class TestNetSnmp:
    """Debian's snmpd."""

    pytestmark = snmpd

    @pytest.mark.parametrize("version", ["1", "2c"])
    def test_a_community_reads_all_outlets(self, agent: SnmpAgent, version: str) -> None:
        assert watts(agent, version=version) == [10.0 * outlet for outlet in range(1, 25)]

    @pytest.mark.parametrize("known", USERS, ids=[user.name for user in USERS])
    def test_a_user_reads_all_outlets(self, agent: SnmpAgent, known: NetUser) -> None:
        """With each protocol of signing and encrypting that it knows."""
        assert watts(agent, **keyed(known)) == [10.0 * outlet for outlet in range(1, 25)]

    @pytest.mark.parametrize(
        ("who", "words"),
        [
            (User("nobody", auth_key=AUTH), "knows no user nobody"),
            (User("sha-aes", auth_key="another-key", priv_key=PRIV), "signature of user sha-aes"),
            (User("sha-aes", auth_protocol="md5", auth_key=AUTH, priv_key=PRIV), "signature of user sha-aes"),
            (User("sha-aes", auth_key=AUTH, priv_key="another-key"), "are user and keys right"),
            (User("sha-aes"), "not allowed to"),
            (Community("guessed"), "is SNMP on there, and the community right"),
        ],
    )
    def test_who_may_not_ask_is_told_why(self, agent: SnmpAgent, who: Community | User, words: str) -> None:
        """As far as the agent says it; and no key is told."""
        # Only where the agent is silent, nothing is gained by waiting for a busy one.
        session = open_session("127.0.0.1", agent.port, who, SHORT_S if words.endswith("right") else TIMEOUT_S)
        with pytest.raises(SnmpError, match=words) as raised:
            session.get([oid_of(f"{COLUMN}.1")])
        session.close()
        assert not {AUTH, PRIV, "another-key", "guessed"} & set(str(raised.value).split())

    def test_users_of_one_name_do_not_meet(self, agent: SnmpAgent) -> None:
        """Each with the keys of its own device, at the same time in the same process."""
        other = NetUser("sha-aes", "SHA", "signs-otherwise", "AES", "hides-otherwise")
        with SnmpAgent({f"{COLUMN}.1": 77}, [other]) as second:
            here = open_session("127.0.0.1", agent.port, user_of(USERS[3]), TIMEOUT_S)
            there = open_session("127.0.0.1", second.port, user_of(other), TIMEOUT_S)
            for _ in range(3):
                assert here.get([oid_of(f"{COLUMN}.1")]) == {oid_of(f"{COLUMN}.1"): 10}
                assert there.get([oid_of(f"{COLUMN}.1")]) == {oid_of(f"{COLUMN}.1"): 77}
            here.close()
            there.close()

    def test_a_device_that_was_switched_off_is_read_on(self) -> None:
        """Its engine of version 3 begins anew, and nobody needs to be told."""
        with SnmpAgent(OBJECTS, USERS) as device:
            session = open_session("127.0.0.1", device.port, user_of(USERS[3]), TIMEOUT_S)
            for _ in range(2):
                assert session.get([SYS_OBJECT_ID])
                device.restart()
            assert session.get([SYS_OBJECT_ID])
            device.kill()
            with pytest.raises(SnmpError):
                session.get([SYS_OBJECT_ID])
            device.restart()
            assert session.get([SYS_OBJECT_ID])
            session.close()

    def test_a_name_is_an_address_too(self, agent: SnmpAgent) -> None:
        session = open_session("localhost", agent.port, Community(COMMUNITY), TIMEOUT_S)
        assert session.get([SYS_DESCR])
        session.close()

    @pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")
    def test_ipv6_will_do(self) -> None:
        with SnmpAgent(OBJECTS, address="::1") as other:
            session = open_session("::1", other.port, Community(COMMUNITY), TIMEOUT_S)
            assert len(session.walk(oid_of(COLUMN))) == 24
            session.close()


@pytest.fixture(scope="module")
def simulator() -> Iterator[SnmpSimulator]:
    with SnmpSimulator(sorted(CAPTURES.glob("*.snmprec")), "meter", AUTH, PRIV) as running:
        yield running


@snmpsim
@pytest.mark.parametrize("name", [path.stem for path in sorted(CAPTURES.glob("*.snmprec"))])
@pytest.mark.parametrize("version", ["1", "2c", "3"])
def test_a_capture_is_walked_as_it_was_written(simulator: SnmpSimulator, name: str, version: str) -> None:
    """By each version; of the third, the context says which."""
    who = {
        "1": Community(name, 1),
        "2c": Community(name, 2),
        "3": User("meter", "sha", AUTH, "aes", PRIV, context=name),
    }[version]
    session = open_session("127.0.0.1", simulator.port, who, TIMEOUT_S)
    written: dict[Oid, Value] = read(CAPTURES / f"{name}.snmprec")
    walked = session.walk((1, 3, 6))
    session.close()
    assert walked == written
