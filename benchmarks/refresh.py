# SPDX-License-Identifier: Apache-2.0
"""How long the inventory takes to read an operator's file, and to write what changed, on a made-up site.

The file is the same site as JSON, CSV and YAML, with 100 CPU flags a host;
its peer is the bare parser on the same bytes. Refreshes are those of a source
that answers at once, into PostgreSQL with durable commits: all hosts new, none
changed, some changed. Their floor is the bare statements with the same rows.
"""

from __future__ import annotations

import argparse
import csv
import functools
import io
import json
import pathlib
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
import yaml

from benchmarks import positive
from benchmarks.parts import fleet
from benchmarks.parts.fleet import Record
from benchmarks.parts.timing import once_ms
from climate.chassis import sql
from climate.inventory.refresh import Refresher
from climate.inventory.sources.file import FileSource
from climate.inventory.store import tables
from climate.inventory.store.sql import SqlStore
from climate.manage import database
from tools.servers import PostgreSQL
from tools.servers.process import new_directory

LONGEST_FILE = 256 * 1024 * 1024
_PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "csv": lambda text: list(csv.DictReader(io.StringIO(text))),
    "yaml": lambda text: yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)),  # noqa: S506 - a safe loader
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """How large the site is, and how much of it changes."""
    parser.add_argument("--hosts", type=positive, default=10_000)
    parser.add_argument("--small", type=positive, default=1000, help="hosts of the smaller site")
    parser.add_argument("--changed", type=positive, default=100, help="hosts that change on the smaller site")
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--seed", type=int, default=1)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read files, then refresh."""
    records = fleet.fleet(args.hosts, args.seed)
    directory = new_directory("climate-benchmark-")
    measured: dict[str, Any] = {}
    for kind, parser in _PARSERS.items():
        measured |= _reading(directory / f"hosts.{kind}", records, parser, args.rounds)
    with PostgreSQL(durable=True) as postgresql:
        measured |= _refreshing(postgresql.fresh_database().url, records, 1, args.rounds, "")
        small = records[: args.small]
        measured |= _refreshing(postgresql.fresh_database().url, small, args.changed, args.rounds, "small_")
    return measured


def _reading(
    path: pathlib.Path, records: Sequence[Record], parser: Callable[[str], object], rounds: int
) -> dict[str, Any]:
    fleet.write(path, records)
    text = path.read_text()
    ours = [once_ms(lambda: FileSource(path, max_bytes=LONGEST_FILE).fetch()) for _ in range(min(rounds, 3))]
    bare = [once_ms(lambda: parser(text)) for _ in range(min(rounds, 3))]
    kind = path.suffix.removeprefix(".")
    return {
        f"{kind}_bytes": path.stat().st_size,
        f"read_{kind}_ms": round(statistics.median(ours), 1),
        f"parse_{kind}_ms": round(statistics.median(bare), 1),
        f"read_{kind}_ratio_to_parse": round(statistics.median(ours) / statistics.median(bare), 2),
    }


def _refreshing(url: str, records: Sequence[Record], changed: int, rounds: int, prefix: str) -> dict[str, Any]:
    """One refresh with all hosts new, then with none and with ``changed`` of them changed."""
    engine = sql.engine(url)
    database.upgrade(engine)
    source = fleet.ListSource(records)
    refresher = Refresher([source], SqlStore(engine), lambda: True, lambda: str(uuid.uuid4()))

    def refresh() -> None:
        if not refresher.refresh_once(int(time.time())):
            raise RuntimeError("the source was not believed")

    def change(number: int) -> None:
        for index in range(changed):
            source.change(index, fleet.in_use(records[index], 100 + number))
        refresh()

    new_ms = once_ms(refresh)
    same_ms = statistics.median(once_ms(refresh) for _ in range(rounds))
    changed_ms = statistics.median(once_ms(functools.partial(change, number)) for number in range(rounds))
    insert_ms, update_ms = _bare(engine, changed, rounds)
    engine.dispose()
    return {
        f"{prefix}refresh_new_ms": round(new_ms, 1),
        f"{prefix}insert_ms": round(insert_ms, 1),
        f"{prefix}refresh_new_ratio_to_insert": round(new_ms / insert_ms, 2),
        f"{prefix}refresh_same_ms": round(same_ms, 1),
        f"{prefix}refresh_changed_ms": round(changed_ms, 1),
        f"{prefix}update_ms": round(update_ms, 1),
        f"{prefix}refresh_changed_ratio_to_same": round(changed_ms / same_ms, 2),
    }


def _bare(engine: sa.Engine, changed: int, rounds: int) -> tuple[float, float]:
    """Milliseconds of inserting all the hosts' rows, and of updating the facts of some, each in one transaction."""
    with engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(sa.select(tables.host))]
    updates = [{"which": row["host_id"], "facts": row["properties"]} for row in rows[:changed]]
    update = (
        tables.host.update()
        .where(tables.host.c.host_id == sa.bindparam("which"))
        .values(properties=sa.bindparam("facts"))
    )

    def change() -> None:
        with engine.begin() as connection:
            connection.execute(update, updates)

    def insert() -> None:
        with engine.begin() as connection:
            connection.execute(tables.host.insert(), rows)

    update_ms = statistics.median(once_ms(change) for _ in range(rounds))
    with engine.begin() as connection:
        connection.execute(tables.host.delete())
    return once_ms(insert), update_ms
