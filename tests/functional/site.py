# SPDX-License-Identifier: Apache-2.0
"""A whole site in one process: the real API, inventory and planning, on memory, and a clock that stands still."""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path
from typing import Any

import webob
import yaml
from oslo_config import cfg

from climate.api import app, options, policies
from climate.core.booking import Rules
from climate.core.guarding import Misplaced
from climate.core.host import Host, PropertyValue
from climate.core.limits import UNLIMITED, Limits
from climate.inventory.endpoint import InventoryEndpoint
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.properties import Properties
from climate.inventory.refresh_plan import RefreshPlan
from climate.inventory.store.memory import MemoryStore as Inventory
from climate.planning import strategies
from climate.planning.availability import AvailabilityReport
from climate.planning.calendar import PlanningCalendar
from climate.planning.candidates import AskedOfInventory
from climate.planning.changes import Changes
from climate.planning.endpoint import PlanningEndpoint
from climate.planning.evacuations import NovaEvacuations
from climate.planning.failures import FailureRule, Failures
from climate.planning.following import Following
from climate.planning.limits import LimitsOfProjects
from climate.planning.packing import Packing
from climate.planning.proposals import Proposals
from climate.planning.store.limits_memory import MemoryLimits
from climate.planning.store.memory import MemoryStore
from climate.planning.strategies import Strategies
from climate.planning.substitutes import Substitutes
from climate.planning.transitions import Transitions
from climate.rpcapi.inventory import InventoryAPI
from climate.rpcapi.planning import PlanningAPI
from tests.functional.direct import DirectCaller
from tests.unit.planning.fake_nova import FakeNova

NOW = 1_900_000_000  # 2030-03-17T17:46:40Z
DAY = 86_400
LIMITS = Limits(requests_per_s=UNLIMITED)  # time stands still here
WHO = {
    "member": ("project-a", "anna", ["member", "reader"]),
    "reader": ("project-a", "ralf", ["reader"]),
    "other": ("project-b", "otto", ["member"]),
    "admin": ("project-admin", "ada", ["admin", "member", "reader"]),
    "colleague": ("project-admin", "carl", ["member"]),
    "nova": ("service", "nova", ["service"]),
    "nobody": ("project-a", "nils", ["guest"]),
}


def host(number: int, **fields: Any) -> Host:
    """The host ``node-<number>``: odd ones have 16 threads and model X, even ones 32 and Y."""
    facts: dict[str, PropertyValue] = (
        {"vcpus": 16, "cpu_info.model": "X"} if number % 2 else {"vcpus": 32, "cpu_info.model": "Y"}
    )
    return Host(
        host_id=str(uuid.uuid5(uuid.NAMESPACE_DNS, f"node-{number}.example")),
        name=f"node-{number}",
        service_host=f"compute-{number}",
        external_id=str(number),
        source="file",
        properties={**facts, "rack": f"r{number % 3}"},
        first_seen_at=NOW - DAY,
        last_seen_at=NOW,
        **fields,
    )


class Site:
    """Everything that a request meets. ``now`` is the time for all parts."""

    def __init__(
        self,
        directory: Path,
        hosts: list[Host],
        *,
        bind_host: str = "",
        default_config: str = "",
        limits: Limits = LIMITS,
        **settings: Any,
    ) -> None:
        self.now = NOW
        self.conf = configuration(directory, default_config, **settings)
        known = self._known = Inventory()
        self.refresh(added=tuple(hosts))
        matching = Matching(known)
        self.inventory = DirectCaller(
            InventoryEndpoint(known, matching, Hosts(known, matching), Properties(known, matching))
        )
        store = MemoryStore()
        rules = Rules(margin_s=0, proposal_ttl_s=300, ends_soon_s=600)
        calendar = PlanningCalendar(store)
        chosen = Strategies(strategies.installed(), "earliest")
        randomness = random.Random(1)
        allowed = LimitsOfProjects(MemoryLimits(store), limits, self.clock, lambda: self.now * 1_000_000)
        asked = AskedOfInventory(InventoryAPI(self.inventory))  # type: ignore[arg-type]
        substitutes = Substitutes(store, calendar, asked.matching, rules, self.clock)
        self.nova = FakeNova(self.clock)
        packing = Packing(self.nova, calendar, substitutes, asked.hosts, asked.matching, 0, 1.0, self.clock)
        self.misplaced: list[Misplaced] = []
        self.failures = Failures(store, calendar, substitutes, asked.bookable, FailureRule(), self.clock)
        self.planning = DirectCaller(
            PlanningEndpoint(
                store,
                Proposals(store, calendar, chosen, rules, allowed, self.clock, randomness),
                Changes(store, calendar, chosen, rules, allowed, self.clock),
                chosen,
                AvailabilityReport(calendar, self.clock),
                Following(store, calendar),
                allowed,
                self.failures,
                lambda: self.misplaced,
                NovaEvacuations(store, AvailabilityReport(calendar, self.clock), self.nova, packing, self.clock),
            )
        )
        self._transitions = Transitions(store, self.clock, randomness)
        self.needs = app.Collaborators(
            inventory=InventoryAPI(self.inventory),  # type: ignore[arg-type]
            planning=PlanningAPI(self.planning),  # type: ignore[arg-type]
            counting=PlanningAPI(self.planning),  # type: ignore[arg-type]
            enforcer=policies.enforcer(self.conf),
            clock=self.clock,
            conf=self.conf,
            monotonic=lambda: float(self.now),
        )
        self.app = app.build(self.needs, bind_host)

    def clock(self) -> int:
        return self.now

    def pass_time(self, seconds: int) -> None:
        """Let time go by, and planning do what is due."""
        self.now += seconds
        self._transitions.run_due()

    def refresh(self, **news: tuple[Host, ...]) -> None:
        """Let the source tell of hosts that are ``added``, ``changed``, ``returned`` or ``retired``."""
        generation = self._known.generation()
        self._known.apply(RefreshPlan(source="file", at=self.now, seen_generation=generation, hosts=0, **news))

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str = "member",
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        **environ: Any,
    ) -> webob.Response:
        """One request with the token of somebody in :data:`WHO`."""
        request = webob.Request.blank(path, method=method, environ={"REMOTE_ADDR": "127.0.0.1", **environ})
        request.headers["X-Auth-Token"] = who
        if body is not None or raw is not None:
            request.body = json.dumps(body).encode() if raw is None else raw
            request.headers["Content-Type"] = "application/json"
        request.headers.update(headers or {})
        return request.get_response(self.app)

    def lease(self, *, who: str = "member", **fields: Any) -> dict[str, Any]:
        """A lease of one host for an hour from now, unless said otherwise; confirmed."""
        answer = self.ask("POST", "/v1/leases", {"duration": 3600, "confirm": True, **fields}, who=who)
        assert answer.status_int == 201, answer.text
        made: dict[str, Any] = answer.json
        return made


def configuration(directory: Path, text: str = "", **settings: Any) -> cfg.ConfigOpts:
    """A configuration with static tokens, ``text`` in its file, and these settings of [api]."""
    file = directory / "climate.conf"
    file.write_text(text)
    conf = cfg.ConfigOpts()
    for group, opts in options.list_opts():
        conf.register_opts(opts, group=group)
    conf([], project="climate", default_config_files=[str(file)])
    tokens = tokens_file(directory)
    for name, value in {"auth_strategy": "static", "static_tokens_file": str(tokens), **settings}.items():
        conf.set_override(name, value, group=options.GROUP)
    return conf


def tokens_file(directory: Path) -> Path:
    """A file with a token, of the same name, for everybody in :data:`WHO`."""
    path = directory / "tokens.yaml"
    entries = {
        name: {"project_id": project_id, "user_id": user_id, "roles": roles}
        for name, (project_id, user_id, roles) in WHO.items()
    }
    path.write_text(yaml.safe_dump(entries))
    path.chmod(0o600)
    return path
