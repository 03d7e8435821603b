# SPDX-License-Identifier: Apache-2.0
"""What every ``main()`` of Kwapi does: read the configuration, build, run; a bad configuration is one line."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Sequence

from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.chassis.process import Process
from climate.errors import ClimateError


def load(program: str, arguments: Sequence[str], options: Sequence[configuration.Options]) -> None:
    """Fill the global configuration from the command line and files.

    :raises ConfigError: a file or a value cannot be used.
    """
    configuration.load(cfg.CONF, arguments, program, options, importlib.metadata.version("climate"))


def run(program: str, options: Sequence[configuration.Options], build: Callable[[cfg.ConfigOpts], Process]) -> int:
    """Run one process until it is told to stop; the exit status."""
    try:
        load(program, sys.argv[1:], options)
        build(cfg.CONF).run()
    except ClimateError as error:
        sys.stderr.write(f"{program}: {error.message}\n")
        return 1
    return 0
