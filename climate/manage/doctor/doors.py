# SPDX-License-Identifier: Apache-2.0
"""How users come in: the API over HTTP, and Keystone, which says who they are and where the API is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from climate.client import readiness
from climate.client.connection import VERSION
from climate.client.entry import SERVICE_TYPE
from climate.errors import ClimateError, ConfigError, ServiceUnavailable
from climate.manage.doctor.examination import Finding, Verdict

_API, _KEYSTONE = "api", "keystone"
_REGISTER = f"climate-manage register --{SERVICE_TYPE}-url "
Registered = Callable[[], str | None]


def keystone(registered: Registered | None) -> Iterator[Finding]:
    """Whether Keystone lets us in, and its catalogue names our endpoint.

    ``registered`` signs in and gives the endpoint, ``None`` without one; it is
    ``None`` itself where tokens do not come from Keystone.
    """
    if registered is None:
        yield Finding(_KEYSTONE, Verdict.OK, "It is not used: tokens come from a file ([api] auth_strategy).")
        return
    try:
        endpoint = registered()
    except ConfigError as error:
        yield Finding(_KEYSTONE, Verdict.FAIL, error.message, "Correct the group [keystone_authtoken].")
        return
    except ClimateError as error:
        yield Finding(
            _KEYSTONE, Verdict.FAIL, error.message, "Start Keystone, or correct [keystone_authtoken] auth_url."
        )
        return
    yield Finding(_KEYSTONE, Verdict.OK, "Keystone lets the user of [keystone_authtoken] in.")
    if endpoint is None:
        yield Finding(
            _KEYSTONE,
            Verdict.FAIL,
            f"Its catalogue has no public endpoint of the type {SERVICE_TYPE}: clients do not find the API.",
            f"{_REGISTER}https://ADDRESS/v1",
        )
    else:
        yield Finding(_KEYSTONE, Verdict.OK, f"Its catalogue has our endpoint: {endpoint}")


def api(url: str | None, registered: Registered | None, local: str, timeout_s: float) -> Iterator[Finding]:
    """Whether the API answers and has its services: at ``url``, or else at the registered endpoint, or else locally.

    Where it does not answer at the registered endpoint, it may be that it is not there at all, but here.
    """
    endpoint = None if url else _registered(registered)
    where = url or endpoint or local
    try:
        ready, parts = readiness.ask(where, timeout_s)
    except ServiceUnavailable as error:
        if endpoint is None:
            raise
        yield _not_at_the_endpoint(error, endpoint, local, timeout_s / 2)
        return
    if ready:
        yield Finding(_API, Verdict.OK, f"climate-api answers at {where}, and is ready.")
        return
    missing = ", ".join(sorted(name for name, state in parts.items() if state != "ready")) or "something it needs"
    yield Finding(
        _API,
        Verdict.FAIL,
        f"climate-api answers at {where}, and misses: {missing}.",
        "See these parts.",
    )


def _not_at_the_endpoint(error: ServiceUnavailable, endpoint: str, local: str, timeout_s: float) -> Finding:
    if endpoint.rstrip("/").removesuffix(VERSION) != local:
        with contextlib.suppress(ServiceUnavailable):
            readiness.ask(local, timeout_s)
            return Finding(
                _API,
                Verdict.FAIL,
                f"Keystone's catalogue sends clients elsewhere than to the climate-api at {local}: {error.message}",
                f"Start what shall be there, or correct the catalogue: {_REGISTER}https://ADDRESS/v1",
            )
    return Finding(
        _API,
        Verdict.FAIL,
        error.message,
        "Start climate-api; --api-url says where it is, if it is elsewhere. If the catalogue is wrong: "
        f"{_REGISTER}https://ADDRESS/v1",
    )


def _registered(registered: Registered | None) -> str | None:
    try:
        return registered() if registered else None
    except ClimateError:
        return None  # said in the part keystone
