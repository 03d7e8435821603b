# SPDX-License-Identifier: Apache-2.0
"""``/v1``: the routes and bodies of the first Kwapi, which pollsters know, with filters and pages beside them."""

from __future__ import annotations

from climate.chassis.web import paging
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.errors import ProbeNotFound, RouteNotFound
from kwapi.api import policies
from kwapi.api.history import Histories
from kwapi.api.listing import JSON, METERS, Listing, condition
from kwapi.consumers.devices import Devices
from kwapi.consumers.live import Live, Probe

HISTORY = "history"
_FILTERS = ("prefix", "limit", "marker")


class Probes(Resource):
    """All probes, or those under a prefix; a page if the query has a ``limit``, else all of them."""

    def __init__(
        self,
        live: Live,
        devices: Devices,
        listing: Listing,
        policies: Policies,
        max_limit: int,
        histories: Histories | None = None,
    ) -> None:
        super().__init__()
        self._histories = histories
        self._devices = devices
        self._live = live
        self._listing = listing
        self._policies = policies
        self._max_limit = max_limit

    def part(self, word: str) -> Resource:
        """The probe whose name begins with that word."""
        return OneProbe(word, self._live, self._devices, self._listing, self._policies, self._histories)

    def get(self, call: Call) -> Answer:
        """The probes, by their names; and if there are any, the devices that are not well, beside the first page."""
        found, onward = self.found(call)
        query = call.query(*_FILTERS)
        ailing = [] if "marker" in query else self._devices.under(query.get("prefix", ""))
        beside = {"devices": [condition(device) for device in ailing]} if ailing else {}
        return Answer({"probes": self._listing.body(found), **beside, **onward})

    def found(self, call: Call) -> tuple[list[Probe], dict[str, object]]:
        """The probes that a query asks for, and how to go on from there where it asks for a page."""
        self._policies.require(call.identity(), policies.PROBES)
        query = call.query(*_FILTERS)
        probes = self._live.probes(query.get("prefix", ""))
        if "limit" not in query and "marker" not in query:
            return probes, {}
        page = paging.page_of(query, self._max_limit)
        after = [probe for probe in probes if page.marker is None or probe.probe_id > page.marker]
        fetched = after[: page.ahead]
        shown = fetched[: page.limit]
        return shown, paging.onward(call.address, page, fetched, [probe.probe_id for probe in shown])


class ProbeIds(Resource):
    """The names of the probes."""

    def __init__(self, probes: Probes) -> None:
        super().__init__()
        self._probes = probes

    def get(self, call: Call) -> Answer:
        """The names."""
        found, onward = self._probes.found(call)
        return Answer({"probe_ids": [probe.probe_id for probe in found], **onward})


class OneProbe(Resource):
    """A probe, whose name has strokes in it, or one of its meters or its history, whose name follows."""

    def __init__(
        self,
        name: str,
        live: Live,
        devices: Devices,
        listing: Listing,
        policies: Policies,
        histories: Histories | None,
    ) -> None:
        super().__init__()
        self._name = name
        self._live = live
        self._devices = devices
        self._listing = listing
        self._policies = policies
        self._histories = histories

    def part(self, word: str) -> Resource:
        """The probe of the longer name."""
        name = f"{self._name}/{word}"
        return OneProbe(name, self._live, self._devices, self._listing, self._policies, self._histories)

    def get(self, call: Call) -> Answer:
        """All that is known of the probe, or the one meter."""
        self._policies.require(call.identity(), policies.PROBES)
        probe = self._live.probe(self._name)
        name, _, meter = self._name.rpartition("/")
        if probe is None and meter == HISTORY and self._histories is not None:
            return self._histories.one(call, name)
        call.query()
        known = self._known(self._name)
        if known is not None:
            return Answer({self._name: known})
        known = self._known(name)
        if known is None:
            raise ProbeNotFound()
        if meter not in known:
            raise RouteNotFound(f"There is no meter {meter!r}; there are: {', '.join(METERS)}.")
        return Answer({name: {meter: known[meter]}})

    def _known(self, name: str) -> JSON | None:
        probe, device = self._live.probe(name), self._devices.of_probe(name)
        if probe is not None:
            return self._listing.whole(probe, device)
        return None if device is None else self._listing.unheard(device)
