# SPDX-License-Identifier: Apache-2.0
"""Limits in SQL: what projects have of their own, what they use, and how often they ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from climate.chassis import sql
from climate.chassis.sql import Trouble, trouble
from climate.core import rate as rates
from climate.core.lease import Lease
from climate.core.lifecycle import LIVE, State
from climate.core.limits import Ceiling
from climate.core.rate import Bucket, Rate, Taken
from climate.planning.store import tables
from climate.planning.store.limits_protocol import Standing

_lease, _limit, _rate = tables.lease.c, tables.limit.c, tables.rate.c
_LIVE = [str(state) for state in LIVE]
_WITHDRAWN = [str(State.CANCELLED), str(State.EXPIRED)]


def hold(connection: sa.Connection, lease: Lease, ceiling: Ceiling) -> None:
    """Do nothing if the lease's project keeps below a ceiling, not counting the lease itself.

    It is exact if the counter's row is locked: whoever else changes a lease
    waits for it, or has committed.

    :raises LimitReached: the project has too many.
    """
    others = sa.select(sa.func.count()).where(
        _lease.project_id == lease.owner.project_id,
        _lease.state.in_([str(state) for state in ceiling.states]),
        _lease.lease_id != lease.lease_id,
    )
    ceiling.check(connection.execute(others).scalar_one())


class SqlLimits:
    """Limits over one engine (see :class:`climate.planning.store.limits_protocol.LimitStore`)."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def own(self, project_id: str) -> dict[str, int]:
        """A project's own limits by name."""
        with sql.reading(self._engine) as connection:
            return _own(connection, project_id)

    def standing(self, project_id: str) -> Standing:
        """A project's own limits and its live leases."""
        own = sa.select(sa.literal(True).label("own"), _limit.name, _limit.value).where(_limit.project_id == project_id)
        counted = (
            sa.select(sa.literal(False), _lease.state, sa.func.count())
            .where(_lease.project_id == project_id, _lease.state.in_(_LIVE))
            .group_by(_lease.state)
        )
        with sql.reading(self._engine) as connection:  # at once: every request for a lease asks this
            found = connection.execute(sa.union_all(own, counted)).all()
        return Standing(
            {row.name: row.value for row in found if row.own},
            {State(row.name): row.value for row in found if not row.own},
        )

    def set(self, project_id: str, values: Mapping[str, int | None]) -> None:
        """Write some of a project's own limits; ``None`` forgets one."""
        rows = [
            {"project_id": project_id, "name": name, "value": value}
            for name, value in values.items()
            if value is not None
        ]

        def act() -> None:
            with sql.transaction(self._engine) as connection:
                # Whoever else writes limits waits here, so that two who set the same ones do not collide.
                connection.execute(sa.select(tables.counter.c.id).with_for_update()).all()
                connection.execute(
                    tables.limit.delete().where(_limit.project_id == project_id, _limit.name.in_(list(values)))
                )
                if rows:
                    connection.execute(tables.limit.insert(), rows)

        sql.retrying(act)

    def listed(self, limit: int, marker: str | None) -> list[tuple[str, dict[str, int]]]:
        """Up to ``limit`` projects with own limits, by id, those after ``marker``."""
        projects = sa.select(_limit.project_id).distinct().order_by(_limit.project_id).limit(limit)
        if marker is not None:
            projects = projects.where(_limit.project_id > marker)
        with sql.snapshot(self._engine) as connection:
            found: dict[str, dict[str, int]] = {one: {} for one in connection.execute(projects).scalars()}
            query = sa.select(tables.limit).where(_limit.project_id.in_(list(found)))
            for row in connection.execute(query):
                found[row.project_id][row.name] = row.value
        return list(found.items())

    def withdrawn(self, project_id: str, since: int) -> int:
        """How many of a project's proposals were cancelled or expired after an instant."""
        query = sa.select(sa.func.count()).where(*_withdrawn(project_id, since))
        with sql.reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def nth_withdrawn(self, project_id: str, since: int, nth: int) -> int | None:
        """When the ``nth`` of those was, counted from the newest, from 1; ``None`` if there are fewer."""
        query = (
            sa.select(_lease.closed_at)
            .where(*_withdrawn(project_id, since))
            .order_by(_lease.closed_at.desc())
            .offset(nth - 1)
            .limit(1)
        )
        with sql.reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def take_requests(self, project_id: str, wanted: int, rate: Rate, now_us: int) -> Taken:
        """Take up to ``wanted`` requests out of the project's bucket."""

        def act() -> Taken:
            with sql.transaction(self._engine) as connection:
                return _take(connection, project_id, wanted, rate, now_us)

        try:
            return sql.retrying(act)
        except sa.exc.DBAPIError as error:
            if trouble(error) is not Trouble.DUPLICATE:
                raise
        return sql.retrying(act)  # another worker wrote the project's first row


def _own(connection: sa.Connection, project_id: str) -> dict[str, int]:
    query = sa.select(_limit.name, _limit.value).where(_limit.project_id == project_id)
    return {row.name: row.value for row in connection.execute(query)}


def _withdrawn(project_id: str, since: int) -> list[sa.ColumnElement[bool]]:
    return [
        _lease.project_id == project_id,
        _lease.state.in_(_WITHDRAWN),
        _lease.closed_at > since,
        _lease.confirmed_at.is_(None),
    ]


def _take(connection: sa.Connection, project_id: str, wanted: int, rate: Rate, now_us: int) -> Taken:
    if connection.dialect.name == "postgresql":
        # A crash may forget the last moment of a count; nobody has to wait for the disk for that.
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
    row = connection.execute(sa.select(tables.rate).where(_rate.project_id == project_id).with_for_update()).first()
    taken = rates.take(None if row is None else Bucket(row.left_e6, row.at_us), wanted, rate, now_us)
    values: dict[str, Any] = {"left_e6": taken.bucket.left, "at_us": taken.bucket.at_us}
    if row is None:
        connection.execute(tables.rate.insert(), {"project_id": project_id, **values})
    elif taken.granted:  # who is refused writes nothing
        connection.execute(tables.rate.update().where(_rate.project_id == project_id).values(values))
    return taken
