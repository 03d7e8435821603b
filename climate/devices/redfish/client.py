# SPDX-License-Identifier: Apache-2.0
"""A Redfish service as somebody who may enter it: the session, what is asked in it, and how it ends.

A service has few sessions to give (four, on small ones) and forgets one only
after minutes, so each that is opened here is deleted here: when it is
replaced, when the client is closed, and when it was granted later than anybody
waited for. One that a killed process leaves behind nobody can delete, since
its name died with it. Then, and when others hold all sessions, each request
carries the password instead (HTTP Basic, which needs none) until a session is
free again.

Facts are those of DMTF's DSP0266 (Redfish Specification).
"""

from __future__ import annotations

import base64
import contextlib
import enum
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from climate.devices.redfish.answers import (
    Resource,
    Session,
    date_of,
    decoded,
    local,
    messages,
    none_left,
    of_uri,
    retry_after,
    session_of,
)
from climate.devices.redfish.connection import Address, Answer, Channel, NoAnswer, RedfishError

LOG = logging.getLogger(__name__)

ROOT = "/redfish/v1/"
SESSIONS = "/redfish/v1/SessionService/Sessions"
"""Where a service has its sessions, if its root does not say (DSP0266, "Session lifetime management")."""
WITHOUT_SESSION_S = 300.0
"""How long to go on with the password once there was no session left."""
_LONGEST_LOGIN_S = 60.0
_MOST_REDIRECTS = 3
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "OData-Version": "4.0"}


class NotFound(RedfishError):
    """There is no such resource (any more)."""


class Resting(RedfishError):
    """The service wants to be left alone for a while."""


class Way(enum.Enum):
    """How to say who asks."""

    SESSION = "session"
    BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks, and how to say so."""

    username: str
    password: str
    way: Way = Way.SESSION

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, ***, {self.way})"


@dataclass(frozen=True, slots=True)
class Told:
    """A resource, and what time it was by the service's own clock: seconds since the epoch, if it said so."""

    resource: Resource
    date_s: float | None


class Client:
    """Asks one service; ``credentials`` are ``None`` where everybody may ask.

    Used by one thread; any may close it. ``open_channel`` makes a way to the
    service, ``monotonic`` gives seconds.
    """

    def __init__(
        self,
        address: Address,
        credentials: Credentials | None,
        open_channel: Callable[[], Channel],
        timeout_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._open_channel = open_channel
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._channel = open_channel()
        self._lock = threading.Lock()
        self._use = threading.Lock()
        self._session: Session | None = None
        self._sessions_uri: str | None = None
        self._login: Channel | None = None
        self._login_ends = 0.0
        self._without_session_until = -math.inf
        self._rests_until = -math.inf
        self._closed = False

    def get(self, uri: str, until: float) -> Told:
        """A resource; waits until an instant of the monotonic clock.

        :raises RedfishError: there is none to be had; NotFound, NoAnswer and Resting say why.
        """
        with self._use:
            try:
                return self._got(local(uri, self._address), until)
            finally:
                if self._closed:
                    self._channel.close()

    def close(self) -> None:
        """End the session; waits no longer than an answer may take. Again, and nothing happens."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            session, self._session = self._session, None
        self._channel.interrupt()
        if self._use.acquire(blocking=False):
            self._channel.close()
            self._use.release()
        self._farewell(session)

    def _got(self, uri: str, until: float) -> Told:
        self._awake()
        session = self._entered(until)
        answer, source = self._asked(uri, session, until)
        if answer.status == 401 and session is not None:
            # It expired. If it did not, it must not stay behind when another takes its place.
            self._leave(session, self._channel, until)
            session = self._entered(until)
            answer, source = self._asked(uri, session, until)
        if answer.status == 401 and session is None and self._credentials is not None:
            lacking = " has no session left, and" if self._credentials.way is Way.SESSION else ""
            raise RedfishError(f"{self._address.host}{lacking} refuses {self._credentials.username} with the password")
        self._check(uri, answer)
        return Told(of_uri(source, decoded(uri, answer.body)), date_of(answer.headers))

    def _farewell(self, session: Session | None) -> None:
        """Delete what this client holds at the service, on ways of its own: the other may be in use."""
        with self._lock:
            login, self._login = self._login, None
        if login is not None:
            with contextlib.suppress(RedfishError):
                session = session_of(login.receive(self._monotonic() + self._timeout_s), self._address)
            login.close()
        if session is not None:
            channel = self._open_channel()
            self._leave(session, channel, self._monotonic() + self._timeout_s)
            channel.close()

    def _awake(self) -> None:
        if self._closed:
            raise RedfishError("it is closed")
        left = self._rests_until - self._monotonic()
        if left > 0:
            raise Resting(f"{self._address.host} asked to be left alone for another {math.ceil(left)} s")

    def _asked(self, uri: str, session: Session | None, until: float) -> tuple[Answer, str]:
        """The answer, and whence: redirects within the service are followed."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._channel.ask("GET", uri, self._headers(session), until)
            if answer.status not in {301, 302, 303, 307, 308}:
                return answer, uri
            uri = local(answer.headers.get("location", ""), self._address)
        raise RedfishError(f"{self._address.host} redirects without end, last to {uri}")

    def _headers(self, session: Session | None) -> dict[str, str]:
        headers = dict(_HEADERS)
        if session is not None:
            headers["X-Auth-Token"] = session.token
        elif self._credentials is not None:
            pair = f"{self._credentials.username}:{self._credentials.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return headers

    def _entered(self, until: float) -> Session | None:
        """The session, opened if need be; ``None`` where the password does, or nobody asks for it."""
        credentials = self._credentials
        if credentials is None or credentials.way is Way.BASIC:
            return None
        if self._session is not None:
            return self._session
        if self._monotonic() < self._without_session_until:
            return None
        answer = self._logged_in(credentials, until)
        if none_left(answer):
            self._without_session_until = self._monotonic() + WITHOUT_SESSION_S
            LOG.warning(
                "%s has no session left; for %g s each request carries the password",
                self._address.host,
                WITHOUT_SESSION_S,
            )
            return None
        if answer.status == 401:
            raise RedfishError(
                f"{self._address.host} does not let {credentials.username} in: user or password is wrong"
            )
        if answer.status in {404, 405, 501}:
            raise RedfishError(f"{self._address.host} has no sessions (HTTP {answer.status}); use basic authentication")
        self._check("the login", answer)
        session = session_of(answer, self._address)
        with self._lock:
            if not self._closed:
                self._session = session
                return session
        # It was closed meanwhile, by somebody who could not know of this session.
        self._farewell(session)
        raise RedfishError("it is closed")

    def _logged_in(self, credentials: Credentials, until: float) -> Answer:
        """What the service says to a login; one that takes long is waited for by the next call, not begun anew."""
        with self._lock:
            # While it waits for an answer, it is this thread that deletes what that brings.
            login, self._login = self._login, None
            if self._closed:
                raise RedfishError("it is closed")
        if login is None:
            uri = self._where_sessions_are(until)
            body = msgspec.json.encode({"UserName": credentials.username, "Password": credentials.password})
            login = self._open_channel()
            login.send("POST", uri, {**_HEADERS, "Content-Type": "application/json"}, body, until)
            self._login_ends = self._monotonic() + _LONGEST_LOGIN_S
        waits = False
        try:
            return login.receive(until)
        except NoAnswer:
            waits = self._monotonic() < self._login_ends
            raise
        finally:
            if waits:
                self._keep(login)
            else:
                login.close()

    def _keep(self, login: Channel) -> None:
        with self._lock:
            self._login = login
            closed = self._closed
        if closed:
            self._farewell(None)

    def _where_sessions_are(self, until: float) -> str:
        if self._sessions_uri is None:
            answer = self._channel.ask("GET", ROOT, _HEADERS, until)
            root = decoded(ROOT, answer.body) if answer.status == 200 else {}
            links = root.get("Links")
            sessions = links.get("Sessions") if isinstance(links, dict) else None
            uri = sessions.get("@odata.id") if isinstance(sessions, dict) else None
            self._sessions_uri = local(uri, self._address) if isinstance(uri, str) else SESSIONS
        return self._sessions_uri

    def _leave(self, session: Session, channel: Channel, until: float) -> None:
        """Delete a session, if the service lets itself be told, and forget it anyhow."""
        with self._lock:
            if self._session is session:
                self._session = None
        if session.uri is not None:
            with contextlib.suppress(RedfishError):
                channel.ask("DELETE", session.uri, self._headers(session), until)

    def _check(self, what: str, answer: Answer) -> None:
        """:raises RedfishError: it is no success."""
        status = answer.status
        if 200 <= status < 300:
            return
        rest_s = retry_after(answer.headers)
        if status in {429, 503} and rest_s is not None:
            self._rests_until = self._monotonic() + rest_s
            raise Resting(f"{self._address.host} asks to be left alone for {math.ceil(rest_s)} s (HTTP {status})")
        told = "; ".join(said for said, _ in messages(answer.body)[:1])
        text = f"{what}: HTTP {status}" + (f": {told[:200]}" if told else "")
        raise (NotFound if status in {404, 410} else RedfishError)(text)
