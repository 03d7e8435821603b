# SPDX-License-Identifier: Apache-2.0
"""What requests may say, as WSME types, and how a body becomes one: strictly, naming the field that is wrong."""

from __future__ import annotations

from typing import Any, TypeVar

from wsme import exc
from wsme import types as wtypes
from wsme.rest import json as rest_json

from climate.api.fields import (
    Body,
    Choice,
    Duration,
    Facts,
    Filter,
    Flag,
    Instant,
    LimitValue,
    Rules,
    Text,
    Whole,
    Words,
)
from climate.chassis.web import payload
from climate.core.clearing import Ending
from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.definitions import Definition
from climate.core.lease import LeaseChange, Terms, Wish
from climate.core.limits import LIMITS
from climate.errors import BadField
from climate.rpcapi.inventory import PropertyChange

T = TypeVar("T", bound=Body)

MOST_HOSTS = 1_000_000
LONGEST_NAME = 255
LONGEST_SCHEDULER = 64

_QUANTITY = "How many hosts."
_NAME = "What you call the lease."
_HIDDEN = Flag("hidden", "Whether only those who see hosts may see the property and name it.")
_UNIT = Text("unit", "What a number counts.", 32)
_DESCRIPTION = Text("description", "What the property means, for tenants.", 1024)
_RULES = Rules(
    "rules",
    "Values by what hosts are like; the first rule that holds for a host counts, before what its source tells. "
    "They take the place of those there were.",
)


class LeaseRequest(Body):
    """A lease that is asked for; everything may be left out but what makes the duration known."""

    name = wtypes.wsattr(Text("name", _NAME, LONGEST_NAME))
    start_time = wtypes.wsattr(Instant("start_time", "Not sooner than this."))
    end_time = wtypes.wsattr(Instant("end_time", "Not later than this."))
    duration = wtypes.wsattr(
        Duration("duration", "For how long; left out, the lease fills the time from start_time to end_time.")
    )
    quantity = wtypes.wsattr(Whole("quantity", _QUANTITY, 1, MOST_HOSTS), default=1)
    host_properties = wtypes.wsattr(
        Filter("host_properties", "What the hosts must be like, in the language of Nova's JSON filter.")
    )
    scheduler = wtypes.wsattr(
        Text("scheduler", "The strategy that chooses dates and hosts; left out, the site's.", LONGEST_SCHEDULER)
    )
    on_lease_end = wtypes.wsattr(
        Choice(
            "on_lease_end",
            "What becomes of its instances when it ends; left out, what the site says.",
            map(str, Ending),
        )
    )
    confirm = wtypes.wsattr(Flag("confirm", "Confirm at once what is found, instead of holding it for a while."))

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example for the documentation."""
        return {
            "name": "weather model",
            "start_time": "2030-03-01T08:00:00Z",
            "end_time": "2030-03-02T08:00:00Z",
            "duration": "2h30m",
            "quantity": 2,
            "host_properties": ["and", [">=", "$vcpus", 16], ["homogeneous", "$cpu_info.model"]],
            "confirm": True,
        }

    @property
    def wish(self) -> Wish:
        """When."""
        return Wish(
            start_time=_given(self.start_time),
            end_time=_given(self.end_time),
            duration_s=_given(self.duration),
        )

    @property
    def terms(self) -> Terms:
        """What kind of hosts, and how chosen."""
        return Terms(
            name=_given(self.name) or "",
            host_properties=_given(self.host_properties) or [],
            scheduler=_given(self.scheduler) or "",
            on_lease_end=_given(self.on_lease_end) or "",
        )

    @property
    def hosts_wanted(self) -> int:
        """How many hosts; 1 if it was not said."""
        return _given(self.quantity) or 1


class LeasePatch(Body):
    """What is to be different about a lease; what is left out stays."""

    name = wtypes.wsattr(Text("name", _NAME, LONGEST_NAME))
    end_time = wtypes.wsattr(Instant("end_time", "The new end: later extends, sooner shortens."))
    duration = wtypes.wsattr(Duration("duration", "The new length, from the lease's start."))
    quantity = wtypes.wsattr(Whole("quantity", "How many hosts: more are added, fewer give some back.", 1, MOST_HOSTS))

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example for the documentation."""
        return {"end_time": "2030-03-01T12:00:00Z", "quantity": 3}

    @property
    def change(self) -> LeaseChange:
        """The change.

        :raises BadField: nothing is to change, or the end is given twice.
        """
        change = LeaseChange(
            name=_given(self.name),
            end_time=_given(self.end_time),
            duration_s=_given(self.duration),
            quantity=_given(self.quantity),
        )
        if change == LeaseChange():
            raise BadField("Nothing is to change: give name, end_time, duration or quantity.", field="body")
        if change.end_time is not None and change.duration_s is not None:
            raise BadField("Give either end_time or duration, not both.", field="duration")
        return change


class HostPatch(Body):
    """What administrators say of a host; what is left out stays."""

    disabled = wtypes.wsattr(Flag("disabled", "True takes the host out of new leases; those it has stay."))
    reason = wtypes.wsattr(Text("reason", "Why it is disabled, for other administrators.", LONGEST_NAME))
    properties = wtypes.wsattr(
        Facts("properties", "Values that the host is given, whatever its source or rules say; null takes one back.")
    )

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example for the documentation."""
        return {"disabled": True, "reason": "new memory modules", "properties": {"latency_class": "low"}}

    @property
    def wanted(self) -> tuple[bool | None, str, dict[str, PropertyValue | None]]:
        """Disabled or not or as before, why, and what the host is given.

        :raises BadField: nothing is to change, or a reason for nothing.
        """
        disabled, reason, properties = _given(self.disabled), _given(self.reason), _given(self.properties)
        if disabled is None and (reason is not None or properties is None):
            raise BadField("disabled is needed, true or false, unless there are properties only.", field="disabled")
        return disabled, reason or "", properties or {}


class EvacuationRequest(Body):
    """Hosts to be emptied; hosts is needed."""

    hosts = wtypes.wsattr(Words("hosts", "The names or ids of the hosts; they are emptied together.", LONGEST_NAME))
    dry_run = wtypes.wsattr(Flag("dry_run", "True shows what would move where, and moves nothing."))

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example for the documentation."""
        return {"hosts": ["node-1", "node-2"], "dry_run": True}

    @property
    def wanted(self) -> tuple[list[str], bool]:
        """The hosts, and whether it is a dry run.

        :raises BadField: there are no hosts.
        """
        hosts = _given(self.hosts)
        if not hosts:
            raise BadField("hosts is needed: at least one name or id.", field="hosts")
        return hosts, _given(self.dry_run) is True


class PropertyRequest(Body):
    """A property that neither the standard nor a source knows; name and type are needed."""

    name = wtypes.wsattr(Text("name", "Letters, digits, _ - :, and dots between the parts of a nested name.", 128))
    type = wtypes.wsattr(Choice("type", "What its values are.", Kind))
    unit = wtypes.wsattr(_UNIT)
    description = wtypes.wsattr(_DESCRIPTION)
    hidden = wtypes.wsattr(_HIDDEN)
    rules = wtypes.wsattr(_RULES)

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example for the documentation."""
        return {
            "name": "noise",
            "type": "text",
            "description": "how loud the machines are",
            "rules": [{"where": ["in", "$rack", "a1", "a2"], "value": "low"}],
        }

    @property
    def definition(self) -> Definition:
        """The property.

        :raises BadField: it has no name or no type.
        """
        name, kind = _given(self.name), _given(self.type)
        if not name:
            raise BadField("name is needed.", field="name")
        if kind is None:
            raise BadField(f"type is needed: {', '.join(Kind)}.", field="type")
        return Definition(
            name=name,
            type=Kind(kind),
            hidden=_given(self.hidden),
            unit=_given(self.unit) or "",
            description=_given(self.description) or "",
            rules=_given(self.rules) or (),
        )


class PropertyPatch(Body):
    """What is to be different about a property; what is left out stays."""

    hidden = wtypes.wsattr(_HIDDEN)
    unit = wtypes.wsattr(_UNIT)
    description = wtypes.wsattr(_DESCRIPTION)
    rules = wtypes.wsattr(_RULES)

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example for the documentation."""
        return {"hidden": True}

    @property
    def change(self) -> PropertyChange:
        """The change.

        :raises BadField: nothing is to change.
        """
        change = PropertyChange(
            hidden=_given(self.hidden),
            unit=_given(self.unit),
            description=_given(self.description),
            rules=_given(self.rules),
        )
        if change == PropertyChange():
            raise BadField("Nothing is to change: give hidden, unit, description or rules.", field="body")
        return change


class LimitsPatch(Body):
    """Limits of a project's own; what is left out stays, null gives it the site's value again."""

    horizon_s = wtypes.wsattr(LimitValue("horizon_s"))
    min_duration_s = wtypes.wsattr(LimitValue("min_duration_s"))
    max_duration_s = wtypes.wsattr(LimitValue("max_duration_s"))
    max_quantity = wtypes.wsattr(LimitValue("max_quantity"))
    max_leases = wtypes.wsattr(LimitValue("max_leases"))
    max_proposals = wtypes.wsattr(LimitValue("max_proposals"))
    max_withdrawn = wtypes.wsattr(LimitValue("max_withdrawn"))
    withdrawn_window_s = wtypes.wsattr(LimitValue("withdrawn_window_s"))
    requests_per_s = wtypes.wsattr(LimitValue("requests_per_s"))
    requests_burst = wtypes.wsattr(LimitValue("requests_burst"))

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example for the documentation."""
        return {"max_leases": 50, "max_quantity": -1, "horizon_s": None}

    @property
    def values(self) -> dict[str, int | None]:
        """The limits that were named.

        :raises BadField: there are none.
        """
        given = {limit.name: getattr(self, limit.name) for limit in LIMITS}
        named = {name: value for name, value in given.items() if value is not wtypes.Unset}
        if not named:
            raise BadField("Nothing is to change: name at least one limit.", field="body")
        return named


class Empty(Body):
    """Nothing to say."""


def read(kind: type[T], body: dict[str, Any]) -> T:
    """A body as a value of its type.

    :raises BadField: a field that ``kind`` does not have, or a value that the field cannot take.
    """
    known = [attribute.name for attribute in wtypes.list_attributes(kind)]
    unknown = [name for name in body if name not in known]
    if unknown:
        expected = f"there are: {', '.join(known)}" if known else "none is expected"
        raise BadField(f"There is no field {unknown[0]!r} here; {expected}.", field=unknown[0])
    for attribute in wtypes.list_attributes(kind):
        if attribute.name in body and not attribute.datatype.checks_itself:
            payload.check(body[attribute.name], attribute.name)
    try:
        return rest_json.fromjson(kind, body)
    except exc.ClientSideError as error:
        raise BadField(f"The body cannot be used: {error.msg}.", field="body") from None


def _given(value: Any) -> Any:
    return None if value is wtypes.Unset else value
