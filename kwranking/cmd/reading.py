# SPDX-License-Identifier: Apache-2.0
"""Files that describe hosts: what each holds is seen by its content, not by its name."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from climate.errors import ConfigError
from kwranking.core.facts import HostFacts
from kwranking.core.inputs import columns, cpuinfo, lscpu, nova

STANDARD_INPUT = "-"
_FORMS = "a CSV table, the JSON of os-hypervisors, /proc/cpuinfo, and what lscpu prints"
_JSON = re.compile(r"\s*[\[{]")
_WIDEST_FIELD = 1_000_000
_ANY = frozenset({"cpu_info", *columns.KNOWN})


def read(name: str) -> list[HostFacts]:
    """The hosts that the file describes, in its order.

    A file that ends in ``.xz`` or ``.gz`` is unpacked; ``-`` is the standard input.

    :raises ConfigError: it cannot be read, or is none of the forms.
    """
    text = _text(name)
    if _JSON.match(text):
        return list(_json(name, text))
    if lscpu.LOOKS_LIKE.search(text):
        return [lscpu.facts_of(text)]
    if cpuinfo.LOOKS_LIKE.search(text):
        return [cpuinfo.facts_of(text)]
    return _table(name, text)


def _wrong(name: str, why: str) -> ConfigError:
    return ConfigError(f"{name}: {why}", option=name)


def _text(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
        if name.endswith(".xz"):
            raw = lzma.decompress(raw)
        elif name.endswith(".gz"):
            raw = gzip.decompress(raw)
    except OSError as error:
        raise _wrong(name, f"cannot be read: {error.strerror or 'it is damaged'}.") from error
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise _wrong(name, "cannot be unpacked: it is damaged or cut off.") from error
    return raw.decode("utf-8-sig", errors="replace")


def _json(name: str, text: str) -> Iterator[HostFacts]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(name, f"begins as JSON and is none: {error}.") from error
    if isinstance(told, dict) and "lscpu" in told:
        yield lscpu.facts_of_json(told["lscpu"])
        return
    for record in _records(name, told):
        if not isinstance(record, dict):
            yield HostFacts(notes=("the record is no object",))
        elif columns.KNOWN_SET.isdisjoint(record) or "cpu_info" in record:
            yield nova.facts_of(record)
        else:
            yield columns.facts_of({key: _field(value) for key, value in record.items()})


def _records(name: str, told: Any) -> list[Any]:
    """The list of hypervisors, or of rows as a table has them, or the only one."""
    if isinstance(told, dict):
        for key, one in (("hypervisors", False), ("hypervisor", True)):
            if key in told:
                told = [told[key]] if one else told[key]
                break
        else:
            told = [told] if not _ANY.isdisjoint(told) else None
    if not isinstance(told, list):
        raise _wrong(name, f"is JSON of another kind; read are {_FORMS}.")
    return told


def _field(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list) else str(value)


def _table(name: str, text: str) -> list[HostFacts]:
    csv.field_size_limit(_WIDEST_FIELD)
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    try:
        named = [field.strip().casefold() for field in reader.fieldnames or ()]
        if columns.KNOWN_SET.isdisjoint(named):
            raise _wrong(
                name,
                f"is of no form that is read ({_FORMS}). Of a table's columns, one must be among "
                f"{', '.join(columns.KNOWN)}.",
            )
        reader.fieldnames = named
        return [columns.facts_of(row) for row in reader]
    except csv.Error as error:
        raise _wrong(name, f"after line {reader.line_num}: {error}.") from error
