# SPDX-License-Identifier: Apache-2.0
"""A wattmeter for each installed driver: what the driver's contract is tried on. A new driver gets a line in METERS."""

from __future__ import annotations

import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.redfish_trees import rack_pdu
from tools.servers import certificates, redfish_service
from tools.servers.ipmi_bmc import DcmiBmc, IpmiSim
from tools.servers.json_device import Answer, JsonDevice
from tools.servers.modbus_meter import ModbusMeter
from tools.servers.serial_meter import SerialMeter
from tools.servers.snmp_simulator import SnmpSimulator

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Sections, as in a configuration, of a wattmeter that runs while the test does.

    ``good`` tells at least a reading within a few seconds; its outlets include
    one to be skipped, if the driver knows several. ``failing`` answers with
    errors, ``hanging`` lets ``read`` wait until the driver is closed, ``silent``
    never answers, so that ``read`` has to time out by itself. ``None``: with
    this driver there is no such thing.
    """

    good: Settings
    failing: Settings | None = None
    hanging: Settings | None = None
    silent: Settings | None = None


@contextlib.contextmanager
def dummy(folder: Path) -> Iterator[Meter]:
    """It needs no device; that it waits for ever when told to is what it is for."""
    good = {"probes": "1, -, 3", "counter": "yes"}
    yield Meter(good=good, failing=good | {"fault_rate": "1"}, hanging=good | {"hang_rate": "1"})


@contextlib.contextmanager
def replay(folder: Path) -> Iterator[Meter]:
    """A file never fails to answer."""
    rows = "".join(f"{second},{100 + second},{200 + second},\n" for second in range(60))
    (folder / "trace.csv").write_text("timestamp,a,b,c\n" + rows)
    yield Meter(good={"probes": "a, -, c", "trace": "trace.csv", "speed": "50", "loop": "yes"})


@contextlib.contextmanager
def redfish(folder: Path) -> Iterator[Meter]:
    """PDUs with TLS and four sessions each: one that is well, one that refuses, one that never answers."""
    tls = certificates.make(folder)
    (folder / "password").touch(mode=0o600)
    (folder / "password").write_text(redfish_service.PASSWORD)
    with contextlib.ExitStack() as running:
        sections = []
        for fault in (None, redfish_service.Fault(status=500), redfish_service.Fault(silent_s=3600)):
            service = running.enter_context(redfish_service.RedfishService(rack_pdu(), tls.context()))
            service.faults.extend(filter(None, [fault]))
            shared = {"ca_file": tls.authority.name, "username": redfish_service.USER, "password_file": "password"}
            sections.append({"probes": "1, -, 3", "measure": "outlets", "url": service.url, **shared})
        good, failing, silent = sections
        yield Meter(good=good, failing=failing, silent=silent)


@contextlib.contextmanager
def http_json(folder: Path) -> Iterator[Meter]:
    """A device of three outlets; one that answers with an error, and one that takes an hour."""
    body = {"outlets": [{"power": 10.5}, {"power": 20.5}, {"power": "30.5"}]}
    answers = {"/good": body, "/bad": Answer(status=500), "/slow": Answer(body=body, delay_s=3600)}
    with JsonDevice(answers) as device:
        good, bad, slow = (
            {"probes": "1, -, 3", "url": f"{device.url}/{name}", "watts": "outlets[{index}].power"}
            for name in ("good", "bad", "slow")
        )
        yield Meter(good=good, failing=bad, silent=slow)


@contextlib.contextmanager
def ipmi(folder: Path) -> Iterator[Meter]:
    """OpenIPMI's simulator where it is installed, else a BMC with a power meter; and a port at which nobody speaks."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        nobody = {"port": str(mute.getsockname()[1])}
        if IpmiSim.available():
            with IpmiSim() as bmc:
                sensors = "Pwr Consumption, -, PSU1 AC In Pwr + PSU2 AC In Pwr"
                good = bmc.options | {"probes": "1, -, 3", "sensors": sensors, "temperature": "inlet"}
                yield Meter(good=good, failing=good | {"sensors": "1, -, 3"}, silent=good | nobody)
        else:
            with DcmiBmc() as bmc:
                good = bmc.options | {"probes": "mains"}
                yield Meter(good=good, failing=good | {"source": "sensor"}, silent=good | nobody)


@contextlib.contextmanager
def modbus(folder: Path) -> Iterator[Meter]:
    """Three circuits; one unit is missing, and another meter takes an hour."""
    registers = {0: [100, 200, 300]}
    with ModbusMeter(holding=registers) as meter, ModbusMeter(holding=registers) as slow:
        slow.delay_s = 3600
        shared = {"host": "127.0.0.1", "probes": "1, -, 3", "watts": "holding 0 uint16", "stride": "1"}
        good = shared | {"port": str(meter.port)}
        yield Meter(good=good, failing=good | {"unit_id": "9"}, silent=shared | {"port": str(slow.port)})


@contextlib.contextmanager
def omegawatt(folder: Path) -> Iterator[Meter]:
    """Lines fifty times a second; another port tells nothing that can be read, and a third is silent."""
    lines = (f"{time.time():.6f},OK,10.5,20.5,30.5\n".encode() for _ in itertools.count())
    with _serial(folder, lines, itertools.repeat(b"\xfe\x00noise\n"), 0.02, {"probes": "1, -, 3"}) as meter:
        yield meter


@contextlib.contextmanager
def snmp(folder: Path) -> Iterator[Meter]:
    """A strip of sockets; a community that nobody knows, and objects that are not there."""
    capture = Path(__file__).parents[1] / "data" / "snmp" / "strip.snmprec"
    with SnmpSimulator([capture]) as simulator:
        shared = {"host": "127.0.0.1", "port": str(simulator.port), "community": capture.stem}
        objects = {"objects": "outlet-1 watts 1.3.6.1.4.1.99999.1, outlet-3 watts 1.3.6.1.4.1.99999.2"}
        good = shared | {"probes": "1, -, 3"}
        yield Meter(good=good, failing=good | objects, silent=good | {"community": "nobody"})


@contextlib.contextmanager
def wattsup(folder: Path) -> Iterator[Meter]:
    """Records faster than its one a second; another port tells nothing that can be read, and a third is silent."""
    record = b"#d,-,18,1005,2301,450,12,_,_,_,_,_,_,_,_,_,97,_,_,500,1035;\r\n"
    with _serial(folder, itertools.repeat(record), itertools.repeat(b"#d,?;"), 0.1, {"probes": "mains"}) as meter:
        yield meter


@contextlib.contextmanager
def _serial(
    folder: Path, good: Iterable[bytes], noise: Iterable[bytes], each_s: float, shared: Settings
) -> Iterator[Meter]:
    with SerialMeter(folder, "good") as well, SerialMeter(folder, "bad") as ill, SerialMeter(folder, "mute") as mute:
        well.talk(good, each_s)
        ill.talk(noise, each_s)
        ports = (shared | {"port": str(meter.path)} for meter in (well, ill, mute))
        yield Meter(good=next(ports), failing=next(ports), silent=next(ports))


METERS: Mapping[str, Callable[[Path], contextlib.AbstractContextManager[Meter]]] = {
    "dummy": dummy,
    "http_json": http_json,
    "ipmi": ipmi,
    "modbus": modbus,
    "omegawatt": omegawatt,
    "redfish": redfish,
    "replay": replay,
    "snmp": snmp,
    "wattsup": wattsup,
}
