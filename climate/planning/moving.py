# SPDX-License-Identifier: Apache-2.0
"""Moves instances off hosts in Nova, a step at a look, by what Nova's own record says was tried before."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from climate.core import clearing
from climate.core.clearing import Act, Attempt, EvictionRule, Way
from climate.openstack.nova_servers import Migration, Refused, Server
from climate.planning.instances import Servers

LOG = logging.getLogger(__name__)

_KINDS = {"live-migration": Way.LIVE, "migration": Way.COLD}
_FAILED = frozenset({"error", "failed", "cancelled"})
_OVER = _FAILED | {"completed", "confirmed", "finished", "done", "reverted"}


def tried(moves: Iterable[Migration]) -> frozenset[str]:
    """The instances that somebody began to move."""
    return frozenset(move.server_id for move in moves if move.kind in _KINDS)


def under_way(moves: Iterable[Migration]) -> dict[str, str]:
    """Where the instances go that are on their way; ``""`` where Nova has not chosen yet."""
    return {move.server_id: move.target for move in moves if move.kind in _KINDS and move.status not in _OVER}


def unconfirmed(moves: Iterable[Migration]) -> list[Migration]:
    """Cold migrations that went well, as somebody has still to say."""
    return [move for move in moves if move.kind == "migration" and move.status == "finished"]


class Mover:
    """Takes the next step for one instance. ``rule`` says how."""

    def __init__(self, servers: Servers, rule: EvictionRule) -> None:
        self._servers = servers
        self._rule = rule

    def confirm(self, moves: Iterable[Migration]) -> None:
        """End cold migrations that went well: until then they hold their old hosts."""
        for move in unconfirmed(moves):
            try:
                self._servers.confirm(move.server_id)
            except Refused as error:
                LOG.info("the migration of %s is not confirmed yet: %s", move.server_id, error)

    def step(
        self, server: Server, moves: Iterable[Migration], start_at: int, now: int, why: str, target: str | None = None
    ) -> Act:
        """Do the next thing to an instance of ``moves``' host, whose lease begins at ``start_at``.

        It is first asked to go to ``target``; where that comes to nothing,
        Nova chooses. ``why`` is for the log. Returns what was done, or that
        nothing is left to do.
        """
        attempts = [
            Attempt(_KINDS[move.kind], move.status in _FAILED)
            for move in moves
            if move.server_id == server.server_id and move.kind in _KINDS
        ]
        while True:
            act = clearing.evicting(server.status, bool(server.task), attempts, self._rule, start_at, now)
            if act in (Act.WAIT, Act.DONE, Act.STUCK):
                return act
            moving = act in (Act.LIVE_MIGRATE, Act.COLD_MIGRATE)
            to = target if moving and not attempts else None
            try:
                self._servers.act(act, server.server_id, to)
            except Refused as error:
                LOG.info("instance %s on %s: no %s to %s: %s", server.server_id, server.host, act, to, error)
                if not moving:
                    return Act.STUCK
                attempts.append(Attempt(Way.LIVE if act is Act.LIVE_MIGRATE else Way.COLD, failed=True))
                continue
            LOG.info("instance %s leaves %s %s: %s to %s", server.server_id, server.host, why, act, to or "any")
            return act
