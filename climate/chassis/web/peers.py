# SPDX-License-Identifier: Apache-2.0
"""Who is at the other end of a request: this machine itself, or somebody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_PROXY_HEADERS = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")


def is_loopback(host: str) -> bool:
    """Whether a name or address to listen on, or to hear from, is this machine's own."""
    return host.lower() == "localhost" or comes_from(host, _LOOPBACK)


def is_direct(environ: Mapping[str, Any]) -> bool:
    """Whether no proxy stands in between: a proxy's own address says nothing about who asks."""
    return not any(environ.get(header) for header in _PROXY_HEADERS)


def comes_from(address: str, networks: Iterable[IPNetwork]) -> bool:
    """Whether an address lies in one of the networks; what is no address does not."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    # A socket that listens on both families shows IPv4 peers as ::ffff:a.b.c.d.
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in networks)


_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
