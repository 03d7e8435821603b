# SPDX-License-Identifier: Apache-2.0
"""One bad section disables that section only, and is named with its line and its remedy."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_config import cfg

from climate.chassis.secrets import Secret, SecretFileOpt
from climate.errors import ConfigError
from kwapi.drivers.protocol import DriverType
from kwapi.manager import check, configuration, ini, options
from kwapi.manager.configuration import Configuration, Fault
from tests.unit.kwapi.manager.meters import Maker

GOOD = "[good]\ndriver = pdu\nprobes = 1, 2\n"


class Pdu(Maker):
    """A driver with options of each kind."""

    options: ClassVar[Any] = (
        cfg.StrOpt("host", default="localhost", help="Where it is."),
        cfg.PortOpt("port", default=161, help="Its port."),
        cfg.ListOpt("oids", default=[], help="What to ask."),
        cfg.StrOpt("version", default="2c", choices=["1", "2c", "3"], help="Of the protocol."),
        SecretFileOpt("password_file", help="Whoever may read."),
    )


class Strict(Maker):
    options: ClassVar[Any] = (cfg.StrOpt("url", required=True, help="Where it is to be found. Not more."),)


DRIVERS: dict[str, DriverType] = {"pdu": Pdu(), "strict": Strict()}


def load_driver(name: str) -> DriverType:
    try:
        return DRIVERS[name]
    except KeyError:
        raise ConfigError(f"there is no driver {name!r}; there are: pdu, strict") from None


def read(folder: Path, *texts: str, reserved: tuple[str, ...] = ()) -> Configuration:
    """Each text a file, in this order."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"{number}.conf")
        paths[-1].write_text(text)
    return configuration.read(paths, reserved, load_driver)


def only_fault(found: Configuration) -> Fault:
    assert len(found.faults) == 1
    return found.faults[0]


def test_a_section_is_a_wattmeter(tmp_path: Path) -> None:
    """Its device is named after it, its probes after the device; what is not set has its default."""
    found = read(tmp_path, "[DEFAULT]\nsite = lyon\nrack = r3\ninterval_s = 5\n" + GOOD + "port = 1161\n")
    assert found.faults == ()
    section = found.wattmeters[0].section
    assert section.device == "lyon/r3/good"
    assert section.probes == ("lyon/r3/good/1", "lyon/r3/good/2")
    assert (section.interval_s, section.timeout_s) == (5.0, 2.0)
    assert section.options == {"host": "localhost", "port": 1161, "oids": [], "version": "2c", "password": None}
    assert section.folder == tmp_path


@pytest.mark.parametrize(
    ("settings", "device"),
    [
        ("", "site/good"),
        ("rack = r1", "site/r1/good"),
        ("device = elsewhere/x", "elsewhere/x"),
        ("device = $site/$host\nhost = pdu-7", "site/pdu-7"),
    ],
)
def test_devices_are_named_by_site_rack_and_section(tmp_path: Path, settings: str, device: str) -> None:
    found = read(tmp_path, "[DEFAULT]\nsite = site\n" + GOOD + settings)
    assert found.wattmeters[0].section.device == device


@pytest.mark.parametrize(
    ("written", "outlets"),
    [
        ("1, 2,3", ["1", "2", "3"]),
        ("a,-,,b", ["a", None, None, "b"]),
        ("a\n  b\n  -\n  c", ["a", "b", None, "c"]),
        ("a,\n  b,\n  -,\n  c", ["a", "b", None, "c"]),
        ('["a", null, "b"]', ["a", None, "b"]),
        ("['A', None, 'B']", ["A", None, "B"]),
        ("[1, 2]", ["1", "2"]),
        ("left/1, left/2", ["left/1", "left/2"]),
    ],
)
def test_outlets_are_listed_with_commas_or_as_json_or_python(
    tmp_path: Path, written: str, outlets: list[str | None]
) -> None:
    """In the device's order, some to be skipped."""
    section = read(tmp_path, f"[good]\ndriver = pdu\nprobes = {written}\n").wattmeters[0].section
    assert section.probes == tuple(None if outlet is None else f"site/good/{outlet}" for outlet in outlets)


@pytest.mark.parametrize(
    ("settings", "line", "option", "said"),
    [
        ("driver = pdu\nport = many\nprobes = 1", 3, "port", "at least 0 and at most 65535"),
        ("driver = pdu\nprobes = 1\nversion = 4", 4, "version", "one of 1, 2c, 3"),
        ("driver = pdu\nprobes = 1\ninterval_s = 0", 4, "interval_s", "at least 0.01"),
        ("driver = nothing\nprobes = 1", 2, "driver", "there are: pdu, strict"),
        ("probes = 1\nhost = x", 1, "driver", "missing"),
        ("driver = pdu", 1, "probes", "missing"),
        ("driver = strict\nprobes = 1", 1, "url", "where it is to be found."),
        ("driver = pdu\nprobes = -", 3, "probes", "no outlet"),
        ("driver = pdu\nprobes = [1", 3, "probes", "no list"),
        ("driver = pdu\nprobes = [1.5]", 3, "probes", "1.5"),
        ("driver = pdu\nprobes = 1, 1", 3, "probes", "twice"),
        ("driver = pdu\nprobes = one two", 3, "probes", "without spaces"),
        ("driver = pdu\nprobes = 1\ndevice = a//b", 4, "device", "site/rack/device"),
        ("driver = pdu\nprobes = 1\nhost = $nobody", 4, "host", "$nobody is not set"),
        ("driver = pdu\nprobes = 1\nhost = 5$", 4, "host", "Write $$"),
        ("driver = pdu\nprobes = 1\npassword_file = gone", 4, "password_file", "cannot be read"),
        ("driver = pdu\nprobes = 1\nwhat is this", 4, "", "no ="),
        ("driver = pdu\nprobes = 1\n= 5", 4, "", "no option"),
        ("  driver = pdu", 2, "", "begins with a space"),
    ],
)
def test_a_bad_section_is_disabled_alone(tmp_path: Path, settings: str, line: int, option: str, said: str) -> None:
    """Those before and behind it are read; the fault names file, line, option, reason and fix."""
    found = read(tmp_path, f"[bad]\n{settings}\n{GOOD}")
    assert [each.section.name for each in found.wattmeters] == ["good"]
    assert found.disabled == ("bad",)
    fault = next(fault for fault in found.faults if fault.option == option)
    assert (fault.line, fault.section) == (line, "bad")
    assert said in fault.text
    assert f"{tmp_path}/0.conf, line {line}: [bad]" in fault.text
    assert "The section is not used." in fault.text


def test_a_header_without_its_end_spoils_its_own_section_alone(tmp_path: Path) -> None:
    """What stands below it is not taken for the section before."""
    found = read(tmp_path, GOOD + "[bad\ndriver = pdu\nprobes = 9\n[also]\ndriver = pdu\nprobes = 1\n")
    assert [each.section.name for each in found.wattmeters] == ["good", "also"]
    assert found.wattmeters[0].section.probes == ("site/good/1", "site/good/2")
    assert found.disabled == ("bad",)


def test_the_second_section_with_a_probe_is_disabled(tmp_path: Path) -> None:
    """Or it would count twice. The fault names both places."""
    found = read(tmp_path, GOOD + "[second]\ndriver = pdu\ndevice = site/good\nprobes = 3, 2\n")
    assert [each.section.name for each in found.wattmeters] == ["good"]
    fault = only_fault(found)
    assert (fault.section, fault.line) == ("second", 7)
    assert f"site/good/2 is read by [good] already ({tmp_path}/0.conf, line 1)" in fault.text


def test_two_sections_may_share_a_device(tmp_path: Path) -> None:
    """As long as each reads its own outlets."""
    found = read(tmp_path, GOOD + "[second]\ndriver = pdu\ndevice = site/good\nprobes = 3\n")
    assert found.faults == ()


@pytest.mark.parametrize(
    ("option", "fix"),
    [
        ("hots = x", "Did you mean host"),
        ("password = x", "name that in password_file"),
        ("parameters = {'ip': 'x'}", "Write each parameter as an option of its own"),
        ("zzzzzz = x", "There are: driver, probes"),
    ],
)
def test_an_unknown_option_is_named_and_does_no_harm(tmp_path: Path, option: str, fix: str) -> None:
    """With those that are near; its value, which may be a secret, is not shown."""
    found = read(tmp_path, GOOD + option + "\n")
    fault = only_fault(found)
    assert (fault.line, fault.disables, found.disabled) == (4, False, ())
    assert fix in fault.text
    assert len(found.wattmeters) == 1


def test_an_option_that_stands_twice_is_named(tmp_path: Path) -> None:
    """What comes last counts."""
    found = read(tmp_path, GOOD + "port = 1\nport = 2\n")
    assert found.wattmeters[0].section.options["port"] == 2
    assert "line 5: [good] port: it stands on line 4 already" in only_fault(found).text


def test_a_later_file_changes_an_earlier_one(tmp_path: Path) -> None:
    """Without complaint; that is what a second file is for."""
    found = read(tmp_path, GOOD + "port = 1\n", "[good]\nport = 2\n")
    assert found.faults == ()
    assert found.wattmeters[0].section.options["port"] == 2


def test_sections_of_the_process_are_left_alone(tmp_path: Path) -> None:
    found = read(tmp_path, "[bus]\nkey = x\nstray\n" + GOOD, reserved=("bus",))
    assert found.faults == ()
    assert len(found.wattmeters) == 1


def test_what_all_need_is_refused_whole(tmp_path: Path) -> None:
    """A bad default has no section to disable."""
    with pytest.raises(ConfigError, match=r"0\.conf, line 2: \[DEFAULT\] interval_s: .* at least 0\.01"):
        read(tmp_path, "[DEFAULT]\ninterval_s = soon\n" + GOOD)


def test_lines_before_any_section_are_named(tmp_path: Path) -> None:
    found = read(tmp_path, "driver = pdu\n" + GOOD)
    assert len(found.wattmeters) == 1
    assert "no section" in found.faults[0].text


def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    """Beside the configuration; it does not show, and another one is another section."""
    key = tmp_path / "key"
    key.write_text("hush\n")
    key.chmod(0o600)
    text = GOOD + "password_file = key\n"
    first = read(tmp_path, text).wattmeters[0].section
    assert first.options["password"] == Secret("hush")
    assert "hush" not in repr(first)
    assert read(tmp_path, text).wattmeters[0].section == first
    key.write_text("another\n")
    assert read(tmp_path, text).wattmeters[0].section != first
    key.chmod(0o640)
    assert "chmod 600" in only_fault(read(tmp_path, text)).text


def test_files_and_directories_of_wattmeters_are_found(tmp_path: Path) -> None:
    """The process's own file first, then those that it names; one that is missing is an error."""
    for name in ("own.conf", "one.conf", "d/b.conf", "d/a.conf", "d/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"[DEFAULT]\nwattmeters = {tmp_path}/one.conf, {tmp_path}/d\n")
    conf = cfg.ConfigOpts()
    conf.register_opts(options.OPTS)
    conf([], default_config_files=[str(tmp_path / "own.conf")], default_config_dirs=[])
    found = [str(path.relative_to(tmp_path)) for path in configuration.paths(conf)]
    assert found == ["own.conf", "one.conf", "d/a.conf", "d/b.conf"]
    (tmp_path / "one.conf").unlink()
    with pytest.raises(ConfigError, match=r"one\.conf"):
        configuration.paths(conf)


lines = st.sampled_from(
    [
        "[a]",
        "[b",
        "[]",
        "[DEFAULT]",
        "driver = pdu",
        "probes = 1,2",
        " x",
        "=",
        ":",
        "port: 5",
        "# no",
        "",
        "host = $a$",
        "ok",
    ]
)


@given(st.lists(lines | st.text(max_size=12), max_size=25))
@settings(max_examples=100)
def test_any_text_is_read(written: list[str]) -> None:
    """Something bad never hides a good section behind it, and never raises but about [DEFAULT]."""
    text = "\n".join([*written, "[good]", "driver = pdu", "probes = 1"])
    blocks: dict[str, ini.Block] = {}
    ini.parse(Path("x.conf"), text, blocks)
    entries = blocks["good"].entries
    assert (entries["driver"].value, entries["probes"].value) == ("pdu", "1")
    total = len(io.StringIO(text, newline=None).readlines())
    assert all(1 <= entry.line <= total for block in blocks.values() for entry in block.entries.values())


def test_the_check_makes_each_driver_and_lets_it_go(tmp_path: Path) -> None:
    """A line for each wattmeter; nothing is asked."""
    maker = Pdu()
    (tmp_path / "c.conf").write_text(GOOD)
    lines, status = check.check(configuration.read([tmp_path / "c.conf"], (), lambda _: maker), lambda: 0)
    assert (lines, status) == (["[good] pdu: site/good, 2 probes each 1 s"], check.RIGHT)
    assert [driver.closed.is_set() for driver in maker.made] == [True]


def test_the_check_names_drivers_that_cannot_be_made(tmp_path: Path) -> None:
    """With the option, if they say which; whatever else they do."""

    def refuse(number: int) -> None:
        raise ConfigError("host cannot be found.", option="host") if number == 1 else ZeroDivisionError("oh")

    maker = Pdu(prepare=refuse)
    (tmp_path / "c.conf").write_text(GOOD + "[bad]\ndriver = pdu\nprobes = 1\nprt = 1\n")
    lines, status = check.check(configuration.read([tmp_path / "c.conf"], (), lambda _: maker), lambda: 0)
    assert status == check.WRONG
    assert len(lines) == 3
    assert any("[bad] prt: no such option" in line for line in lines)
    assert any("[good] host: host cannot be found." in line for line in lines)
    assert any("[bad] the driver pdu failed: ZeroDivisionError: oh." in line for line in lines)


def test_nothing_to_read_is_not_right(tmp_path: Path) -> None:
    assert check.check(read(tmp_path, "[DEFAULT]\n"), lambda: 0)[1] == check.WRONG
