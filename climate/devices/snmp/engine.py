# SPDX-License-Identifier: Apache-2.0
"""SNMP version 3: pysnmp's engine does RFC 3412 to 3414, 3826 and 7860; here are its socket and its clock.

Each session has an engine of its own, so that nobody's keys meet those of
another user of the same name. It needs neither a loop nor a thread: what it
sends goes to the socket, and what comes is handed to it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.carrier.base import AbstractTransportDispatcher
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.proto import errind
from pysnmp.proto.api import v2c
from pysnmp.proto.error import StatusInformation
from pysnmp.proto.mpmod.rfc3412 import SnmpV3MessageProcessingModel
from pysnmp.proto.rfc1902 import OctetString
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel

from climate.devices.snmp.messages import Answer, Request, answer_of, pdu_of
from climate.devices.snmp.session import SnmpError, User
from climate.devices.snmp.wire import Datagrams

AUTH = {
    "md5": config.USM_AUTH_HMAC96_MD5,
    "sha": config.USM_AUTH_HMAC96_SHA,
    "sha-224": config.USM_AUTH_HMAC128_SHA224,
    "sha-256": config.USM_AUTH_HMAC192_SHA256,
    "sha-384": config.USM_AUTH_HMAC256_SHA384,
    "sha-512": config.USM_AUTH_HMAC384_SHA512,
}
PRIV = {
    "des": config.USM_PRIV_CBC56_DES,
    "aes": config.USM_PRIV_CFB128_AES,
    "aes-192": config.USM_PRIV_CFB192_AES,
    "aes-256": config.USM_PRIV_CFB256_AES,
    "aes-192-blumenthal": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes-256-blumenthal": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
}
"""Those with longer keys that no standard has: as most agents make them of a passphrase, and as others do."""
SHORTEST_KEY = 8
_LARGEST_ID = 2**31 - 1
_ADDRESS = udp.UdpTransportAddress(("0.0.0.0", 161))  # noqa: S104 - the socket knows the real one
_FORGOTTEN_TICKS = 3
_TICK_S = 0.01
_MOST_RESYNCS = 4
_AGAIN = (errind.NotInTimeWindow, errind.UnknownEngineID)
_REASONS = {
    errind.UnknownUserName: "it knows no user {user}",
    errind.WrongDigest: "it does not accept the signature of user {user}: look at auth_key and auth_protocol",
    errind.AuthenticationFailure: "its signature is not that of user {user}: look at auth_key and auth_protocol",
    errind.AuthenticationError: "its signature is not that of user {user}: look at auth_key and auth_protocol",
    errind.DecryptionError: "what user {user} encrypts cannot be decrypted: look at priv_key and priv_protocol",
    errind.UnsupportedSecurityLevel: "it wants user {user} to sign or encrypt otherwise: look at the keys",
    errind.UnsupportedAuthProtocol: "this way of signing is not supported",
    errind.UnsupportedPrivProtocol: "this way of encrypting is not supported",
    errind.NotInTimeWindow: "its clock of SNMPv3 does not agree with its own answers",
    errind.UnknownEngineID: "it does not know its own engine",
}


class UserWire:
    """One user's way to one agent.

    :raises SnmpError: there is no such protocol, or a key is too short.
    """

    bulk = True

    def __init__(self, datagrams: Datagrams, who: User) -> None:
        self._datagrams = datagrams
        self._who = who
        self._name = OctetString(who.name.encode())
        self._level = 1 + (who.auth_key is not None) + (who.priv_key is not None)
        if who.priv_key is not None and who.auth_key is None:
            raise SnmpError("who encrypts must also sign: there is a priv_key, and no auth_key")
        for key, word in ((who.auth_key, "auth_key"), (who.priv_key, "priv_key")):
            if key is not None and len(key.encode()) < SHORTEST_KEY:
                raise SnmpError(f"{word} is shorter than {SHORTEST_KEY} signs, which no agent accepts")
        self._auth = _protocol(AUTH, who.auth_protocol, "auth_protocol")
        self._priv = _protocol(PRIV, who.priv_protocol, "priv_protocol")
        self._ids = itertools.count(1)
        self._engine: SnmpEngine | None = None
        self._dispatcher = _Dispatcher(datagrams)

    def ask(self, request: Request, until: float) -> Answer:
        """The answer of that agent, to that user, to this request."""
        until = min(until, time.monotonic() + self._datagrams.timeout_s)
        hint = f"to user {self._who.name}; is SNMP version 3 on there, and are user and keys right?"
        try:
            return self._asked(self._ready(), request, until, hint)
        except SnmpError:
            self._forget()
            raise

    def close(self) -> None:
        """Let go of the socket."""
        self._datagrams.close()

    def _asked(self, engine: SnmpEngine, request: Request, until: float, hint: str) -> Answer:
        number = next(self._ids) % _LARGEST_ID
        pdu = pdu_of(request, number)
        reason: Any = None
        for _ in range(1 + _MOST_RESYNCS):
            said: list[tuple[Any, Any]] = []
            attempts = itertools.count()

            def send(said: list[tuple[Any, Any]] = said, attempts: Iterator[int] = attempts) -> None:
                if next(attempts):
                    # No answer, or one that is none, is also what an engine gives that has begun anew.
                    self._forget()
                self._send(engine, pdu, number, said)

            def understood(data: bytes, said: list[tuple[Any, Any]] = said) -> tuple[Any, Any] | None:
                try:
                    engine.message_dispatcher.receive_message(engine, udp.DOMAIN_NAME, _ADDRESS, data)
                except SnmpError:
                    raise
                except Exception:  # noqa: BLE001 - what strangers send makes the decoder raise nearly everything
                    return None
                return said.pop() if said else None

            try:
                answered, status = self._datagrams.exchange(send, until, understood, hint)
            except StatusInformation as error:
                answered, status = None, error
            if status is None:
                return answer_of(answered)
            reason = status["errorIndication"]
            if not isinstance(reason, _AGAIN):
                break
        words = _REASONS.get(type(reason), str(reason)).format(user=self._who.name)
        raise SnmpError(f"{self._datagrams.where} does not answer as it should: {words}")

    def _send(self, engine: SnmpEngine, pdu: Any, number: int, said: list[tuple[Any, Any]]) -> None:
        """Hand a request to the engine; ``said`` gets what is answered to it, or why there is no answer."""

        def heard(*told: Any) -> None:
            answered, status = told[8], told[9]
            if status is None and int(v2c.apiPDU.get_request_id(answered)) != number:
                return
            if status is None or not isinstance(status["errorIndication"], errind.RequestTimedOut):
                said.append((answered, status))

        self._dispatcher.tick()
        engine.message_dispatcher.send_pdu(
            engine,
            udp.DOMAIN_NAME,
            _ADDRESS,
            3,
            3,
            self._name,
            self._level,
            None,
            OctetString(self._who.context.encode()),
            1,
            pdu,
            True,
            _FORGOTTEN_TICKS,
            heard,
            None,
        )

    def _ready(self) -> SnmpEngine:
        if self._engine is None:
            engine = SnmpEngine()
            engine.register_transport_dispatcher(self._dispatcher)
            keys: dict[str, object] = {}
            if self._who.auth_key is not None:
                keys |= {"authProtocol": self._auth, "authKey": self._who.auth_key.encode()}
            if self._who.priv_key is not None:
                keys |= {"privProtocol": self._priv, "privKey": self._who.priv_key.encode()}
            config.add_v3_user(engine, self._who.name, **keys)
            self._engine = engine
        return self._engine

    def _forget(self) -> None:
        """What is known of the other engine, since it may be another one behind a failure, or have been reset."""
        if self._engine is not None:
            models = self._engine.message_processing_subsystems
            models[SnmpV3MessageProcessingModel.MESSAGE_PROCESSING_MODEL_ID] = SnmpV3MessageProcessingModel()
            self._engine.security_models[SnmpUSMSecurityModel.SECURITY_MODEL_ID] = SnmpUSMSecurityModel()


class _Dispatcher(AbstractTransportDispatcher):
    """Hands the engine's messages to a socket. Its ticks are requests, since only those need to be forgotten."""

    def __init__(self, datagrams: Datagrams) -> None:
        super().__init__()
        self.set_timer_resolution(_TICK_S)
        self._datagrams = datagrams
        self._now = 1.0

    def send_message(self, outgoingMessage: bytes, transportDomain: object, transportAddress: object) -> None:  # noqa: N803
        """To the only address there is."""
        self._datagrams.send(bytes(outgoingMessage))

    def tick(self) -> None:
        """Let what has been waiting for long be forgotten."""
        self._now += 1.0
        self.handle_timer_tick(self._now)


def _protocol(known: dict[str, Any], name: str, option: str) -> Any:
    found = known.get(name.lower().replace("_", "-"))
    if found is None:
        raise SnmpError(f"{option}: there is no {name!r}; there are: {', '.join(known)}")
    return found
