# SPDX-License-Identifier: Apache-2.0
"""Hosts that match a request, before dates are looked at: groups of alike hosts, packed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from climate.core.host import PropertyValue

ID_BYTES = 16
ID_TEXT = 36


def pack(host_ids: Iterable[str]) -> bytes:
    """Host ids (uuids) one after the other, 16 bytes each: 10,000 hosts are 160 kB, not 400.

    :raises ValueError: for what is no uuid as it is commonly written.
    """
    ids = list(host_ids)
    packed = bytes.fromhex("".join(ids).replace("-", ""))  # all at once: uuid.UUID would take 15 times as long
    if len(packed) != ID_BYTES * len(ids) or any(len(host_id) != ID_TEXT for host_id in ids):
        raise ValueError("host ids must be uuids")
    return packed


def unpack(packed: bytes) -> list[str]:
    """The inverse of :func:`pack`.

    :raises ValueError: when the length is no multiple of 16.
    """
    texts = (chunk.hex() for chunk in chunks(packed))
    return [f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}" for text in texts]


def chunks(packed: bytes) -> Iterator[bytes]:
    """The 16-byte ids in ``packed``, in order."""
    if len(packed) % ID_BYTES:
        raise ValueError("packed host ids must be a multiple of 16 bytes")
    return (packed[i : i + ID_BYTES] for i in range(0, len(packed), ID_BYTES))


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts alike on the properties that the request calls ``homogeneous``.

    ``alike`` holds those properties with their common values; it is empty
    where the request asks for no homogeneity (then there is one group).
    ``hosts`` are packed ids, and ``in_use`` are those of them that had
    instances when they were last looked at, in the same order.
    """

    alike: dict[str, PropertyValue]
    hosts: bytes
    in_use: bytes = b""

    def __len__(self) -> int:
        return len(self.hosts) // ID_BYTES


@dataclass(frozen=True, slots=True)
class Candidates:
    """All groups that match a request; a lease takes all its hosts from one of them."""

    groups: tuple[Group, ...]

    def __len__(self) -> int:
        return sum(len(group) for group in self.groups)
