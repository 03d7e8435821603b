# SPDX-License-Identifier: Apache-2.0
"""A session to one BMC: opened when something is asked, kept, and closed; IPMI 2.0 (RMCP+) and 1.5 over a network.

Packets, keys and logins are pyipmi's. It has a socket and a state of its own
for each session, so sessions do not touch each other whatever their BMCs do.
"""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pyipmi.errors import (
    AuthenticationError,
    CompletionCodeError,
    DecodingError,
    IpmiLongPasswordError,
    MessageStatusCodeError,
)
from pyipmi.errors import NotSupportedError as Unsupported
from pyipmi.interfaces.rmcp import Rmcp
from pyipmi.interfaces.rmcpplus import RmcpPlus
from pyipmi.session import Session

from climate.devices.ipmi.answers import Garbled, IpmiError, LoginRefused, NoAnswer, Refused
from climate.devices.ipmi.line import Line

PORT = 623
CIPHER_SUITES = (3, 17)
"""With encryption: HMAC-SHA1 and HMAC-SHA256 (IPMI 2.0, table 22-20). Every BMC knows 3, unless it was told not to;
asking first for 17 leaves a session behind in those that answer with another suite than they were asked for."""
KEPT_S = 25.0
"""A session that nobody uses for longer is taken for lost. BMCs end it after a minute at the latest."""
LOCKED_S = 60.0
"""How long a login that was refused is not tried again, because many BMCs lock an account after a few failures."""
_CLOSE_S = 1.0
AGAIN_S = 1.0
_MANY = 1000

_SUITE_REFUSED = frozenset((0x04, 0x05, 0x06, 0x07, 0x10, 0x11))
_FULL = frozenset((0x01, 0x0B))
_ACTIVATE_SESSION, _FULL_1_5 = 0x3A, frozenset((0x81, 0x82))


class Privilege(enum.IntEnum):
    """What a session may do."""

    USER = 2
    OPERATOR = 3
    ADMINISTRATOR = 4


class Protocol(enum.Enum):
    """How to speak over a network, as ipmitool calls it."""

    LANPLUS = "lanplus"  # IPMI 2.0, RMCP+
    LAN = "lan"  # IPMI 1.5, not encrypted


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks. ``kg`` is the BMC's own key, where it has one. The secrets do not show themselves."""

    user: str
    password: str = field(repr=False)
    kg: bytes | None = field(default=None, repr=False)
    privilege: Privilege = Privilege.USER
    protocol: Protocol = Protocol.LANPLUS
    suites: Sequence[int] = CIPHER_SUITES


class Bmc:
    """A BMC that one may ask. Used by one thread at a time; another may close it.

    All methods raise IpmiError, and none waits much longer than until the
    instant ``until`` of the monotonic clock.
    """

    def __init__(self, host: str, port: int, login: Login) -> None:
        self._host = host
        self._port = port
        self._login = login
        self._lock = threading.Lock()
        self._abandoned = threading.Event()
        self._interface: Any = None
        self._used_at = 0.0
        self._refused: LoginRefused | None = None
        self._again_at = 0.0

    def ask(self, netfn: int, command: int, data: bytes, *, what: str, until: float, lun: int = 0) -> bytes:
        """What it answers to a command, without the completion code. ``what`` is asked for, in a word for people.

        :raises Refused: with a completion code that is not 0.
        """
        with self._lock:
            try:
                interface = self._opened(until)
                interface.line.until = until
                return self._answer(interface, netfn, bytes((command,)) + data, lun, what)
            finally:
                if self._abandoned.is_set():
                    self._leave(time.monotonic() + _CLOSE_S)

    def leave(self, until: float) -> None:
        """Close the session; what is asked next opens another."""
        with self._lock:
            self._leave(until)

    def close(self) -> None:
        """Close the session for good. Who waits for an answer gets NoAnswer."""
        self._abandoned.set()
        # Whoever holds it closes the session itself when it sees that it was abandoned.
        if self._lock.acquire(timeout=_CLOSE_S):
            try:
                self._leave(time.monotonic() + _CLOSE_S)
            finally:
                self._lock.release()

    def _answer(self, interface: Any, netfn: int, request: bytes, lun: int, what: str) -> bytes:
        try:
            answer: bytes = interface.send_and_receive_raw(interface.host_target, lun, netfn, request)
        except Exception as error:  # noqa: BLE001 - garbage makes pyipmi raise whatever it may
            # It may have lost the session, or be slow and still have it: ours is over in both cases.
            self._leave(0.0)
            raise _plain(error, what) from None
        self._used_at = time.monotonic()
        if not answer:
            raise Garbled(f"an empty answer about {what}")
        if answer[0]:
            raise Refused(what, answer[0])
        return answer[1:]

    def _opened(self, until: float) -> Any:
        if self._abandoned.is_set():
            raise NoAnswer("it is closed")
        if self._interface is not None and time.monotonic() - self._used_at > KEPT_S:
            self._leave(0.0)
        if self._interface is None:
            if self._refused is not None and time.monotonic() < self._again_at:
                raise self._refused
            self._refused = None
            try:
                self._interface = self._open(until)
            except LoginRefused as error:
                self._again_at = time.monotonic() + LOCKED_S
                self._refused = LoginRefused(f"{error} (not asked again within {LOCKED_S:g} s)")
                raise
            self._used_at = time.monotonic()
        return self._interface

    def _open(self, until: float) -> Any:
        login = self._login
        lanplus = login.protocol is Protocol.LANPLUS
        for suite in login.suites if lanplus else (0,):
            line = Line(self._host, self._port, self._abandoned)
            line.until = until
            interface = _Lanplus(line, suite, login.kg) if lanplus else _Lan(line)
            try:
                interface.open()
                interface.establish_session(self._session())
            except Exception as error:  # noqa: BLE001 - likewise
                _close(interface, 0.0)
                if _another_suite(error):
                    continue
                raise self._not_let_in(error) from None
            self._login = _with_first(login, suite)
            return interface
        raise IpmiError(f"the BMC takes none of the cipher suites {', '.join(map(str, login.suites))}")

    def _session(self) -> Any:
        session = _Discreet()
        session.set_session_type_rmcp(self._host, self._port)
        session.set_auth_type_user(self._login.user, self._login.password)
        session.set_priv_level(self._login.privilege.name)
        return session

    def _not_let_in(self, error: Exception) -> IpmiError:
        who = f"the BMC does not let {self._login.user!r} in"
        level = self._login.privilege.name.lower()
        found = _plain(error, "a session")
        match error:
            case AuthenticationError() | IpmiLongPasswordError():
                found = LoginRefused(f"{who}: a wrong password, or a wrong key of the BMC")
            case MessageStatusCodeError() if error.msc not in _FULL:
                found = LoginRefused(f"{who} with the privilege of {level}: {error.msc_desc.lower()}")
            case CompletionCodeError() if error.cmdid != _ACTIVATE_SESSION or error.cc not in _FULL_1_5:
                found = LoginRefused(f"{who} with the privilege of {level} (completion code 0x{error.cc:02x})")
            case MessageStatusCodeError() | CompletionCodeError():
                found = IpmiError("the BMC has no free session; those that were left open end within a minute")
            case Unsupported():
                found = IpmiError("the BMC does not speak IPMI 2.0, only 1.5")
            case NoAnswer() if self._login.protocol is Protocol.LAN:
                found = NoAnswer(f"{error}; with IPMI 1.5 some BMCs say nothing to a wrong name or password")
        return found

    def _leave(self, until: float) -> None:
        interface, self._interface = self._interface, None
        if interface is not None:
            _close(interface, until)


class _Discreet(Session):
    """pyipmi writes a session into its log of details, with the password."""

    def __str__(self) -> str:
        return f"0x{self.sid:08x}"


class _OnLine:
    """What both protocols have in common here: a line instead of a socket, and no ping before, as some ignore it."""

    line: Line

    def open(self) -> None:
        self._sock = self.line
        self.set_timeout(AGAIN_S)  # type: ignore[attr-defined]

    def ping(self) -> None:
        pass


class _Lanplus(_OnLine, RmcpPlus):
    def __init__(self, line: Line, suite: int, kg: bytes | None) -> None:
        super().__init__(keep_alive_interval=0, max_retries=_MANY, cipher_suite=suite, kg=kg)
        self.line = line


class _Lan(_OnLine, Rmcp):
    def __init__(self, line: Line) -> None:
        super().__init__(keep_alive_interval=0, max_retries=_MANY)
        self.line = line


def _close(interface: Any, until: float) -> None:
    """Tell the BMC that the session is over, wait for its word until then, and let go of the socket."""
    interface.line.until = until
    interface.line.abandoned = threading.Event()
    with contextlib.suppress(Exception):
        interface.close_session()
    interface.line.close()


def _another_suite(error: Exception) -> bool:
    """Whether the BMC said that it will not use this cipher suite, or answered with another."""
    return isinstance(error, DecodingError) or (
        isinstance(error, MessageStatusCodeError) and error.msc in _SUITE_REFUSED
    )


def _with_first(login: Login, suite: int) -> Login:
    """The login that tries first what has worked."""
    if suite not in login.suites or login.suites[0] == suite:
        return login
    suites = (suite, *(other for other in login.suites if other != suite))
    return replace(login, suites=suites)


def _plain(error: Exception, what: str) -> IpmiError:
    if isinstance(error, IpmiError):
        return error
    return Garbled(f"the BMC's answer about {what} cannot be understood ({type(error).__name__})")
