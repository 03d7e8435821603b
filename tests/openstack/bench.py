# SPDX-License-Identifier: Apache-2.0
"""The cloud as the tests see it: its people, each with their leases and servers, and what Nova's records say."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keystoneauth1.session import Session
from openstack.connection import Connection

from climate.client import Client
from climate.core.lifecycle import State
from tests.openstack.relay import Relay
from tools.openstack.cloud import Cloud
from tools.openstack.contents import IMAGE, connection
from tools.openstack.identities import ADMIN, PEOPLE, Person, session

WITHIN_S = 240.0  # of anything the cloud does, on a machine that has much else to do
SETTLED = {"ACTIVE", "ERROR", "VERIFY_RESIZE", "SHUTOFF"}
OVER = {"ended", "cancelled", "expired", "error"}


def wait_until(holds: Callable[[], bool], what: str, within_s: float = WITHIN_S, poll_s: float = 0.1) -> None:
    """Return once it holds; fails with ``what`` if it does not in time."""
    give_up_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up_at, f"not within {within_s:g} s: {what}"
        time.sleep(poll_s)


def instant(text: str) -> float:
    """Epoch seconds of an instant as the suite writes it."""
    return datetime.fromisoformat(text).timestamp()


@dataclass(frozen=True)
class Placed:
    """A server that Nova has placed, or not: then ``host`` is empty and ``fault`` says what its owner is told."""

    server_id: str
    status: str
    host: str
    fault: str


class Somebody:
    """A person with a password: leases by ``climate``, all else by ``cloud``.

    ``nova_knows`` says whether Nova's scheduler has heard that a lease has its hosts.
    """

    def __init__(self, person: Person, keystone_url: str, nova_knows: Callable[[str], bool]) -> None:
        self.person = person
        self.session: Session = session(person, keystone_url)
        self.climate = Client(self.session)
        self.cloud: Connection = connection(self.session)
        self._nova_knows = nova_knows

    @property
    def project_id(self) -> str:
        return str(self.session.get_project_id())

    def lease(self, quantity: int = 1, duration: str | int = "1h", **more: Any) -> str:
        """A confirmed lease that has begun, as Nova's scheduler knows; its id."""
        made = self.climate.leases.create(quantity=quantity, duration=duration, confirm=True, **more)
        self.wait_until_active(made["id"])
        return made["id"]

    def wait_until_active(self, lease_id: str) -> None:
        """Return once the lease has begun, and Nova's scheduler knows: on a busy machine a second later or two."""
        self.climate.leases.wait_for(lease_id, State.ACTIVE, WITHIN_S, interval_s=0.1)
        wait_until(lambda: self._nova_knows(lease_id), "Nova knows the lease")


class Bench:
    """The cloud, its admin and its tenants."""

    def __init__(self, openstack: Cloud, doorway: Relay) -> None:
        self.openstack = openstack
        self.doorway = doorway
        self._last_answer = openstack.directory / "nova-state" / "climate-availability.json"
        url = openstack.site.keystone_url
        self.admin = Somebody(ADMIN, url, self.nova_knows)
        self.anna, self.ralf, self.otto = (Somebody(person, url, self.nova_knows) for person in PEOPLE)
        self._image: str = self.admin.cloud.image.find_image(IMAGE).id
        self._flavors = {flavor.name: flavor.id for flavor in self.admin.cloud.compute.flavors()}
        self.hosts = frozenset(openstack.machines)

    def wake_the_scheduler(self) -> None:
        """Have Nova's scheduler ask Climate for the first time, which it does when a server is first asked for."""
        self.delete(self.boot(self.admin).server_id)
        wait_until(self._last_answer.exists, "Nova's scheduler has an answer")

    def nova_knows(self, lease_id: str) -> bool:
        """Whether the scheduler's last answer, which it keeps in a file, says that the lease has hosts now."""
        held = [host for host in self._known_hosts() if host["lease_id"] == lease_id]
        return any(host["state"] in {"confirmed", "active"} for host in held)

    def _known_hosts(self) -> list[dict[str, Any]]:
        hosts: list[dict[str, Any]] = json.loads(self._last_answer.read_bytes())["hosts"]
        return hosts

    def flavor(self, name: str) -> str:
        """The id of a flavor."""
        return str(self._flavors[name])

    def request(
        self,
        who: Somebody,
        name: str = "s",
        hints: dict[str, Any] | None = None,
        flavor: str = "small",
        host: str = "",
    ) -> str:
        """Ask Nova for a server, of the admin on a certain host; its id, as soon as Nova has the request."""
        asked: dict[str, Any] = {"name": name, "flavorRef": self.flavor(flavor), "imageRef": self._image}
        asked |= {"networks": "none"} | ({"host": host} if host else {})
        body: dict[str, Any] = {"server": asked}
        if hints is not None:
            body["os:scheduler_hints"] = hints
        answer = who.cloud.compute.post("/servers", json=body, microversion="2.74")
        assert answer.status_code == 202, answer.text
        return str(answer.json()["server"]["id"])

    def boot(
        self,
        who: Somebody,
        name: str = "s",
        hints: dict[str, Any] | None = None,
        flavor: str = "small",
        host: str = "",
    ) -> Placed:
        """The same, and what has become of it."""
        return self.settled(self.request(who, name, hints, flavor, host))

    def settled(self, server_id: str) -> Placed:
        """The server, once Nova does nothing with it any more."""
        shown: dict[str, Any] = {}

        def still() -> bool:
            shown.update(self.shown(server_id))
            return shown["status"] in SETTLED and shown["OS-EXT-STS:task_state"] is None

        wait_until(still, f"server {server_id} settles")
        fault = shown.get("fault", {}).get("message", "")
        return Placed(server_id, shown["status"], shown["OS-EXT-SRV-ATTR:host"] or "", fault)

    def shown(self, server_id: str) -> dict[str, Any]:
        """What Nova shows its admin of a server."""
        answer = self.admin.cloud.compute.get(f"/servers/{server_id}", microversion="2.74")
        assert answer.status_code == 200, answer.text
        server: dict[str, Any] = answer.json()["server"]
        return server

    def act(self, server_id: str, action: str, argument: Any = None) -> int:
        """Have the admin do something to a server; the HTTP status."""
        answer = self.admin.cloud.compute.post(
            f"/servers/{server_id}/action", json={action: argument}, microversion="2.74"
        )
        return int(answer.status_code)

    def migrations(self, server_id: str) -> int:
        """How many of the server's moves Nova has not finished with."""
        answer = self.admin.cloud.compute.get(f"/servers/{server_id}/migrations", microversion="2.74")
        return len(answer.json()["migrations"])

    def image(self) -> str:
        """The id of the image."""
        return self._image

    def hosts_of(self, lease_id: str) -> set[str]:
        """The names of a lease's hosts, which only the admin sees."""
        return {host["name"] for host in self.admin.climate.leases.get(lease_id)["hosts"]}

    def servers(self) -> list[str]:
        """The ids of everybody's servers."""
        return [server.id for server in self.admin.cloud.compute.servers(details=False, all_projects=True)]

    def delete(self, server_id: str) -> None:
        """Ask Nova to delete a server; nothing where it is gone, or cannot be deleted just now."""
        answer = self.admin.cloud.compute.delete(f"/servers/{server_id}")
        assert answer.status_code in {204, 404, 409}, answer.text

    def empty(self) -> None:
        """No server, no lease, every compute as it was."""
        self.doorway.open()
        for service in self.admin.cloud.compute.services(binary="nova-compute"):
            if service.status == "disabled":
                self.admin.cloud.compute.enable_service(service)
        for lease in self.admin.climate.leases.list(all_projects=True):
            if lease["state"] not in OVER:
                self.admin.climate.leases.cancel(lease["id"])
        wait_until(self._has_no_servers, "all servers are gone", poll_s=0.5)
        wait_until(self._nova_knows_no_lease, "Nova's scheduler knows that there is no lease")

    def _nova_knows_no_lease(self) -> bool:
        return not any(host["lease_id"] or host["next_start_at"] for host in self._known_hosts())

    def _has_no_servers(self) -> bool:
        left = self.servers()
        for server_id in left:
            self.delete(server_id)
        return not left
