# SPDX-License-Identifier: Apache-2.0
"""An SNMP agent of versions 1 and 2c in a thread, made of pysnmp's messages: for troubles that no real agent has."""

from __future__ import annotations

import bisect
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from climate.devices.snmp.oid import Oid, Value

_MODULES = {0: api.PROTOCOL_MODULES[api.SNMP_VERSION_1], 1: api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]}
_V2 = _MODULES[1]
_LARGEST = 65535
_NO_SUCH_NAME = 2
_INT32 = range(-(2**31), 2**31)


class SnmpStub:
    """Serves ``rows`` at ``port`` of 127.0.0.1 while it is entered.

    Whatever is set here holds from the next request on: ``delay_s`` before
    each answer; ``most``, the objects that fit into one; ``refusal``, a status
    and an index instead of one; ``shift``, by which the request's number is
    wrong; ``rename`` for each object's name; ``mangle`` makes the datagrams
    that are really sent of the right one, which may be none. ``requests``
    tells of each what it was and how many objects it named.
    """

    def __init__(self, rows: Mapping[Oid, Value], community: str = "public") -> None:
        self.rows = dict(rows)
        self.community = community
        self.delay_s = 0.0
        self.most: int | None = None
        self.refusal: Callable[[str, int], tuple[int, int] | None] = lambda kind, count: None
        self.shift = 0
        self.rename: Callable[[Oid], Oid] = lambda name: name
        self.mangle: Callable[[bytes], Iterable[bytes]] = lambda data: [data]
        self.requests: list[tuple[str, int]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._mouth = self._socket
        self.port: int = self._socket.getsockname()[1]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="snmp-stub", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ending.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
            waking.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(60)
        self._socket.close()

    def speak_through(self, mouth: socket.socket) -> None:
        """Answer by another socket than the one that is asked."""
        self._mouth = mouth

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(_LARGEST)
            if self._ending.is_set():
                return
            answer = self._answer(data)
            if answer is None or self._ending.wait(self.delay_s):
                continue
            for datagram in self.mangle(answer):
                self._mouth.sendto(datagram, sender)

    def _answer(self, data: bytes) -> bytes | None:
        version = int(decoder.decode(data, asn1Spec=_V2.Message())[0][0])
        module = _MODULES[version]
        message, _ = decoder.decode(data, asn1Spec=module.Message())
        if bytes(module.apiMessage.get_community(message)) != self.community.encode():
            return None
        asked = module.apiMessage.get_pdu(message)
        kind = type(asked).__name__.removesuffix("RequestPDU")
        names = [tuple(name) for name, _ in module.apiPDU.get_varbinds(asked)]
        self.requests.append((kind, len(names)))
        bindings = self._bindings(kind, names, asked)
        status, index = self.refusal(kind, len(names)) or (0, 0)
        missing = [place for place, (_, value) in enumerate(bindings, 1) if value is None]
        if version == 0 and missing and not status:
            status, index = _NO_SUCH_NAME, missing[0]
        if status:
            bindings = [(name, None) for name in names]
        answer = module.GetResponsePDU()
        module.apiPDU.set_defaults(answer)
        module.apiPDU.set_request_id(answer, int(module.apiPDU.get_request_id(asked)) + self.shift)
        module.apiPDU.set_error_status(answer, status)
        module.apiPDU.set_error_index(answer, index)
        said = [(self.rename(name), _encoded(value, module, bool(status))) for name, value in bindings[: self.most]]
        module.apiPDU.set_varbinds(answer, said)
        module.apiMessage.set_pdu(message, answer)
        return bytes(encoder.encode(message))

    def _bindings(self, kind: str, names: list[Oid], asked: Any) -> list[tuple[Oid, Value | None]]:
        if kind == "Get":
            return [(name, self.rows.get(name)) for name in names]
        if kind == "GetNext":
            return [self._behind(name) for name in names]
        singles = int(_V2.apiBulkPDU.get_non_repeaters(asked))
        found = [self._behind(name) for name in names[:singles]]
        row = names[singles:]
        for _ in range(int(_V2.apiBulkPDU.get_max_repetitions(asked))):
            steps = [self._behind(name) for name in row]
            found += steps
            row = [name for name, _ in steps]
        return found

    def _behind(self, name: Oid) -> tuple[Oid, Value | None]:
        order = sorted(self.rows)
        place = bisect.bisect_right(order, name)
        return (order[place], self.rows[order[place]]) if place < len(order) else (name, None)


def _encoded(value: Value | None, module: Any, refused: bool) -> Any:
    if value is None:
        return module.null if refused else _V2.EndOfMibView("")
    if isinstance(value, tuple):
        return module.ObjectIdentifier(value)
    if isinstance(value, float):
        return module.Opaque(b"\x9f\x78\x04" + struct.pack(">f", value))
    if isinstance(value, bytes):
        return module.OctetString(value)
    return module.Integer(value) if value in _INT32 else _V2.Counter64(value)
