# SPDX-License-Identifier: Apache-2.0
"""What every ``main()`` does: read the configuration, build, run; a bad configuration is one line and status 1."""

from __future__ import annotations

import importlib.metadata
import sys
import time
from collections.abc import Callable, Sequence

from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.chassis.process import Process
from climate.errors import ClimateError


def clock() -> int:
    """Now, in epoch seconds."""
    return int(time.time())


def run(program: str, options: Sequence[configuration.Options], build: Callable[[cfg.ConfigOpts], Process]) -> int:
    """Run one process until it is told to stop; the exit status."""
    try:
        configuration.load(cfg.CONF, sys.argv[1:], program, options, importlib.metadata.version("climate"))
        process = build(cfg.CONF)
    except ClimateError as error:
        sys.stderr.write(f"{program}: {error.message}\n")
        return 1
    process.run()
    return 0
