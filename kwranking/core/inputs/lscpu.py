# SPDX-License-Identifier: Apache-2.0
"""What ``lscpu`` prints, as text or as JSON (``lscpu -J``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kwranking.core.facts import CpuFacts, HostFacts
from kwranking.core.inputs.numbers import clock, count, megabytes, whole

LOOKS_LIKE = re.compile(r"^ *(Architecture|CPU\(s\)|Model name|CPU op-mode\(s\)|Vendor ID):", re.MULTILINE)

Fields = dict[str, str]
_PVR = re.compile(r"\bpvr ([0-9a-f]{1,4}) ", re.IGNORECASE)
_IMPLEMENTERS = {
    "arm": 0x41,
    "cavium": 0x43,
    "fujitsu": 0x46,
    "hisilicon": 0x48,
    "nvidia": 0x4E,
    "apm": 0x50,
    "qualcomm": 0x51,
    "apple": 0x61,
    "phytium": 0x70,
    "ampere": 0xC0,
}
_KIND = "model name"


def facts_of(text: str) -> HostFacts:
    """The host on which ``lscpu`` printed this."""
    lines = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return _facts([(name.strip().casefold(), value.strip()) for name, colon, value in lines if colon])


def facts_of_json(fields: Any) -> HostFacts:
    """The host on which ``lscpu -J`` printed the list ``fields``."""
    return _facts(list(_flat(fields, depth=0)))


def _flat(fields: Any, depth: int) -> Iterator[tuple[str, str]]:
    for field in fields if isinstance(fields, list) and depth < 10 else ():
        if isinstance(field, dict):
            name, data = field.get("field"), field.get("data")
            if isinstance(name, str):
                yield name.strip().rstrip(":").casefold(), data.strip() if isinstance(data, str) else ""
            yield from _flat(field.get("children"), depth + 1)


def _facts(pairs: list[tuple[str, str]]) -> HostFacts:
    """Where cores differ, the fields behind each "Model name" are those of its kind."""
    common: Fields = {}
    kinds: list[Fields] = []
    for name, value in pairs:
        if name == _KIND:
            kinds.append({})
        into = kinds[-1] if kinds else common
        into.setdefault(name, value)
    kinds = kinds or [{}]
    return HostFacts(cpus=tuple(_cpu({**common, **kind}, alone=len(kinds) == 1) for kind in kinds))


def _cpu(fields: Fields, *, alone: bool) -> CpuFacts:
    vendor, family, model = _numbers(fields)
    sockets = count(fields.get("socket(s)"))
    each = count(fields.get("thread(s) per core")) or 1
    per_socket = count(fields.get("core(s) per socket")) or count(fields.get("core(s) per cluster"))
    threads = count(fields.get("cpu(s)")) if alone else None
    # Cores of a partition are fewer than its topology has room for.
    cores = max(1, threads // each) if threads else per_socket * (sockets or 1) if per_socket else None
    name = fields.get(_KIND, "")
    machine = fields.get("machine type")
    return CpuFacts(
        name=f"IBM Z machine {machine}" if machine and name in ("", "-") else name,
        vendor=vendor,
        family=family,
        model=model,
        stepping=whole(fields.get("stepping", "")) or 0,
        flags=frozenset(fields.get("flags", "").split()),
        clock_hz=clock(fields.get("cpu static mhz"), 1e6),
        seen_hz=clock(fields.get("cpu max mhz"), 1e6) or clock(fields.get("cpu mhz"), 1e6),
        sockets=sockets,
        cores=cores,
        threads=threads or (cores * each if cores else None),
        cache_mb=_cache_mb(fields.get("l3 cache", ""), sockets or 1) if alone else None,
    )


def _cache_mb(text: str, sockets: int) -> float | None:
    """All of the third level: newer programs add it up and say so, older ones tell that of a socket."""
    told = megabytes(text)
    return told * (1 if "instance" in text else sockets) if told else None


def _numbers(fields: Fields) -> tuple[str, int | None, int | None]:
    """Vendor, family and model, as the table of microarchitectures numbers them."""
    vendor, model = fields.get("vendor id", ""), fields.get("model", "")
    if found := _PVR.search(model):
        return "IBM", 0, int(found[1], 16)
    if "machine type" in fields:
        return "IBM/S390", 0, whole(f"0x{fields['machine type']}")
    if "loongson" in fields.get("cpu family", "").casefold():
        return "Loongson", 0, whole(model)
    if vendor.casefold() in _IMPLEMENTERS:
        # The number beside "Model" is a variant; the part has become the name.
        return "ARM", _IMPLEMENTERS[vendor.casefold()], None
    return vendor, whole(fields.get("cpu family", "")), whole(model)
