# SPDX-License-Identifier: Apache-2.0
"""What a person needs to play with the cloud: a file to source, addresses, and the first commands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from tools.openstack.contents import FLAVORS, IMAGE
from tools.openstack.identities import ADMIN, PEOPLE, Person, variables
from tools.servers.keystone import PROGRAMS


def text(person: Person, keystone_url: str) -> str:
    """A file for a shell to source; the programs of the cloud come first in its PATH."""
    lines = [f"# {person.name}: {person.role} of project {person.project}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables(person, keystone_url).items()]
    lines.append(f"export PATH={shlex.quote(str(PROGRAMS))}:$PATH")
    return "\n".join(lines) + "\n"


def write(directory: Path, keystone_url: str) -> None:
    """``openrc-NAME`` for everybody, readable by the owner alone."""
    for person in (ADMIN, *PEOPLE):
        path = directory / f"openrc-{person.name}"
        path.touch(mode=0o600)
        path.write_text(text(person, keystone_url))


def welcome(directory: Path, addresses: Mapping[str, str], logs: Path) -> str:
    """What is printed when the cloud is up."""
    width = max(map(len, addresses))
    people = ", ".join(f"openrc-{person.name} ({person.role} of {person.project})" for person in (ADMIN, *PEOPLE))
    return "\n".join(
        [
            "",
            *(f"  {name:<{width}}  {address}" for name, address in addresses.items()),
            f"  {'logs':<{width}}  {logs}",
            f"  {'people':<{width}}  {directory}: {people}",
            "",
            "First commands:",
            "",
            f"  . {directory}/openrc-anna",
            "  openstack climate lease create --quantity 2 --duration 1h --confirm",
            f"  openstack server create --image {IMAGE} --flavor {min(FLAVORS, key=len)} --no-network "
            "--hint lease=ID --wait first",
            f"  . {directory}/openrc-admin",
            "  openstack server list --all-projects --long",
            "  openstack climate calendar",
            "",
            "make openstack-down ends it.",
        ]
    )
