# SPDX-License-Identifier: Apache-2.0
"""The process behind DcmiBmc: pyghmi's BMC with a power meter and a number of sessions that real ones have."""

from __future__ import annotations

import json
import struct
import sys
import time
import traceback
from pathlib import Path
from typing import Any, ClassVar

from pyghmi.ipmi import bmc
from pyghmi.ipmi.private import serversession

DCMI, GET_POWER_READING, GROUP = 0x2C, 0x02, 0xDC
FULL, UNKNOWN = 0x01, 0xC1


class Session(serversession.ServerSession):  # type: ignore[misc]
    """One that counts against the slots from the first message on, as it does in hardware."""

    slots: ClassVar[int]
    idle_s: ClassVar[float]
    counts: ClassVar[Path]
    active: ClassVar[dict[int, float]] = {}
    opened: ClassVar[int] = 0
    closed: ClassVar[int] = 0

    def create_open_session_response(self, request: Any) -> Any:
        now = time.monotonic()
        kind = type(self)
        for other in [other for other, used in kind.active.items() if now - used > kind.idle_s]:
            del kind.active[other]
        kind.active.pop(id(self), None)
        if len(kind.active) >= kind.slots:
            # Set by the base, and needed to send whatever it is.
            self.clientsessionid = bytes(request[4:8])
            return bytearray([request[0], FULL, 0, 0]) + self.clientsessionid
        kind.active[id(self)] = now
        kind.opened += 1
        kind.tell()
        return super().create_open_session_response(request)

    def handle_client_request(self, request: Any) -> None:
        if id(self) in self.active:
            self.active[id(self)] = time.monotonic()
            super().handle_client_request(request)

    def close_server_session(self) -> None:
        kind = type(self)
        if self.active.pop(id(self), None) is not None:
            kind.closed += 1
            kind.tell()

    @classmethod
    def tell(cls) -> None:
        new = cls.counts.with_suffix(".new")
        new.write_text(json.dumps({"opened": cls.opened, "closed": cls.closed, "active": len(cls.active)}))
        new.rename(cls.counts)


class Bmc(bmc.Bmc):  # type: ignore[misc]
    """It measures what a file says."""

    def __init__(self, says: Path, password_of: dict[str, str], port: int) -> None:
        super().__init__(password_of, port=port, address="127.0.0.1")
        self._says = says

    def handle_raw_request(self, request: Any, session: Any) -> None:
        says = json.loads(self._says.read_text())
        time.sleep(says.get("delay_ms", 0) / 1000)
        if (request["netfn"], request["command"]) != (DCMI, GET_POWER_READING):
            super().handle_raw_request(request, session)
        elif says.get("code"):
            session.send_ipmi_response(code=says["code"])
        elif says.get("garbage"):
            session.send_ipmi_response(data=[GROUP, 1, 2])
        else:
            watts, at_s = says["watts"], says.get("at_s", int(time.time()))
            state = 0x40 if says.get("active", 1) else 0
            data = struct.pack("<BHHHHIIB", GROUP, watts, watts // 2, watts * 2, watts, at_s, 1000, state)
            session.send_ipmi_response(data=list(data))


def main() -> None:
    directory, port, user, password, slots, idle_s, kg = sys.argv[1:]
    Session.slots, Session.idle_s, Session.counts = int(slots), float(idle_s), Path(directory) / "sessions"
    serversession.ServerSession = Session
    made = Bmc(Path(directory) / "says", {user: password}, int(port))
    if kg:
        made.set_kg(kg)
    while True:
        try:
            made.listen()
        except Exception:  # noqa: BLE001 - a BMC outlives whatever it is sent
            traceback.print_exc()


if __name__ == "__main__":
    main()
