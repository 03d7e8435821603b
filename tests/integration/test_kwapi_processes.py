# SPDX-License-Identifier: Apache-2.0
"""Kwapi's console scripts as an operator meets them: checked, started, changed, stopped, with mistakes and troubles."""

from __future__ import annotations

import functools
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from kwapi.core.energy import NS
from tests.integration.kwapi_counting import spooled, wait
from tools.metering import PROGRAMS, Metering, dummies
from tools.servers.process import ServerFailed

pytestmark = pytest.mark.slow

WITHIN_S = 120
GOOD = dummies(2, 2, 0.2)
WRONG = {
    "driver": ("driver = nonesuch\nprobes = 1\n", "driver: "),
    "outlets": ("driver = dummy\n", "probes: "),
    "range": ("driver = dummy\nprobes = 1\ninterval_s = often\n", "interval_s: "),
    "bounds": ("driver = dummy\nprobes = 1\nmin_watts = 9\nmax_watts = 3\n", "min_watts: "),
    "trace": ("driver = replay\nprobes = 1\ntrace = nowhere.csv\n", "trace: "),
    "name": ("driver = dummy\nprobes = a b\n", "probes: "),
    "twice": ("driver = dummy\ndevice = lyon/pdu1\nprobes = 1\n", "probes: lyon/pdu1/1 is read by [pdu1] already"),
    "nothing": ("driver = dummy\nprobes = 1\nthis is no option\n", "there is no = in this line"),
}


def check(metering: Metering) -> tuple[int, list[str], str]:
    """Status, lines and errors of ``kwapi-drivers --check``."""
    done = subprocess.run(
        [PROGRAMS / "kwapi-drivers", "--check", "--config-file", metering.conf("drivers")],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def last_words(metering: Metering, name: str) -> str:
    """What a process says that ends as soon as it is started; it must be one line, and status 1."""
    metering.start(name) if name != "api" else _start_api(metering)
    assert metering.wait(name, WITHIN_S) == 1
    said = metering.log(name)
    assert "Traceback" not in said
    return said.splitlines()[-1]


def _start_api(metering: Metering) -> None:
    with pytest.raises(ServerFailed):
        metering.start("api")


def test_a_right_configuration_is_called_right(tmp_path: Path) -> None:
    """A line for each wattmeter, and status 0; nothing is started for it."""
    metering = Metering(tmp_path, GOOD)
    status, lines, errors = check(metering)
    assert (status, errors) == (0, "")
    assert lines == [f"[pdu{number}] dummy: lyon/pdu{number}, 2 probes each 0.2 s" for number in (1, 2)]
    assert not metering.spool.exists()


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_told_with_its_place_and_leaves_the_others_alone(tmp_path: Path, mistake: str) -> None:
    """File, line, section, option, reason and remedy; status 1."""
    text, said = WRONG[mistake]
    metering = Metering(tmp_path, GOOD)
    more = tmp_path / "more.conf"
    more.write_text(f"# wattmeters of the lab\n[wrong]\n{text}")
    metering.add("drivers", f"[DEFAULT]\nwattmeters = {more}\n")
    status, lines, errors = check(metering)
    assert (status, errors) == (1, "")
    assert [line.partition("]")[0] for line in lines[:2]] == ["[pdu1", "[pdu2"]
    (fault,) = lines[2:]
    place, _, rest = fault.partition(": ")
    path, _, number = place.rpartition(", line ")
    assert path == str(more)
    assert 2 <= int(number) <= len(more.read_text().splitlines())
    assert rest.startswith("[wrong]")
    assert said in rest
    assert rest.endswith(". The section is not used.") or mistake in {"bounds", "trace"}


def test_what_concerns_all_is_one_line_and_status_1(tmp_path: Path) -> None:
    """No section at all, a wrong default, no such file."""
    metering = Metering(tmp_path, "")
    assert check(metering) == (1, ["There is no section of a wattmeter."], "")
    metering.add("drivers", "[DEFAULT]\ninterval_s = often\n[pdu1]\ndriver = dummy\nprobes = 1\n")
    status, _, errors = check(metering)
    assert (status, "interval_s" in errors, "Traceback" in errors) == (1, True, False)
    metering.conf("drivers").unlink()
    status, _, errors = check(metering)
    assert (status, "drivers.conf" in errors, "Traceback" in errors) == (1, True, False)


def test_a_bad_section_disables_itself_only(tmp_path: Path) -> None:
    """The others are read; the log and a number say which is not."""
    with Metering(tmp_path, f"{GOOD}[wrong]\ndriver = dummy\n") as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(4)
        assert sorted(metering.ask("/v1/probe-ids/")["probe_ids"]) == [
            f"lyon/pdu{device}/{outlet}" for device in (1, 2) for outlet in (1, 2)
        ]
        assert metering.numbers("drivers")["kwapi_sections_disabled"] == 1
        assert "[wrong] probes" in metering.log("drivers")


def test_sighup_adds_and_removes_wattmeters_and_the_others_go_on(tmp_path: Path) -> None:
    """Every reading of one that stays is there: nothing restarted, no number left out."""
    with Metering(tmp_path, GOOD) as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(4)
        for _ in range(3):
            metering.replace("drivers", "[pdu2]", "[pdu3]")
            metering.send("drivers", signal.SIGHUP)
            wait(lambda: _attempts(metering, 3) > 2 and not _attempts(metering, 2))
            metering.replace("drivers", "[pdu3]", "[pdu2]")
            metering.send("drivers", signal.SIGHUP)
            wait(lambda: _attempts(metering, 2) > 2 and not _attempts(metering, 3))
        metering.add("drivers", "[pdu1]\ninterval_s = often\n")
        metering.send("drivers", signal.SIGHUP)
        wait(lambda: metering.numbers("drivers")["kwapi_sections_outdated"] == 1)
        numbers = metering.numbers("drivers")
        assert numbers['kwapi_device_restarts_total{device="lyon/pdu1",section="pdu1"}'] == 0
        missed = numbers['kwapi_device_missed_total{device="lyon/pdu1",section="pdu1"}']
        assert metering.end("drivers") == 0
        series = spooled(metering)["lyon/pdu1/1"]
    deadlines = round((series[-1].begin_ns - series[0].begin_ns) / (0.2 * NS))
    assert len(series) - 1 == pytest.approx(deadlines - missed, abs=1 + missed)


def _attempts(metering: Metering, device: int) -> float:
    name = f'kwapi_device_attempts_total{{device="lyon/pdu{device}",section="pdu{device}"}}'
    return metering.numbers("drivers").get(name, 0.0)


def test_all_three_end_soon_when_told_to(tmp_path: Path) -> None:
    """SIGTERM, with a wattmeter that hangs and under load: status 0 in a few seconds."""
    hanging = "[hangs]\ndriver = dummy\nprobes = 1\nhang_rate = 1\n"
    with Metering(tmp_path, dummies(5, 20, 0.05) + hanging, forwarded=True) as metering:
        metering.start("drivers", "forwarder", "api")
        metering.wait_for_probes(100)
        for name in ("api", "forwarder", "drivers"):
            began = time.monotonic()
            assert metering.end(name, WITHIN_S) == 0
            assert time.monotonic() - began < 30
            assert "Traceback" not in metering.log(name)


def test_a_full_disk_costs_no_reading(tmp_path: Path) -> None:
    """What cannot be written down is sent all the same, and counted; later it is written again."""
    with Metering(tmp_path, GOOD) as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(4)
        process = metering.process("drivers")
        none, free = (0, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, none)
        wait(lambda: metering.numbers("drivers")["kwapi_source_batches_unspooled_total"] > 5)
        told = metering.ask("/v1/probes/")["probes"]
        wait(lambda: all(metering.ask("/v1/probes/")["probes"][one]["kwh"] > told[one]["kwh"] for one in told))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, free)
        before = metering.numbers("drivers")["kwapi_source_spool_bytes"]
        wait(lambda: metering.numbers("drivers")["kwapi_source_spool_bytes"] > before)
        numbers = metering.numbers()
        assert numbers["kwapi_bus_batches_lost_total"] == numbers["kwapi_bus_batches_missing"] == 0
        wholes = [metering.ask(f"/v1/probes/{probe}/")[probe] for probe in told]
        assert {one["gaps"] for one in wholes} == {0}
        assert metering.end("drivers") == 0


def test_a_spool_that_cannot_be_is_said_at_the_start(tmp_path: Path) -> None:
    """One line, and status 1."""
    metering = Metering(tmp_path, GOOD)
    metering.add("drivers", "[bus]\nspool_dir = /proc/nowhere/spool\n")
    assert "The spool /proc/nowhere/spool cannot be used" in last_words(metering, "drivers")


@pytest.mark.parametrize("torn", [b"", b"\x95\x01", b"not ours at all", b"\x93\x63\x90\x80"])
def test_a_checkpoint_that_is_none_is_said_at_the_start(tmp_path: Path, torn: bytes) -> None:
    """Counters never begin anew without the operator's word; the file stays as it is."""
    metering = Metering(tmp_path, GOOD)
    (tmp_path / "checkpoint").write_bytes(torn)
    assert f"{tmp_path}/checkpoint is no checkpoint of this release" in last_words(metering, "api")
    assert (tmp_path / "checkpoint").read_bytes() == torn


def test_energy_goes_on_after_a_restart_and_never_back(tmp_path: Path) -> None:
    """Stopped or killed: what was counted stays, and what was said meanwhile is fetched."""
    with Metering(tmp_path, GOOD, checkpoint_s=0.5) as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(4)
        since = _told(metering, "since")
        for end in (metering.end, metering.kill):
            written = _written(tmp_path)
            wait(functools.partial(_is_written_after, tmp_path, written))
            before = _told(metering, "kwh")
            end("api")
            time.sleep(1)
            metering.start("api")
            assert all(after >= kwh for after, kwh in zip(_told(metering, "kwh"), before, strict=True))
        assert "have not answered" not in metering.log("api")
        wait(lambda: metering.numbers()["kwapi_bus_batches_missing"] == 0)
        assert _told(metering, "since") == since
        assert set(_told(metering, "gaps")) == {0}
        assert set(_told(metering, "coverage")) == {100.0}


def test_without_a_checkpoint_energy_begins_anew(tmp_path: Path) -> None:
    """And says since when it is counted."""
    with Metering(tmp_path, GOOD) as metering:
        metering.replace("api", f"checkpoint = {tmp_path}/checkpoint\n", "")
        metering.start("drivers", "api")
        metering.wait_for_probes(4)
        before = _told(metering, "since")
        metering.end("api")
        metering.start("api")
        metering.wait_for_probes(4)
        assert all(after > since for after, since in zip(_told(metering, "since"), before, strict=True))
        assert not (tmp_path / "checkpoint").exists()


def _told(metering: Metering, meter: str) -> list[float]:
    names = sorted(metering.ask("/v1/probe-ids/")["probe_ids"])
    return [metering.ask(f"/v1/probes/{name}/")[name][meter] for name in names]


def _is_written_after(folder: Path, instant_ns: int) -> bool:
    return _written(folder) > instant_ns


def _written(folder: Path) -> int:
    path = folder / "checkpoint"
    return path.stat().st_mtime_ns if path.exists() else 0
