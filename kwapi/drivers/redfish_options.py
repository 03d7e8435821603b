# SPDX-License-Identifier: Apache-2.0
"""What a section says of a Redfish service: where it is, who asks it, and what the probes are."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg, types

from climate.chassis.secrets import SecretFileOpt
from climate.devices.redfish.client import Credentials, Way
from climate.devices.redfish.connection import Address, trust
from climate.devices.redfish.discovery import Measured, Source, Wanted
from climate.errors import ConfigError
from kwapi.drivers.protocol import Section

OPTS: Sequence[cfg.Opt] = (
    cfg.StrOpt("url", required=True, help="Where its service is: https://bmc-12.example.org, and a port if any."),
    cfg.StrOpt("username", help="Who asks. Without it, nobody says who asks."),
    SecretFileOpt("password_file", help="The file with the password."),
    cfg.StrOpt(
        "auth",
        default=Way.SESSION.value,
        choices=[
            (Way.SESSION.value, "a session is opened, held and deleted"),
            (Way.BASIC.value, "each request carries the password"),
        ],
        help="How to say who asks.",
    ),
    cfg.StrOpt("ca_file", help="The certificates to trust, in PEM. By default those that the machine trusts."),
    cfg.BoolOpt(
        "verify",
        default=True,
        help="Whether to check whom we speak with. Without, any certificate does, and http:// as well.",
    ),
    cfg.ListOpt(
        "measure",
        default=[Measured.CHASSIS.value],
        item_type=types.String(choices=[each.value for each in Measured]),
        help="What the probes are. Of a computer: chassis (the whole), supplies, sensors; of a PDU: pdu (the whole), "
        "mains, branches, outlets, outlet_groups. Of several, the probes of the first come first.",
    ),
    cfg.ListOpt(
        "members",
        default=[],
        help="Which of them each probe is, in the order of the probes, by the last part of its address there. By "
        "default all, in the order of the service.",
    ),
    cfg.StrOpt(
        "source",
        default="auto",
        choices=[
            ("auto", "the first of these that tells it"),
            (Source.SENSORS.value, "the sensors of all power and energy"),
            (Source.ENVIRONMENT.value, "EnvironmentMetrics"),
            (Source.POWER_SUBSYSTEM.value, "the sum over the power supplies"),
            (Source.POWER.value, "the older resource Power"),
        ],
        help="Where the power of a whole chassis is looked for.",
    ),
    cfg.StrOpt("chassis", help="Which chassis, by the last part of its address. By default the only one."),
    cfg.StrOpt("pdu", help="Which PDU, by the last part of its address. By default the only one."),
    cfg.StrOpt(
        "counter",
        default="always",
        choices=[
            ("always", "whatever its steps; power counts between them"),
            ("fine", "if its steps are seen to be small enough for the interval, a kilowatt in it"),
            ("never", "watts are integrated"),
        ],
        help="When the device's energy counter is believed. Else it is told beside, as energy_counter_j.",
    ),
)


def address_of(settings: Mapping[str, Any]) -> Address:
    """:raises ConfigError: the url is none."""
    try:
        return Address.of(settings["url"])
    except ValueError as error:
        # It may hold a password, so it is not shown.
        raise ConfigError(f"The url cannot be used: {error}.", option="url") from None


def credentials_of(settings: Mapping[str, Any]) -> Credentials | None:
    """:raises ConfigError: there is a name without a password or the other way round, or it would go in clear."""
    username, password = settings["username"], settings["password"]
    if (username is None) != (password is None):
        raise ConfigError("username and password_file belong together.", option="username")
    if username is not None and settings["verify"] and not address_of(settings).secure:
        raise ConfigError("The password would go in clear. Write https, or verify = no.", option="url")
    return None if username is None else Credentials(username, password.value, Way(settings["auth"]))


def wanted_of(section: Section) -> Wanted:
    """:raises ConfigError: what is measured is not said."""
    settings: Any = section.options
    measured = tuple(Measured(each) for each in settings["measure"])
    members = tuple(settings["members"])
    if members and len(members) != len(section.probes):
        raise ConfigError("There must be one member for each probe.", option="members")
    if Measured.SENSORS in measured and not members:
        raise ConfigError("Name the sensors in members.", option="measure")
    source = settings["source"]
    return Wanted(
        taken=tuple(probe is not None for probe in section.probes),
        measured=measured,
        members=members,
        chassis=settings["chassis"],
        pdu=settings["pdu"],
        sources=tuple(Source) if source == "auto" else (Source(source),),
    )


def trust_of(section: Section) -> ssl.SSLContext:
    """:raises ConfigError: there is nobody to trust in ca_file."""
    settings: Any = section.options
    path = None if settings["ca_file"] is None else section.folder / settings["ca_file"]
    try:
        return trust(path, settings["verify"])
    except OSError as error:
        raise ConfigError(
            f"{path}: no certificates can be read: {error.strerror or error}.", option="ca_file"
        ) from None
