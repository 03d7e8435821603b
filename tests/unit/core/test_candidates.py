# SPDX-License-Identifier: Apache-2.0
"""Packed host ids."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.core.candidates import chunks, pack, unpack


@given(st.lists(st.uuids(), max_size=20))
def test_packed_ids_are_the_bytes_of_the_uuids_and_come_back(ids: list[uuid.UUID]) -> None:
    texts = [str(one) for one in ids]
    packed = pack(iter(texts))
    assert packed == b"".join(one.bytes for one in ids)
    assert unpack(packed) == texts
    assert list(chunks(packed)) == [one.bytes for one in ids]


@pytest.mark.parametrize("ids", [["node-1"], [""], ["0" * 36], [f"{'0' * 31} {'0' * 4}"], ["1" * 20, "1" * 44]])
def test_what_is_no_uuid_cannot_be_packed(ids: list[str]) -> None:
    with pytest.raises(ValueError, match=r"uuid|hexadecimal"):
        pack(ids)


@pytest.mark.parametrize("packed", [b"x", b"x" * 17])
def test_half_an_id_is_refused(packed: bytes) -> None:
    for read in (unpack, chunks):
        with pytest.raises(ValueError, match="multiple of 16"):
            read(packed)
