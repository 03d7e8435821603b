# SPDX-License-Identifier: Apache-2.0
"""A configuration of a test's own: read from a file, as a process reads it, and nothing in the global one."""

from __future__ import annotations

import configparser
import contextlib
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from oslo_config import cfg

import climate.cmd  # noqa: F401 - native threads, before oslo.messaging starts any
from climate.chassis import conf as configuration

# oslo.messaging registers these on the global configuration alone, and asks each one for them.
_FORGOTTEN = {"_tracing.client": "oslo_messaging_tracing", "_metrics.client": "oslo_messaging_metrics"}


def private(
    directory: Path, settings: Mapping[str, Mapping[str, object]], options: Sequence[configuration.Options] = ()
) -> cfg.ConfigOpts:
    """``settings`` by group and option, of the parts that have ``options`` and of every process."""
    parser = configparser.RawConfigParser(default_section="")
    parser.read_dict({group: {name: str(value) for name, value in some.items()} for group, some in settings.items()})
    file = directory / "climate.conf"
    with file.open("w") as out:
        parser.write(out)
    made = cfg.ConfigOpts()
    configuration.register(made, options)
    for module, group in _FORGOTTEN.items():
        with contextlib.suppress(ImportError):
            found = importlib.import_module(f"oslo_messaging.{module}")
            made.register_opts(getattr(found, group), group=group)
    made([], project="climate", default_config_files=[str(file)])
    return made
