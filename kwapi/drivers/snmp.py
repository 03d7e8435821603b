# SPDX-License-Identifier: Apache-2.0
"""PDUs, UPSs, BMCs and meters that speak SNMP: what each probe is, and one request for all of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from oslo_config import cfg

from climate.devices.snmp import loading
from climate.devices.snmp.agent import open_session
from climate.devices.snmp.decode import Item, walked
from climate.devices.snmp.looking import Found, look
from climate.devices.snmp.oid import SYS_OBJECT_ID, Oid, Value, is_below, text_of
from climate.devices.snmp.profile import Profile, Quantity
from climate.devices.snmp.session import Session, SnmpError
from climate.errors import ConfigError
from kwapi.core.reading import Reading
from kwapi.drivers import snmp_options as options_of
from kwapi.drivers.protocol import DeviceError, Section
from kwapi.drivers.snmp_learning import NotYet, Patient
from kwapi.drivers.snmp_planning import LEAST_OCTETS, MOST_OCTETS, Ask, plan
from kwapi.drivers.snmp_readings import Readings, Rules

LOG = logging.getLogger(__name__)

SYS_UP_TIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
_FIRST = (SYS_OBJECT_ID, SYS_UP_TIME)
_LEARN_AGAIN_S = 60.0
_LEARN_SELDOM_S = 3600.0
_REMEMBERED_S = 300.0
"""How long learning may take in all, with what fails in between, before it begins anew."""
_LOADING = threading.Lock()
"""All profiles are parsed once; many drivers begin at a time, and each would parse them."""


@dataclass(frozen=True, slots=True)
class _Learned:
    """What was found out: the items of each probe that has any, and what there was to choose from."""

    found: Found
    items: Mapping[str, Mapping[Quantity, Item]]
    roots: Sequence[Oid]

    def wanted(self) -> list[Oid]:
        """All instances that the probes' quantities need."""
        every = (oid for items in self.items.values() for item in items.values() for oid in item.asked())
        return list(dict.fromkeys(every))


@dataclass(slots=True)
class _Answers:
    """What the requests of one reading brought, and when each was sent and answered."""

    values: dict[Oid, Value]
    times: dict[Oid, tuple[int, int]]

    def span(self, items: Mapping[Quantity, Item]) -> tuple[int, int] | None:
        """The time of the requests that brought a probe's objects."""
        times = [self.times[item.oid] for item in items.values() if item.oid in self.times]
        return (min(begin for begin, _ in times), max(end for _, end in times)) if times else None


class SnmpDriver:
    """Finds out once where the device has what the section's probes are, then asks for that alone.

    ``open_session`` replaces the way to the device, ``monotonic`` the clock by which one waits.

    :raises ConfigError: an option cannot be used.
    """

    options: ClassVar[Sequence[cfg.Opt]] = options_of.OPTS

    def __init__(
        self,
        section: Section,
        clock_ns: Callable[[], int],
        open_session: Callable[..., Session] = open_session,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        settings: Any = section.options
        options_of.check_estimate(section)
        with _LOADING:
            loading.installed()
        self._profiles = options_of.profiles_of(section)
        self._objects = options_of.objects_of(section)
        self._places = options_of.places_of(section)
        self._object_id = options_of.object_id_of(section)
        self._quantities = frozenset(Quantity(each) for each in settings["quantities"])
        self._bulk = settings["version"] != "1"
        self._timeout_s = section.timeout_s
        self._made = Readings(
            Rules(
                counter=settings["counter"],
                interval_s=section.interval_s,
                power_factor=settings["power_factor"],
                nominal_volts=settings["nominal_volts"],
            )
        )
        self._clock_ns = clock_ns
        self._monotonic = monotonic
        try:
            self._session = open_session(
                settings["host"], settings["port"], options_of.who_of(section), section.timeout_s, settings["retries"]
            )
        except SnmpError as error:
            raise ConfigError(f"{error}.", option="version") from None
        self._name = section.name
        self._learning: Patient | None = None
        self._learning_until = 0.0
        self._learned_at = 0.0
        self._learned: _Learned | None = None
        self._asks: list[Ask] = []
        self._most_octets = MOST_OCTETS
        self._failed = 0
        self._up_time: int | None = None
        self._gone: frozenset[Oid] = frozenset()
        self._again_at: float | None = None
        self._again_s = _LEARN_AGAIN_S
        self._complaints: dict[str, str] = {}
        self._not_there: dict[str, str] = {}
        self._silent: dict[str, str] = {}

    def read(self) -> list[Reading]:
        """One reading of each probe that tells something; none while it is being found out where it does.

        :raises DeviceError: none does, or it is another device.
        """
        until = self._monotonic() + self._timeout_s
        try:
            if self._learned is None:
                self._learn(until)
                if self._learned is None or self._monotonic() > until - self._timeout_s / 2:
                    return []
            return self._carefully(self._learned, until)
        except SnmpError as error:
            raise DeviceError(str(error)) from None

    def missing(self) -> dict[str, str]:
        """The probes that the device does not have, or of whose power it has no value now."""
        return {**self._not_there, **self._silent}

    def close(self) -> None:
        """Whoever reads comes back with an error."""
        self._session.close()

    def _learn(self, until: float) -> None:
        """Look at the device as far as half of the time allows, and plan requests when all is seen."""
        if self._learning is None or self._monotonic() > self._learning_until:
            self._learning = Patient(self._session, self._monotonic)
            self._learning_until = self._monotonic() + _REMEMBERED_S
        self._learning.until = until - self._timeout_s / 2
        try:
            if self._object_id is not None:
                self._check(self._learning.get([SYS_OBJECT_ID]).get(SYS_OBJECT_ID))
            found = look(self._learning, self._wanted_profiles())
            if self._objects:
                found = _with(found, self._objects, self._learning)
        except NotYet:
            return
        self._learning = None
        self._learned_at = self._monotonic()
        self._failed = 0
        items = {probe: self._items_at(found, place) for probe, place in self._places.items()}
        missing = {probe: self._places[probe] for probe, here in items.items() if not here}
        if len(missing) == len(items):
            raise DeviceError(_no_places(found, list(missing.values())))
        complaint = _no_places(found, list(missing.values())) if missing else ""
        self._tell("places", complaint)
        self._not_there = dict.fromkeys(missing, complaint)
        roots = [root for profile in found.device.profiles for root in walked(profile)]
        self._learned = _Learned(found, {probe: here for probe, here in items.items() if here}, roots)
        refresh = [each.refresh_s for each in found.device.profiles if each.refresh_s is not None]
        self._made.rules = replace(self._made.rules, refresh_s=max(refresh, default=None))
        self._gone = frozenset()
        self._up_time = None
        self._again_at = self._monotonic() + self._again_s if missing else None
        self._plan(self._learned)

    def _wanted_profiles(self) -> Sequence[Profile]:
        return loading.installed() if self._profiles is None else self._profiles

    def _items_at(self, found: Found, place: str) -> dict[Quantity, Item]:
        """What is measured at a place, of what is wanted; 5 is outlet-5 where nothing is called 5."""
        every = [*found.device.items, *self._objects]
        names = [place, f"outlet-{int(place)}"] if place.isdecimal() else [place]
        for name in names:
            here = {item.quantity: item for item in every if item.place == name and item.quantity in self._quantities}
            if here:
                return here
        return {}

    def _check(self, object_id: Value | None) -> None:
        wanted = self._object_id
        known = object_id if isinstance(object_id, tuple) else None
        if wanted is not None and (known is None or not is_below(known, wanted)):
            self._learning = None
            says = "no sysObjectID" if known is None else f"sysObjectID {text_of(known)}"
            raise DeviceError(f"another device answers: it says {says}, and object_id is {text_of(wanted)}")

    def _plan(self, learned: _Learned) -> None:
        rows = learned.found.rows
        bulk = self._bulk and self._most_octets > LEAST_OCTETS
        self._asks = plan(_FIRST, learned.wanted(), learned.roots, rows, self._most_octets, bulk)
        LOG.info("%s: %d requests bring all of it", self._name, len(self._asks))

    def _carefully(self, learned: _Learned, until: float) -> list[Reading]:
        """Ask for less at once of a device that answers, but not to so much."""
        if self._failed:
            self._session.get([SYS_UP_TIME])
            if self._failed > 1:
                self._failed = 0
                self._ask_for_less(learned)
        try:
            readings = self._polled(learned, until)
        except SnmpError:
            self._failed += 1
            raise
        self._failed = 0
        return readings

    def _polled(self, learned: _Learned, until: float) -> list[Reading]:
        answers = _Answers({}, {})
        for ask in self._asks:
            self._ask(ask, answers, until)
            if ask is self._asks[0] and not self._is_same(learned, answers.values):
                self._learned = None
                return []
        missing = [oid for oid in learned.wanted() if oid not in answers.values and oid not in self._gone]
        if missing:
            self._seek(learned, missing, answers, until)
        readings = []
        silent: dict[str, str] = {}
        for probe, items in learned.items.items():
            span = answers.span(items)
            reading = None if span is None else self._made.reading(probe, items, answers.values, *span)
            if reading is not None:
                readings.append(reading)
            if reading is None or (Quantity.WATTS in items and reading.watts is None and reading.energy_j is None):
                silent[probe] = self._places[probe]
        complaint = f"it has no value now for {', '.join(silent.values())}" if silent and readings else ""
        self._tell("values", complaint)
        self._silent = dict.fromkeys(silent, complaint)
        if self._again_at is not None and self._monotonic() >= self._again_at:
            self._again_s = min(2 * self._again_s, _LEARN_SELDOM_S)
            self._learned = None
        if not readings:
            raise DeviceError(f"it answers, and has no value now for {', '.join(self._places.values())}")
        return readings

    def _ask(self, ask: Ask, answers: _Answers, until: float) -> None:
        if answers.values and self._monotonic() > until:
            raise SnmpError(f"it takes longer than {self._timeout_s:g} s to answer {len(self._asks)} requests")
        begin_ns = self._clock_ns()
        session = self._session
        told = session.rows(ask.names, ask.behind, ask.count) if ask.behind else session.get(ask.names)
        end_ns = max(begin_ns, self._clock_ns())
        answers.values.update(told)
        answers.times.update(dict.fromkeys(told, (begin_ns, end_ns)))

    def _is_same(self, learned: _Learned, values: Mapping[Oid, Value]) -> bool:
        """Whether it is the device as it was learned. When it starts anew, its tables may not be the same.

        :raises DeviceError: it is another one; that will be learned.
        """
        object_id, up_time = values.get(SYS_OBJECT_ID), values.get(SYS_UP_TIME)
        if object_id is None and learned.found.object_id is not None:
            # Some agents leave out objects when they are asked for the next, and tell them by their names.
            object_id = self._session.get([SYS_OBJECT_ID]).get(SYS_OBJECT_ID)
        known = object_id if isinstance(object_id, tuple) else None
        if known != learned.found.object_id:
            self._learned = None
            self._again_s = _LEARN_AGAIN_S
            self._check(object_id)
            raise DeviceError("another device answers than before; what it has is looked up again")
        before, self._up_time = self._up_time, up_time if isinstance(up_time, int) else None
        if before is None or self._up_time is None or self._up_time >= before:
            return True
        # Some devices have a clock that jumps; these must not be learned each time.
        return self._monotonic() - self._learned_at < _LEARN_AGAIN_S

    def _seek(self, learned: _Learned, missing: Sequence[Oid], answers: _Answers, until: float) -> None:
        """Ask by name for what did not come: either the answer was too long, or it is not there any more."""
        if any(ask.behind for ask in self._asks):
            self._ask(Ask(tuple(missing)), answers, until)
        left = frozenset(oid for oid in missing if oid not in answers.values)
        if len(left) < len(missing):
            self._ask_for_less(learned)
        if left:
            self._gone |= left
            self._learn_again()

    def _ask_for_less(self, learned: _Learned) -> None:
        self._most_octets = max(LEAST_OCTETS, self._most_octets * 2 // 3)
        self._plan(learned)

    def _learn_again(self) -> None:
        """After a while, and more and more seldom if that does not help."""
        if self._again_at is None:
            self._again_at = self._monotonic() + self._again_s

    def _tell(self, about: str, complaint: str) -> None:
        """Once for each complaint, until it changes."""
        if complaint and complaint != self._complaints.get(about):
            LOG.warning("%s: %s", self._name, complaint)
        self._complaints[about] = complaint


def _with(found: Found, objects: Sequence[Item], session: Session) -> Found:
    """What was found, with the present values of objects that no profile has."""
    oids = list(dict.fromkeys(item.oid for item in objects))
    return replace(found, rows={**found.rows, **session.get(oids)})


def _no_places(found: Found, places: Sequence[str]) -> str:
    """What to say of places that are not there."""
    there = list(dict.fromkeys(item.place for item in found.device.items))
    name = found.description or "a device"
    if not found.device.profiles:
        return f"{name[:80]} answers, and nothing in it is known as power; is the profile right?"
    has = ", ".join(there[:12]) + (", ..." if len(there) > 12 else "")
    return f"{name[:80]} has no {', '.join(places[:12])}; it has: {has}"
