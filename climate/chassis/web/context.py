# SPDX-License-Identifier: Apache-2.0
"""Who asks: the identity that the token check left in the headers."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from oslo_context.context import RequestContext

from climate.errors import NotAuthenticated

_STATUS = "HTTP_X_IDENTITY_STATUS"
_IDENTITY = (
    _STATUS,
    "HTTP_X_SERVICE_IDENTITY_STATUS",
    "HTTP_X_IS_ADMIN_PROJECT",
    "HTTP_OPENSTACK_SYSTEM_SCOPE",
    "HTTP_X_ROLE",
    "HTTP_X_USER",
    "HTTP_X_TENANT",
    "HTTP_X_TENANT_ID",
    "HTTP_X_TENANT_NAME",
)
_IDENTITY_PREFIXES = tuple(
    f"HTTP_X_{service}{what}" for service in ("", "SERVICE_") for what in ("USER_", "PROJECT_", "DOMAIN_", "ROLES")
)


def identity_of(environ: Mapping[str, Any]) -> RequestContext:
    """The identity behind a request, also for oslo.log to put into the lines of this thread.

    :raises NotAuthenticated: the token check did not confirm one.
    """
    if environ.get(_STATUS) != "Confirmed" or not environ.get("HTTP_X_USER_ID"):
        raise NotAuthenticated()
    return RequestContext.from_environ(dict(environ))


def forget_identity(environ: MutableMapping[str, Any]) -> None:
    """Remove every header that only the token check may set, so that nobody brings their own."""
    for name in [name for name in environ if name in _IDENTITY or name.startswith(_IDENTITY_PREFIXES)]:
        del environ[name]


def confirm(environ: MutableMapping[str, Any], *, user_id: str, project_id: str, roles: tuple[str, ...]) -> None:
    """Set the headers as keystonemiddleware does, for a token that was checked by other means."""
    environ[_STATUS] = "Confirmed"
    environ["HTTP_X_USER_ID"] = user_id
    environ["HTTP_X_PROJECT_ID"] = project_id
    environ["HTTP_X_ROLES"] = ",".join(roles)
