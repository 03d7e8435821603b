# SPDX-License-Identifier: Apache-2.0
"""Finds instances that came past Nova's filters to where they may not stand, tells the operator, and acts if told to.

Administrators can name a host, force a migration, evacuate. Who looks reads
all instances; one copy of planning does so each time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from climate.core import clearing, guarding
from climate.core.candidates import unpack
from climate.core.clearing import Act, Ending, Eviction, EvictionRule
from climate.core.guarding import GuardAct, Misplaced, Tenure, Tolerance
from climate.core.lifecycle import State
from climate.errors import ClimateError
from climate.openstack.nova_servers import Refused, Server
from climate.planning.calendar import PlanningCalendar
from climate.planning.instances import Hosts, Servers, seen
from climate.planning.moving import Mover

LOG = logging.getLogger(__name__)

EVENT = "instance.misplaced"


class Guard:
    """Looks after where instances stand.

    ``send`` tells the operator's listeners, ``leads`` whether this copy is
    the one that looks, ``clock`` gives epoch seconds.
    """

    def __init__(
        self,
        calendar: PlanningCalendar,
        servers: Servers,
        hosts: Callable[[], Hosts],
        rule: EvictionRule,
        act: GuardAct,
        send: Callable[[str, dict[str, Any]], None],
        leads: Callable[[], bool],
        clock: Callable[[], int],
    ) -> None:
        self._calendar = calendar
        self._servers = servers
        self._hosts = hosts
        self._rule = rule
        self._act = act
        self._mover = Mover(servers, EvictionRule(eviction=Eviction.MIGRATE))
        self._send = send
        self._leads = leads
        self._clock = clock
        self._told: frozenset[Misplaced] = frozenset()
        self._moved: set[str] = set()

    def look(self) -> int:
        """Look once, if this copy is the one; how many instances are misplaced."""
        if not self._leads():
            self._told = frozenset()
            return 0
        try:
            found = self._found()
        except ClimateError as error:
            LOG.warning("where instances stand is not known now: %s", error.message)
            return 0
        for one, server in found.items():
            if one not in self._told:
                self._tell(one)
            self._mend(one, server)
        self._told = frozenset(found)
        self._confirm()
        return len(found)

    def misplaced(self) -> list[Misplaced]:
        """What stands where it may not, now.

        :raises ServiceUnavailable: Nova or the inventory does not answer.
        """
        return list(self._found())

    def _found(self) -> dict[Misplaced, Server]:
        tenures = self._tenures()  # before the instances: one that comes with its lease is the lease's
        servers = {server.server_id: server for server in self._servers.on() if server.host}
        found = guarding.misplaced(map(seen, servers.values()), tenures, _tolerance(self._rule))
        return {one: servers[one.server_id] for one in found}

    def _tenures(self) -> dict[str, Tenure]:
        """The hosts that are leased now, by the names that Nova has for them."""
        now = self._clock()
        names = self._hosts().service_hosts
        with self._calendar.following() as replica:
            columns = replica.calendar.columns()
            here = (columns.start <= now) & (columns.end > now)
            held = list(zip(columns.host[here].tolist(), columns.owner[here].tolist(), strict=True))
            facts = {owner: replica.facts[columns.keys[owner]] for _, owner in held}
        ids = unpack(self._calendar.host_ids(host for host, _ in held))
        tenures = {}
        for host_id, (_, owner) in zip(ids, held, strict=True):
            fact = facts[owner]
            if fact.state in (State.CONFIRMED, State.ACTIVE) and fact.start_at <= now < fact.end_at:
                tenures[names.get(host_id, "")] = Tenure(
                    lease_id=columns.keys[owner],
                    project_id=fact.project_id,
                    start_at=fact.start_at,
                    end_at=fact.end_at,
                )
        tenures.pop("", None)
        return tenures

    def _tell(self, one: Misplaced) -> None:
        LOG.warning(
            "instance %s of project %s on %s: %s of lease %s",
            one.server_id,
            one.project_id,
            one.host,
            one.wrong,
            one.lease_id,
        )
        word = {
            "server_id": one.server_id,
            "project_id": one.project_id,
            "host": one.host,
            "wrong": str(one.wrong),
            "lease_id": one.lease_id,
            "at": self._clock(),
            "act": str(self._act),
        }
        try:
            self._send(EVENT, word)
        except Exception:
            # The listener's trouble; the log has it, and what is to be done is done.
            LOG.exception("nobody heard of misplaced instance %s", one.server_id)

    def _mend(self, one: Misplaced, server: Server) -> None:
        if self._act is GuardAct.REPORT or server.task:
            return
        try:
            if self._act is GuardAct.STOP:
                self._stop(server)
            elif self._move(one, server) is Act.COLD_MIGRATE:
                self._moved.add(one.server_id)
        except (Refused, ClimateError) as error:
            LOG.warning("misplaced instance %s stays as it is: %s", one.server_id, error)

    def _stop(self, server: Server) -> None:
        if clearing.ending(server.status, False, Ending.STOP) is Act.STOP:
            self._servers.act(Act.STOP, server.server_id)
            LOG.info("misplaced instance %s is stopped", server.server_id)

    def _move(self, one: Misplaced, server: Server) -> Act:
        now = self._clock()
        moves = self._servers.migrations(server.host, now - _REMEMBERED_S)
        return self._mover.step(server, moves, now, now, f"since it is {one.wrong} of lease {one.lease_id}")

    def _confirm(self) -> None:
        """A cold migration holds its old host until somebody says that it went well."""
        for server_id in sorted(self._moved):
            try:
                server = self._servers.get(server_id)
                if server is not None and server.task:
                    continue
                if server is not None and server.status == "VERIFY_RESIZE":
                    self._servers.confirm(server_id)
            except (Refused, ClimateError) as error:
                LOG.info("the migration of %s is not confirmed yet: %s", server_id, error)
                continue
            self._moved.discard(server_id)


_REMEMBERED_S = 600  # a migration that failed is tried again after this


def _tolerance(rule: EvictionRule) -> Tolerance:
    choices = (rule.eviction, rule.fallback)
    return Tolerance(quiet=Eviction.PAUSE in choices, there_before=rule.eviction is Eviction.NONE)
