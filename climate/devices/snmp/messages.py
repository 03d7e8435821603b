# SPDX-License-Identifier: Apache-2.0
"""What is asked of an SNMP agent and what it answers: as values, and as the octets of versions 1 and 2c."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ
from pysnmp.proto import api, rfc1902

from climate.devices.snmp.oid import Oid, Value

VERSIONS = {1: api.PROTOCOL_MODULES[api.SNMP_VERSION_1], 2: api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]}
_PDUS = VERSIONS[2]
_OPAQUE = {b"\x9f\x78\x04": ">f", b"\x9f\x79\x08": ">d"}
"""How net-snmp wraps a float and a double into an Opaque."""


class Kind(enum.Enum):
    """What is asked: instances, what comes behind some objects, or much of that at once."""

    GET = "GetRequestPDU"
    NEXT = "GetNextRequestPDU"
    BULK = "GetBulkRequestPDU"


class Status(enum.IntEnum):
    """Why an agent gives no values (RFC 3416, section 3); only those which need words of their own."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    GEN_ERR = 5
    NO_ACCESS = 6
    RESOURCE_UNAVAILABLE = 13
    AUTHORIZATION_ERROR = 16


@dataclass(frozen=True, slots=True)
class Request:
    """Of a ``BULK`` each of the first ``singles`` objects gets one answer, each other ``repetitions``."""

    kind: Kind
    oids: tuple[Oid, ...]
    singles: int = 0
    repetitions: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """``index`` is that of the object, from 1, at which ``status`` arose. A value that is not there is ``None``."""

    status: int
    index: int
    bindings: tuple[tuple[Oid, Value | None], ...]


class Garbage(ValueError):
    """Octets that are no answer."""


def pdu_of(request: Request, request_id: int, version: int = 2) -> Any:
    """A request as pysnmp's PDU."""
    module = VERSIONS[version]
    pdu = getattr(module, request.kind.value)()
    if request.kind is Kind.BULK:
        module.apiBulkPDU.set_defaults(pdu)
        module.apiBulkPDU.set_non_repeaters(pdu, request.singles)
        module.apiBulkPDU.set_max_repetitions(pdu, request.repetitions)
    else:
        module.apiPDU.set_defaults(pdu)
    module.apiPDU.set_request_id(pdu, request_id)
    module.apiPDU.set_varbinds(pdu, [(oid, module.null) for oid in request.oids])
    return pdu


def encoded(request: Request, request_id: int, community: str, version: int) -> bytes:
    """A request as octets; version 1 knows no ``BULK``."""
    module = VERSIONS[version]
    message = module.Message()
    module.apiMessage.set_defaults(message)
    module.apiMessage.set_community(message, community.encode())
    module.apiMessage.set_pdu(message, pdu_of(request, request_id, version))
    return bytes(encoder.encode(message))


def parse(data: bytes, version: int) -> tuple[int, Answer]:
    """The request's number and the answer to it.

    :raises Garbage: the octets are no answer of that version.
    """
    module = VERSIONS[version]
    try:
        message, rest = decoder.decode(data, asn1Spec=module.Message())
        if rest or int(message.getComponentByPosition(0)) != version - 1:
            raise Garbage("it is of another version")
        pdu = module.apiMessage.get_pdu(message)
        if pdu.tagSet != module.GetResponsePDU.tagSet:
            raise Garbage("it is no answer")
        return int(module.apiPDU.get_request_id(pdu)), answer_of(pdu, version)
    except Garbage:
        raise
    except Exception as error:  # noqa: BLE001 - what strangers send makes the decoder raise nearly everything
        raise Garbage(f"it is no message of SNMP: {type(error).__name__}") from None


def answer_of(pdu: Any, version: int = 2) -> Answer:
    """What pysnmp's PDU of an answer says."""
    module = VERSIONS[version].apiPDU
    return Answer(
        int(module.get_error_status(pdu)),
        int(module.get_error_index(pdu, muteErrors=True)),
        tuple((tuple(name), _value(value)) for name, value in module.get_varbinds(pdu)),
    )


def _value(value: Any) -> Value | None:
    while isinstance(value, univ.Choice):
        value = value.getComponent()
    if isinstance(value, univ.Integer):
        return int(value)
    if isinstance(value, univ.Null):
        # It is an octet string for pyasn1; and so are the three ways to say that there is nothing.
        return None
    if value.tagSet == rfc1902.Opaque.tagSet:
        return _opaque(bytes(value))
    if isinstance(value, univ.OctetString):
        return bytes(value)
    return tuple(value)


def _opaque(octets: bytes) -> Value:
    form = _OPAQUE.get(octets[:3])
    if form is None or len(octets) != 3 + struct.calcsize(form):
        return octets
    return float(struct.unpack(form, octets[3:])[0])
