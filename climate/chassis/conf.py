# SPDX-License-Identifier: Apache-2.0
"""Reading the configuration: oslo.config's INI files, ``climate.conf`` by default."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from oslo_config import cfg
from oslo_log import log

from climate.errors import ConfigError

Options = Callable[[], list[tuple[str, list[cfg.Opt]]]]

PROCESS_OPTS = [
    cfg.StrOpt(
        "host",
        default=socket.gethostname(),
        sample_default="<the machine's name>",
        help="The name under which this process's copies are told apart in the broker and in elections.",
    ),
    cfg.FloatOpt(
        "drain_timeout_s",
        default=30.0,
        min=0.0,
        max=3600.0,
        help="How long a process that was told to stop may finish what it works on, in seconds.",
    ),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options that every process has."""
    return [("DEFAULT", PROCESS_OPTS)]


def register(conf: cfg.ConfigOpts, options: Sequence[Options]) -> None:
    """Register each part's options on ``conf``."""
    for part in (list_opts, *options):
        for group, opts in part():
            conf.register_opts(opts, group=None if group == "DEFAULT" else group)


def load(conf: cfg.ConfigOpts, argv: Sequence[str], program: str, options: Sequence[Options], version: str) -> None:
    """Fill ``conf`` from the command line and files, and set up logging.

    :raises ConfigError: a file or a value cannot be used.
    """
    register(conf, options)
    log.register_options(conf)
    log.set_defaults(default_log_levels=[*log.get_default_log_levels(), "alembic=WARN", "cheroot=WARN"])
    try:
        conf(list(argv), project="climate", prog=program, version=version)
    except cfg.ConfigFilesNotFoundError as error:
        raise ConfigError(f"There is no such configuration file: {', '.join(error.config_files)}.") from None
    except (cfg.Error, ValueError) as error:
        raise ConfigError(f"The configuration cannot be used: {error}") from None
    log.setup(conf, program)
