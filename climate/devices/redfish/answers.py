# SPDX-License-Identifier: Apache-2.0
"""What an answer of a Redfish service means: a resource, a session, a refusal, a link. Bytes in, values out.

Headers and messages are those of DMTF's DSP0266, ``Retry-After`` and ``Date``
those of RFC 9110.
"""

from __future__ import annotations

import contextlib
import email.utils
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from climate.devices.redfish.connection import Address, Answer, RedfishError

Resource = dict[str, Any]

LONGEST_REST_S = 3600.0
_NO_SESSION_LEFT = ("SessionLimitExceeded", "RAC0218")
"""The ends of the ids of messages that say so: DMTF's Base registry, Dell's iDRAC."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a service gave to who logged in; ``uri`` is ``None`` where it did not say how to delete it."""

    token: str = field(repr=False)
    uri: str | None


def local(uri: str, address: Address) -> str:
    """The path and query of a link, which must not lead away.

    :raises RedfishError: it leads to another host, or nowhere.
    """
    try:
        parts = urlsplit(uri)
        away = bool(parts.scheme or parts.netloc) and not address.holds(uri)
    except ValueError:
        raise RedfishError(f"{address.host} gives a link that is none") from None
    if away:
        raise RedfishError(f"{address.host} sends us to another place, {uri[:80]!r}, where we do not go")
    if not parts.path.startswith("/") or not uri.isascii() or not uri.isprintable() or " " in uri:
        raise RedfishError(f"{address.host} gives a link that is none: {uri[:80]!r}")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def session_of(answer: Answer, address: Address) -> Session:
    if not 200 <= answer.status < 300:
        raise RedfishError(f"no session: HTTP {answer.status}")
    token, location = answer.headers.get("x-auth-token"), answer.headers.get("location")
    if not token:
        raise RedfishError(f"{address.host} opens a session and gives no token")
    if not location:
        with contextlib.suppress(RedfishError):
            location = decoded("the session", answer.body).get("@odata.id")
    # A service may call itself otherwise than we do. Where it says that the session is, it is only asked itself.
    path = urlsplit(location).path if isinstance(location, str) else ""
    return Session(token, path if path.startswith("/") else None)


def decoded(what: str, body: bytes) -> Resource:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise RedfishError(f"{what} is no JSON; it begins with {body[:40]!r}") from None
    if not isinstance(found, dict):
        raise RedfishError(f"{what} is no resource, but {str(found)[:40]!r}")
    return found


def of_uri(uri: str, resource: Resource) -> Resource:
    """The resource, if it is the one that was asked for. :raises RedfishError: it says to be another."""
    own = resource.get("@odata.id")
    if isinstance(own, str) and _bare(own) != _bare(uri):
        raise RedfishError(f"{uri} is answered with another resource, {own[:80]!r}")
    return resource


def _bare(uri: str) -> str:
    return uri.partition("?")[0].partition("#")[0].rstrip("/").lower()


def messages(body: bytes) -> list[tuple[str, str]]:
    """Text and id of each message in the body of an error."""
    try:
        error = decoded("", body).get("error")
    except RedfishError:
        return []
    infos = error.get("@Message.ExtendedInfo") if isinstance(error, dict) else None
    infos = [info for info in infos if isinstance(info, dict)] if isinstance(infos, list) else []
    return [(str(info.get("Message", "")), str(info.get("MessageId", ""))) for info in infos]


def none_left(answer: Answer) -> bool:
    return answer.status >= 400 and any(name.endswith(_NO_SESSION_LEFT) for _, name in messages(answer.body))


def date_of(headers: Mapping[str, str]) -> float | None:
    return _instant(headers.get("date", ""))


def _instant(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: RFC 9110 has them as a number, or as a date of the service's clock."""
    text = headers.get("retry-after", "").strip()
    seconds: float | None
    if text.isascii() and text.isdecimal():
        seconds = float(text[:9])
    else:
        until, now = _instant(text), date_of(headers)
        seconds = None if until is None or now is None else until - now
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_REST_S)
