# SPDX-License-Identifier: Apache-2.0
"""The site's hosts, made of what Nova and Placement answered in one round."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from climate.core.host import SourceHost
from climate.core.host_properties.catalogue import STANDARD
from climate.core.host_properties.facts import BadFact, checked_fact, checked_host
from climate.inventory.sources import columns
from climate.inventory.sources.columns import CannotConvert, Rule
from climate.inventory.sources.nova_aggregates import PREFIX, Membership
from climate.inventory.sources.nova_providers import Provider
from climate.inventory.sources.nova_record import Facts, Hypervisor
from climate.openstack.nova import OUR_REASON

LONGEST_REASON = 255

_NOT_TOLD = ("cpu_info", "vcpus", "memory_mb", "local_gb")
"""What Nova does not tell beyond microversion 2.87: the last that is known stays, where nobody else tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What one round brought. ``complete``: the records tell the CPU and the capacity.

    ``memberships`` go by the names of compute services, ``providers`` by ids;
    these are None where traits are not asked for.
    """

    hypervisors: Sequence[Hypervisor]
    memberships: Mapping[str, Membership]
    providers: Mapping[str, Provider] = dataclasses.field(default_factory=dict)
    complete: bool = True
    traits_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """The hosts, and for the operator what had to be left out, in sentences that name the host."""

    hosts: list[SourceHost]
    notes: list[str]


def hosts_of(answers: Answers, rules: Sequence[Rule] = (), default_zone: str = "") -> Told:
    """Every host that Nova has, with what is known of it.

    ``rules`` make further properties of the facts. A hypervisor without a
    usable name is left out; of several with one name the one whose service
    answers is the host, and where that is not one alone, the host is not for
    new leases. Nothing that is wrong with one host touches another.
    """
    notes: list[str] = []
    chosen = list(_chosen(answers.hypervisors, notes))
    gathered = [_facts(hypervisor, answers, rules, default_zone, notes) for hypervisor, _ in chosen]
    from_texts = {rule.target for rule in rules}
    typed = columns.typed(
        gathered, lambda name: name not in STANDARD and (name.startswith(PREFIX) or name in from_texts)
    )
    hosts = []
    for (hypervisor, unavailable), facts in zip(chosen, typed, strict=True):
        host = SourceHost(
            name=hypervisor.name,
            service_host=hypervisor.service_host,
            external_id=hypervisor.external_id,
            properties=_checked(hypervisor, facts, notes),
            unavailable_reason=(unavailable or _disabled(hypervisor))[:LONGEST_REASON],
            kept=_kept(hypervisor, answers),
        )
        try:
            hosts.append(checked_host(host))
        except BadFact as error:
            notes.append(f"{hypervisor.name!r} is left out: {error}")
    return Told(hosts, notes)


def _chosen(hypervisors: Iterable[Hypervisor], notes: list[str]) -> Iterator[tuple[Hypervisor, str]]:
    """One hypervisor for each name, and why it is not for new leases where it cannot be told which is the host."""
    by_name: dict[str, list[Hypervisor]] = {}
    for hypervisor in hypervisors:
        if hypervisor.name:
            by_name.setdefault(hypervisor.name, []).append(hypervisor)
        else:
            notes.append(f"the hypervisor {hypervisor.external_id} is left out: it has no hypervisor_hostname")
    for name, same in by_name.items():
        up = [hypervisor for hypervisor in same if hypervisor.up]
        best = min(up or same, key=lambda hypervisor: hypervisor.external_id)
        if len(same) == 1:
            yield best, ""
            continue
        ids = ", ".join(sorted(hypervisor.external_id for hypervisor in same))
        if len(up) == 1:
            notes.append(f"{name}: of the hypervisors {ids}, only {best.external_id} is up and counts")
            yield best, ""
        else:
            notes.append(f"{name}: Nova has several hypervisors of this name: {ids}")
            yield best, f"Nova has several hypervisors of this name: {ids}"


def _facts(
    hypervisor: Hypervisor, answers: Answers, rules: Sequence[Rule], default_zone: str, notes: list[str]
) -> Facts:
    """All that is said of a host, before types are looked at."""
    facts = dict(hypervisor.facts)
    said = list(hypervisor.notes)
    if default_zone:
        facts["availability_zone"] = default_zone
    if (membership := answers.memberships.get(hypervisor.service_host)) is not None:
        facts.update(membership.facts)
        said.extend(membership.notes)
    if (provider := answers.providers.get(hypervisor.external_id)) is not None:
        facts.update(provider.facts)
    made: Facts = {}
    for rule in rules:
        try:
            made.update(columns.apply((rule,), facts))
        except CannotConvert as error:
            said.append(str(error))
    notes.extend(f"{hypervisor.name}: {note}" for note in said)
    return facts | made


def _checked(hypervisor: Hypervisor, facts: Facts, notes: list[str]) -> Facts:
    checked: Facts = {}
    for name, value in facts.items():
        try:
            checked[name] = checked_fact(name, value)
        except BadFact as error:
            notes.append(f"{hypervisor.name}: {error}")
    return checked


def _disabled(hypervisor: Hypervisor) -> str:
    """Why the operator wants nothing new on the host; empty where nobody does, or only we ourselves do."""
    reason = hypervisor.disabled_reason
    if not hypervisor.disabled or reason.startswith(OUR_REASON):
        return ""
    return f"disabled in Nova: {reason}" if reason else "disabled in Nova"


def _kept(hypervisor: Hypervisor, answers: Answers) -> tuple[str, ...]:
    provider = answers.providers.get(hypervisor.external_id)
    not_yet = ("traits",) if answers.traits_wanted and (provider is None or provider.traits is None) else ()
    return not_yet if answers.complete else (*_NOT_TOLD, *not_yet)
