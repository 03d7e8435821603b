# SPDX-License-Identifier: Apache-2.0
"""kwapi-api's routes and bodies, the first Kwapi's among them; who may look; what stands out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import webob
from oslo_config import cfg

from climate.chassis import conf as configuration
from kwapi.api import app, options, policies
from kwapi.consumers.devices import Devices
from kwapi.consumers.live import Live
from kwapi.core.condition import Condition
from kwapi.core.delivery import Batch
from kwapi.core.energy import NS, Rules
from kwapi.core.reading import Reading, columns_of
from kwapi.core.wire import Conditions

T0 = 1_700_000_000 * NS
KWH = 3_600_000.0


class Site:
    """kwapi-api over probes that tests fill, at an hour that they choose."""

    def __init__(self, folder: Path) -> None:
        tokens = folder / "tokens.yaml"
        identity = "{project_id: p, user_id: u, roles: [%s]}"
        tokens.write_text("".join(f"{role}: {identity % role}\n" for role in ("admin", "service", "member")))
        tokens.chmod(0o600)
        self.now = T0
        self.conf = cfg.ConfigOpts()
        configuration.register(self.conf, [options.list_opts])
        self.conf([], default_config_files=[])
        for name, value in {"auth_strategy": "static", "static_tokens_file": str(tokens), "max_limit": 50}.items():
            self.conf.set_override(name, value, group=options.GROUP)
        self.live = Live(lambda probe: Rules(max_watts=1000.0), lambda: self.now, 300.0)
        self.devices = Devices(lambda: self.now, 300.0)
        self.app = app.build(
            self.conf, self.live, policies.enforcer(self.conf), lambda: self.now, bind_host="127.0.0.1",
            devices=self.devices,
        )  # fmt: skip

    def tell_of(self, *devices: Condition) -> None:
        """The word of the source on its devices."""
        self.now += NS
        self.devices.take(Conditions(1, "s", 1, self.now, 1, 1, list(devices)))

    def say(self, second: float, **other: Any) -> None:
        """A reading of ``lyon/r1/pdu1/1``, or another probe."""
        at = T0 + round(second * NS)
        reading = Reading(**{"probe_id": "lyon/r1/pdu1/1", "begin_ns": at, "end_ns": at, "watts": 100.0, **other})
        self.live.take([Batch("s", "", 1, 1, columns_of([reading]), False)])
        self.now = max(self.now, at)

    def ask(self, path: str, who: str | None = "admin", status: int = 200) -> Any:
        """What is answered to a GET."""
        headers = {} if who is None else {"X-Auth-Token": who}
        request = webob.Request.blank(path, headers=headers, remote_addr="127.0.0.1")
        answer = request.get_response(self.app)
        assert answer.status_int == status, answer.text
        return json.loads(answer.body) if answer.body else None


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """With one probe that drew 100 W for an hour."""
    made = Site(tmp_path)
    for second in range(0, 3601, 9):
        made.say(second, volts=230.0)
    return made


def test_a_pollster_of_2013_finds_what_it_needs(site: Site) -> None:
    """One GET of all probes; of each, by its name, kwh and w."""
    probes = site.ask("/v1/probes/")["probes"]
    assert list(probes) == ["lyon/r1/pdu1/1"]
    (probe,) = probes.values()
    assert probe["kwh"] == pytest.approx(0.1)
    assert (probe["w"], probe["v"], probe["timestamp"]) == (100.0, 230.0, T0 / NS + 3600)
    assert "flags" not in probe
    assert site.ask("/v1/probe-ids/") == {"probe_ids": ["lyon/r1/pdu1/1"]}


def test_one_probe_and_one_meter_have_addresses(site: Site) -> None:
    """With and without a slash at the end; the name's own slashes may be written either way."""
    for path in ("/v1/probes/lyon/r1/pdu1/1/", "/v1/probes/lyon/r1/pdu1/1", "/v1/probes/lyon%2Fr1%2Fpdu1%2F1/"):
        probe = site.ask(path)["lyon/r1/pdu1/1"]
        assert probe["w"] == 100.0
        assert (probe["coverage"], probe["gaps"], probe["stale"], probe["flags"]) == (100.0, 0, False, [])
        assert probe["kwh_lower"] == pytest.approx(probe["kwh_upper"])
    assert site.ask("/v1/probes/lyon/r1/pdu1/1/w/") == {"lyon/r1/pdu1/1": {"w": 100.0}}
    assert site.ask("/v1/probes/lyon/r1/pdu1/1/kwh")["lyon/r1/pdu1/1"]["kwh"] == pytest.approx(0.1)


def test_what_is_not_there_is_not_found(site: Site) -> None:
    """A probe, a meter (with those that there are), a part of a name."""
    for path in ("/v1/probes/lyon/r1/pdu1/2/", "/v1/probes/lyon/r1/pdu1/", "/v1/probes/x/", "/v1/probes/x/w/"):
        assert site.ask(path, status=404)["error"]["code"] == "climate.probe.not_found"
    assert "kwh" in site.ask("/v1/probes/lyon/r1/pdu1/1/joules/", status=404)["error"]["message"]
    site.ask("/v1/hosts/", status=404)


def test_only_administrators_and_services_look(site: Site) -> None:
    """Power shows who works when: members meet their own in Climate."""
    paths = ("/v1/probes/", "/v1/probe-ids/", "/v1/probes/lyon/r1/pdu1/1/", "/v1/probes/none/", "/v1/probes/x/w/")
    for path in paths:
        assert site.ask(path, who=None, status=401)["error"]["code"] == "climate.auth.required"
        assert site.ask(path, who="guess", status=401)
        assert site.ask(path, who="member", status=403)["error"]["details"]["rule"] == policies.PROBES
    for path in paths[:3]:
        site.ask(path, who="service")
    site.ask("/", who=None)
    site.ask("/v1/", who=None)


def test_a_silent_probe_is_marked_and_leaves(site: Site) -> None:
    """First its age is told, then it is gone; its counter goes on when it comes back, with a gap."""
    site.now += 16 * NS
    assert site.ask("/v1/probes/")["probes"]["lyon/r1/pdu1/1"]["stale"] is True
    site.now += 300 * NS
    assert site.ask("/v1/probes/") == {"probes": {}}
    site.ask("/v1/probes/lyon/r1/pdu1/1/", status=404)
    site.say(4000)
    probe = site.ask("/v1/probes/lyon/r1/pdu1/1/")["lyon/r1/pdu1/1"]
    assert (probe["stale"], probe["gaps"], probe["coverage"]) == (False, 1, 90.0)
    assert probe["kwh"] == pytest.approx(0.1)
    assert probe["kwh_upper"] == pytest.approx(0.1 + 400 * 1000 / KWH)


def test_an_impossible_reading_stands_out(site: Site) -> None:
    """It is named, and the last good one is shown."""
    site.say(3601, watts=1e6)
    probe = site.ask("/v1/probes/lyon/r1/pdu1/1/")["lyon/r1/pdu1/1"]
    assert (probe["w"], probe["flags"], probe["refused"]) == (100.0, ["implausible"], 1)
    assert site.ask("/v1/probes/")["probes"]["lyon/r1/pdu1/1"]["flags"] == ["implausible"]
    site.say(3601, probe_id="lyon/r1/pdu1/9", watts=1e6)
    new = site.ask("/v1/probes/")["probes"]["lyon/r1/pdu1/9"]
    assert (new["w"], new["kwh"], new["coverage"]) == (None, None, None)


def test_further_numbers_are_shown(site: Site) -> None:
    """Whatever a device tells beside its power."""
    site.say(3601, extra={"temperature_c": 31.5})
    assert site.ask("/v1/probes/lyon/r1/pdu1/1/extra")["lyon/r1/pdu1/1"]["extra"] == {"temperature_c": 31.5}


def test_probes_are_filtered_and_paged(site: Site) -> None:
    """All that a rack has; a page at a time, where somebody asks for one."""
    for rack in (1, 2):
        for outlet in range(10, 40):
            site.say(3600, probe_id=f"lyon/r{rack}/pdu7/{outlet}")
    assert len(site.ask("/v1/probes/")["probes"]) == 61
    assert len(site.ask("/v1/probe-ids/?prefix=lyon/r2/")["probe_ids"]) == 30
    path, seen = "/v1/probe-ids/?limit=25", []
    while path:
        page = site.ask(path)
        seen += page["probe_ids"]
        path = page["links"].get("next", "")
    assert seen == site.ask("/v1/probe-ids/")["probe_ids"]
    assert len(site.ask("/v1/probes/?limit=3")["probes"]) == 3
    for query in ("limit=0", "limit=51", "limit=x", "colour=red", "prefix=a&prefix=b"):
        assert site.ask(f"/v1/probes/?{query}", status=400)["error"]["code"] == "climate.request.bad_field"


def test_a_device_that_never_answered_is_listed_beside_the_probes(site: Site) -> None:
    """With its probes, which nobody heard; the probes themselves are listed as they always were."""
    before = site.ask("/v1/probes/")
    dead = Condition("lyon/r1/pdu2", "failing", T0, "it is silent", ["lyon/r1/pdu2/1"], 1, 5, 5, None)
    half = Condition("lyon/r1/pdu1", "partial", T0, "no value", ["lyon/r1/pdu1/9"], 2, 9, 0, T0 + NS)
    site.tell_of(dead, half)
    listed = site.ask("/v1/probes/")
    assert listed["probes"] == before["probes"]
    assert [device["device"] for device in listed["devices"]] == ["lyon/r1/pdu1", "lyon/r1/pdu2"]
    shown = {
        "device": "lyon/r1/pdu2", "state": "failing", "since": T0 / NS, "reason": "it is silent",
        "probes": ["lyon/r1/pdu2/1"], "of": 1, "attempts": 5, "failures": 5, "answered": None,
    }  # fmt: skip
    assert listed["devices"][1] == shown
    assert site.ask("/v1/probe-ids/") == {"probe_ids": ["lyon/r1/pdu1/1"]}
    assert site.ask("/v1/probes/?prefix=lyon/r1/pdu2/")["devices"] == [shown]
    assert len(site.ask("/v1/probes/?limit=1")["devices"]) == 2
    assert "devices" not in site.ask("/v1/probes/?limit=1&marker=lyon")
    assert "devices" not in site.ask("/v1/probes/?prefix=nice/")
    site.tell_of()
    assert site.ask("/v1/probes/") == before


def test_a_probe_says_what_is_wrong_with_its_device(site: Site) -> None:
    """Though it was never heard itself; if it is not concerned, nothing."""
    reason = "outlet 9 is gone"
    site.tell_of(Condition("lyon/r1/pdu1", "partial", T0, reason, ["lyon/r1/pdu1/9"], 2, 9, 0, T0 + NS))
    heard = site.ask("/v1/probes/lyon/r1/pdu1/1/")["lyon/r1/pdu1/1"]
    assert heard["device"] is None
    never = site.ask("/v1/probes/lyon/r1/pdu1/9/")["lyon/r1/pdu1/9"]
    assert (never["device"]["reason"], never["device"]["answered"]) == (reason, T0 / NS + 1)
    assert set(never) >= set(heard) - {"v"}
    assert (never["w"], never["kwh"], never["timestamp"], never["stale"], never["gaps"]) == (None, None, None, True, 0)
    assert site.ask("/v1/probes/lyon/r1/pdu1/9/device/")["lyon/r1/pdu1/9"]["device"] == never["device"]
    site.tell_of(Condition("lyon/r1/pdu1", "slow", T0, "3 s", ["lyon/r1/pdu1/1"], 1, 9, 0, T0 + NS))
    assert site.ask("/v1/probes/lyon/r1/pdu1/1/")["lyon/r1/pdu1/1"]["device"]["state"] == "slow"
    site.ask("/v1/probes/lyon/r1/pdu1/9/", status=404)


def test_an_empty_bus_gives_an_empty_list(tmp_path: Path) -> None:
    """And no error."""
    site = Site(tmp_path)
    assert site.ask("/v1/probes/") == {"probes": {}}
    assert site.ask("/v1/probe-ids/") == {"probe_ids": []}
