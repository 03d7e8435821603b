# SPDX-License-Identifier: Apache-2.0
"""Discovery names a device, tells what it measures without a digit too many, and writes a section that can be read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from oslo_config import cfg

from climate.chassis.secrets import SecretFileOpt
from climate.devices.snmp import loading
from climate.devices.snmp.looking import look
from climate.devices.snmp.oid import SYS_NAME
from climate.devices.snmp.session import Community, Session, SnmpError, User
from climate.errors import ConfigError
from kwapi.manager import configuration, credentials, discovery, wanted
from kwapi.manager.configuration import Configuration
from kwapi.manager.wanted import Outcome, Wanted
from tests.unit.kwapi.manager.meters import Maker
from tools.snmp_captures import Recorded, read

CAPTURES = Path(__file__).parents[3] / "data" / "snmp"
KEYS = {"description", "profile", "section", "readings", "refused"}


class Agents:
    """All captures behind one address, each under its name; ``silent`` versions get no answer."""

    def __init__(self, *silent: int) -> None:
        self.silent = silent
        self.asked: list[tuple[str, int, Community | User, float, int]] = []

    def __call__(self, host: str, port: int, who: Community | User, timeout_s: float, retries: int) -> Session:
        """A session to the capture of that community, or context."""
        self.asked.append((host, port, who, timeout_s, retries))
        version = who.version if isinstance(who, Community) else 3
        name = who.name if isinstance(who, Community) else who.context
        if version in self.silent or not (CAPTURES / f"{name}.snmprec").exists():
            raise SnmpError(f"{host} does not answer")
        return Recorded(read(CAPTURES / f"{name}.snmprec"))


class Snmp(Maker):
    """What a section may say, as the driver has it."""

    options: ClassVar[list[cfg.Opt]] = [
        *(cfg.StrOpt(name) for name in ("host", "version", "community", "user", "auth_protocol", "context")),
        *(cfg.StrOpt(name) for name in ("priv_protocol", "object_id", "profile_file")),
        cfg.PortOpt("port"),
        cfg.ListOpt("profile"),
        *(SecretFileOpt(name) for name in ("auth_key_file", "priv_key_file")),
    ]


def run(*arguments: str, agents: Agents | None = None) -> tuple[int, dict[str, Any], str]:
    """Status, object and errors of ``--discover --json``."""
    output, errors = io.StringIO(), io.StringIO()
    status = discovery.run("kwapi-drivers", [*arguments, "--json"], agents or Agents(), output, errors)
    (line,) = output.getvalue().splitlines()
    answer = json.loads(line)
    assert set(answer) == KEYS
    return status, answer, errors.getvalue()


def of_capture(name: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """What discovery says of one of our captures."""
    status, answer, errors = run("--discover", "10.0.0.5", "--community", name, *arguments)
    assert errors == ""
    return status, answer


def understood(section: str, folder: Path) -> Configuration:
    """A section as kwapi-drivers reads it."""
    path = folder / "drivers.conf"
    path.write_text(f"[DEFAULT]\nsite = elsewhere\n{section}")
    return configuration.read([path], load_driver=lambda name: Snmp())


def test_a_strip_is_named_measured_and_given_a_section(tmp_path: Path) -> None:
    """Watts, VA and amperes of each outlet; what has no value now is null, and has no probe."""
    status, answer = of_capture("strip", "--site", "lyon", "--rack", "r12")
    assert (status, answer["refused"], answer["profile"]) == (Outcome.FOUND, None, "eaton-epdu")
    assert answer["description"] == "Strip of 4 outlets"
    first, *_, third, _ = answer["readings"]
    assert first == {
        "probe": "lyon/r12/strip-a/outlet-1",
        "scope": "outlet",
        "watts": 80.0,
        "va": 93.0,
        "amperes": 0.789,
        "volts": None,
    }
    assert [third[name] for name in ("watts", "va", "amperes", "volts")] == [None] * 4
    (wattmeter,) = understood(answer["section"], tmp_path).wattmeters
    assert wattmeter.driver == "snmp"
    assert wattmeter.probes == tuple(f"lyon/r12/strip-a/outlet-{number}" for number in (1, 2, 3, 4))
    options = wattmeter.section.options
    assert (options["host"], options["port"], options["version"]) == ("10.0.0.5", 161, "2c")
    assert (options["community"], options["profile"]) == ("strip", ["eaton-epdu"])
    assert options["object_id"] == "1.3.6.1.4.1.534.6.6.7"
    assert "# outlet-1: web $1" in answer["section"].splitlines()


def test_a_section_says_no_more_than_can_be_read(tmp_path: Path) -> None:
    """Nothing in it is unknown to the driver or refused."""
    for name in ("strip", "ups", "sensors", "currents"):
        _, answer = of_capture(name)
        assert understood(answer["section"], tmp_path).faults == ()


def test_numbers_are_plain() -> None:
    """As many digits as were said; a negative power is one."""
    _, sensors = of_capture("sensors")
    assert [reading["watts"] for reading in sensors["readings"]] == [157.35, 0.2, None]
    _, ups = of_capture("ups")
    assert [reading["watts"] for reading in ups["readings"]] == [400.0, -12.0, 1100.0]
    assert [reading["amperes"] for reading in ups["readings"]] == [1.7, 3.4, 5.1]
    assert {reading["scope"] for reading in ups["readings"]} == {"phase"}


def test_current_alone_is_refused_and_said_how_it_could_be_used() -> None:
    """The readings are there; a section says what the operator must know to guess watts."""
    status, answer = of_capture("currents")
    assert status == Outcome.REFUSED
    assert answer["refused"] == "No power is measured here, only current."
    assert [(reading["watts"], reading["amperes"]) for reading in answer["readings"]] == [(None, 2.5), (None, 5.0)]
    assert {"# power_factor = 1.0", "# nominal_volts = 230"} <= set(answer["section"].splitlines())


def test_a_stranger_is_refused_with_its_name() -> None:
    """What it calls itself is told, so that somebody can look for its MIB."""
    status, answer = of_capture("stranger")
    assert (status, answer["section"], answer["profile"], answer["readings"]) == (Outcome.REFUSED, None, None, [])
    assert "A switch of copper and glass (1.3.6.1.4.1.99999.1)" in answer["refused"]
    assert answer["refused"].startswith("This is not a known device")


def test_who_does_not_answer_2c_is_asked_by_1() -> None:
    """And the section says which it was."""
    agents = Agents(2)
    _, answer, _ = run("--discover", "10.0.0.5", "--community", "strip", agents=agents)
    assert [asked[2].version for asked in agents.asked if isinstance(asked[2], Community)] == [2, 1]
    assert "version = 1" in answer["section"].splitlines()


def test_who_does_not_answer_at_all_is_told_with_the_reason() -> None:
    """A status of its own, and an object all the same."""
    status, answer, _ = run("--discover", "10.0.0.5", "--community", "nobody", "--timeout", "0.5")
    assert (status, answer["section"], answer["readings"]) == (Outcome.SILENT, None, [])
    assert answer["refused"] == "No answer of use by SNMP version 2c and 1: 10.0.0.5 does not answer."
    assert "nobody" not in answer["refused"]
    asked = Agents()
    run("--discover", "10.0.0.5", "--community", "nobody", "--timeout", "0.5", "--snmp-version", "1", agents=asked)
    assert [each[3:] for each in asked.asked] == [(0.5, 1)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--discover"],
        ["--discover", "10.0.0.5:x"],
        ["--discover", "10.0.0.5:0"],
        ["--discover", "10.0.0.5", "--snmp-version", "4"],
        ["--discover", "10.0.0.5", "--comunity", "x"],
        ["--discover", "10.0.0.5", "--user", "u", "--snmp-version", "2c"],
        ["--discover", "10.0.0.5", "--snmp-version", "3"],
        ["--discover", "10.0.0.5", "--community", "x", "--community-file", "/nowhere"],
        ["--discover", "10.0.0.5", "--community-file", "/nowhere"],
        ["--discover", "10.0.0.5", "--timeout", "-1"],
        ["--discover", "10.0.0.5", "--site", "a b"],
        ["--discover", "10.0.0.5", "--name", "a]"],
        ["--discover", "10.0.0.5", "--name", "bus"],
        ["--discover", "10.0.0.5", "--profile-file", "/nowhere.yaml"],
    ],
)
def test_a_wrong_command_line_is_a_status_of_its_own(arguments: list[str]) -> None:
    """With the reason, and nobody is asked."""
    agents = Agents()
    status, answer, _ = run(*arguments, agents=agents)
    assert (status, agents.asked) == (Outcome.USAGE, [])
    assert answer["refused"].endswith(".")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pdu-3", ("pdu-3", 161)),
        ("pdu-3.lyon.example:1161", ("pdu-3.lyon.example", 1161)),
        ("10.0.0.5", ("10.0.0.5", 161)),
        ("[::1]:1161", ("::1", 1161)),
        ("[fe80::1]", ("fe80::1", 161)),
        ("2001:db8::5", ("2001:db8::5", 161)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    """Names, IPv4, IPv6."""
    assert wanted.address_of(text) == address


@pytest.mark.parametrize("text", ["", ":161", "a:b:c", "[::1", "[]:161", "a/b", "pdu 3", "pdu:99999"])
def test_what_is_no_address(text: str) -> None:
    """Is refused before anything is asked."""
    with pytest.raises(ConfigError):
        wanted.address_of(text)


@pytest.mark.parametrize(
    ("host", "own", "name"),
    [
        ("10.0.0.5", b"pdu-3.lyon.example", "pdu-3"),
        ("pdu-7.lyon.example", b"<private>", "pdu-7"),
        ("10.0.0.5", b"<private>", "eaton-epdu-10-0-0-5"),
        ("10.0.0.5", b"localhost", "eaton-epdu-10-0-0-5"),
        ("10.0.0.5", b"bus", "eaton-epdu-10-0-0-5"),
        ("::5", b"", "eaton-epdu-5"),
        ("2001:db8::5", b"my pdu", "eaton-epdu-2001-db8-5"),
    ],
)
def test_a_section_is_called_as_the_device_calls_itself_or_after_its_address(host: str, own: bytes, name: str) -> None:
    """What cannot be a name, and names that everything has, do not count."""
    named = Wanted(host, 161, credentials.credentials({}))
    found = look(Recorded(read(CAPTURES / "strip.snmprec") | {SYS_NAME: own}), loading.installed())
    assert discovery.name_of(named, found) == name


def test_devices_behind_one_address_of_this_machine_get_names_of_their_own() -> None:
    """They are told apart by the port and by who asks; the same device gets the same name each time."""
    names = [
        run("--discover", address, "--community", name)[1]["section"].split("[")[1].split("]")[0]
        for address in ("127.0.0.1:1161", "127.0.0.1:1162", "127.0.0.1:1161")
        for name in ("strip", "ups")
    ]
    assert len(set(names)) == 4
    assert names[:2] == names[4:]


def test_people_get_a_table_and_the_same_section() -> None:
    """All but the section is a comment, so that the output can go into a file as it is."""
    output = io.StringIO()
    status = discovery.run(
        "kwapi-drivers", ["--discover", "10.0.0.5", "--community", "strip"], Agents(), output, io.StringIO()
    )
    assert status == Outcome.FOUND
    lines = output.getvalue().splitlines()
    _, answer = of_capture("strip")
    assert output.getvalue().endswith(answer["section"])
    assert "# place     label     W   VA      A" in lines
    assert "# outlet-4  db-1    143  145  1.233" in lines
    assert any("known by its sysObjectID 1.3.6.1.4.1.534.6.6.7" in line for line in lines)


def test_people_are_told_why_there_is_nothing() -> None:
    """On the side, and nothing else is printed."""
    output, errors = io.StringIO(), io.StringIO()
    assert discovery.run("kwapi-drivers", ["--discover", "h", "--community", "x"], Agents(), output, errors) == 3
    assert output.getvalue() == ""
    assert errors.getvalue().startswith("kwapi-drivers: No answer of use by SNMP version 2c and 1: h does not answer")


def test_a_terminal_sees_how_far_it_is() -> None:
    """In one line, which is cleared at the end."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            """It says so."""
            return True

    errors = Terminal()
    discovery.run("kwapi-drivers", ["--discover", "h", "--community", "strip"], Agents(), io.StringIO(), errors)
    assert errors.getvalue().startswith("\r0 of ")
    assert errors.getvalue().endswith("\r\x1b[K")


def test_a_profile_of_ones_own_is_looked_for_and_named_by_its_file(tmp_path: Path) -> None:
    """Beside the installed ones, of which none knows the device."""
    file = tmp_path / "acme-copper.yaml"
    file.write_text(
        "vendor: Acme\nkind: switch\ndescription: Switches\nmibs: [ACME-MIB]\nsource: here\n"
        "object_ids: [1.3.6.1.4.1.99999.1]\ntables:\n"
        "  - {scope: device, columns: {watts: {oid: 1.3.6.1.4.1.99999.1.2.0, object: acmeWatts, scale: 0.1}}}\n"
    )
    status, answer = of_capture("stranger", "--profile-file", str(file))
    assert (status, answer["profile"]) == (Outcome.FOUND, "acme-copper")
    assert [reading["watts"] for reading in answer["readings"]] == [5.5]
    lines = answer["section"].splitlines()
    assert f"profile_file = {file}" in lines
    assert not any(line.startswith("profile =") for line in lines)
    file.write_text("vendor: Acme\n")
    status, answer = of_capture("stranger", "--profile-file", str(file))
    assert status == Outcome.USAGE
    assert answer["refused"].startswith(f"{file}: ")


def test_a_secret_community_stays_in_its_file(tmp_path: Path) -> None:
    """The section names the file."""
    secret = tmp_path / "community"
    secret.touch(mode=0o600)
    secret.write_text("strip\n")
    _, answer, _ = run("--discover", "10.0.0.5", "--community-file", str(secret))
    assert f"community_file = {secret}" in answer["section"].splitlines()
    assert not any(line.startswith("community =") for line in answer["section"].splitlines())


def test_credentials_of_version_3_come_from_files(tmp_path: Path) -> None:
    """A file of options, which may name files of keys beside it; no key stands in the section."""
    for name, text in (("auth", "authpass12"), ("priv", "privpass12")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    file = tmp_path / "credentials"
    file.touch(mode=0o600)
    file.write_text("# of the lab\nuser = watt\nauth-protocol = SHA\nauth_key_file = auth\npriv_key_file = priv\n")
    agents = Agents()
    _, answer, _ = run("--discover", "10.0.0.5", "--credentials-file", str(file), "--context", "strip", agents=agents)
    (asked,) = agents.asked
    assert isinstance(asked[2], User)
    assert (asked[2].name, asked[2].auth_key, asked[2].priv_key) == ("watt", "authpass12", "privpass12")
    (wattmeter,) = understood(answer["section"], tmp_path).wattmeters
    options: Any = wattmeter.section.options
    assert (options["version"], options["user"], options["context"]) == ("3", "watt", "strip")
    assert (options["auth_key"].value, options["priv_key"].value) == ("authpass12", "privpass12")
    assert "pass12" not in answer["section"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("password = hunter2\n", "line 1: write option = value"),
        ("user = u\nauth_key hunter2\n", "line 2: write option = value"),
        ("user = u\npriv_key = hunter2\n", "there must be an auth_key_file"),
        ("auth_key = hunter2\n", "of SNMP version 3 alone"),
    ],
)
def test_wrong_credentials_are_told_without_a_secret(tmp_path: Path, text: str, said: str) -> None:
    """The place and the remedy, never the value."""
    file = tmp_path / "credentials"
    file.touch(mode=0o600)
    file.write_text(text)
    status, answer, _ = run("--discover", "10.0.0.5", "--credentials-file", str(file))
    assert status == Outcome.USAGE
    assert said in answer["refused"]
    assert "hunter2" not in answer["refused"]


def test_a_file_of_credentials_is_its_owners_alone(tmp_path: Path) -> None:
    """Mode 600."""
    file = tmp_path / "credentials"
    file.write_text("user = watt\n")
    file.chmod(0o644)
    status, answer, _ = run("--discover", "10.0.0.5", "--credentials-file", str(file))
    assert status == Outcome.USAGE
    assert "chmod 600" in answer["refused"]


def test_a_key_from_a_file_of_credentials_is_not_shown_in_the_section(tmp_path: Path) -> None:
    """The section names a file in which it is to be written."""
    file = tmp_path / "credentials"
    file.touch(mode=0o600)
    file.write_text("user = watt\nauth_key = hunter2\ncontext = strip\n")
    _, answer, _ = run("--discover", "10.0.0.5", "--credentials-file", str(file))
    assert "auth_key_file = auth_key.secret" in answer["section"].splitlines()
    assert "hunter2" not in answer["section"]


@pytest.mark.parametrize("name", ["public", " spaced ", "a$b", '"quoted"', "it's", "#1", "a=b", "ä"])
def test_any_community_survives_a_configuration_file(name: str, tmp_path: Path) -> None:
    """Signs that mean something in an INI file are written so that they mean themselves."""
    text = f"[pdu]\ndriver = snmp\nprobes = 1\ncommunity = {credentials.quoted(name)}\n"
    (wattmeter,) = understood(text, tmp_path).wattmeters
    assert wattmeter.section.options["community"] == name
