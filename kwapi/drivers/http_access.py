# SPDX-License-Identifier: Apache-2.0
"""How a section gets at what a device tells over HTTP: credentials and certificates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from climate.chassis import secrets
from climate.chassis.secrets import SecretFileOpt
from climate.devices.http_json.source import HttpSource
from climate.errors import ConfigError
from kwapi.drivers.protocol import Section

ACCESS_OPTS = (
    cfg.StrOpt("username", help="Who we are, for basic and digest authentication."),
    SecretFileOpt("password_file", help="The file with that one's password."),
    cfg.StrOpt("auth", default="basic", choices=["basic", "digest"], help="How the password is shown."),
    SecretFileOpt("token_file", help="The file with a token, which is shown as Authorization: Bearer."),
    SecretFileOpt("headers_file", help="A file with further headers, one a line: X-API-Key: 123."),
    cfg.BoolOpt("verify", default=True, help="Whether the device's certificate is checked."),
    cfg.StrOpt("ca_file", help="The certificates (PEM) that are trusted, instead of the system's."),
    cfg.StrOpt("certificate_file", help="Our own certificate and its private key, in one PEM file of mode 600."),
)

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?)[ \t]*")


def source_of(section: Section) -> HttpSource:
    """The connection that a section's options describe.

    :raises ConfigError: one of them cannot be used.
    """
    settings: Any = section.options
    headers = parse_headers(settings["headers"].value) if settings["headers"] is not None else {}
    if settings["token"] is not None:
        headers = {**headers, **_authorization(settings["token"].value)}
    verify: bool | str = settings["verify"]
    if settings["ca_file"] is not None:
        path = section.folder / settings["ca_file"]
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such file.", option="ca_file")
        verify = str(path) if verify else False
    certificate = None
    if settings["certificate_file"] is not None:
        path = section.folder / settings["certificate_file"]
        secrets.read(path)  # for its checks: the library reads the file by itself
        certificate = str(path)
    return HttpSource(headers, _auth(settings), verify, certificate)


def parse_headers(text: str) -> Mapping[str, str]:
    """Headers, one a line.

    :raises ConfigError: a line is none; says which, and not what stands in it.
    """
    headers = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found = _HEADER.fullmatch(line)
            if found is None:
                raise ConfigError(f"Line {number} of the file is no header such as X-API-Key: 123.", option="headers")
            headers[found[1]] = found[2]
    return headers


def _authorization(token: str) -> Mapping[str, str]:
    if re.fullmatch(r"[\x21-\x7e]+", token) is None:
        raise ConfigError("A token is one word.", option="token_file")
    return {"Authorization": f"Bearer {token}"}


def _auth(settings: Any) -> AuthBase | None:
    username, password = settings["username"], settings["password"]
    if (username is None) != (password is None):
        raise ConfigError("username and password_file come together.", option="username")
    if username is None:
        return None
    if settings["token"] is not None:
        raise ConfigError("A password and a token are too much; leave one out.", option="token_file")
    if settings["auth"] == "digest":
        return HTTPDigestAuth(username, password.value)
    # As bytes: the library takes text for Latin-1.
    return HTTPBasicAuth(username.encode(), password.value.encode())
