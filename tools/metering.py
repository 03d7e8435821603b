# SPDX-License-Identifier: Apache-2.0
"""Kwapi's real processes on configuration files of their own, for tests and benchmarks."""

from __future__ import annotations

import json
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psutil

from tools.servers.process import Process, free_port

PROGRAMS = Path(sys.executable).parent
READY_WITHIN_S = 180.0
SITE = "lyon"


class Metering:
    """kwapi-drivers, kwapi-forwarder and kwapi-api below ``directory``, each started when it is asked for.

    ``sections`` are those of the wattmeters. With ``forwarded``, kwapi-api
    listens to the forwarder, else to the drivers. ``address`` is where the
    drivers publish: a free port of the loopback unless it is said. The console
    scripts are those in ``programs``.
    """

    def __init__(
        self,
        directory: Path,
        sections: str,
        *,
        forwarded: bool = False,
        checkpoint_s: float = 1.0,
        programs: Path = PROGRAMS,
    ) -> None:
        self.directory = directory
        self._programs = programs
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.metrics_port = free_port()
        self.spool = directory / "spool"
        self._processes: dict[str, Process] = {}
        self._write_secrets()
        drivers = self._ends("drivers")
        self._write(
            "drivers",
            f"[DEFAULT]\nsite = {SITE}\nmetrics_port = {self.metrics_port}\n"
            f"[bus]\npublish_endpoint = {drivers[0]}\nasked_endpoint = {drivers[1]}\n"
            f"source = drivers-1\nkey_id = k1\nkey_file = {directory}/key\nspool_dir = {self.spool}\n{sections}",
        )
        forwarder = self._ends("forwarder")
        self._write(
            "forwarder",
            f"[bus]\npublish_endpoint = {forwarder[0]}\nasked_endpoint = {forwarder[1]}\n"
            f"upstream = {drivers[0]}|{drivers[1]}\n",
        )
        upstream = forwarder if forwarded else drivers
        self._write(
            "api",
            f"[kwapi]\nauth_strategy = static\nstatic_tokens_file = {directory}/tokens.yaml\nport = {self.port}\n"
            f"checkpoint = {directory}/checkpoint\ncheckpoint_interval_s = {checkpoint_s}\n"
            f"[bus]\nkeys_file = {directory}/keys.yaml\nupstream = {upstream[0]}|{upstream[1]}\n",
        )

    def conf(self, name: str) -> Path:
        """The configuration of ``drivers``, ``forwarder`` or ``api``."""
        return self.directory / f"{name}.conf"

    def add(self, name: str, text: str) -> None:
        """Add lines to a configuration; what is said last counts."""
        with self.conf(name).open("a") as file:
            file.write(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change what a configuration says."""
        path = self.conf(name)
        path.write_text(path.read_text().replace(old, new))

    def start(self, *names: str, within: Sequence[str] = ()) -> None:
        """Start ``drivers``, ``forwarder`` or ``api``; returns when the API answers.

        ``within`` is a command that starts another one, such as ``ip netns exec NAME``.
        """
        for name in names:
            program = f"kwapi-{name}"
            log = self.directory / f"{program}.log"
            process = Process([*within, self._programs / program, "--config-file", self.conf(name)], log=log)
            self._processes[name] = process
            if name == "api":
                process.wait_until(self._ready, READY_WITHIN_S)

    def stop(self, *names: str) -> None:
        """Ask some to end, or all that run."""
        for name in names or list(self._processes):
            self._processes.pop(name).stop()

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self._processes.pop(name).kill()

    def end(self, name: str, within_s: float = 60.0) -> int:
        """SIGTERM; the exit status."""
        self.process(name).terminate()
        return self.wait(name, within_s)

    def wait(self, name: str, within_s: float) -> int:
        """The exit status of one that ends by itself."""
        return self._processes.pop(name).wait(within_s)

    def send(self, name: str, number: signal.Signals) -> None:
        """A signal, such as SIGSTOP, SIGCONT or SIGHUP."""
        psutil.Process(self._processes[name].pid).send_signal(number)

    def process(self, name: str) -> psutil.Process:
        """One of them, to be measured."""
        return psutil.Process(self._processes[name].pid)

    def log(self, name: str) -> str:
        """What it wrote."""
        return (self.directory / f"kwapi-{name}.log").read_text(errors="replace")

    def ask(self, path: str) -> Any:
        """What the API answers to an administrator."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"X-Auth-Token": self.token})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def numbers(self, name: str = "api") -> dict[str, float]:
        """The metrics of Kwapi that ``api`` or ``drivers`` shows, by name; none while it does not answer."""
        url = {"api": self.url, "drivers": f"http://127.0.0.1:{self.metrics_port}"}[name]
        try:
            answer = urllib.request.urlopen(f"{url}/metrics", timeout=60)
        except urllib.error.URLError:
            return {}
        with answer:
            lines = answer.read().decode().splitlines()
        rows = [line.rpartition(" ") for line in lines if line.startswith("kwapi_")]
        return {name: float(value) for name, _, value in rows}

    def wait_for_probes(self, count: int, within_s: float = READY_WITHIN_S) -> None:
        """Return once the API knows so many probes."""
        deadline = time.monotonic() + within_s
        while len(self.ask("/v1/probe-ids/")["probe_ids"]) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"fewer than {count} probes after {within_s:g} s:\n{self.log('api')[-2000:]}")
            time.sleep(0.1)

    def __enter__(self) -> Metering:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _ends(self, name: str) -> tuple[str, str]:
        return f"ipc://{self.directory}/{name}.live", f"ipc://{self.directory}/{name}.asked"

    def _write_secrets(self) -> None:
        key = secrets.token_hex(32)
        identity = {self.token: {"project_id": "admin", "user_id": "admin", "roles": ["admin"]}}
        for name, text in (
            ("key", key),
            ("keys.yaml", json.dumps({"k1": {"source": "drivers-1", "key": key}})),
            ("tokens.yaml", json.dumps(identity)),
        ):
            path = self.directory / name
            path.touch(mode=0o600)
            path.write_text(text)

    def _write(self, name: str, text: str) -> None:
        self.conf(name).write_text(text)


def dummies(devices: int, outlets: int, interval_s: float, more: Iterable[str] = ()) -> str:
    """Sections of wattmeters without a device."""
    lines = [f"interval_s = {interval_s}", f"probes = {','.join(map(str, range(1, outlets + 1)))}", *more]
    return "".join(f"[pdu{number}]\ndriver = dummy\n" + "\n".join(lines) + "\n" for number in range(1, devices + 1))
