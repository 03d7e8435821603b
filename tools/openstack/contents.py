# SPDX-License-Identifier: Apache-2.0
"""What a new cloud has so that somebody can boot a server: an image and flavors."""

from __future__ import annotations

from keystoneauth1.session import Session
from openstack.connection import Connection

from tools.openstack.site import REGION

IMAGE = "zeros"
# By name: hardware threads, memory in MiB, disk in GiB.
FLAVORS = {"small": (1, 512, 1), "large": (8, 8192, 10)}


def connection(session: Session) -> Connection:
    """The cloud as openstacksdk gives it to somebody who is signed in."""
    return Connection(session=session, region_name=REGION)


def make(admin: Connection) -> None:
    """Enter them."""
    admin.image.create_image(
        name=IMAGE, disk_format="raw", container_format="bare", visibility="public", data=bytes(2**16)
    )
    for name, (vcpus, ram, disk) in FLAVORS.items():
        admin.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk)
