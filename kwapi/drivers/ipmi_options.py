# SPDX-License-Identifier: Apache-2.0
"""What an operator says of a BMC: who asks, how, and for which sensors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg, types

from climate.chassis.secrets import Secret, SecretFileOpt
from climate.devices.ipmi.session import CIPHER_SUITES, PORT, Login, Privilege, Protocol
from climate.errors import ConfigError
from kwapi.drivers.protocol import Section

LONGEST_USER, LONGEST_KEY = 16, 20
LONGEST_PASSWORD = {Protocol.LANPLUS: 20, Protocol.LAN: 16}
_SUM = re.compile(r"\s+\+\s+")

OPTIONS: Sequence[cfg.Opt] = (
    cfg.StrOpt("host", required=True, help="The BMC's name or address."),
    cfg.PortOpt("port", default=PORT, help="Its UDP port."),
    cfg.StrOpt("username", required=True, help="Who logs in, up to 16 characters."),
    SecretFileOpt("password_file", required=True, help="A file with the password alone, of mode 600."),
    SecretFileOpt(
        "kg_file",
        help="A file with the BMC's own key (K_G), where it has one: as text, or hexadecimal behind 0x.",
    ),
    cfg.StrOpt(
        "privilege",
        default="user",
        choices=[("user", "reads"), ("operator", "for BMCs that ask for it"), ("administrator", "likewise")],
        help="What the session may do. To read, the least suffices with most BMCs.",
    ),
    cfg.StrOpt(
        "protocol",
        default="lanplus",
        choices=[("lanplus", "IPMI 2.0, encrypted"), ("lan", "IPMI 1.5, which others on the network can read")],
        help="How to speak to it.",
    ),
    cfg.ListOpt(
        "cipher_suites",
        item_type=types.Integer(choices=[1, 2, 3, 15, 16, 17]),
        default=list(CIPHER_SUITES),
        help="For lanplus: by what to encrypt and sign, the first that the BMC takes.",
    ),
    cfg.StrOpt(
        "source",
        default="auto",
        choices=[
            ("auto", "the power meter if the BMC has one, else the sensor of the whole machine"),
            ("dcmi", "the power meter: DCMI Get Power Reading"),
            ("sensor", "sensors in watts"),
        ],
        help="Where the watts come from. What 'auto' has found is kept while the driver lives.",
    ),
    cfg.ListOpt(
        "sensors",
        default=[],
        help="For each probe, in their order, the name of its sensor in watts, or its number behind #. Names with "
        "' + ' between them are summed: PSU1 AC In Pwr + PSU2 AC In Pwr. By default the sensor of the whole "
        "machine, if its name is one that vendors use.",
    ),
    cfg.StrOpt(
        "temperature",
        help="The name of a sensor in degrees, or 'inlet' for that of the air that comes in; it goes along with "
        "the first probe. By default none.",
    ),
)


def parse_sensors(text: str) -> tuple[str, ...]:
    """The sensors whose sum a probe is: names or numbers between plus signs with spaces around."""
    return tuple(name.strip() for name in _SUM.split(text.strip()))


def parse_kg(text: str) -> bytes:
    """A BMC's own key, at most 20 bytes.

    :raises ConfigError: it is longer, or not hexadecimal behind 0x.
    """
    try:
        key = bytes.fromhex(text[2:]) if text[:2] in {"0x", "0X"} else text.encode()
    except ValueError:
        raise ConfigError("The BMC's own key is not hexadecimal behind 0x.", option="kg_file") from None
    if len(key) > LONGEST_KEY:
        raise ConfigError(f"The BMC's own key has more than {LONGEST_KEY} bytes.", option="kg_file")
    return key


def names_of(section: Section, source: str, texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Each probe's sensors; nothing where they are to be found.

    :raises ConfigError: options contradict each other.
    """
    if source == "dcmi" and texts:
        raise ConfigError("The power meter has no sensors: leave 'sensors' out, or 'source'.", option="sensors")
    if not texts:
        if sum(probe is not None for probe in section.probes) != 1:
            raise ConfigError("Without 'sensors' there is the machine's whole power alone: one probe.", option="probes")
        return {}
    if len(texts) != len(section.probes):
        raise ConfigError("There must be one entry in 'sensors' for each probe.", option="sensors")
    names = {probe: parse_sensors(text) for probe, text in zip(section.probes, texts, strict=True) if probe is not None}
    if any(not name for each in names.values() for name in each):
        raise ConfigError("A sensor has no name.", option="sensors")
    return names


def login_of(settings: Any) -> Login:
    """Who asks.

    :raises ConfigError: IPMI has no names, passwords or keys that are so long.
    """
    password: Secret = settings["password"]
    kg: Secret | None = settings["kg"]
    protocol = Protocol(settings["protocol"])
    longest = LONGEST_PASSWORD[protocol]
    if len(settings["username"].encode()) > LONGEST_USER:
        raise ConfigError(f"IPMI has names of at most {LONGEST_USER} characters.", option="username")
    if len(password.value.encode()) > longest:
        raise ConfigError(f"With {protocol.value}, a password has at most {longest} bytes.", option="password_file")
    if not settings["cipher_suites"]:
        raise ConfigError("There must be one cipher suite at least.", option="cipher_suites")
    return Login(
        settings["username"],
        password.value,
        None if kg is None else parse_kg(kg.value),
        Privilege[settings["privilege"].upper()],
        protocol,
        tuple(settings["cipher_suites"]),
    )
