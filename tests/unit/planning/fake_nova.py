# SPDX-License-Identifier: Apache-2.0
"""A Nova in memory that takes its time, refuses, fails afterwards and loses its callers, as tests say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from climate.core.clearing import Act
from climate.openstack.nova_servers import Migration, Refused, Server

_GOES = {Act.PAUSE: ("pausing", "PAUSED"), Act.STOP: ("powering-off", "SHUTOFF"), Act.SHELVE: ("shelving", "SHELVED")}
_FROM = {
    Act.LIVE_MIGRATE: ("ACTIVE", "PAUSED"),
    Act.COLD_MIGRATE: ("ACTIVE", "SHUTOFF"),
    Act.PAUSE: ("ACTIVE",),
    Act.STOP: ("ACTIVE",),
    Act.SHELVE: ("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"),
    Act.OFFLOAD: ("SHELVED",),
}


class FakeNova:
    """Instances on hosts. What is asked of it takes ``takes_s`` seconds, until a :meth:`tick` after them.

    ``before`` is called with the name of every call: it may raise what a
    network or a kill would. ``fails(act, server_id)`` says which acts come to
    nothing, ``elsewhere`` where the scheduler puts what moves (``None``: it
    finds no host) unless it is asked to go to a certain host. ``full`` are
    hosts that take nothing. ``asked`` lists every act that was accepted,
    ``targets`` where a move was first asked to go.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.servers: dict[str, Server] = {}
        self.moves: list[Migration] = []
        self.asked: list[tuple[Act, str]] = []
        self.notes: dict[str, str] = {}
        self.before: Callable[[str], None] = lambda call: None
        self.fails: Callable[[Act, str], bool] = lambda act, server_id: False
        self.refuses: Callable[[Act, str], bool] = lambda act, server_id: False
        self.elsewhere: Callable[[Server], str | None] = lambda server: "elsewhere"
        self.full: set[str] = set()
        self.targets: dict[str, str | None] = {}
        self.hints = True
        self.takes_s = 5
        self._going: dict[str, tuple[Act, int]] = {}

    def boot(
        self, server_id: str, host: str, project_id: str, lease: str = "", status: str = "ACTIVE", vcpus: int = 1
    ) -> None:
        """An instance that is there, with a lease as its hint or none."""
        hints: dict[str, tuple[str, ...]] = {"lease": (lease,)} if lease else {}
        self.servers[server_id] = Server(
            server_id=server_id,
            name=server_id,
            project_id=project_id,
            host=host,
            status=status,
            vcpus=vcpus,
            memory_mb=vcpus * 1024,
            created_at=self.clock(),
            hints=hints if self.hints else None,
        )

    def on(self, hosts: Iterable[str] | None = None) -> Iterator[Server]:
        self.before("on")
        wanted = None if hosts is None else set(hosts)
        return iter([one for one in self.servers.values() if wanted is None or one.host in wanted])

    def get(self, server_id: str) -> Server | None:
        self.before("get")
        return self.servers.get(server_id)

    def migrations(self, host: str, since: int) -> list[Migration]:
        self.before("migrations")
        return [move for move in self.moves if move.source == host and move.created_at >= since]

    def note(self, server_id: str, text: str) -> None:
        self.before("note")
        self.notes[server_id] = text

    def act(self, act: Act, server_id: str, target: str | None = None) -> None:
        self.before(act)
        server = self.servers.get(server_id)
        if act is Act.DELETE:
            if server is not None:
                self.asked.append((act, server_id))
                self._begin(server, act, "deleting")
            return
        if server is None:
            raise Refused("It is gone.")
        if server.task or server.status not in _FROM[act] or self.refuses(act, server_id):
            raise Refused(f"Cannot {act} while it is {server.status} ({server.task}).")
        self.asked.append((act, server_id))
        if act in (Act.LIVE_MIGRATE, Act.COLD_MIGRATE):
            self.targets.setdefault(server_id, target)
            kind = "live-migration" if act is Act.LIVE_MIGRATE else "migration"
            self.moves.append(
                Migration(
                    server_id=server_id,
                    kind=kind,
                    status="running",
                    source=server.host,
                    target=target or "",
                    created_at=self.clock(),
                )
            )
        self._begin(server, act, _GOES.get(act, (act, ""))[0])

    def confirm(self, server_id: str) -> None:
        self.before("confirm")
        server = self.servers.get(server_id)
        if server is None or server.status != "VERIFY_RESIZE":
            raise Refused("There is nothing to confirm.")
        self._change(server_id, status="ACTIVE")
        self._moved(server_id, "finished", "confirmed")

    def tick(self) -> None:
        """What is under way comes to its end."""
        over = {server_id: act for server_id, (act, at) in self._going.items() if at <= self.clock()}
        for server_id, act in over.items():
            del self._going[server_id]
            self._end(self.servers[server_id], act)

    def _end(self, server: Server, act: Act) -> None:
        server_id = server.server_id
        if act is Act.DELETE:
            del self.servers[server_id]
            return
        failed = self.fails(act, server_id)
        if act in (Act.LIVE_MIGRATE, Act.COLD_MIGRATE):
            chosen = next(move.target for move in self.moves if _is_running(move, server_id)) or self.elsewhere(server)
            target = None if failed or chosen in self.full else chosen
            if target is None:
                self._moved(server_id, "running", "error")
            elif act is Act.LIVE_MIGRATE:
                self._moved(server_id, "running", "completed")
                self._change(server_id, host=target)
            else:
                self._moved(server_id, "running", "finished")
                self._change(server_id, host=target, status="VERIFY_RESIZE")
        elif not failed and act is Act.OFFLOAD:
            self._change(server_id, host="", status="SHELVED_OFFLOADED")
        elif not failed:
            self._change(server_id, status=_GOES[act][1])
        self._change(server_id, task="")

    def _begin(self, server: Server, act: Act, task: str) -> None:
        self._going[server.server_id] = (act, self.clock() + self.takes_s)
        self._change(server.server_id, task=task)

    def _change(self, server_id: str, **fields: Any) -> None:
        self.servers[server_id] = dataclasses.replace(self.servers[server_id], **fields)

    def _moved(self, server_id: str, was: str, now: str) -> None:
        for place, move in enumerate(self.moves):
            if move.server_id == server_id and move.status == was:
                self.moves[place] = dataclasses.replace(move, status=now)


def _is_running(move: Migration, server_id: str) -> bool:
    return (move.server_id, move.status) == (server_id, "running")
