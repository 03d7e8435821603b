# SPDX-License-Identifier: Apache-2.0
"""Whether each node of the RabbitMQ that ``transport_url`` names is there, and lets us in."""

from __future__ import annotations

from typing import Any

import amqp
import oslo_messaging as messaging
from oslo_config import cfg
from oslo_messaging import opts as messaging_opts

from climate.errors import ConfigError

_RABBIT = "oslo_messaging_rabbit"
_DEFAULT_PORT = 5672
_KINDS = ("rabbit", "amqp")


def outside_processes(conf: cfg.ConfigOpts) -> bool:
    """Whether processes can ask each other: whether ``transport_url`` names RabbitMQ.

    :raises ConfigError: ``transport_url`` cannot be read.
    """
    return _url(conf).transport in _KINDS


def nodes(conf: cfg.ConfigOpts, timeout_s: float) -> list[tuple[str, str]]:
    """Each node's address, and what is wrong with it (``""`` for nothing).

    :raises ConfigError: ``transport_url`` cannot be read, or names no node.
    """
    url = _url(conf)
    if not url.hosts:
        raise ConfigError("[DEFAULT] transport_url names no host.", option="transport_url")
    tls = _tls(conf)
    found = []
    for host in url.hosts:
        address = f"{host.hostname}:{host.port or _DEFAULT_PORT}"
        connection = amqp.Connection(
            address,
            host.username or "guest",
            host.password or "guest",
            virtual_host=url.virtual_host or "/",
            connect_timeout=timeout_s / len(url.hosts),
            ssl=tls,
        )
        found.append((address, _problem(connection, url.virtual_host or "/")))
    return found


def _url(conf: cfg.ConfigOpts) -> messaging.TransportURL:
    conf.register_opts(dict(messaging_opts.list_opts())[_RABBIT], group=_RABBIT)
    try:
        return messaging.TransportURL.parse(conf)
    except (messaging.InvalidTransportURL, ValueError):
        raise ConfigError(
            "[DEFAULT] transport_url cannot be read: write rabbit://USER:PASSWORD@HOST:5672/.", option="transport_url"
        ) from None


def _problem(connection: amqp.Connection, virtual_host: str) -> str:
    try:
        connection.connect()
        connection.close()
    except amqp.AccessRefused:
        return "does not accept the user or its password"
    except amqp.NotAllowed:
        return f"has no virtual host {virtual_host} for this user"
    except (OSError, amqp.AMQPError) as error:
        return f"cannot be reached ({getattr(error, 'strerror', None) or error or type(error).__name__})"
    return ""


def _tls(conf: cfg.ConfigOpts) -> dict[str, Any] | bool:
    group = conf[_RABBIT]
    if not group.ssl:
        return False
    files = {"ca_certs": group.ssl_ca_file, "certfile": group.ssl_cert_file, "keyfile": group.ssl_key_file}
    return {name: path for name, path in files.items() if path} or True
