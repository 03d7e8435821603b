# SPDX-License-Identifier: Apache-2.0
"""DevStack around the suite's plugin: a folder to stack into, phases one at a time, and units that run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import venv
from collections.abc import Mapping
from pathlib import Path

from tools.servers.keystone import ENVIRONMENT
from tools.servers.process import Process

PHASE = Path(__file__).with_name("devstack_phase.sh")
PHASE_WITHIN_S = 400
SITE_PACKAGES = Path("lib") / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


class Units:
    """Plays systemd: behind two pipes in ``directory``, starts and stops what the shim asks for."""

    def __init__(self, directory: Path) -> None:
        self.running: dict[str, Process] = {}
        self._directory = directory
        directory.mkdir()
        for name in ("asked", "answered"):
            os.mkfifo(directory / name)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End whatever runs."""
        (self._directory / "asked").write_text("end\n")
        self._thread.join()
        for process in self.running.values():
            process.stop()

    def log(self, name: str) -> Path:
        """What a unit wrote."""
        return self._directory / f"{name}.log"

    def _serve(self) -> None:
        while (words := shlex.split((self._directory / "asked").read_text())) != ["end"]:
            (self._directory / "answered").write_text(f"{self._done(*words)}\n")

    def _done(self, verb: str, name: str, *command: str) -> str:
        if verb == "stop":
            self.running.pop(name).stop()
            return "done"
        try:
            self.running[name] = Process(command, log=self.log(name))
        except OSError as error:
            return str(error)
        return "done"


class DevStack:
    """A DevStack below ``directory``; ``localrc`` is what it has set by the time that it sources a plugin.

    Its Python is an environment of its own, above the one that has everybody's
    dependencies. Use as a context manager: at its end no unit runs.
    """

    def __init__(self, directory: Path, localrc: Mapping[str, object]) -> None:
        self.directory = directory
        self.programs = directory / "venv" / "bin"
        self._localrc = directory / "localrc"
        lines = {
            "UNITS": directory / "units",
            "DATA_DIR": directory / "data",
            "CLIMATE_CONF_DIR": directory / "etc" / "climate",
            "KWAPI_CONF_DIR": directory / "etc" / "kwapi",
            "DEVSTACK_VENV": directory / "venv",
            "STACK_USER": os.geteuid(),
            **localrc,
        }
        self._localrc.touch(mode=0o600)
        self._localrc.write_text("".join(f"{name}={shlex.quote(str(value))}\n" for name, value in lines.items()))

    def __enter__(self) -> DevStack:
        (self.directory / "etc").mkdir()
        venv.create(self.directory / "venv", symlinks=True)
        beneath = ENVIRONMENT / SITE_PACKAGES
        (self.directory / "venv" / SITE_PACKAGES / "beneath.pth").write_text(f"{beneath}\n")
        self.units = Units(self.directory / "units")
        return self

    def __exit__(self, *error: object) -> None:
        self.units.close()

    def run(self, *phase: str) -> str:
        """Let the plugin do its part of one phase; what was said."""
        done = subprocess.run(
            ["bash", PHASE, self._localrc, *phase],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.directory,
            timeout=PHASE_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, f"{phase}: {done.returncode}\n{done.stdout}"
        return done.stdout
