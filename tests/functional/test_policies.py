# SPDX-License-Identifier: Apache-2.0
"""The operator's policy counts, and every rule is one that something asks."""

from __future__ import annotations

from pathlib import Path

import yaml

from climate.api import policies
from climate.api.routes import ROUTES
from tests.functional.site import Site, host


def with_policy(directory: Path, **rules: str) -> Site:
    file = directory / "policy.yaml"
    file.write_text(yaml.safe_dump({name.replace("__", ":"): rule for name, rule in rules.items()}))
    return Site(directory, [host(1), host(2)], default_config=f"[oslo_policy]\npolicy_file = {file}\n")


def test_an_operator_may_let_members_choose_schedulers(tmp_path: Path) -> None:
    """A rule of a file stands before its default."""
    site = with_policy(tmp_path, climate__leases__choose_scheduler="rule:climate:project_member")
    assert site.lease(scheduler="earliest")["scheduler"] == "earliest"
    assert [one["name"] for one in site.ask("GET", "/v1/schedulers").json["schedulers"]] == ["earliest"]


def test_an_operator_may_hide_hosts_from_administrators(tmp_path: Path) -> None:
    """Then nobody gets them."""
    site = with_policy(tmp_path, climate__hosts__see="!")
    assert "hosts" not in site.lease(who="admin")
    answer = site.ask("POST", "/v1/leases", {"duration": 60, "host_properties": ["=", "$id", 1]}, who="admin")
    assert answer.status_int == 400


def test_an_operator_may_give_the_calendar_to_all(tmp_path: Path) -> None:
    """Without hosts, which is another rule."""
    site = with_policy(tmp_path, climate__calendar__all_projects="role:member")
    site.lease(who="other")
    (entry,) = site.ask("GET", "/v1/calendar").json["entries"]
    assert entry["project_id"] == "project-b"
    assert "hosts" not in entry


def test_every_operation_is_one_of_the_table() -> None:
    """The sample tells operators of no address that does not exist."""
    known = {(route.method, route.path) for route in ROUTES}
    for rule in policies.list_rules():
        for operation in getattr(rule, "operations", []):
            assert (operation["method"], operation["path"]) in known, rule.name
        assert rule.description.endswith(".")


def test_every_rule_is_asked_somewhere() -> None:
    """A rule that nothing asks would promise what nobody holds."""
    source = "".join(path.read_text() for path in (Path(policies.__file__).parent / "v1").glob("*.py"))
    constants = {value: name for name, value in vars(policies).items() if isinstance(value, str)}
    for rule in policies.list_rules():
        if getattr(rule, "operations", None):
            assert f"policies.{constants[rule.name]}" in source, rule.name
