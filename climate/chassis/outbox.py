# SPDX-License-Identifier: Apache-2.0
"""Side effects that happen because something was committed: written with it, done after it.

A row is written in the transaction that causes it and carried out afterwards
by whichever process claims it: at least once, and for rows of one key in the
order in which they were written. A claim runs out, so that the effects of a
killed process are done by another.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from climate.chassis import sql

LOG = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 300
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to do after the commit: ``topic`` says what, ``key`` whose (its effects keep their order)."""

    topic: str
    key: str
    payload: dict[str, Any]


def table(name: str, metadata: sa.MetaData) -> sa.Table:
    """The table in which one service keeps its outbox. Instants are epoch seconds."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("payload", sa.Text().with_variant(mysql.MEDIUMTEXT, "mysql", "mariadb"), nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, default=0),
        sa.Index(f"{name}_key", "key", "id"),
        sa.Index(f"{name}_due", "due_at"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        sqlite_autoincrement=True,  # handlers tell effects apart by id: none may come again
    )


def write(connection: sa.Connection, outbox: sa.Table, effects: tuple[Effect, ...], now: int) -> None:
    """Write effects in the caller's transaction; they are done only if it commits."""
    if effects:
        connection.execute(
            outbox.insert(),
            [
                {
                    "topic": effect.topic,
                    "key": effect.key,
                    "payload": json.dumps(effect.payload, separators=(",", ":")),
                    "written_at": now,
                    "due_at": now,
                    "attempts": 0,
                }
                for effect in effects
            ],
        )


Handler = Callable[[int, dict[str, Any]], int | None]
"""Does an effect, or a step of it: then it says in how many seconds it goes on."""


class Outbox:
    """Carries out the effects of one service's outbox, as far as it has handlers for their topics.

    ``handlers`` maps a topic to what does it: ``handler(effect_id, payload)``,
    which may be called again with the same ``effect_id`` after a crash. It
    runs outside any transaction, and should take less than ``claim_s``: an
    effect that takes longer is taken for one whose process died. One that
    takes a while by its nature does a step and returns after how many seconds
    it wants to be called again.
    """

    def __init__(
        self,
        engine: sa.Engine,
        outbox: sa.Table,
        handlers: Mapping[str, Handler],
        clock: Callable[[], int],
        claim_s: int = 60,
    ) -> None:
        self._engine = engine
        self._outbox = outbox
        self._handlers = handlers
        self._clock = clock
        self._claim_s = claim_s

    def run_due(self) -> int:
        """Do what is due now and return how many effects were done. A failing effect is tried again later."""
        done = 0
        while rows := self._due():
            # One after the other, so that a claim does not run out while it waits for those before it.
            claimed = [self._do(row) for row in rows if self._claim(row)]
            done += sum(claimed)
            if not claimed:
                break
        return done

    def waiting(self) -> int:
        """How many effects are not done yet."""
        with sql.reading(self._engine) as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(self._outbox)).scalar_one()

    def _due(self) -> list[sa.Row[Any]]:
        """The oldest undone effect of each key, where it is due; claimed ones are due only when the claim runs out."""
        box = self._outbox
        older = box.alias("older")
        first_of_its_key = ~sa.exists().where(older.c.key == box.c.key, older.c.id < box.c.id)
        mine = box.c.topic.in_(sorted(self._handlers))
        due = box.c.due_at <= self._clock()
        query = sa.select(box).where(due, mine, first_of_its_key).order_by(box.c.id).limit(_BATCH)
        with sql.reading(self._engine) as connection:
            return list(connection.execute(query))

    def _claim(self, row: sa.Row[Any]) -> bool:
        """Put the effect out of everybody's reach for a while; True for the one process that did."""
        box = self._outbox
        claim = (
            box.update()
            .where(box.c.id == row.id, box.c.due_at == row.due_at, box.c.attempts == row.attempts)
            .values(due_at=self._clock() + self._claim_s, attempts=row.attempts + 1)
        )

        def act() -> bool:
            with sql.transaction(self._engine) as connection:
                return connection.execute(claim).rowcount == 1

        return sql.retrying(act)

    def _do(self, row: sa.Row[Any]) -> bool:
        change: sa.Update | sa.Delete = self._outbox.delete()
        done = False
        try:
            pause = self._handlers[row.topic](row.id, json.loads(row.payload))
        except Exception:
            pause = min(2**row.attempts, _LONGEST_PAUSE_S)
            LOG.exception("effect %s (%s of %s) failed, again in %s s", row.id, row.topic, row.key, pause)
            change = self._outbox.update().values(due_at=self._clock() + pause)
        else:
            done = pause is None
            if pause is not None:  # a step was made: what fails after it is a first failure
                change = self._outbox.update().values(due_at=self._clock() + pause, attempts=0)

        def act() -> None:
            with sql.transaction(self._engine) as connection:
                connection.execute(change.where(self._outbox.c.id == row.id))

        sql.retrying(act)
        return done
