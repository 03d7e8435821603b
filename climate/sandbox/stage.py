# SPDX-License-Identifier: Apache-2.0
"""What a step of the tour works with: two clients over real HTTP, a screen, and what was said on the wire."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from climate.client import with_token
from climate.client.leases import Lease
from climate.sandbox.screen import Screen, StepFailed


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as they were on the wire."""

    method: str
    path: str
    body: Any
    status: int
    answer: str


_COMMAND_WITHIN_S = 60.0
_COMMAND_WIDTH = "90"  # of the chart, so that it can be shown indented


class Person:
    """A client of the sandbox, the last thing that was said on its wire, and a command line."""

    def __init__(self, name: str, url: str, energy_url: str, token: str) -> None:
        self.name = name
        self._variables = {"CLIMATE_ENDPOINT": url, "CLIMATE_ENERGY_ENDPOINT": energy_url, "CLIMATE_TOKEN": token}
        self._last: Exchange | None = None
        wire = requests.Session()
        wire.hooks["response"].append(self._note)
        self.client = with_token(url, token, energy_endpoint=energy_url, session=wire)

    @property
    def last(self) -> Exchange:
        """The last request and its answer."""
        if self._last is None:
            raise LookupError(f"{self.name} has asked nothing yet")
        return self._last

    def run(self, *words: str) -> tuple[int, str]:
        """The status of the real command ``climate`` with these words, and what it prints.

        :raises OSError: it is not installed beside this Python, or does not end.
        """
        try:
            done = subprocess.run(
                [Path(sys.executable).with_name("climate"), *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                env={**os.environ, **self._variables, "PYTHONIOENCODING": "utf-8", "COLUMNS": _COMMAND_WIDTH},
                timeout=_COMMAND_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            raise OSError(f"climate {words[0]} has not ended after {_COMMAND_WITHIN_S:.0f} s") from expired
        return done.returncode, done.stdout

    def _note(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        asked = answer.request
        body = json.loads(asked.body) if asked.body else None
        self._last = Exchange(str(asked.method), asked.path_url, body, answer.status_code, answer.text)


@dataclass
class Stage:
    """The state of a tour, handed from step to step."""

    screen: Screen
    member: Person
    admin: Person
    clock: Callable[[], float]
    hosts: dict[str, str] = field(default_factory=dict)
    """Names of all hosts by their ids."""
    lease: Lease | None = None
    """The tour's lease, as it was last seen."""

    @property
    def held(self) -> Lease:
        """The tour's lease."""
        if self.lease is None:
            raise LookupError("the tour has no lease yet")
        return self.lease

    def show(self, who: Person, **fields: Any) -> None:
        """Print the last request of somebody, and these fields of its answer."""
        last = who.last
        self.screen.sent(who.name, last.method, last.path, last.body)
        self.screen.got(last.status, fields)

    def command(self, who: Person, *words: str) -> str:
        """Print a command line of somebody's and what it prints, which is the answer.

        :raises StepFailed: it ends with another status than 0.
        """
        status, printed = who.run(*words)
        self.screen.ran(who.name, ["climate", *words], printed)
        if status:
            raise StepFailed(f"the command ended with status {status}")
        return printed

    def names_no_host(self, text: str) -> bool:
        """Whether a text holds neither a name nor an id of any host."""
        return not any(word in text for pair in self.hosts.items() for word in pair)
