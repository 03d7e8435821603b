# SPDX-License-Identifier: Apache-2.0
"""What registers mean, and how few requests read them."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.modbus import blocks
from climate.devices.modbus.blocks import Block
from climate.devices.modbus.registers import Area, Kind, Order, Register

WORD = st.integers(0, 0xFFFF)


def register(kind: Kind, address: int = 0, **settings: object) -> Register:
    return Register(area=Area.INPUT, address=address, kind=kind, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        (Kind.UINT16, [0xFFFF], 65535),
        (Kind.INT16, [0xFFFF], -1),
        (Kind.UINT32, [0x0001, 0x0000], 65536),
        (Kind.INT32, [0xFFFF, 0xFFFE], -2),
        (Kind.INT64, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFD], -3),
        (Kind.UINT64, [0, 0, 0x0001, 0x0001], 65537),
        # Eastron's own example of an answer: 230.2 V.
        (Kind.FLOAT32, [0x4366, 0x3333], 230.2),
        (Kind.FLOAT64, [0x40F1, 0x1700, 0, 0], 70000.0),
    ],
)
def test_numbers_are_read_as_they_are_written(kind: Kind, words: list[int], expected: float) -> None:
    """In either order of registers."""
    assert register(kind).number(words) == pytest.approx(expected)
    assert register(kind, order=Order.LITTLE).number(words[::-1]) == pytest.approx(expected)


def test_a_number_is_scaled() -> None:
    assert register(Kind.INT32, scale=0.01).number([0, 12_345]) == pytest.approx(123.45)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (register(Kind.FLOAT32), [0x7FC0, 0]),
        (register(Kind.FLOAT32), [0xFFC0, 0]),
        (register(Kind.FLOAT32), [0x7F80, 0]),
        (register(Kind.UINT16, absent=frozenset({0xFFFF})), [0xFFFF]),
        (register(Kind.INT16, absent=frozenset({0x8000})), [0x8000]),
        (register(Kind.INT32, absent_from=0x7FFF0000, order=Order.LITTLE), [0x1234, 0x7FFF]),
        (register(Kind.INT64, absent=frozenset({0x8000000000000000})), [0x8000, 0, 0, 0]),
        (register(Kind.FLOAT64, scale=1e300), [0x7FEF, 0xFFFF, 0xFFFF, 0xFFFF]),
    ],
)
def test_what_is_absent_is_no_number(made: Register, words: list[int]) -> None:
    assert made.number(words) is None


@given(st.sampled_from(Kind), st.sampled_from(Order), st.lists(WORD, min_size=4, max_size=4))
def test_any_words_are_a_finite_number_or_none(kind: Kind, order: Order, words: list[int]) -> None:
    found = register(kind, order=order).number(words[: kind.words])
    assert found is None or math.isfinite(found)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_come_back(value: float) -> None:
    words = struct.unpack(">HH", struct.pack(">f", value))
    assert register(Kind.FLOAT32).number(words) == value


def test_a_number_needs_all_its_registers() -> None:
    with pytest.raises(ValueError, match="takes 2 registers, not 1"):
        register(Kind.FLOAT32).number([1])


def test_neighbours_are_read_at_once() -> None:
    """Registers between them only as far as is allowed, and never more than one answer holds."""
    registers = [register(Kind.FLOAT32, address) for address in (0, 2, 8, 40)]
    assert blocks.plan(registers) == [Block(Area.INPUT, 0, 4), Block(Area.INPUT, 8, 2), Block(Area.INPUT, 40, 2)]
    assert blocks.plan(registers, gap=4) == [Block(Area.INPUT, 0, 10), Block(Area.INPUT, 40, 2)]
    assert blocks.plan(registers, gap=100) == [Block(Area.INPUT, 0, 42)]
    assert blocks.plan(registers, most=41, gap=100) == [Block(Area.INPUT, 0, 10), Block(Area.INPUT, 40, 2)]


def test_areas_are_read_apart() -> None:
    holding = Register(area=Area.HOLDING, address=2, kind=Kind.UINT16)
    assert len(blocks.plan([register(Kind.FLOAT32), holding], gap=100)) == 2


@given(
    st.lists(st.builds(register, st.sampled_from(Kind), st.integers(0, 300)), min_size=1, max_size=30),
    st.integers(4, 125),
    st.integers(0, 20),
)
def test_each_register_is_in_one_block_whole(registers: list[Register], most: int, gap: int) -> None:
    planned = blocks.plan(registers, most, gap)
    words = {block: list(range(block.address, block.address + block.count)) for block in planned}
    assert all(block.count <= most for block in planned)
    for each in registers:
        assert any(block.address <= each.address and each.end <= block.address + block.count for block in planned)
        blocks.number(each, words)


def test_a_register_that_was_not_read_is_no_number() -> None:
    with pytest.raises(ValueError, match="was not read"):
        blocks.number(register(Kind.UINT16, 5), {Block(Area.INPUT, 0, 5): [0] * 5})
