# SPDX-License-Identifier: Apache-2.0
"""Ask Keystone what it has, do what is planned, and say so."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence

from climate.chassis.secrets import Secret
from climate.errors import ClimateError, ConfigError
from climate.manage.register.plan import Kind, Known, Outcome, Record, Reference, Step, steps
from climate.manage.register.wishes import Wishes
from climate.openstack.identity import Identity

Say = Callable[[str], None]
_WOULD: Mapping[Outcome, str] = {Outcome.MADE: "would be made", Outcome.CHANGED: "would be changed"}


def look(identity: Identity, wishes: Wishes) -> Known:
    """What Keystone has of what is wished."""
    services = [one for entry in wishes.entries for one in identity.found("service", type=entry.service.type)]
    found = Known(
        regions=[region["id"] for region in identity.found("region")] if wishes.entries else [],
        services=services,
        endpoints=[one for service in services for one in identity.found("endpoint", service_id=service["id"])],
        roles={name: role["id"] for name in wishes.roles for role in identity.found("role", name=name)},
    )
    return _with_accounts(identity, wishes, found) if wishes.accounts else found


def _with_accounts(identity: Identity, wishes: Wishes, found: Known) -> Known:
    domains = [one for one in identity.found("domain") if wishes.domain in (one["name"], one["id"])]
    if not domains:
        return found
    domain_id = str(domains[0]["id"])
    projects = identity.found("project", name=wishes.project, domain_id=domain_id)
    users: dict[str, Record] = {}
    for account in wishes.accounts:
        for user in identity.found("user", name=account.name, domain_id=domain_id):
            users[account.name] = user
    grants = {
        name: [role["id"] for role in identity.roles_of(user["id"], project["id"])]
        for name, user in users.items()
        for project in projects
    }
    project = projects[0] if projects else None
    return dataclasses.replace(found, domain_id=domain_id, project=project, users=users, grants=grants)


def act(identity: Identity, planned: Sequence[Step], say: Say) -> None:
    """Do it, step by step; says each when it is done.

    Whatever stops it, what was done stays, and running it again does the rest.

    :raises ClimateError: Keystone refuses a step, or went away; the step is named.
    """
    ids = {Reference(step.kind, step.name): step.record_id for step in planned}
    for step in planned:
        try:
            if step.outcome is not Outcome.THERE:
                ids[Reference(step.kind, step.name)] = _do(identity, step, ids)
        except ConfigError as error:
            raise ConfigError(f"{step.kind} {step.name}: {_why(step, error)}") from None
        except ClimateError as error:
            raise type(error)(f"{step.kind} {step.name}: {error.message} Run this again.") from None
        say(line(step))


def _do(identity: Identity, step: Step, ids: Mapping[Reference, str]) -> str:
    fields = {name: _value(value, ids) for name, value in step.fields.items()}
    if step.kind is Kind.GRANT:
        identity.grant(str(fields["role_id"]), str(fields["user_id"]), str(fields["project_id"]))
        return ""
    if step.outcome is Outcome.MADE:
        return identity.make(step.kind, fields)
    identity.change(step.kind, step.record_id, fields)
    return step.record_id


def _value(value: object, ids: Mapping[Reference, str]) -> object:
    match value:
        case Reference():
            return ids[value]
        case Secret():
            return value.value
        case _:
            return value


def _why(step: Step, error: ConfigError) -> str:
    if step.kind is Kind.USER and error.details.get("status") == 400:
        return "Keystone does not take this name or password: see [security_compliance] in its configuration."
    return error.message


def run(identity: Identity, wishes: Wishes, say: Say, *, dry: bool = False, as_json: bool = False) -> None:
    """Bring Keystone to what is wished, and say a line for each thing; with ``dry``, only say what would be done.

    As JSON it is one object, said at the end.

    :raises ClimateError: it cannot be done, or not all of it.
    """
    planned = steps(wishes, look(identity, wishes))
    said: Say = (lambda _: None) if as_json else say
    if dry:
        for step in planned:
            said(line(step, dry=True))
    else:
        act(identity, planned, said)
    if as_json:
        say(document(planned, dry=dry))


def line(step: Step, *, dry: bool = False) -> str:
    """A step in a line."""
    outcome = _WOULD.get(step.outcome, step.outcome) if dry else step.outcome
    return f"{step.kind} {step.name}: {outcome}" + (f" ({step.detail})" if step.detail else "")


def document(planned: Sequence[Step], *, dry: bool) -> str:
    """All steps as one JSON object, without what they were made with."""
    things = [
        {"kind": step.kind, "name": step.name, "outcome": step.outcome, "detail": step.detail} for step in planned
    ]
    changed = any(step.outcome is not Outcome.THERE for step in planned)
    return json.dumps({"changed": changed, "dry_run": dry, "things": things}, indent=1)
