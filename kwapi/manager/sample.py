# SPDX-License-Identifier: Apache-2.0
"""A section for each installed driver, with all that may stand in it: for the sample and the manual."""

from __future__ import annotations

from oslo_config import cfg

from climate.errors import ConfigError
from kwapi.drivers import loading
from kwapi.manager.options import WATTMETER_OPTS


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """``example-snmp`` and so on; a driver that does not load, because it misses a library, is left out."""
    sections = []
    for name in loading.names():
        try:
            theirs = loading.load(name).options
        except ConfigError:
            continue
        kind = cfg.StrOpt("driver", default=name, help="What kind of wattmeter it is.")
        sections.append((f"example-{name}", [kind, *WATTMETER_OPTS[1:], *theirs]))
    return sections
