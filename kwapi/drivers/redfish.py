# SPDX-License-Identifier: Apache-2.0
"""BMCs and PDUs that speak Redfish: readings out of what their service tells."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from oslo_config import cfg

from climate.devices.redfish.answers import Resource
from climate.devices.redfish.client import Client, NotFound
from climate.devices.redfish.connection import Channel, Connection, NoAnswer, RedfishError
from climate.devices.redfish.discovery import Plan, discover
from climate.devices.redfish.electricity import Changed, NotTold
from climate.devices.redfish.navigation import brought
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import DeviceError, Section
from kwapi.drivers.redfish_options import OPTS, address_of, credentials_of, trust_of, wanted_of
from kwapi.drivers.redfish_readings import Document, Readings

LOG = logging.getLogger(__name__)


class RedfishDriver:
    """Finds out once where a service tells the power of the section's probes; then asks for that alone.

    ``open_channel`` replaces connections to the ``url``.

    :raises ConfigError: an option cannot be used.
    """

    options: ClassVar[Sequence[cfg.Opt]] = OPTS

    def __init__(
        self, section: Section, clock_ns: Callable[[], int], open_channel: Callable[[], Channel] | None = None
    ) -> None:
        settings: Any = section.options
        address = address_of(settings)
        credentials = credentials_of(settings)
        if open_channel is None:
            open_channel = partial(Connection, address, trust_of(section) if address.secure else None)
        self._wanted = wanted_of(section)
        self._probes = section.probes
        self._timeout_s = section.timeout_s
        self._client = Client(address, credentials, open_channel, section.timeout_s)
        self._made = Readings(settings["counter"], section.interval_s)
        self._clock_ns = clock_ns
        self._plan: Plan | None = None
        self._seen: dict[str, Resource | NotFound] = {}
        self._first = ""
        self._reasons: dict[str, str] = {}

    def read(self) -> list[Reading]:
        """One reading of each probe that tells something; none while it is being found out where it does.

        :raises DeviceError: none does.
        """
        until = time.monotonic() + self._timeout_s
        try:
            if self._plan is None:
                self._plan = self._found(until)
            return [] if self._plan is None else self._readings(self._plan, until)
        except RedfishError as error:
            raise DeviceError(str(error)) from None

    def missing(self) -> dict[str, str]:
        """The probes of which the last answers told nothing, and why."""
        return self._reasons

    def close(self) -> None:
        """Deletes the session; whoever waits in ``read`` comes back with an error."""
        self._client.close()

    def _found(self, until: float) -> Plan | None:
        """The plan; ``None`` if the time was not enough, and then the next call goes on from there."""
        begins_last = until - self._timeout_s / 2

        def fetch(uri: str) -> Resource:
            if uri not in self._seen:
                if time.monotonic() > begins_last:
                    raise _NotYet
                try:
                    self._seen[uri] = self._client.get(uri, until).resource
                except NotFound as error:
                    self._seen[uri] = error
                except NoAnswer:
                    if "?" in uri:
                        # All members of a collection at once are too much for it; next time they are asked singly.
                        self._seen[uri] = NotFound(f"{uri} takes too long")
                    raise
            found = self._seen[uri]
            if isinstance(found, NotFound):
                raise found
            return found

        try:
            plan = discover(self._wanted, fetch)
        except _NotYet:
            return None
        except (NotFound, NotTold):
            self._seen.clear()
            raise
        self._seen.clear()
        LOG.info("%s: asks for %s", self._probes[0], ", ".join(plan.requests))
        return plan

    def _readings(self, plan: Plan, until: float) -> list[Reading]:
        documents, failures = self._asked(plan.requests, until)
        readings: list[Reading] = []
        reasons: dict[str, str] = {}
        for probe, place in zip(self._probes, plan.places, strict=True):
            if probe is None or place is None:
                continue
            found = [documents.get(uri) for uri in place.uris]
            try:
                told = place.parse([None if each is None else each.resource for each in found])
            except RedfishError as error:
                self._forget_if(isinstance(error, Changed))
                because = next((failures[uri] for uri in place.uris if uri in failures), error)
                reasons[probe] = f"{place.name}: {because}"
            else:
                readings.append(self._made.reading(probe, told, [each for each in found if each is not None]))
        self._forget_if(any(isinstance(error, NotFound) for error in failures.values()))
        if not readings:
            raise RedfishError(next(iter(reasons.values()), "no probe is wanted"))
        self._tell(reasons)
        return readings

    def _asked(
        self, requests: Sequence[str], until: float
    ) -> tuple[Mapping[str, Document], Mapping[str, RedfishError]]:
        """What they bring, by address. If the time is not enough for all, it begins with the others next time."""
        documents: dict[str, Document] = {}
        failures: dict[str, RedfishError] = {}
        turn = requests.index(self._first) if self._first in requests else 0
        for request in (*requests[turn:], *requests[:turn]):
            begin_ns = self._clock_ns()
            try:
                told = self._client.get(request, until)
            except NoAnswer as error:
                self._first = request
                if not documents:
                    raise
                failures.update(dict.fromkeys(set(requests) - documents.keys(), error))
                break
            except RedfishError as error:
                failures[request] = error
                continue
            end_ns = max(begin_ns, self._clock_ns())
            for uri, resource in brought(request, told.resource):
                documents[uri] = Document(resource, begin_ns, end_ns, told.date_s)
        if not documents and failures:
            self._forget_if(any(isinstance(error, NotFound) for error in failures.values()))
            raise next(iter(failures.values()))
        return documents, failures

    def _forget_if(self, outdated: bool) -> None:
        if outdated:
            self._plan = None

    def _tell(self, reasons: dict[str, str]) -> None:
        """Log why a probe is left out, once for each reason."""
        for probe, reason in reasons.items():
            if self._reasons.get(probe) != reason:
                LOG.warning("%s tells nothing: %s", probe, reason)
        self._reasons = reasons


class _NotYet(Exception):
    """The time of this call is over."""
