# SPDX-License-Identifier: Apache-2.0
"""As few requests as possible: registers that lie near each other are read together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from climate.devices.modbus.registers import Area, Register

MOST_REGISTERS = 125
"""How many registers one answer holds (Modbus Application Protocol V1.1b3, 6.3 and 6.4)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Registers that are read at once."""

    area: Area
    address: int
    count: int


Words = Mapping[Block, Sequence[int]]
"""What was read, by block."""


def plan(registers: Iterable[Register], most: int = MOST_REGISTERS, gap: int = 0) -> list[Block]:
    """The blocks that hold some registers, ``most`` in one.

    Up to ``gap`` registers that nobody wants are read along, which some
    devices refuse. No number is cut in two.
    """
    blocks: list[Block] = []
    for register in sorted(registers, key=lambda each: (each.area, each.address, each.end)):
        last = blocks[-1] if blocks else None
        if last is not None and last.area is register.area:
            end = max(last.address + last.count, register.end)
            if register.address <= last.address + last.count + gap and end - last.address <= most:
                blocks[-1] = Block(last.area, last.address, end - last.address)
                continue
        blocks.append(Block(register.area, register.address, register.end - register.address))
    return blocks


def number(register: Register, words: Words) -> float | None:
    """What a register says; ``None`` if it is absent.

    :raises ValueError: none of the blocks holds it.
    """
    for block, read in words.items():
        if (
            block.area is register.area
            and block.address <= register.address
            and register.end <= block.address + len(read)
        ):
            begin = register.address - block.address
            return register.number(read[begin : begin + register.kind.words])
    raise ValueError(f"register {register.address} was not read")
