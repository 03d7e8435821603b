# SPDX-License-Identifier: Apache-2.0
"""Nova as an administrator sees it, through python-novaclient: its hypervisors and aggregates.

What is told depends on the microversion: up to 2.27 ``cpu_info`` is JSON in
a text; from 2.33 on lists come in pages; from 2.53 on a hypervisor's id is
that of its resource provider in Placement; from 2.88 on there is no capacity,
``cpu_info`` and ``running_vms`` any more, but the instances can be counted.
"""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Iterator
from typing import Any, NamedTuple

import novaclient
from novaclient import client as novaclient_client
from novaclient import exceptions as novaclient_exceptions
from novaclient.api_versions import APIVersion
from oslo_config import cfg

from climate.errors import ConfigError, ServiceUnavailable
from climate.openstack.keystone import Cloud, refused, speaking_to

GROUP = "nova"
OPTS: list[cfg.Opt] = [
    cfg.StrOpt("endpoint_override", help="Nova's address with its version, instead of that in Keystone's catalogue."),
]

SERVICE = "Nova"
OUR_REASON = "climate:"
"""How the reasons begin for which the suite itself disables a compute service."""

Record = dict[str, Any]


class Microversion(NamedTuple):
    """A version of Nova's API, such as 2.87."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Microversion:
        """The version that a text writes.

        :raises ValueError: it writes none.
        """
        major, _, minor = text.partition(".")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


OLDEST = Microversion(2, 1)
PAGES = Microversion(2, 33)
PROVIDER_IDS = Microversion(2, 53)
LAST_WITH_CAPACITY = Microversion(2, 87)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [nova]."""
    return [(GROUP, OPTS)]


def negotiate(wanted: Microversion, server: tuple[Microversion, Microversion], client: Microversion) -> Microversion:
    """The version to speak: ``wanted``, or what is nearest to it that ``server`` (least, greatest) knows.

    ``client`` is the greatest that the client library knows.

    :raises ConfigError: the server knows none that the library knows.
    """
    least, greatest = server
    chosen = max(least, min(wanted, greatest, client))
    if chosen > client:
        raise ConfigError(
            f"Nova speaks the microversions {least} to {greatest}, and the installed python-novaclient none above "
            f"{client}: install a newer one."
        )
    return chosen


class Nova:
    """One cloud's Nova. Every method raises ServiceUnavailable where it does not answer, and ConfigError where it
    does not let the user of [keystone] see what it needs."""

    def __init__(self, cloud: Cloud, endpoint_override: str | None = None) -> None:
        self._cloud = cloud
        self._endpoint_override = endpoint_override

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts, cloud: Cloud) -> Nova:
        """Nova as [nova] describes it."""
        conf.register_opts(OPTS, group=GROUP)
        return cls(cloud, conf[GROUP].endpoint_override)

    def version(self, wanted: Microversion) -> Microversion:
        """The microversion to speak (see :func:`negotiate`); asks Nova each time, because it may be upgraded."""
        with _speaking():
            current = self._client(OLDEST).versions.get_current()
            texts = (getattr(current, "min_version", ""), getattr(current, "version", ""))
            if not all(texts):  # before microversions
                return OLDEST
            least, greatest = map(Microversion.parse, texts)
        known = novaclient.API_MAX_VERSION
        return negotiate(wanted, (least, greatest), Microversion(known.ver_major, known.ver_minor))

    def hypervisors(self, version: Microversion, page_size: int) -> Iterator[Record]:
        """All hypervisors, with details, as Nova records them at this microversion; beyond 2.87 with ``servers``.

        Needs a request for each ``page_size`` hypervisors and one more; below 2.33 one for all.
        """
        client = self._client(version)
        query = {"with_servers": "true"} if version > LAST_WITH_CAPACITY else {}
        if version < PAGES:
            yield from _page(client, query)
            return
        query["limit"] = str(page_size)
        # A page that is not full, or has no link to a next one, need not be the last: Nova drops from a page, after
        # counting, hypervisors whose service was deleted.
        while page := _page(client, query):
            yield from page
            ids = [str(record["id"]) for record in page if "id" in record]
            if not ids or ids[-1] == query.get("marker"):
                raise ServiceUnavailable("Nova gives no next page of its hypervisors.")
            query["marker"] = ids[-1]

    def aggregates(self, version: Microversion) -> list[Record]:
        """All aggregates: ``name``, ``availability_zone``, ``metadata``, ``hosts`` (by their services' names)."""
        with _speaking():
            return [aggregate.to_dict() for aggregate in self._client(version).aggregates.list()]

    def _client(self, version: Microversion) -> Any:
        return novaclient_client.Client(
            APIVersion(str(version)),
            endpoint_type=list(self._cloud.interfaces),
            endpoint_override=self._endpoint_override,
            **self._cloud.adapter_arguments(),
        )


def _page(client: Any, query: Record) -> list[Record]:
    # Not through the library's own list(), which knows no with_servers.
    path = "/os-hypervisors/detail"
    with _speaking():
        _, body = client.client.get(f"{path}?{urllib.parse.urlencode(query)}" if query else path)
        return [record for record in body["hypervisors"] if isinstance(record, dict)]


@contextlib.contextmanager
def _speaking() -> Iterator[None]:
    try:
        with speaking_to(SERVICE):
            yield
    except novaclient_exceptions.ClientException as error:
        raise refused(SERVICE, int(error.code)) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ServiceUnavailable(
            "Nova's answer cannot be understood: is there something else at its address?"
        ) from None
