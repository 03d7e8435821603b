# SPDX-License-Identifier: Apache-2.0
"""The inventory's store in SQL: PostgreSQL, MariaDB and SQLite alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from climate.chassis import sql
from climate.chassis.sql import Trouble, trouble
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.errors import BadField, HostNotFound
from climate.inventory.decisions import Decision
from climate.inventory.refresh_plan import Known, RefreshPlan
from climate.inventory.store import tables
from climate.rpcapi.inventory import HostQuery, SourceState

T = TypeVar("T")

_PROPERTIES = msgspec.json.Decoder(dict[str, PropertyValue])
_RULES = msgspec.json.Decoder(tuple[Rule, ...])
_OF_SOURCES = (
    "service_host",
    "external_id",
    "source",
    "properties",
    "unavailable_reason",
    "last_seen_at",
    "retired_at",
)
_OF_ADMINS = ("given", "disabled", "disabled_reason")
_WITH_SOURCE = sa.select(tables.host, tables.source.c.refreshed_at).outerjoin(
    tables.source, tables.source.c.name == tables.host.c.source
)


class SqlStore:
    """The inventory's store over one engine (see :class:`climate.inventory.store.protocol.Store`)."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def generation(self) -> int:
        """The newest generation; 0 before the first host."""
        with sql.reading(self._engine) as connection:
            return connection.execute(sa.select(tables.generation.c.number)).scalar() or 0

    def load(self, after: int | None = None) -> Known:
        """All hosts by name, or those that changed since, all definitions, and the generation of this."""
        wanted = _WITH_SOURCE.order_by(tables.host.c.name)
        if after is not None:
            wanted = wanted.where(tables.host.c.changed_in > after)
        with sql.snapshot(self._engine) as connection:
            number = connection.execute(sa.select(tables.generation.c.number)).scalar() or 0
            hosts = tuple(map(_host_of, connection.execute(wanted)))
            said = map(_definition_of, connection.execute(sa.select(tables.property_)))
            return Known(number, hosts, tuple(sorted(said, key=lambda definition: definition.name)))

    def apply(self, plan: RefreshPlan) -> bool:
        """Carry a plan out, whole or not at all; ``False`` if the store left the generation it was made for."""

        def act(connection: sa.Connection) -> bool:
            if _locked_generation(connection) != plan.seen_generation:
                return False
            if plan.changes:
                _write_hosts(connection, plan, _raised_generation(connection, plan.seen_generation))
            state = {"refreshed_at": plan.at, "tried_at": plan.at, "hosts": plan.hosts, "error": ""}
            _write_source(connection, plan.source, state)
            return True

        return self._write(act)

    def settle(self, decision: Decision) -> bool:
        """Carry out what an admin decided, whole or not at all; ``False`` if the store left its generation."""

        def act(connection: sa.Connection) -> bool:
            if _locked_generation(connection) != decision.seen_generation:
                return False
            number = _raised_generation(connection, decision.seen_generation)
            _write_columns(connection, decision.hosts, _OF_ADMINS, number)
            names = {decision.forgotten, decision.definition and decision.definition.name} - {None}
            if names:
                connection.execute(tables.property_.delete().where(tables.property_.c.name.in_(names)))
            if decision.definition is not None:
                connection.execute(tables.property_.insert().values(**_row_of_definition(decision.definition)))
            return True

        return self._write(act)

    def record_failure(self, source: str, at: int, error: str) -> None:
        """Remember that a source failed; its hosts stay."""
        self._write(lambda connection: _write_source(connection, source, {"tried_at": at, "error": error}))

    def forget_source(self, source: str) -> None:
        """Drop the state of a source that is used no more; its hosts stay, retired."""
        forget = tables.source.delete().where(tables.source.c.name == source)
        self._write(lambda connection: connection.execute(forget))

    def sources(self) -> list[SourceState]:
        """How fresh each source is, by name."""
        with sql.reading(self._engine) as connection:
            rows = connection.execute(sa.select(tables.source)).all()
        states = [SourceState(**row._mapping) for row in rows]
        return sorted(states, key=lambda state: state.name)

    def get_host(self, host: str) -> Host:
        """One host by id or by name, also a retired one."""
        with sql.reading(self._engine) as connection:
            return _found(connection, host)

    def list_hosts(self, query: HostQuery) -> list[Host]:
        """A page of hosts, by name."""
        columns = tables.host.c
        page = _WITH_SOURCE.order_by(columns.name).limit(query.limit)
        if query.ids is not None:
            page = page.where(columns.host_id.in_(query.ids))
        if query.name is not None:
            page = page.where(columns.name == query.name)
        if query.retired is not None:
            page = page.where(columns.retired_at.is_not(None) if query.retired else columns.retired_at.is_(None))
        with sql.reading(self._engine) as connection:
            if query.marker is not None:
                last = sa.select(columns.name).where(columns.host_id == query.marker)
                name = connection.execute(last).scalar()
                if name is None:
                    raise BadField("marker is no host's id.", field="marker")
                page = page.where(columns.name > name)
            return list(map(_host_of, connection.execute(page)))

    def set_disabled(self, host: str, disabled: bool, reason: str) -> Host:
        """Take a host, by id or name, out of new leases, or let it back in; the host as it is then."""

        def act(connection: sa.Connection) -> Host:
            number = _raised_generation(connection, _locked_generation(connection))
            host_id = _found(connection, host).host_id
            change = tables.host.update().where(tables.host.c.host_id == host_id)
            connection.execute(change.values(disabled=disabled, disabled_reason=reason, changed_in=number))
            return _found(connection, host_id)

        return self._write(act)

    def _write(self, act: Callable[[sa.Connection], T]) -> T:
        """One write transaction. Two that add the same first row meet once: the second then finds it."""

        def attempt() -> T:
            with sql.transaction(self._engine) as connection:
                return act(connection)

        try:
            return sql.retrying(attempt)
        except sa.exc.DBAPIError as error:
            if trouble(error) is not Trouble.DUPLICATE:
                raise
        return sql.retrying(attempt)


def _locked_generation(connection: sa.Connection) -> int:
    number = connection.execute(sa.select(tables.generation.c.number).with_for_update()).scalar()
    if number is None:
        connection.execute(tables.generation.insert().values(id=1, number=0))
        return 0
    return number


def _raised_generation(connection: sa.Connection, locked: int) -> int:
    """The number after ``locked``, in which what is changed now is written."""
    connection.execute(tables.generation.update().values(number=locked + 1))
    return locked + 1


def _write_source(connection: sa.Connection, name: str, values: dict[str, Any]) -> None:
    if not connection.execute(tables.source.update().where(tables.source.c.name == name).values(**values)).rowcount:
        connection.execute(tables.source.insert().values(name=name, **{"hosts": 0, **values}))


def _write_hosts(connection: sa.Connection, plan: RefreshPlan, number: int) -> None:
    if plan.added:
        connection.execute(tables.host.insert(), [_row_of(host) | {"changed_in": number} for host in plan.added])
    _write_columns(connection, [*plan.changed, *plan.returned, *plan.retired], _OF_SOURCES, number)


def _write_columns(connection: sa.Connection, hosts: Sequence[Host], columns: Sequence[str], number: int) -> None:
    """Write some columns of hosts in a generation, and leave the others to those whose they are."""
    if not hosts:
        return
    rows = [{f"new_{name}": value for name, value in _row_of(host).items()} for host in hosts]
    change = (
        tables.host.update()
        .where(tables.host.c.host_id == sa.bindparam("new_host_id"))
        .values({column: sa.bindparam(f"new_{column}") for column in columns} | {"changed_in": number})
    )
    connection.execute(change, rows)


def _found(connection: sa.Connection, host: str) -> Host:
    columns = tables.host.c
    rows = connection.execute(_WITH_SOURCE.where(sa.or_(columns.host_id == host, columns.name == host))).all()
    if not rows:
        raise HostNotFound()
    return _host_of(min(rows, key=lambda row: row.host_id != host))


def _row_of(host: Host) -> dict[str, Any]:
    return {
        "host_id": host.host_id,
        "name": host.name,
        "service_host": host.service_host,
        "external_id": host.external_id,
        "source": host.source,
        "properties": msgspec.json.encode(host.properties).decode(),
        "given": msgspec.json.encode(host.given).decode() if host.given else None,
        "unavailable_reason": host.unavailable_reason or None,
        "disabled": host.disabled,
        "disabled_reason": host.disabled_reason,
        "first_seen_at": host.first_seen_at,
        "last_seen_at": host.last_seen_at,
        "retired_at": host.retired_at,
    }


def _host_of(row: sa.Row[Any]) -> Host:
    """A host; while it is not retired, the source's last answer is when it was last seen."""
    seen_at = row.last_seen_at
    if row.retired_at is None and row.refreshed_at is not None:
        seen_at = max(seen_at, row.refreshed_at)
    return Host(
        host_id=row.host_id,
        name=row.name,
        service_host=row.service_host,
        external_id=row.external_id,
        source=row.source,
        properties=_PROPERTIES.decode(row.properties),
        given={} if row.given is None else _PROPERTIES.decode(row.given),
        unavailable_reason=row.unavailable_reason or "",
        disabled=row.disabled,
        disabled_reason=row.disabled_reason,
        first_seen_at=row.first_seen_at,
        last_seen_at=seen_at,
        retired_at=row.retired_at,
    )


def _row_of_definition(definition: Definition) -> dict[str, Any]:
    return {
        "name": definition.name,
        "hidden": definition.hidden,
        "type": definition.type and str(definition.type),
        "unit": definition.unit,
        "description": definition.description,
        "rules": msgspec.json.encode(definition.rules).decode(),
    }


def _definition_of(row: sa.Row[Any]) -> Definition:
    return Definition(
        name=row.name,
        hidden=row.hidden,
        type=None if row.type is None else Kind(row.type),
        unit=row.unit,
        description=row.description,
        rules=_RULES.decode(row.rules),
    )
