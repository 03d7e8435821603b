# SPDX-License-Identifier: Apache-2.0
"""climate-manage: the database, the archive, the configuration, Keystone, and how all parts are, by hand."""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import logging
import sys
import time
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from oslo_config import cfg

from climate.api import options as api
from climate.chassis import conf as configuration
from climate.chassis import sql
from climate.client.entry import SERVICE_TYPE
from climate.cmd import main as common
from climate.core.period import parse_instant
from climate.errors import ClimateError, ConfigError
from climate.inventory import options as inventory
from climate.manage import archive, configcheck, database
from climate.manage.doctor import doors, ground, report, services
from climate.manage.doctor.examination import Check, Finding, examine
from climate.manage.register import acting, wishes
from climate.openstack import catalogue, keystone
from climate.openstack.identity import Identity
from climate.planning import limits
from climate.planning.store.archive import Archive

Command = Callable[[cfg.ConfigOpts], int]
_WHICH = ("", "internal_", "admin_")  # of a service's addresses, as options name them


def _engine(conf: cfg.ConfigOpts) -> sa.Engine:
    return sql.engine(conf.database.connection)


def _db_upgrade(conf: cfg.ConfigOpts) -> int:
    engine = _engine(conf)
    before = database.current(engine)
    database.upgrade(engine, conf.command.revision)
    after = database.current(engine)
    _say(f"The database is at {after}." if before == after else f"The database went from {before} to {after}.")
    return 0


def _db_current(conf: cfg.ConfigOpts) -> int:
    current, head = database.current(_engine(conf)), database.head()
    _say(f"The database is at {current}; this release wants {head}.")
    return 0 if current == head else 1


def _db_stamp(conf: cfg.ConfigOpts) -> int:
    database.stamp(_engine(conf), conf.command.revision)
    _say(f"The database is marked as being at {conf.command.revision}.")
    return 0


def _config_check(conf: cfg.ConfigOpts) -> int:
    findings = configcheck.findings(conf)
    for finding in findings:
        _say(finding)
    _say("The configuration has problems." if findings else "The configuration is good.")
    return 1 if findings else 0


def _archive(conf: cfg.ConfigOpts) -> int:
    before = parse_instant(conf.command.before, "--before")
    store = Archive(common.database_engine(conf), limits.of_site(conf).withdrawn_window_s)
    archive.run(store, before, common.clock(), _say, dry=conf.command.dry_run)
    return 0


def _register(conf: cfg.ConfigOpts) -> int:
    logging.disable()  # as for the doctor; and what programs read has no other lines in it
    cloud = keystone.Cloud.from_conf(conf)
    entries = [
        wishes.entry(service, *(getattr(conf.command, f"{service.type}_{which}url") for which in _WHICH))
        for service in wishes.SERVICES
    ]
    wished = wishes.Wishes(
        tuple(entry for entry in entries if entry),
        conf.command.region or cloud.region_name,
        wishes.accounts(conf.command.user),
        tuple(conf.command.user_role or wishes.DEFAULTS.account_roles),
        conf.command.project,
        conf.command.domain,
    )
    if not wished.entries and not wished.accounts:
        raise ConfigError("There is nothing to register: say --reservation-url, --energy-url or --user.")
    acting.run(Identity(cloud), wished, _say, dry=conf.command.dry_run, as_json=conf.command.format == "json")
    return 0


def _doctor(conf: cfg.ConfigOpts) -> int:
    limit_s = conf.command.timeout
    logging.disable()  # libraries report what is down, each in its words; here it is said once
    findings = examine(_checks(conf, limit_s), limit_s)
    if conf.command.format == "json":
        _say(report.document(findings))
    else:
        for line in report.table(findings):
            _say(line)
    return report.status(findings)


def _checks(conf: cfg.ConfigOpts, limit_s: float) -> list[Check]:
    """A look at each part. A part has less time than its check, so that it can still say what is wrong."""
    time_s = 0.8 * limit_s
    registered = None
    if conf[api.GROUP].auth_strategy == "keystone":
        registered = functools.partial(catalogue.endpoint_of, conf, SERVICE_TYPE, time_s / 2)

    def sources_told() -> Iterable[Finding]:
        group = conf[inventory.GROUP]
        return services.sources_told(conf, time_s, time.time, group.sources, group.refresh_interval_s)

    def local() -> str:
        group = conf[api.GROUP]
        everywhere = group.host in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
        return f"http://{'127.0.0.1' if everywhere else group.host}:{group.port}"

    return [
        Check("configuration", lambda: ground.configuration(conf)),
        Check("database", lambda: ground.schema(conf.database.connection), "Correct [database] connection."),
        Check("clock", lambda: ground.clock(conf.database.connection, time.time), "Correct [database] connection."),
        Check("broker", lambda: ground.messages(conf, time_s), "Correct [DEFAULT] transport_url."),
        Check(
            "sources",
            lambda: services.sources_readable(conf, conf[inventory.GROUP].sources),
            "Correct [inventory] sources, or what it leads to.",
        ),
        Check("inventory", sources_told, "Start climate-inventory; see the parts broker and database before."),
        Check(
            "planning",
            lambda: services.schedulers_told(conf, time_s),
            "Start climate-planning; see the parts broker and database before.",
        ),
        Check("keystone", lambda: doors.keystone(registered)),
        Check(
            "api",
            lambda: doors.api(conf.command.api_url, registered, local(), time_s / 2),
            "Start climate-api; --api-url says where it is, if it is elsewhere.",
        ),
    ]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def commands(subparsers: object) -> None:
    """Add every command with its options to the parser of the command line (argparse's ``add_subparsers()``)."""
    groups: dict[str, tuple[str, dict[str, tuple[Command, str, str | None]]]] = {
        "db": (
            "the database's schema",
            {
                "upgrade": (_db_upgrade, "bring the schema to this release", "head"),
                "current": (_db_current, "show the schema's revision; status 1 if it is not this release's", None),
                "stamp": (_db_stamp, "mark the database as being at a revision, without running anything", ""),
            },
        ),
        "config": (
            "the configuration",
            {"check": (_config_check, "say which option is wrong or unknown; status 1 if any is", None)},
        ),
    }
    for group, (about, commands) in groups.items():
        parser = subparsers.add_parser(group, help=about)  # type: ignore[attr-defined]
        inner = parser.add_subparsers(dest="action", required=True)
        for name, (function, help_text, revision) in commands.items():
            command = inner.add_parser(name, help=help_text)
            command.set_defaults(run=function)
            if revision is not None:
                command.add_argument("revision", **({"nargs": "?", "default": revision} if revision else {}))
    _archive_command(subparsers)
    _doctor_command(subparsers)
    _register_command(subparsers)


def _archive_command(subparsers: object) -> None:
    help_text = "move leases that are long over, with their journal entries, out of the way; nothing is deleted"
    command: argparse.ArgumentParser = subparsers.add_parser("archive", help=help_text)  # type: ignore[attr-defined]
    command.set_defaults(run=_archive)
    command.add_argument(
        "--before",
        required=True,
        metavar="INSTANT",
        help="leases that were over before this: ISO 8601 with an offset, such as 2026-01-01T00:00:00Z, "
        "or integer epoch seconds",
    )
    command.add_argument("--dry-run", action="store_true", help="only say what would be moved")


def _doctor_command(subparsers: object) -> None:
    help_text = "say which part cannot be reached, and which option is wrong; status 1 if anything has failed"
    command: argparse.ArgumentParser = subparsers.add_parser("doctor", help=help_text)  # type: ignore[attr-defined]
    command.set_defaults(run=_doctor)
    command.add_argument("--format", choices=["table", "json"], default="table", help="table, or one JSON object")
    command.add_argument(
        "--timeout", type=_seconds, default=10.0, metavar="SECONDS", help="how long a part may take to answer; 10"
    )
    command.add_argument(
        "--api-url",
        metavar="URL",
        help="where the API is; without it, the endpoint in Keystone's catalogue, or else [api] host and port",
    )


def _register_command(subparsers: object) -> None:
    help_text = "make in Keystone what is missing there of the suite: services, endpoints, roles, users"
    command: argparse.ArgumentParser = subparsers.add_parser("register", help=help_text)  # type: ignore[attr-defined]
    command.set_defaults(run=_register)
    for service in wishes.SERVICES:
        name = f"--{service.type}"
        command.add_argument(f"{name}-url", metavar="URL", help=f"where clients find {service.name}-api")
        command.add_argument(f"{name}-internal-url", metavar="URL", help="the internal endpoint; as the public one")
        command.add_argument(f"{name}-admin-url", metavar="URL", help="the admin endpoint; as the internal one")
    command.add_argument("--region", help="the endpoints' region; [keystone] region_name, or else the only one")
    command.add_argument(
        "--user",
        action="append",
        default=[],
        metavar="NAME[=FILE]",
        help="a user as which a service signs in; made with the password in FILE (mode 600), where it is missing",
    )
    command.add_argument(
        "--user-role", action="append", metavar="ROLE", help="a role that each --user has in the project; service"
    )
    command.add_argument("--project", default=wishes.DEFAULTS.project, help="the users' project; service")
    command.add_argument(
        "--domain", default=wishes.DEFAULTS.domain, help="the users' and the project's domain; Default"
    )
    command.add_argument("--dry-run", action="store_true", help="only say what would be made or changed")
    command.add_argument("--format", choices=["table", "json"], default="table", help="lines, or one JSON object")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.5 <= seconds <= 600:  # also false for NaN
        raise argparse.ArgumentTypeError("must be from 0.5 to 600 seconds")
    return seconds


def main() -> int:
    """Run one command of climate-manage; the exit status."""
    conf = cfg.CONF
    conf.register_cli_opt(cfg.SubCommandOpt("command", title="commands", handler=commands))
    try:
        options = configcheck.all_options()
        configuration.load(conf, sys.argv[1:], "climate-manage", options, importlib.metadata.version("climate"))
        run: Command = conf.command.run
        return run(conf)
    except ClimateError as error:
        sys.stderr.write(f"climate-manage: {error.message}\n")
        return 1
