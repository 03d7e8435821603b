# SPDX-License-Identifier: Apache-2.0
"""Two BMCs to be asked by IPMI 2.0: OpenIPMI's simulator for sensors, and one on pyghmi for DCMI, which that lacks."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.servers.process import Process
from tools.servers.server import Availability, Server

USER, PASSWORD = "reader", "a-bmc-secret"

_WHO_ARE_YOU = bytes.fromhex("0600ff07 00 00000000 00000000 09 2018c8 81 00 38 8e 04 b5")
"""Get Channel Authentication Capabilities, which a BMC answers to everybody: IPMI 2.0, section 22.13."""
_UNITS = {"Watts": "Other_Units_Based_Sensor", "degrees_C": "Temperature"}
_NO_EVENTS = " ".join(["0" * 15] * 4)


@dataclass(frozen=True, slots=True)
class SimSensor:
    """A sensor of OpenIPMI's simulator, in sdrcomp's words. A sensor that is not ``scanned`` has no reading."""

    name: str
    raw: int
    unit: str = "Watts"
    entity: int = 7
    m: int = 1
    b: int = 0
    r_exp: int = 0
    b_exp: int = 0
    form: str = "unsigned"
    linearization: str = "linear"
    scanned: bool = True


MACHINE = (
    SimSensor("Pwr Consumption", 86, m=4),
    SimSensor("Inlet Temp", 0xE9, unit="degrees_C", entity=0x37, form="2s_complement"),
    SimSensor("PSU1 AC In Pwr", 50, m=5, entity=10),
    SimSensor("PSU2 AC In Pwr", 20, m=5, entity=10),
    SimSensor("PSU3 AC In Pwr", 20, m=5, entity=10, scanned=False),
)
"""344 W at -23 degrees, and a third power supply that says nothing."""


class _Bmc(Server):
    @property
    def url(self) -> str:
        return f"udp://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, str]:
        """What a section says of it. Its password's file is written beside."""
        secret = self.directory / "password"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text(PASSWORD + "\n")
        return {"host": "127.0.0.1", "port": str(self.port), "username": USER, "password_file": str(secret)}

    def _ready(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.5)
            try:
                probe.connect(("127.0.0.1", self.port))
                probe.send(_WHO_ARE_YOU)
                return bool(probe.recv(1024))
            except OSError:
                return False


class IpmiSim(_Bmc):
    """OpenIPMI's ipmi_sim with one controller and its sensors, whose records sdrcomp made."""

    def __init__(self, sensors: Sequence[SimSensor] = MACHINE) -> None:
        super().__init__()
        self._sensors = sensors

    @classmethod
    def available(cls) -> Availability:
        missing = [name for name in ("ipmi_sim", "sdrcomp") if not shutil.which(name)]
        return Availability(f"{', '.join(missing)} of Debian's openipmi is not installed" if missing else "")

    def say(self, name: str, raw: int) -> None:
        """Let a sensor read another raw value, which the simulator sees within a tenth of a second."""
        number = next(place for place, sensor in enumerate(self._sensors, 1) if sensor.name == name)
        # In one step, since the simulator may read at any time.
        new = self.directory / "new"
        new.write_text(f"{raw}\n")
        new.rename(self._value(number))

    def _value(self, number: int) -> Path:
        return self.directory / f"sensor{number}"

    def _prepare(self) -> None:
        (self.directory / "state").mkdir()
        auths = "".join(f"  allowed_auths_{level} md5\n" for level in ("callback", "user", "operator", "admin"))
        (self.directory / "lan.conf").write_text(
            f'name "bmc"\nset_working_mc 0x20\nstartlan 1\n  addr 127.0.0.1 {self.port}\n  priv_limit admin\n{auths}'
            f'  guid a123456789abcdefa123456789abcdef\nendlan\nuser 2 true "{USER}" "{PASSWORD}" user 10 md5\n'
        )
        commands = ["mc_setbmc 0x20", "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02"]
        for number, sensor in enumerate(self._sensors, 1):
            self._value(number).write_text(f"{sensor.raw}\n")
            kind = 1 if sensor.unit == "degrees_C" else 11
            scanning = "scanning" if sensor.scanned else "no-scanning"
            commands += [
                f'sensor_add 0x20 0 {number} {kind} 1 poll 100 file "{self._value(number)}"',
                f"sensor_set_event_support 0x20 0 {number} enable {scanning} per-state {_NO_EVENTS}",
            ]
        commands += [f"main_sdr_add 0x20 {' '.join(f'0x{byte:02x}' for byte in record)}" for record in self._records()]
        (self.directory / "bmc.cmd").write_text("\n".join([*commands, "mc_enable 0x20", ""]))

    def _records(self) -> list[bytes]:
        source, made = self.directory / "sensors.sdrs", self.directory / "sensors.sdr"
        source.write_text("".join(_described(number, sensor) for number, sensor in enumerate(self._sensors, 1)))
        subprocess.run(["sdrcomp", "-r", "-o", str(made), str(source)], check=True, capture_output=True)
        rest, records = made.read_bytes(), []
        while rest:
            length = 5 + rest[4]
            records.append(rest[:length])
            rest = rest[length:]
        return records

    def _spawn(self) -> Process:
        argv = ["ipmi_sim", "-n", "-c", "lan.conf", "-f", "bmc.cmd", "-s", "state"]
        return Process(argv, log=self.log, cwd=self.directory)


class DcmiBmc(_Bmc):
    """A BMC with a DCMI power meter, no sensors and few sessions; pyghmi speaks the protocol."""

    def __init__(self, slots: int = 4, idle_s: float = 60.0, kg: str = "") -> None:
        super().__init__()
        self._settings = (slots, idle_s, kg)

    @classmethod
    def available(cls) -> Availability:
        return Availability()

    def say(self, watts: int = 344, **rest: int) -> None:
        """Let it measure that; further: ``code``, ``at_s``, ``active``, ``delay_ms`` and ``garbage``."""
        new = self.directory / "new"
        new.write_text(json.dumps({"watts": watts, **rest}))
        new.rename(self.directory / "says")

    @property
    def sessions(self) -> Mapping[str, int]:
        """How many were ``opened``, ``closed`` by whoever had opened them, and are ``active``."""
        found: dict[str, int] = json.loads((self.directory / "sessions").read_text())
        return found

    def _prepare(self) -> None:
        self.say()
        (self.directory / "sessions").write_text(json.dumps({"opened": 0, "closed": 0, "active": 0}))

    def _spawn(self) -> Process:
        argv = [sys.executable, "-m", "tools.servers.dcmi_responder", self.directory, self.port, USER, PASSWORD]
        return Process([str(part) for part in (*argv, *self._settings)], log=self.log, cwd=Path(__file__).parents[2])


def _described(number: int, sensor: SimSensor) -> str:
    return (
        "sdr type 1\n  sensor_owner_id 0x20\n  sensor_owner_lun 0\n  channel_number 0\n"
        f"  sensor_number {number}\n  entity_id {sensor.entity}\n  entity_instance {number}\n"
        f"  sensor_type {_UNITS[sensor.unit]}\n  event_reading_type_code 1\n  base_unit {sensor.unit}\n"
        f"  analog_data_format {sensor.form}\n  linearization {sensor.linearization}\n  m {sensor.m}\n  b {sensor.b}\n"
        f'  r_exp {sensor.r_exp}\n  b_exp {sensor.b_exp}\n  id_string "{sensor.name}"\nendsdr\n'
    )
