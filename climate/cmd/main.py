# SPDX-License-Identifier: Apache-2.0
"""What every ``main()`` does: read the configuration, build, run; a bad configuration is one line and status 1."""

from __future__ import annotations

import importlib.metadata
import sys
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.chassis import sql
from climate.chassis.process import Process
from climate.errors import ClimateError, ConfigError, ServiceUnavailable
from climate.manage import database


def clock() -> int:
    """Now, in epoch seconds."""
    return int(time.time())


def clock_us() -> int:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1000


def database_engine(conf: cfg.ConfigOpts) -> sa.Engine:
    """The engine of the site's database; one that is out of reach is waited for by the loops.

    :raises ConfigError: the URL cannot be used, or the schema is not this release's.
    """
    engine = sql.engine(conf.database.connection, conf.database.max_pool_size)
    try:
        current = database.current(engine)
    except ServiceUnavailable:
        return engine
    if current != database.head():
        raise ConfigError(
            f"The database is at revision {current}, this release wants {database.head()}: "
            "run climate-manage db upgrade."
        )
    return engine


def load(program: str, arguments: Sequence[str], options: Sequence[configuration.Options]) -> None:
    """Fill the global configuration from the command line and files.

    :raises ConfigError: a file or a value cannot be used.
    """
    configuration.load(cfg.CONF, arguments, program, options, importlib.metadata.version("climate"))


def run(program: str, options: Sequence[configuration.Options], build: Callable[[cfg.ConfigOpts], Process]) -> int:
    """Run one process until it is told to stop; the exit status."""
    try:
        load(program, sys.argv[1:], options)
        process = build(cfg.CONF)
        process.run()
    except ClimateError as error:
        sys.stderr.write(f"{program}: {error.message}\n")
        return 1
    return 0
