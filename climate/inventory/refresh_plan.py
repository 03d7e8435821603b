# SPDX-License-Identifier: Apache-2.0
"""What a source's news mean for the hosts that are known: decided here, carried out by the store."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from climate.core.host import Host, PropertyValue, SourceHost
from climate.core.host_properties.definitions import Definition
from climate.core.host_properties.facts import BadFact, checked_host, repeated
from climate.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Known:
    """All hosts that ever were, retired ones too, by name, and what an admin says of properties, at one generation."""

    generation: int
    hosts: tuple[Host, ...]
    definitions: tuple[Definition, ...] = ()

    def updated(self, news: Known) -> Known:
        """What is known once this is brought up to date by the hosts that changed since, and all definitions."""
        hosts = {host.host_id: host for host in self.hosts} | {host.host_id: host for host in news.hosts}
        by_name = sorted(hosts.values(), key=operator.attrgetter("name"))
        return Known(news.generation, tuple(by_name), news.definitions)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPlan:
    """What to write for one source; every host is in the state that it will have.

    It holds only while the store is at ``seen_generation``. ``hosts`` counts
    what the source told.
    """

    source: str
    at: int
    seen_generation: int
    hosts: int
    added: tuple[Host, ...] = ()
    changed: tuple[Host, ...] = ()
    returned: tuple[Host, ...] = ()
    retired: tuple[Host, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether any host changes."""
        return bool(self.added or self.changed or self.returned or self.retired)


def plan_refresh(
    source: str,
    told: Iterable[SourceHost],
    known: Known,
    *,
    at: int,
    configured: Collection[str],
    new_id: Callable[[], str],
    allow_empty: bool = False,
) -> RefreshPlan:
    """What ``told``, all hosts of ``source`` now, changes.

    A host is known by its name and keeps its id, also when it comes back or
    when another source tells it, once the first is no longer ``configured``.
    Whoever is not told any more is retired, never deleted.

    :raises ConfigError: a host that cannot be kept, is told twice, or belongs
        to another source; no host at all, where there were some and
        ``allow_empty`` does not say that this is meant.
    """
    now = {host.name: host for host in _checked(source, told)}
    by_name = {host.name: host for host in known.hosts}
    added, changed, returned = [], [], []
    for name, facts in now.items():
        before = by_name.get(name)
        if before is None:
            added.append(_new(new_id(), source, facts, at))
            continue
        if before.retired_at is None and before.source != source and before.source in configured:
            raise ConfigError(
                f"The source {source} tells the host {name}, which is in the source {before.source} already: "
                "leave it out of one.",
                source=source,
                host=name,
            )
        after = dataclasses.replace(
            before,
            source=source,
            service_host=facts.service_host,
            external_id=facts.external_id,
            properties=_kept(before, facts) | facts.properties,
            unavailable_reason=facts.unavailable_reason,
            retired_at=None,
        )
        if before.retired_at is not None:
            returned.append(dataclasses.replace(after, last_seen_at=at))
        elif after != before:
            changed.append(dataclasses.replace(after, last_seen_at=at))
    live = [host for host in known.hosts if host.source == source and host.retired_at is None]
    if live and not now and not allow_empty:
        raise ConfigError(
            f"The source {source} tells no host any more, and told {len(live)} before: that is refused as a mistake. "
            "If it is meant, set allow_empty in [inventory].",
            source=source,
        )
    retired = [dataclasses.replace(host, retired_at=at) for host in live if host.name not in now]
    return RefreshPlan(
        source=source,
        at=at,
        seen_generation=known.generation,
        hosts=len(now),
        added=tuple(added),
        changed=tuple(changed),
        returned=tuple(returned),
        retired=tuple(retired),
    )


def _new(host_id: str, source: str, facts: SourceHost, at: int) -> Host:
    return Host(
        host_id=host_id,
        name=facts.name,
        service_host=facts.service_host,
        external_id=facts.external_id,
        source=source,
        properties=dict(facts.properties),
        unavailable_reason=facts.unavailable_reason,
        first_seen_at=at,
        last_seen_at=at,
    )


def _kept(before: Host, facts: SourceHost) -> dict[str, PropertyValue]:
    """What was last known of the facts that the source cannot tell now."""
    if not facts.kept:
        return {}
    nested = tuple(f"{name}." for name in facts.kept)
    return {name: value for name, value in before.properties.items() if name in facts.kept or name.startswith(nested)}


def _checked(source: str, told: Iterable[SourceHost]) -> Sequence[SourceHost]:
    hosts = []
    for host in told:
        try:
            hosts.append(checked_host(host))
        except BadFact as error:
            raise ConfigError(
                f"The source {source} cannot be believed about the host {host.name!r}: {error}.",
                source=source,
                host=host.name,
            ) from None
    for name in repeated(host.name for host in hosts):
        raise ConfigError(f"The source {source} tells the host {name} twice.", source=source, host=name)
    return hosts
