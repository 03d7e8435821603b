# SPDX-License-Identifier: Apache-2.0
"""What a section says of a device that speaks SNMP: where it is, who asks, what it is, and what its probes are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg, types

from climate.chassis.secrets import SecretFileOpt
from climate.devices.snmp import loading
from climate.devices.snmp.decode import Item
from climate.devices.snmp.engine import AUTH, PRIV
from climate.devices.snmp.oid import Oid, oid_of
from climate.devices.snmp.profile import Column, Profile, Quantity, Scope
from climate.devices.snmp.session import Community, User
from climate.errors import ConfigError
from kwapi.drivers.protocol import Section

LARGEST_PROFILE = 256 * 1024
_PUBLIC = "public"
_QUOTED = types.String(quotes=True)

OPTS: Sequence[cfg.Opt] = (
    cfg.StrOpt("host", required=True, help="The device's name or address."),
    cfg.PortOpt("port", default=161, help="The UDP port."),
    cfg.StrOpt(
        "version",
        default="2c",
        choices=[("1", "one object after the other"), ("2c", "many at once"), ("3", "signed and encrypted")],
        help="The version of SNMP.",
    ),
    cfg.Opt(
        "community",
        dest="community_name",
        type=_QUOTED,
        help="Who asks by version 1 or 2c, where that is no secret. By default public.",
    ),
    SecretFileOpt("community_file", quotes=True, help="The file with the community."),
    cfg.Opt("user", type=_QUOTED, help="Who asks by version 3."),
    cfg.StrOpt("auth_protocol", default="sha", help=f"How requests are signed: {', '.join(AUTH)}."),
    SecretFileOpt("auth_key_file", quotes=True, help="The file with the key to that. Without: nothing is signed."),
    cfg.StrOpt("priv_protocol", default="aes", help=f"How requests are encrypted: {', '.join(PRIV)}."),
    SecretFileOpt("priv_key_file", quotes=True, help="The file with the key to that. Without: nothing is encrypted."),
    cfg.Opt("context", type=_QUOTED, default="", help="Of version 3: which device behind the address is meant."),
    cfg.IntOpt("retries", default=1, min=0, max=10, help="How often a request is sent again within the timeout."),
    cfg.ListOpt(
        "profile",
        default=[],
        help="What kind of device it is; several names if parts of it are told by several. By default it is "
        "recognised when it is first read.",
    ),
    cfg.StrOpt("profile_file", help="A file with a profile of your own, called vendor-family.yaml."),
    cfg.ListOpt(
        "places",
        default=[],
        help="Which place of the device each probe is, in the order of the probes, such as outlet-3, inlet-1, "
        "device. By default the one of the outlet's name. 5 means outlet-5.",
    ),
    cfg.ListOpt(
        "objects",
        default=[],
        help="Objects that no profile has, or not so: PLACE QUANTITY OID [SCALE], such as "
        "outlet-1 watts 1.3.6.1.4.1.99999.1.2.1 0.1. Without a profile, these are all there is.",
    ),
    cfg.StrOpt(
        "object_id",
        help="What the device's sysObjectID must be, or begin with, so that another one at this address is refused.",
    ),
    cfg.ListOpt(
        "quantities",
        default=[quantity.value for quantity in Quantity],
        item_type=types.String(choices=[quantity.value for quantity in Quantity]),
        help="What is asked for, where the device has it. Fewer make for fewer requests.",
    ),
    cfg.StrOpt(
        "counter",
        default="always",
        choices=[
            ("always", "whatever its steps; power counts between them"),
            ("fine", "if its steps are small enough for the interval, a kilowatt in it"),
            ("never", "watts are integrated"),
        ],
        help="When the device's energy counter is believed. Else it is told beside, as energy_counter_j.",
    ),
    cfg.FloatOpt(
        "nominal_volts",
        min=1.0,
        max=1_000.0,
        help="The voltage to estimate watts with, where a device measures current alone; with power_factor.",
    ),
    cfg.FloatOpt(
        "power_factor",
        min=0.01,
        max=1.0,
        help="The power factor to estimate watts with, where a device measures only apparent power, or current.",
    ),
)


def who_of(section: Section) -> Community | User:
    """Who asks.

    :raises ConfigError: what is said does not fit together.
    """
    settings: Any = section.options
    name, secret = settings["community_name"], settings["community"]
    if settings["version"] == "3":
        if not settings["user"]:
            raise ConfigError("Version 3 needs a user.", option="user")
        auth, priv = settings["auth_key"], settings["priv_key"]
        if priv is not None and auth is None:
            raise ConfigError("Who encrypts must also sign: name an auth_key_file.", option="priv_key_file")
        return User(
            settings["user"],
            settings["auth_protocol"],
            None if auth is None else auth.value,
            settings["priv_protocol"],
            None if priv is None else priv.value,
            settings["context"],
        )
    if settings["user"]:
        raise ConfigError("A user is of version 3; say version = 3, or leave it out.", option="user")
    if name is not None and secret is not None:
        raise ConfigError("community and community_file are both set; leave one out.", option="community_file")
    community = secret.value if secret is not None else name
    return Community(_PUBLIC if community is None else community, 1 if settings["version"] == "1" else 2)


def profiles_of(section: Section) -> list[Profile] | None:
    """The profiles that are named; none if objects are to do; ``None``: all there are, of which it is one.

    :raises ConfigError: there is no such profile, or the file is none.
    """
    settings: Any = section.options
    found = loading.named(settings["profile"]) if settings["profile"] else []
    if settings["profile_file"] is not None:
        path = section.folder / settings["profile_file"]
        try:
            with path.open(encoding="utf-8") as file:
                text = file.read(LARGEST_PROFILE + 1)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigError(f"{path}: it cannot be read: {reason}.", option="profile_file") from None
        if len(text) > LARGEST_PROFILE:
            raise ConfigError(f"{path}: a profile has at most {LARGEST_PROFILE} signs.", option="profile_file")
        try:
            found.append(loading.parse(str(path), text))
        except ConfigError as error:
            raise ConfigError(error.message, option="profile_file") from None
    return found or ([] if settings["objects"] else None)


def places_of(section: Section) -> dict[str, str]:
    """The name of each probe's place.

    :raises ConfigError: there are not as many as probes.
    """
    settings: Any = section.options
    probes, places = section.probes, settings["places"]
    if places and len(places) != len(probes):
        raise ConfigError(f"There are {len(places)} places and {len(probes)} probes.", option="places")
    names = places or [None if probe is None else probe.rsplit("/", 1)[-1] for probe in probes]
    return {probe: place for probe, place in zip(probes, names, strict=True) if probe is not None and place}


def objects_of(section: Section) -> list[Item]:
    """The objects that the section itself names.

    :raises ConfigError: one cannot be understood; says which.
    """
    settings: Any = section.options
    return [_object(line) for line in settings["objects"]]


def _object(line: str) -> Item:
    words = line.split()
    try:
        if not 3 <= len(words) <= 4:
            raise ValueError("write PLACE QUANTITY OID [SCALE]")
        if words[1] not in list(Quantity):
            raise ValueError(f"{words[1]!r} is no quantity; there are: {', '.join(Quantity)}")
        oid = oid_of(words[2])
        scale = float(words[3]) if len(words) == 4 else 1.0
        if not math.isfinite(scale) or scale == 0:
            raise ValueError("nothing can be multiplied with this")
    except ValueError as error:
        raise ConfigError(f"{line}: {error}.", option="objects") from None
    column = Column(oid=oid, scale=scale)
    return Item(place=words[0], scope=Scope.DEVICE, quantity=Quantity(words[1]), column=column, oid=oid)


def object_id_of(section: Section) -> Oid | None:
    """The beginning of the only sysObjectID that is accepted.

    :raises ConfigError: it is none.
    """
    settings: Any = section.options
    text = settings["object_id"]
    try:
        return None if text is None else oid_of(text)
    except ValueError as error:
        raise ConfigError(f"{error}.", option="object_id") from None


def check_estimate(section: Section) -> None:
    """:raises ConfigError: volts are told to estimate with, and the power factor is not."""
    settings: Any = section.options
    if settings["nominal_volts"] is not None and settings["power_factor"] is None:
        raise ConfigError("Say the power_factor too; 1.0 for loads that have none.", option="nominal_volts")
