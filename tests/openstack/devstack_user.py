# SPDX-License-Identifier: Apache-2.0
"""A service's user as DevStack makes one: arguments are Keystone's address, domain, project, name, and more roles."""

from __future__ import annotations

import os
import sys
from typing import Any

import openstack


def main(url: str, domain_name: str, project_name: str, name: str, *roles: str) -> None:
    """Make the user where it is missing, with the role service and those; passwords are in the environment."""
    identity: Any = openstack.connect(
        auth_url=url,
        username="admin",
        password=os.environ["ADMIN_PASSWORD"],
        project_name="admin",
        user_domain_id="default",
        project_domain_id="default",
    ).identity
    domain = identity.find_domain(domain_name, ignore_missing=False)
    project = identity.find_project(project_name, domain_id=domain.id, ignore_missing=False)
    user = identity.find_user(name, domain_id=domain.id)
    if user is None:
        user = identity.create_user(name=name, password=os.environ["SERVICE_PASSWORD"], domain_id=domain.id)
    for role in ("service", *roles):
        identity.assign_project_role_to_user(project, user, identity.find_role(role, ignore_missing=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
