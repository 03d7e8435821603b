# SPDX-License-Identifier: Apache-2.0
"""Hosts from Nova: every hypervisor is a host, with what Nova, its aggregates and Placement know of it.

One round asks for the hypervisors page by page, for all aggregates at once,
and, only where that is wanted, Placement about a bounded number of hosts. It
is whole or it fails: what an earlier round told then stays.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from oslo_config import cfg

from climate.core.host import SourceHost
from climate.inventory.sources import columns
from climate.inventory.sources.columns import Rule
from climate.inventory.sources.nova_aggregates import memberships
from climate.inventory.sources.nova_hosts import Answers, hosts_of
from climate.inventory.sources.nova_providers import Providers
from climate.inventory.sources.nova_record import read
from climate.openstack import keystone, nova, placement
from climate.openstack.keystone import Cloud
from climate.openstack.nova import LAST_WITH_CAPACITY, PROVIDER_IDS, Microversion, Nova
from climate.openstack.placement import Placement

LOG = logging.getLogger(__name__)

GROUP = "inventory_nova"
OPTS = [
    cfg.StrOpt(
        "max_microversion",
        default=str(LAST_WITH_CAPACITY),
        regex=r"2\.\d{1,4}",
        help="The newest microversion of Nova's API that is spoken. Beyond 2.87 Nova tells no capacity and no "
        "cpu_info any more: the capacity then comes from Placement, and of cpu_info the last that is known stays.",
    ),
    cfg.IntOpt(
        "page_size",
        default=200,
        min=1,
        max=1000,
        help="How many hypervisors are asked for at once.",
    ),
    cfg.ListOpt(
        "properties",
        default=[],
        help="Further properties, made of what is known of a host: PROPERTY=FACT, with PROPERTY=FACT/1024 or "
        "PROPERTY=FACT*1000 to change the unit, and PROPERTY=FACT~PATTERN for a part of a text. What an aggregate's "
        "metadata say is the fact aggregate.KEY: rack=aggregate.rack, network_gbps=aggregate.mbps/1000.",
    ),
    cfg.ListOpt(
        "private_metadata",
        default=["filter_tenant_id"],
        help="Keys of aggregates' metadata that become no property: those that begin so. The default holds projects' "
        "ids, which are nobody else's business.",
    ),
    cfg.StrOpt(
        "default_availability_zone",
        default="nova",
        help="The zone of hosts that no aggregate puts into one, as Nova's option of this name says. Empty: none.",
    ),
    cfg.ListOpt(
        "traits",
        default=[],
        help="Which of the traits that Placement knows become the property traits: those that begin so, such as "
        "HW_CPU, CUSTOM. Empty: none, and Placement is not asked for any. Needs Nova's microversion 2.53.",
    ),
    cfg.IntOpt(
        "placement_hosts",
        default=100,
        min=1,
        max=10_000,
        help="About how many hosts Placement is asked in one refresh, with one request for the traits of each and one "
        "for its capacity, where these are wanted; the others wait for their turn.",
    ),
]
_NOTES_SHOWN = 20


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [inventory_nova], and of those that say where Nova is and who asks it."""
    return [(GROUP, OPTS), *keystone.list_opts(), *nova.list_opts(), *placement.list_opts()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What the operator chose: see the options of the same names."""

    max_microversion: Microversion = LAST_WITH_CAPACITY
    page_size: int = 200
    rules: tuple[Rule, ...] = ()
    private_metadata: tuple[str, ...] = ()
    default_availability_zone: str = ""


class NovaSource:
    """The hosts of one Nova."""

    name = "nova"

    def __init__(self, cloud: Cloud, compute: Nova, providers: Providers, habits: Habits) -> None:
        self._cloud = cloud
        self._nova = compute
        self._providers = providers
        self._habits = habits
        self._noted: frozenset[str] = frozenset()

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> NovaSource:
        """The source that [inventory_nova] describes, over the cloud that [keystone] describes.

        :raises ConfigError: an option is missing or cannot be used.
        """
        conf.register_opts(OPTS, group=GROUP)
        group = conf[GROUP]
        cloud = Cloud.from_conf(conf)
        providers = Providers(Placement.from_conf(conf, cloud), group.placement_hosts, group.traits)
        habits = Habits(
            max_microversion=Microversion.parse(group.max_microversion),
            page_size=group.page_size,
            rules=columns.parse(group.properties, "properties"),
            private_metadata=tuple(group.private_metadata),
            default_availability_zone=group.default_availability_zone,
        )
        return cls(cloud, Nova.from_conf(conf, cloud), providers, habits)

    def fetch(self) -> list[SourceHost]:
        """All hosts of this Nova.

        :raises ConfigError: the user may not see them, or an endpoint is not where [keystone] says.
        :raises ServiceUnavailable: Keystone, Nova or Placement does not answer.
        """
        habits = self._habits
        self._cloud.sign_in()
        version = self._nova.version(habits.max_microversion)
        hypervisors = [read(record) for record in self._nova.hypervisors(version, habits.page_size)]
        complete = version <= LAST_WITH_CAPACITY
        ids = [hypervisor.external_id for hypervisor in hypervisors if hypervisor.external_id]
        told = hosts_of(
            Answers(
                hypervisors=hypervisors,
                memberships=memberships(self._nova.aggregates(version), habits.private_metadata),
                providers=self._providers.look(ids if version >= PROVIDER_IDS else (), capacity=not complete),
                complete=complete,
                traits_wanted=self._providers.tells_traits,
            ),
            habits.rules,
            habits.default_availability_zone,
        )
        self._note(told.notes)
        return told.hosts

    def _note(self, notes: Sequence[str]) -> None:
        """Log what is new since the last round: a record stays wrong for long."""
        new = [note for note in dict.fromkeys(notes) if note not in self._noted]
        for note in new[:_NOTES_SHOWN]:
            LOG.warning("source nova: %s", note)
        if len(new) > _NOTES_SHOWN:
            LOG.warning("source nova: %d more such notes", len(new) - _NOTES_SHOWN)
        self._noted = frozenset(notes)
