# SPDX-License-Identifier: Apache-2.0
"""Leases: ask, look, confirm, change, give back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NotRequired, TypedDict
from urllib.parse import quote

from climate.client.connection import Connection
from climate.errors import ClimateError, Kind, WrongState

OVER: Final = frozenset({"ended", "expired", "cancelled", "error"})
"""States that a lease never leaves."""

# Between two looks a lease may have left a state again.
_BEYOND: Final = {"proposed": ("confirmed", "active"), "confirmed": ("active",)}
_PASSING: Final = (Kind.UNAVAILABLE, Kind.TOO_MANY)


class LeaseHost(TypedDict):
    """A host of a lease."""

    id: str
    name: str


class Lease(TypedDict):
    """A lease as the REST API gives it; ``hosts`` is there for operators only, and not in lists.

    ``common_properties``, what its hosts have in common, is not in lists either.

    ``start_time`` and ``end_time`` are what was asked for, ``start_at`` and
    ``end_at`` what was given; ``duration`` is in seconds.
    """

    id: str
    name: str
    project_id: str
    user_id: str
    state: str
    start_at: str
    end_at: str
    duration: int
    quantity: int
    host_properties: list[Any] | None
    scheduler: str | None
    on_lease_end: str | None
    start_time: str | None
    end_time: str | None
    alike: dict[str, Any]
    created_at: str
    updated_at: str
    expires_at: str | None
    confirmed_at: str | None
    closed_at: str | None
    degraded_reason: str | None
    error_reason: str | None
    links: dict[str, str]
    common_properties: NotRequired[dict[str, Any] | None]
    hosts: NotRequired[list[LeaseHost]]


class Leases:
    """The leases of one's own project; of all, for operators."""

    def __init__(
        self,
        connection: Connection,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._sleep = sleep

    def create(
        self,
        *,
        quantity: int | None = None,
        duration: int | str | None = None,
        start_time: int | str | None = None,
        end_time: int | str | None = None,
        host_properties: Sequence[Any] | str | None = None,
        scheduler: str | None = None,
        on_lease_end: str | None = None,
        name: str | None = None,
        confirm: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Lease:
        """Ask for hosts: a proposal, or with ``confirm`` a promise.

        Arguments are the fields of the request's body. Whoever repeats a call
        with the same ``idempotency_key`` gets the first call's lease.

        :raises NothingFits: no such hosts are free.
        :raises BadField, BadProperties: the request cannot be understood.
        :raises RepeatMismatch: the key came with another request before.
        """
        body = _given(
            quantity=quantity,
            duration=duration,
            start_time=start_time,
            end_time=end_time,
            host_properties=host_properties,
            scheduler=scheduler,
            on_lease_end=on_lease_end,
            name=name,
            confirm=confirm,
        )
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else None
        return self._connection.json("POST", "/leases", body=body, headers=headers)

    def list(self, **filters: Any) -> Iterator[Lease]:
        """Leases, newest first, fetched a page at a time; ``filters`` are the query arguments of ``GET /v1/leases``.

        :raises BadField: a filter cannot be understood.
        """
        return self._connection.pages("/leases", "leases", filters)

    def get(self, lease_id: str) -> Lease:
        """One lease.

        :raises LeaseNotFound: there is none in one's project.
        """
        return self._connection.json("GET", _path(lease_id))

    def update(
        self,
        lease_id: str,
        *,
        name: str | None = None,
        end_time: int | str | None = None,
        duration: int | str | None = None,
        quantity: int | None = None,
    ) -> Lease:
        """Rename, extend, shorten, add hosts or give some back: all of it or nothing.

        :raises NothingFits: the longer time, or more such hosts, are not free.
        :raises WrongState: the lease is over.
        """
        body = _given(name=name, end_time=end_time, duration=duration, quantity=quantity)
        return self._connection.json("PATCH", _path(lease_id), body=body)

    def confirm(self, lease_id: str) -> Lease:
        """Turn a proposal into a promise; twice is once.

        :raises WrongState: it has expired, or is over.
        """
        return self._connection.json("POST", f"{_path(lease_id)}/confirm")

    def substitute(self, lease_id: str) -> Lease:
        """Take others for those of its hosts that fail, as far as there are; what is missing: ``degraded_reason``.

        :raises WrongState: the lease is over.
        """
        return self._connection.json("POST", f"{_path(lease_id)}/substitute")

    def cancel(self, lease_id: str) -> None:
        """Give everything back; twice is once.

        :raises WrongState: the lease is over already.
        """
        self._connection.request("DELETE", _path(lease_id))

    def wait_for(
        self,
        lease_id: str,
        state: str,
        timeout_s: float | None,
        on_change: Callable[[Lease], None] | None = None,
        *,
        interval_s: float = 1.0,
        pause: Callable[[Lease], None] | None = None,
    ) -> Lease:
        """The lease, once it is in ``state`` or, on its way, already beyond; looks every ``interval_s``.

        ``on_change`` is called with the lease when first seen and at each new
        state. ``pause`` is called with the lease between two looks, instead
        of sleeping for ``interval_s``. A service that answered once and then
        does not, or asks for patience, is asked again.

        :raises WrongState: the lease is over without having been seen in ``state``.
        :raises TimeoutError: ``timeout_s`` have passed (never, if it is ``None``).
        """
        give_up_at = math.inf if timeout_s is None else self._clock() + timeout_s
        lease = self.get(lease_id)
        seen = None
        while True:
            if lease["state"] != seen and on_change is not None:
                on_change(lease)
            seen = lease["state"]
            if seen == state or seen in _BEYOND.get(state, ()):
                return lease
            if seen in OVER:
                raise WrongState(f"The lease is {seen} and will not be {state}.", state=seen)
            if self._clock() >= give_up_at:
                raise TimeoutError(f"lease {lease_id} is still {seen} after {timeout_s} s")
            if pause is not None:
                pause(lease)
            else:
                self._sleep(interval_s)
            lease = self._patiently(lease_id, give_up_at, interval_s)

    def _patiently(self, lease_id: str, give_up_at: float, interval_s: float) -> Lease:
        """The lease, as soon as the service answers again.

        :raises ClimateError: it does not until ``give_up_at``, or says something else.
        """
        while True:
            try:
                return self.get(lease_id)
            except ClimateError as error:
                if error.kind not in _PASSING or self._clock() >= give_up_at:
                    raise
                self._sleep(max(interval_s, float(error.details.get("retry_after_s", 0))))


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _path(lease_id: str) -> str:
    return f"/leases/{quote(lease_id, safe='')}"
