# SPDX-License-Identifier: Apache-2.0
"""A seeded day of a cloud: servers with all kinds of hints, moves of all kinds, leases that begin and end meanwhile.

Beside it works an operator who does by hand what is nobody's task yet: empties
hosts from the moment on at which the filter keeps them free for a lease, and
deletes a lease's servers before its end.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.openstack.bench import Bench, Somebody, instant, wait_until
from tests.openstack.conftest import MARGIN_S
from tests.openstack.records import Hold

CLEAR_S = 15.0  # before a lease's end, its servers are deleted and no more are asked for
AT_WORK = 4  # so many servers are under way at a time: what is decided is soon carried out
AHEAD_S = (MARGIN_S + 8, MARGIN_S + 14)
LASTS_S = (40, 60)
LEASES = 3  # under way or to come at a time
KINDS = {"none": 12, "own": 14, "foreign": 5, "ended": 4, "early": 3, "unknown": 4, "malformed": 4, "listed": 4}
HINTS = ("lease", "lease_id", "reservation_id", "reservation")
MOVES = ("migrate", "live", "rebuild", "resize")
UNDER_WAY = (
    "SELECT (SELECT COUNT(*) FROM nova_api.build_requests)"
    " + (SELECT COUNT(*) FROM nova.instances WHERE deleted = 0 AND vm_state = 'building')"
)
STATES = "SELECT uuid, host, vm_state, task_state FROM nova.instances WHERE deleted = 0"


class Mix:
    """``done`` counts what was done by its kind; ``hinted`` has what each server's hint names; ``holds`` the leases."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self._bench = bench
        self._random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.hinted: dict[str, str] = {}
        self.holds: list[Hold] = []
        self._over = self._lease_that_is_over()

    def play(self, servers: int) -> None:
        """Ask for so many servers, and a move for every second of them; returns when the last lease has ended."""
        stop = threading.Event()
        self._book(starts_in_s=0)
        pool = ThreadPoolExecutor(max_workers=1)
        operator = pool.submit(self._operate, stop)
        try:
            for number in range(servers):
                assert operator.running(), operator.result()
                self._book_ahead()
                wait_until(lambda: self._count(UNDER_WAY) < AT_WORK, "servers are made")
                self._ask()
                if number % 2:
                    self._move(MOVES[number // 2 % len(MOVES)])
            last = max(hold.end for hold in self.holds)
            wait_until(lambda: time.time() > last + 2, "the last lease ends")
            wait_until(lambda: self._count(UNDER_WAY) == 0, "servers are made")
        finally:
            stop.set()
            pool.shutdown()
        operator.result()

    def _ask(self) -> None:
        who = self._random.choice([self._bench.anna, self._bench.otto])
        named = self._names(who)
        # What has come least, of its share, comes next: so a short mix has all kinds.
        kind = min(named, key=lambda kind: (self.done[kind] / KINDS[kind], self._random.random()))
        hint = named[kind]
        hints = {self._random.choice(HINTS): hint} if hint else None
        server_id = self._bench.request(who, kind, hints, self._random.choice(["small", "large"]))
        self.hinted[server_id] = str(hint)
        self.done[kind] += 1

    def _names(self, who: Somebody) -> dict[str, str | list[str]]:
        """What a server may name now, by kind: those kinds for which there is a lease."""
        now = time.time()
        usable = [hold for hold in self.holds if hold.start <= now < hold.end - CLEAR_S - 5]
        own = [hold.lease_id for hold in usable if hold.project_id == who.project_id]
        leases = {
            "own": own,
            "foreign": [hold.lease_id for hold in usable if hold.project_id != who.project_id],
            "early": [hold.lease_id for hold in self.holds if hold.start > now + 5],
        }
        return {
            "none": "",
            "ended": self._over,
            "unknown": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "malformed": self._random.choice(["x", "../../hosts", "0", "' OR 1=1 --", "lease-1"]),
            "listed": [*own, self._over][:2] * 2,
            **{kind: self._random.choice(some) for kind, some in leases.items() if some},
        }

    def _move(self, kind: str) -> None:
        """One of the moves, with one of the servers that stand somewhere; nothing if there is none."""
        standing = sorted(server for server, _, state, task in self._rows() if (state, task) == ("active", None))
        if not standing:
            return
        server_id = self._random.choice(standing)
        action, argument = {
            "migrate": ("migrate", None),
            "live": ("os-migrateLive", {"host": None, "block_migration": "auto"}),
            "rebuild": ("rebuild", {"imageRef": self._bench.image()}),
            "resize": ("resize", {"flavorRef": self._bench.flavor(self._resized_to(server_id))}),
        }[kind]
        if self._bench.act(server_id, action, argument) < 300:
            self.done[kind] += 1

    def _resized_to(self, server_id: str) -> str:
        shown = self._bench.shown(server_id)["flavor"]
        return "small" if shown["vcpus"] > 1 else "large"

    def _book_ahead(self) -> None:
        if sum(hold.end > time.time() for hold in self.holds) < LEASES:
            self._book(self._random.randint(*AHEAD_S))

    def _book(self, starts_in_s: int) -> None:
        """A lease of a host or two, for each project in turn."""
        who = self._turn(len(self.holds))
        start = int(time.time()) + starts_in_s
        end = start + self._random.randint(*LASTS_S)
        quantity = 2 if starts_in_s == 0 else self._random.choice([1, 2])
        times = {"start_time": start, "end_time": end} if starts_in_s else {"duration": end - start}
        made = who.climate.leases.create(quantity=quantity, confirm=True, **times)
        hosts = frozenset(self._bench.hosts_of(made["id"]))
        period = (instant(made["start_at"]), instant(made["end_at"]))
        self.holds.append(Hold(made["id"], who.project_id, hosts, *period))

    def _turn(self, number: int) -> Somebody:
        return (self._bench.anna, self._bench.otto)[number % 2]

    def _lease_that_is_over(self) -> str:
        lease_id = self._bench.anna.lease()
        self._bench.anna.climate.leases.cancel(lease_id)
        return lease_id

    def _rows(self) -> list[tuple[Any, ...]]:
        return self._bench.openstack.mariadb.rows(STATES)

    def _count(self, query: str) -> int:
        return int(self._bench.openstack.mariadb.rows(query)[0][0])

    def _operate(self, stop: threading.Event) -> None:
        asked: dict[str, float] = {}
        while not stop.wait(0.5):
            for server_id, host, state, _ in self._rows():
                if state == "resized":
                    self._bench.act(server_id, "confirmResize")
                if self._must_go(server_id, host) and time.monotonic() - asked.get(server_id, -9.0) > 5:
                    asked[server_id] = time.monotonic()
                    self._bench.delete(server_id)

    def _must_go(self, server_id: str, host: str | None) -> bool:
        now, named = time.time(), self.hinted.get(server_id)
        if named is None:  # it is being asked for just now
            return False
        if named:
            return any(hold.lease_id == named and now >= hold.end - CLEAR_S for hold in self.holds)
        return any(host in hold.hosts and hold.start - MARGIN_S <= now < hold.start for hold in self.holds)
