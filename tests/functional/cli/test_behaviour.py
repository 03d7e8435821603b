# SPDX-License-Identifier: Apache-2.0
"""How the command line behaves: exit statuses, errors, formats, terminals, completion."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import signal
import subprocess
import time
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from cliff.app import App
from openstackclient.shell import OpenStackShell

from climate.cli.shell import GROUP, Shell
from climate.client import Client, with_token
from tests.functional.cli.program import PROGRAMS, Program

pytestmark = pytest.mark.slow

BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")


@pytest.fixture
def client(sandbox: dict[str, str]) -> Client:
    return with_token(sandbox["CLIMATE_ENDPOINT"], sandbox["TOKEN"])


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["lease", "create"], 2, "duration is needed"),
        (["lease", "create", "--duration", "soon"], 2, "field duration"),
        (["lease", "create", "--duration", "1h", "--start", "soon"], 2, "--start is not a time"),
        (["lease", "create", "--duration", "1h", "--end", "+1m"], 2, "field end_time, which is --end"),
        (["lease", "create", "--duration", "1h", "--quantity", "0"], 2, "no whole number above 0"),
        (["lease", "create", "--duration", "1h", "--timeout", "soon"], 2, "--timeout is not a duration"),
        (["lease", "create", "--duration", "1h", "--quantity", "13"], 3, "climate.lease.nothing_fits"),
        (["lease", "show", "00000000-0000-0000-0000-000000000000"], 4, "climate.lease.not_found"),
        (["lease", "show", "a name that nobody gave"], 4, "No lease of yours"),
        (["lease", "set", "00000000-0000-0000-0000-000000000000"], 2, "What shall be different?"),
        (["lease", "list", "--state", "sleeping"], 2, "invalid choice"),
        (["host", "list"], 5, "climate.auth.forbidden"),
        (["--token=guessed", "lease", "list"], 5, "climate.auth.required"),
        (["--endpoint", "http://127.0.0.1:9", "lease", "list"], 6, "Nothing answers at http://127.0.0.1:9"),
        (["calendar", "--start", "+2h", "--end", "+1h"], 2, "field end"),
        (["leese", "list"], 2, "climate lease list"),
        (["lease"], 2, "climate lease list"),
        ([], 2, "climate help"),
        (["--nothing"], 2, "climate"),
    ],
)
def test_a_failure_has_a_status_and_a_sentence(climate: Program, words: list[str], status: int, said: str) -> None:
    """On stderr, and nothing on stdout."""
    done = climate.run(*words)
    assert (done.status, done.out) == (status, ""), done.err
    assert said in done.err


def test_an_error_of_the_service_leads_to_its_log(climate: Program) -> None:
    """With the request's id."""
    assert re.search(r"request req-[0-9a-f-]{36}\)$", climate.run("lease", "create").err, re.MULTILINE)


def test_what_is_wrong_in_a_filter_is_pointed_at(climate: Program) -> None:
    """Where it was written: in its option, or in the JSON."""
    short = climate.run("lease", "create", "--duration", "1h", "--property", "gpus=0", "--property", "vcpu>=16")
    assert short.err.splitlines()[:3] == [
        "climate: No host has a property $vcpu. Did you mean $vcpus?",
        "  vcpu>=16",
        "  ^^^^",
    ]
    whole = climate.run("lease", "create", "--duration", "1h", "--properties", '["and", [">=", "$vcpus", "many"]]')
    assert whole.status == 2
    assert whole.err.splitlines()[1:3] == ['  ["and", [">=", "$vcpus", "many"]]', " " * 27 + "^" * 6]


def test_only_debug_shows_where_in_the_code(climate: Program) -> None:
    done = subprocess.run(
        [PROGRAMS / "climate", "--debug", "lease", "create"],
        capture_output=True,
        text=True,
        env=climate.environment,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_who_is_not_signed_in_is_told_how(climate: Program, tmp_path: Path) -> None:
    """And so is whoever brings half of what is needed, or names a cloud that is none."""
    nobody = Program(climate.start, {"XDG_CONFIG_HOME": str(tmp_path)})
    for words in (["lease", "list"], ["--os-cloud", "nowhere", "lease", "list"]):
        done = nobody.run(*words)
        assert done.status == 2
        assert "OS_CLOUD" in done.err
    done = nobody.run("--token=x", "lease", "list")
    assert (done.status, "CLIMATE_ENDPOINT" in done.err) == (2, True)


def test_a_cloud_of_clouds_yaml_is_signed_in_to(climate: Program, tmp_path: Path, client: Client) -> None:
    """Here with the token of an administrator; it is stronger than a token in the environment."""
    cloud = {
        "auth_type": "admin_token",
        "auth": {"endpoint": climate.variables["CLIMATE_ENDPOINT"], "token": climate.variables["CLIMATE_TOKEN"]},
    }
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"here": cloud}}))
    elsewhere = climate.with_variables(
        OS_CLIENT_CONFIG_FILE=str(tmp_path / "clouds.yaml"),
        CLIMATE_TOKEN="guessed",
        CLIMATE_ENDPOINT="http://127.0.0.1:9",
    )
    assert elsewhere.json("--os-cloud", "here", "scheduler", "list") == client.schedulers.list()


def test_programs_get_what_the_service_says(climate: Program, client: Client) -> None:
    """In each of their formats: nothing is shortened, and a column may be chosen."""
    lease = client.leases.create(duration="1h", quantity=2, name='a "name", quoted', host_properties=[">", "$vcpus", 1])
    told = client.leases.get(lease["id"])
    show = ("lease", "show", lease["id"], "-f")
    assert climate.json(*show[:-1]) == told
    assert yaml.safe_load(climate(*show, "yaml")) == told
    assert climate(*show, "value", "-c", "state", "-c", "host_properties") == 'proposed\n[">", "$vcpus", 1]\n'
    assert 'quantity="2"' in climate(*show, "shell").splitlines()
    listed = next(client.leases.list(name=lease["name"]))
    rows = list(csv.DictReader(io.StringIO(climate("lease", "list", "--name", lease["name"], "-f", "csv"))))
    assert [row["name"] for row in rows] == [lease["name"]]
    assert set(rows[0]) == set(listed)
    assert climate.json("lease", "list", "--name", "nothing is called so") == []
    header = climate("lease", "list", "--name", "nothing is called so", "-f", "csv")
    assert '"id","name"' in header
    client.leases.cancel(lease["id"])


def test_people_get_their_own_time(climate: Program, client: Client) -> None:
    """And no seconds where there are none; what is shown can be given back."""
    lease = client.leases.create(start_time="2027-03-01T08:00:00Z", duration="1h", end_time="2027-03-01T09:00:00Z")
    there = climate.with_variables(TZ="CET-1CEST,M3.5.0,M10.5.0/3")
    shown = there("lease", "show", lease["id"])
    assert "2027-03-01 09:00+01:00" in shown
    assert "links" not in shown
    assert there.json("lease", "list", "--at", "2027-03-01 09:00+01:00")[0]["id"] == lease["id"]
    assert there.json("lease", "list", "--at", "2027-03-01 09:30")[0]["id"] == lease["id"]
    assert there.json("lease", "list", "--at", "2027-03-01 11:00") == []
    client.leases.cancel(lease["id"])


def test_a_name_stands_for_the_lease_that_lives(climate: Program, client: Client) -> None:
    """Those that are over count only where none lives; two that live need their ids."""
    over, lives = (client.leases.create(duration="1h", name="twice")["id"] for _ in range(2))
    assert climate.run("lease", "show", "twice").status == 2
    client.leases.cancel(over)
    assert climate.json("lease", "show", "twice")["id"] == lives
    climate("lease", "cancel", "twice")
    ambiguous = climate.run("lease", "show", "twice")
    assert (ambiguous.status, over in ambiguous.err, lives in ambiguous.err) == (2, True, True)


def test_of_several_to_cancel_those_are_cancelled_that_can_be(climate: Program, client: Client) -> None:
    """The status says that one could not."""
    first, last = (client.leases.create(duration="1h")["id"] for _ in range(2))
    done = climate.run("lease", "cancel", first, "nix", last)
    assert done.status == 4
    assert {client.leases.get(lease)["state"] for lease in (first, last)} == {"cancelled"}


def test_waiting_ends_with_the_state_or_the_patience(climate: Program, client: Client) -> None:
    """The answer is on stdout, the way there on stderr."""
    made = climate.run("lease", "create", "--duration", "2s", "--start", "+2s", "--wait-for", "ended", "-f", "json")
    assert (made.status, made.json["state"]) == (0, "ended"), made.err
    states = [line.split(": ")[1].split(",")[0] for line in made.err.splitlines() if ": " in line]
    assert states == ["confirmed", "active", "ended"]
    later = client.leases.create(duration="1h", start_time="2027-03-01T08:00:00Z", confirm=True)["id"]
    done = climate.run("lease", "wait", later, "--timeout", "1s")
    assert (done.status, "still confirmed" in done.err) == (6, True)
    client.leases.cancel(later)
    assert climate.run("lease", "wait", later).status == 1


def test_a_request_may_be_repeated_with_its_key(climate: Program) -> None:
    words = ("lease", "create", "--duration", "1h", "--idempotency-key", "cli")
    first, again = (climate.json(*words)["id"] for _ in range(2))
    assert first == again
    assert climate.run(*words, "--quantity", "2").status == 2
    climate("lease", "cancel", first)


def test_on_a_terminal_waiting_is_one_line_that_moves(climate: Program, client: Client) -> None:
    """It is gone at the end, and what it waited for stands there."""
    with climate.on_a_terminal(
        "lease", "create", "--duration", "1h", "--start", "+3s", "--wait", "-c", "state"
    ) as screen:
        screen.wait_for("░ confirmed, begins in ")
        assert screen.end() == 0
        assert "\r\x1b[Klease " in screen.text
        assert screen.text.index("active, ends in") < screen.text.index("| active |")
    lease = next(client.leases.list(state="active"))
    client.leases.cancel(lease["id"])


def test_ctrl_c_ends_waiting_and_leaves_the_lease(climate: Program, client: Client) -> None:
    """It says how to go on."""
    lease = client.leases.create(duration="1h", start_time="2027-03-01T08:00:00Z", confirm=True)["id"]
    with climate.on_a_terminal("lease", "wait", lease) as screen:
        screen.wait_for("begins in")
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 130
        assert f"climate lease wait {lease}" in screen.text
        assert "Traceback" not in screen.text
    assert client.leases.get(lease)["state"] == "confirmed"
    client.leases.cancel(lease)


@pytest.mark.parametrize("columns", [60, 120])
def test_the_chart_has_the_width_of_the_window_and_its_colours(climate: Program, client: Client, columns: int) -> None:
    """Where people look at it."""
    lease = client.leases.create(duration="2h", name="wide", confirm=True)["id"]
    with climate.on_a_terminal("calendar", "--span", "1h", columns=columns) as screen:
        assert screen.end() == 0
        row = next(line for line in screen.text.splitlines() if line.startswith("wide (1)"))
    assert len(re.sub(r"\x1b\[\d+m", "", row)) == columns
    assert "\x1b[32m" in row or "\x1b[34m" in row
    client.leases.cancel(lease)


@pytest.mark.parametrize(
    ("variables", "words"), [({"NO_COLOR": "1"}, []), ({}, ["--color", "never"])], ids=["NO_COLOR", "never"]
)
def test_who_wants_no_colours_gets_none(
    climate: Program, client: Client, variables: dict[str, str], words: list[str]
) -> None:
    lease = client.leases.create(duration="2h", name="grey")["id"]
    with climate.with_variables(**variables).on_a_terminal("calendar", *words) as screen:
        assert screen.end() == 0
    assert "grey" in screen.text
    assert "\x1b[" not in screen.text
    client.leases.cancel(lease)


def test_what_was_called_off_is_not_in_the_chart(climate: Program, client: Client) -> None:
    """Unless one asks."""
    lease = client.leases.create(duration="2h", name="called off")
    assert "called off" in climate("calendar", "--span", "3h")
    while time.time() < dt.datetime.fromisoformat(lease["start_at"]).timestamp() + 1:
        time.sleep(0.05)  # what held hosts for less than a second leaves no trace
    client.leases.cancel(lease["id"])
    assert "called off" not in climate("calendar", "--span", "3h")
    assert "called off" in climate("calendar", "--span", "3h", "--all")


def test_without_utf_8_the_chart_is_ascii(climate: Program, client: Client) -> None:
    """And a name that cannot be written does not end it."""
    lease = client.leases.create(duration="2h", name="Météo", quantity=2)["id"]
    plain = climate.with_variables(LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    chart = plain("calendar", "--span", "3h")
    assert chart.isascii()
    assert "[......" in chart
    client.leases.cancel(lease)


def test_watching_redraws_in_place_until_ctrl_c(climate: Program, client: Client) -> None:
    """The window is given back, and the status says that all went well."""
    lease = client.leases.create(duration="2h", name="watched", start_time=int(time.time()) + 3600)["id"]
    with climate.on_a_terminal("calendar", "--span", "3h", "--watch", "1") as screen:
        screen.wait_for("watched (1)")
        client.leases.confirm(lease)
        screen.wait_for("▒▒▒▒▒▒▒▒")
        assert screen.text.count("\x1b[H") > 1
        assert "\x1b[2J" not in screen.text
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 0
        assert screen.text.endswith("\x1b[?25h\x1b[?1049l")
    client.leases.cancel(lease)


def test_watching_into_a_file_writes_one_chart_below_the_other(climate: Program, tmp_path: Path) -> None:
    with (tmp_path / "charts").open("w+") as file:
        process = subprocess.Popen(
            [PROGRAMS / "climate", "calendar", "--watch", "1"], stdout=file, env=climate.environment
        )
        try:
            while (tmp_path / "charts").read_text().count("\n\n") < 2:
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()


def test_the_chart_shows_the_time_of_the_machine_or_utc(climate: Program) -> None:
    there = climate.with_variables(TZ="JST-9")
    lease = there.json("lease", "create", "--duration", "1h")["id"]
    assert "times are JST" in there("calendar", "--span", "1h")
    assert "times are UTC" in there("calendar", "--span", "1h", "--utc")
    there("lease", "cancel", lease)


def test_a_reader_that_goes_away_is_no_failure(climate: Program) -> None:
    """As in a pipe to head."""
    script = "climate lease list -f json --noindent | true; climate help | head -n 1 > /dev/null"
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env={**climate.environment, "PATH": f"{PROGRAMS}:/usr/bin:/bin"},
        check=False,
    )
    assert done.stderr == ""


def test_help_names_every_command_and_needs_no_service(climate: Program) -> None:
    nobody = Program(climate.start)
    said = nobody("help")
    assert "lease create" in said
    assert "Could not load" not in said
    assert nobody("lease", "create", "--help") == nobody("help", "lease", "create")
    assert "--homogeneous NAME" in nobody("lease", "create", "--help")
    assert nobody("--version").startswith("climate ")


@pytest.mark.parametrize("shell", [Shell, OpenStackShell])
def test_no_option_of_a_command_is_taken_by_the_program(shell: type[App]) -> None:
    """A program's own options are looked for first, in OpenStackClient also where they are abbreviated."""
    program = shell()  # type: ignore[call-arg]
    abbreviated = program.parser.allow_abbrev
    own = {option for action in program.parser._actions for option in action.option_strings}
    for point in distribution("climate").entry_points.select(group=GROUP):
        parser = point.load()(program, None).get_parser(point.name)
        options = {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}
        assert not options & own, point.name
        for option in options if abbreviated else ():
            assert not any(other.startswith(option) for other in own), (point.name, option)


def completed(climate: Program, *words: str) -> list[str]:
    """What bash proposes after these words, the last of which is not complete."""
    needed = (
        BASH_COMPLETION.read_text()
        if BASH_COMPLETION.exists()
        else (
            "_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD - 1]}; "
            'words=("${COMP_WORDS[@]}"); }\n'
        )
    )
    line = " ".join(f"'{word}'" for word in words)
    script = (
        f"{needed}\n{climate('complete')}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        f"COMP_LINE='{' '.join(words)}'; COMP_POINT=${{#COMP_LINE}}; _climate; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (["climate", "le"], ["lease"]),
        (["climate", "lease", "cr"], ["create"]),
        (["climate", "lease", "create", "--homo"], ["--homogeneous"]),
        (["climate", "lease", "create", "--wait"], ["--wait", "--wait-for"]),
        (["climate", "host", "s"], ["set", "show"]),
        (["climate", "calendar", "l"], ["list"]),
        (["climate", "calendar", "--wat"], ["--watch"]),
    ],
)
def test_bash_completes_commands_and_their_options(climate: Program, words: list[str], proposed: list[str]) -> None:
    assert sorted(set(completed(climate, *words))) == proposed
