# SPDX-License-Identifier: Apache-2.0
"""What every process stands on: the configuration, the database and its clock, the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from oslo_config import cfg

from climate.chassis import broker, sql
from climate.errors import ServiceUnavailable
from climate.manage import configcheck, database
from climate.manage.doctor.examination import Finding, Verdict

SKEW_WARN_S = 2.0
SKEW_FAIL_S = 30.0

_CONFIGURATION, _DATABASE, _CLOCK, _BROKER = "configuration", "database", "clock", "broker"


def configuration(conf: cfg.ConfigOpts) -> Iterator[Finding]:
    """Each option that is wrong."""
    for problem in configcheck.findings(conf):
        yield Finding(_CONFIGURATION, Verdict.FAIL, problem, "Correct it, and restart the processes that read it.")
    if not conf.config_file:
        yield Finding(
            _CONFIGURATION, Verdict.WARN, "No file was read: every option has its default.", "Say --config-file FILE."
        )
        return
    yield Finding(_CONFIGURATION, Verdict.OK, f"Read from {', '.join(conf.config_file)}.")


def schema(connection: str | None) -> Iterator[Finding]:
    """Whether the database lets us in and has this release's schema. ``connection`` is its URL."""
    engine = _engine(connection)
    if missing := _missing_file(engine):
        yield Finding(_DATABASE, Verdict.FAIL, f"There is no file {missing}.", "Run climate-manage db upgrade.")
        return
    try:
        current, head = database.current(engine), database.head()
    except (ServiceUnavailable, sa.exc.DBAPIError) as error:
        yield Finding(
            _DATABASE,
            Verdict.FAIL,
            f"The database does not let us in: {_reason(error)}",
            "Start it, or correct [database] connection.",
        )
        return
    finally:
        engine.dispose()
    kind = engine.dialect.name
    if current == head:
        yield Finding(_DATABASE, Verdict.OK, f"{kind} answers, its schema is this release's ({head}).")
    else:
        yield Finding(
            _DATABASE,
            Verdict.FAIL,
            f"{kind} answers; its schema is at {current}, and this release wants {head}.",
            "Run climate-manage db upgrade, or install the release that the schema belongs to.",
        )


def clock(connection: str | None, now: Callable[[], float]) -> Iterator[Finding]:
    """How far our clock and the database's are apart. ``now`` gives epoch seconds."""
    engine = _engine(connection)
    if engine.dialect.name == "sqlite":
        yield Finding(_CLOCK, Verdict.OK, "The database is a file of this machine, and has no clock of its own.")
        return
    try:
        before = now()
        there = sql.server_time(engine)
        skew_s = there - (before + now()) / 2
    except (ServiceUnavailable, sa.exc.DBAPIError):
        yield Finding(_CLOCK, Verdict.FAIL, "The database's clock cannot be read.", "See the part database.")
        return
    finally:
        engine.dispose()
    apart = f"This machine's clock and the database's are {abs(skew_s):.1f} s apart."
    if abs(skew_s) < SKEW_WARN_S:
        yield Finding(_CLOCK, Verdict.OK, apart)
    else:
        verdict = Verdict.WARN if abs(skew_s) < SKEW_FAIL_S else Verdict.FAIL
        yield Finding(_CLOCK, verdict, apart, "Let both follow a time server: leases begin and end by these clocks.")


def messages(conf: cfg.ConfigOpts, timeout_s: float) -> Iterator[Finding]:
    """Whether each node of the broker lets us in; one that does is enough to go on."""
    if not broker.outside_processes(conf):
        yield Finding(
            _BROKER,
            Verdict.WARN,
            "[DEFAULT] transport_url names no RabbitMQ: services can be asked in their own process only.",
            "Write rabbit://USER:PASSWORD@HOST:5672/ where services are processes of their own.",
        )
        return
    nodes = broker.nodes(conf, timeout_s)
    let_in = sum(not problem for _, problem in nodes)
    for address, problem in nodes:
        if problem:
            verdict = Verdict.WARN if let_in else Verdict.FAIL
            fix = "Start RabbitMQ there, or correct [DEFAULT] transport_url."
            yield Finding(_BROKER, verdict, f"{address} {problem}.", fix)
        else:
            yield Finding(_BROKER, Verdict.OK, f"{address} lets us in.")


def _engine(connection: str | None) -> sa.Engine:
    return sql.engine(connection or "", max_pool_size=1)


def _missing_file(engine: sa.Engine) -> str:
    """The file of an SQLite database that is not there: connecting would make an empty one."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return ""
    return "" if Path(path).exists() else path


def _reason(error: Exception) -> str:
    """What the driver says; it names host and user, never the password."""
    cause = error.__cause__ if isinstance(error, ServiceUnavailable) else error
    original = getattr(cause, "orig", None) or error
    said = getattr(original, "args", None) or (str(original),)
    return str(said[-1]).strip().splitlines()[0] if str(said[-1]).strip() else type(original).__name__
