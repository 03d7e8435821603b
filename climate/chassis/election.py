# SPDX-License-Identifier: Apache-2.0
"""Which one of several copies of a process acts: whoever holds a lock in tooz's backend.

A lock and not tooz's own elections, because every backend has locks. Where
two copies believe themselves elected for a moment (a backend with leases, a
copy that stood still for longer), what they write must stand it: writers
compare a version in the database.
"""

from __future__ import annotations

import contextlib
import logging
import threading

import tooz
from oslo_config import cfg
from tooz import coordination, locking

from climate.errors import ConfigError

LOG = logging.getLogger(__name__)

GROUP = "coordination"
OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        "backend_url",
        secret=True,
        help="Where copies of a process agree which of them acts, as tooz writes it: etcd3+http://HOST:2379, "
        "redis://HOST:6379, zookeeper://HOST:2181, or file:///var/lib/climate/locks (copies on one machine). "
        "Without it every copy acts: right where there is one.",
    ),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [coordination]."""
    return [(GROUP, OPTS)]


class Election:
    """Asked in each round of a loop whether this copy acts.

    ``office`` is what copies compete for, ``member`` this copy's own name.
    Without a ``backend_url`` this copy always acts.

    :raises ConfigError: the URL cannot be used.
    """

    def __init__(self, backend_url: str | None, office: str, member: str) -> None:
        self._backend_url = backend_url
        self._office = office
        self._member = member
        self._mutex = threading.Lock()
        self._coordinator: coordination.CoordinationDriver | None = None
        self._lock: locking.Lock | None = None
        self._leads = False
        self._lost = False
        if backend_url:
            self._connect(backend_url)

    def am_leader(self) -> bool:
        """Whether this copy acts now; takes the office if it is free.

        While the backend is out of reach nobody leads; it is tried again at
        each call.
        """
        if not self._backend_url:
            return True
        with self._mutex:
            try:
                leads = self._holds(self._backend_url)
            except (tooz.ToozError, OSError) as error:
                if not self._lost:
                    LOG.warning("%s: the coordination backend is out of reach: %s", self._office, type(error).__name__)
                self._lost = True
                self._leave()
                return False
            if self._lost:
                LOG.info("%s: the coordination backend is back", self._office)
            if leads != self._leads:
                LOG.info("%s: %s %s", self._office, self._member, "acts" if leads else "acts no longer")
            self._lost, self._leads = False, leads
            return leads

    def close(self) -> None:
        """Leave the office, so that another copy can take it at once."""
        with self._mutex:
            self._leave()

    def _holds(self, backend_url: str) -> bool:
        if self._coordinator is None:
            self._coordinator = self._connect(backend_url)
        if self._lock is None:
            self._coordinator.start(start_heart=True)
            self._lock = self._coordinator.get_lock(self._office.encode())
        if self._leads:
            try:
                if self._lock.is_still_owner():
                    return True
            except tooz.NotImplemented:
                return True
        return self._lock.acquire(blocking=False)

    def _connect(self, backend_url: str) -> coordination.CoordinationDriver:
        try:
            return coordination.get_coordinator(backend_url, self._member.encode())
        except (tooz.ToozError, ImportError, RuntimeError, ValueError) as error:  # stevedore's is a RuntimeError
            raise ConfigError(
                f"[coordination] backend_url cannot be used ({type(error).__name__}): write it as tooz does, "
                "such as file:///var/lib/climate/locks, and install its driver.",
                option="backend_url",
            ) from None

    def _leave(self) -> None:
        """Give up lock and connection, as far as the backend still answers."""
        for end in (
            self._lock.release if self._lock is not None and self._leads else None,
            self._coordinator.stop if self._coordinator is not None and self._lock is not None else None,
        ):
            if end is not None:
                with contextlib.suppress(tooz.ToozError, OSError):
                    end()
        self._coordinator, self._lock, self._leads = None, None, False
