# SPDX-License-Identifier: Apache-2.0
"""The real services as processes of their own, on one configuration file, for tests and benchmarks."""

from __future__ import annotations

import configparser
import json
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from climate.core.limits import LIMITS, UNLIMITED
from tools.servers.process import Process, ServerFailed, free_port

PROGRAMS = Path(sys.executable).parent
READY_WITHIN_S = 180
Settings = Mapping[str, Mapping[str, object]]


class Suite:
    """climate-inventory, climate-planning (``planners`` copies) and climate-api below ``directory``.

    Tokens are static: ``admin_token``, and ``member_token(project)`` for any
    of ``projects``. ``settings`` are added to the configuration by group and
    option; without any in ``limits``, projects may ask for and hold as much as
    they like. Use as a context manager, or call ``start()`` and ``stop()``.
    """

    def __init__(
        self,
        directory: Path,
        *,
        database_url: str,
        transport_url: str,
        hosts: Path | None = None,
        planners: int = 1,
        projects: tuple[str, ...] = ("demo",),
        settings: Settings | None = None,
        programs: Path = PROGRAMS,
    ) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_token = secrets.token_hex(16)
        self._member_tokens = {project: secrets.token_hex(16) for project in projects}
        self._planners = planners
        self._programs = programs
        self.config = directory / "climate.conf"
        self.planners: list[Process] = []
        self.others: dict[str, Process] = {}
        self._write_tokens(directory / "tokens.yaml")
        self._write_config(
            {
                "DEFAULT": {"transport_url": transport_url},
                "database": {"connection": database_url.replace("%", "%%")},
                "inventory": {"sources": "file", "refresh_interval_s": 2},
                **({"inventory_file": {"path": hosts}} if hosts else {}),
                "limits": {limit.name: UNLIMITED for limit in LIMITS if limit.endless},
                "coordination": {"backend_url": f"file://{directory}/locks"},
                "api": {
                    "host": "127.0.0.1",
                    "port": self.port,
                    "auth_strategy": "static",
                    "static_tokens_file": directory / "tokens.yaml",
                },
            },
            settings or {},
        )

    def member_token(self, project: str = "demo") -> str:
        """The token of a member of ``project``."""
        return self._member_tokens[project]

    def start(self) -> Self:
        """Bring the database to head and start everything; returns when the API says it is ready."""
        subprocess.run([self._programs / "climate-manage", *self._arguments, "db", "upgrade"], check=True, timeout=120)
        self.start_other("climate-inventory")
        for _ in range(self._planners):
            self.start_planner()
        self.start_other("climate-api").wait_until(self.ready, READY_WITHIN_S)
        return self

    def start_planner(self) -> Process:
        """Start one more climate-planning."""
        process = self.launch("climate-planning")
        self.planners.append(process)
        return process

    def start_other(self, program: str) -> Process:
        """Start climate-inventory or climate-api; ``others`` has each by its name."""
        self.others[program] = self.launch(program)
        return self.others[program]

    def launch(self, program: str) -> Process:
        """Start one console script of the suite on this configuration."""
        number = len(list(self.directory.glob("*.log")))
        return Process([self._programs / program, *self._arguments], log=self.directory / f"{program}-{number}.log")

    def stop(self) -> None:
        """Ask everything to end, then make sure of it."""
        for process in [*self.others.values(), *self.planners]:
            process.stop()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def wait_for_hosts(self, count: int, timeout_s: float = READY_WITHIN_S) -> None:
        """Return once the inventory has ``count`` hosts."""
        deadline = time.monotonic() + timeout_s
        while self._host_count() < count:
            if time.monotonic() > deadline:
                raise ServerFailed(f"the inventory did not have {count} hosts after {timeout_s:g} s")
            time.sleep(0.2)

    def _host_count(self) -> int:
        count, url = 0, f"{self.url}/v1/hosts"
        while url:
            request = urllib.request.Request(url, headers={"X-Auth-Token": self.admin_token})
            with urllib.request.urlopen(request, timeout=60) as answer:
                page = json.load(answer)
            count += len(page["hosts"])
            url = page.get("links", {}).get("next")
        return count

    @property
    def _arguments(self) -> list[str | Path]:
        return ["--config-file", self.config]

    def ready(self) -> bool:
        """Whether the API answers and has its services."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _write_tokens(self, path: Path) -> None:
        who = {self.admin_token: {"project_id": "admin", "user_id": "admin", "roles": ["admin"]}}
        for project, token in self._member_tokens.items():
            who[token] = {"project_id": project, "user_id": f"user-of-{project}", "roles": ["member"]}
        path.touch(mode=0o600)
        path.write_text(json.dumps(who))

    def _write_config(self, own: Settings, more: Settings) -> None:
        parser = configparser.RawConfigParser(default_section="")
        for part in (own, more):
            for group, options in part.items():
                if not parser.has_section(group):
                    parser.add_section(group)
                for name, value in options.items():
                    parser.set(group, name, str(value))
        with self.config.open("w") as file:
            parser.write(file)
