# SPDX-License-Identifier: Apache-2.0
"""``/proc/cpuinfo``, as x86, Arm, POWER, IBM Z, LoongArch, SPARC and others each write it."""

from __future__ import annotations

import re
from collections import Counter

from kwranking.core.facts import CpuFacts, HostFacts
from kwranking.core.inputs.numbers import clock, count, megabytes, whole

LOOKS_LIKE = re.compile(
    r"^(processor\s*:\s*\d|# processors\s*:|ncpus active\s*:|cpus (active|detected)\s*:|cpu (family|model)\s*:)",
    re.MULTILINE | re.IGNORECASE,
)

Block = dict[str, str]
"""One paragraph of the file: names in lower case."""

_PVR = re.compile(r"\bpvr ([0-9a-f]{1,4}) ", re.IGNORECASE)
_MACHINE = re.compile(r"\bmachine = ([0-9A-F]{4})\b")


def facts_of(text: str) -> HostFacts:
    """The host whose ``/proc/cpuinfo`` this is."""
    blocks = [_block(paragraph) for paragraph in re.split(r"\n\s*\n", text.replace("\r", ""))]
    common: Block = {}
    processors: list[Block] = []
    for block in blocks:
        if "processor" in block or "cpu number" in block:
            processors.append(block)
        else:
            common.update(block)
    if "ibm/s390" in common.get("vendor_id", "").casefold():
        return HostFacts(cpus=(_z(text, common, processors),))
    if not processors:
        return HostFacts(cpus=(_summed(common),))
    kinds = Counter(_kind(block) for block in processors)
    return HostFacts(cpus=tuple(_cpu(_of_kind(processors, kind), common, alone=len(kinds) == 1) for kind in kinds))


def _block(paragraph: str) -> Block:
    pairs = (line.partition(":") for line in paragraph.splitlines() if ":" in line)
    block: Block = {}
    for name, _colon, value in pairs:
        block.setdefault(name.strip().casefold(), value.strip())
    return block


def _kind(block: Block) -> tuple[str, str, str]:
    """What cores of one kind have in common."""
    return block.get("model name", ""), block.get("cpu implementer", ""), block.get("cpu part", "")


def _of_kind(processors: list[Block], kind: tuple[str, str, str]) -> list[Block]:
    return [block for block in processors if _kind(block) == kind]


def _cpu(blocks: list[Block], common: Block, *, alone: bool) -> CpuFacts:
    first = {**common, **blocks[0]}
    vendor, family, model = _numbers(first)
    packages = {block.get("physical id", block.get("package", "")) for block in blocks} - {""}
    sockets = len(packages) or None
    cache_mb = megabytes(first.get("cache size", "")) if vendor == "GenuineIntel" else None
    # AMD's "cache size" is the second level of a core.
    return CpuFacts(
        name=_name(first),
        vendor=vendor,
        family=family,
        model=model,
        stepping=whole(first.get("stepping", "")) or 0,
        flags=frozenset((first.get("flags") or first.get("features") or "").split()),
        clock_hz=clock(first.get("clock", "").casefold().removesuffix("mhz"), 1e6),
        seen_hz=max((clock(block.get("cpu mhz"), 1e6) or 0.0 for block in blocks), default=0.0) or None,
        sockets=sockets,
        cores=_cores(blocks, first),
        threads=len(blocks),
        cache_mb=cache_mb * (sockets or 1) if cache_mb and alone else None,
    )


def _summed(common: Block) -> CpuFacts:
    """SPARC and Alpha tell of all processors in one."""
    threads = count(common.get("ncpus active") or common.get("cpus active") or common.get("cpus detected"))
    hertz = clock(common.get("cycle frequency [hz]", "").partition(" ")[0]) or clock(_hex_hertz(common), 1.0)
    return CpuFacts(name=_name(common), clock_hz=hertz, threads=threads)


def _hex_hertz(common: Block) -> int | None:
    return next((whole(f"0x{value}") for name, value in common.items() if name.endswith("clktck")), None)


def _name(block: Block) -> str:
    """What the kernel calls the processor; on RISC-V its core, else the instruction set."""
    for field in ("model name", "cpu model", "cpu", "uarch", "isa"):
        if block.get(field):
            alpha = "Alpha " if field == "cpu model" and block.get("cpu", "") == "Alpha" else ""
            return alpha + block[field]
    return ""


def _cores(blocks: list[Block], first: Block) -> int | None:
    """Distinct cores where they are numbered; one a processor where the architecture has no threads."""
    seen = {
        (block.get("physical id", block.get("package")), block.get("core id", block.get("core"))) for block in blocks
    }
    if all(core is not None for _package, core in seen):
        return len(seen)
    if "cpu implementer" in first:
        return len(blocks)
    return None


def _numbers(block: Block) -> tuple[str, int | None, int | None]:
    """Vendor, family and model, as the table of microarchitectures numbers them."""
    if "cpu implementer" in block:
        return "ARM", whole(block["cpu implementer"]), whole(block.get("cpu part", ""))
    if found := _PVR.search(block.get("revision", "")):
        return "IBM", 0, int(found[1], 16)
    if "loongson" in block.get("cpu family", "").casefold():
        return "Loongson", 0, whole(block.get("cpu revision", ""))
    return block.get("vendor_id", ""), whole(block.get("cpu family", "")), whole(block.get("model", ""))


def _z(text: str, common: Block, processors: list[Block]) -> CpuFacts:
    machine = _MACHINE.search(text)
    number = len(_MACHINE.findall(text)) or len(processors) or None
    static = next((block["cpu mhz static"] for block in processors if "cpu mhz static" in block), None)
    return CpuFacts(
        name=f"IBM Z machine {machine[1]}" if machine else "IBM Z",
        vendor="IBM/S390",
        family=0,
        model=int(machine[1], 16) if machine else None,
        flags=frozenset(common.get("features", "").split()),
        clock_hz=clock(static, 1e6),
        cores=number,
        threads=number,
    )
