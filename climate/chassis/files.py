# SPDX-License-Identifier: Apache-2.0
"""Files that an operator writes: YAML, JSON or CSV, read whole or refused with the line at fault.

What a file means is for others to say; they get plain values, and a
:class:`Document` that knows on which line each value stands.
"""

from __future__ import annotations

import csv
import io
import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from climate.chassis import yaml_events
from climate.errors import ConfigError

MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds: JSON-like values, or of a CSV file a list of ``{column: cell}``, all of them text.

    ``cells`` says that it is CSV. ``lines`` are the lines on which the rows
    of a CSV file begin.
    """

    path: pathlib.Path
    value: Any
    cells: bool = False
    text: str = ""
    lines: tuple[int, ...] = ()

    def line(self, *keys: str | int) -> int | None:
        """The line on which the value at these keys and indexes begins, or what is nearest around it."""
        if self.cells:
            index = keys[0] if keys else None
            return self.lines[index] if isinstance(index, int) and index < len(self.lines) else 1
        try:
            node = yaml.compose(self.text, yaml_events.Loader)
        except yaml.YAMLError:  # JSON that YAML reads otherwise
            return None
        for key in keys:
            inner = _inner(node, key)
            if inner is None:
                break
            node = inner
        return None if node is None else node.start_mark.line + 1

    def refuse(self, message: str, *keys: str | int, **details: Any) -> NoReturn:
        """Raise ConfigError about the value at these keys and indexes."""
        refuse(self.path, message, self.line(*keys), **details)


def refuse(path: pathlib.Path, message: str, line: int | None = None, **details: Any) -> NoReturn:
    """Raise ConfigError about a file."""
    where = f"{path}, line {line}" if line else str(path)
    raise ConfigError(f"{where}: {message}.", file=str(path), line=line, **details)


def read(path: pathlib.Path, max_bytes: int = MAX_BYTES) -> Document:
    """A file's values; its ending says what it is: ``.yaml``, ``.yml``, ``.json`` or ``.csv``.

    :raises ConfigError: with the file and the line, when it cannot be read.
    """
    return parse(path, read_bytes(path, max_bytes))


def read_bytes(path: pathlib.Path, max_bytes: int = MAX_BYTES) -> bytes:
    """A file as it is.

    :raises ConfigError: it cannot be read, or is longer than ``max_bytes``.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except OSError as error:
        refuse(path, f"it cannot be read: {error.strerror}")
    if len(raw) > max_bytes:
        refuse(path, f"it is too long: at most {max_bytes} bytes are read")
    return raw


def parse(path: pathlib.Path, raw: bytes) -> Document:
    """The values in the bytes of the file ``path``.

    :raises ConfigError: with the file and the line, when they cannot be understood.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(path, "it is not UTF-8", raw.count(b"\n", 0, error.start) + 1)
    match path.suffix.lower():
        case ".yaml" | ".yml":
            return Document(path, _yaml(path, text), text=text)
        case ".json":
            return Document(path, _json(path, text), text=text)
        case ".csv":
            return _csv(path, text)
    refuse(path, "its name must end in .yaml, .yml, .json or .csv")


def _yaml(path: pathlib.Path, text: str) -> Any:
    try:
        return yaml_events.load(text)
    except yaml.MarkedYAMLError as error:
        refuse(path, error.problem or "it is not YAML", error.problem_mark.line + 1 if error.problem_mark else None)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        refuse(path, f"it is not YAML ({type(error).__name__})")


def _json(path: pathlib.Path, text: str) -> Any:
    def checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"the key {twice!r} comes twice")
        return mapping

    def no_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number")

    try:
        return json.loads(text, object_pairs_hook=checked, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        refuse(path, f"it is not JSON: {error.msg}", error.lineno)
    except (ValueError, RecursionError) as error:
        refuse(path, f"it is not JSON: {error}")


def _csv(path: pathlib.Path, text: str) -> Document:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Mapping[str, str]] = []
    lines: list[int] = []
    header: list[str] = []
    begins = 1
    try:
        for row in reader:
            begins, line = reader.line_num + 1, begins
            if not row:
                continue
            if not header:
                header = [name.strip() for name in row]
                _check_header(path, header, line)
                continue
            if len(row) != len(header):
                refuse(path, f"the row has {len(row)} cells, and the header {len(header)}", line)
            rows.append(dict(zip(header, row, strict=True)))
            lines.append(line)
    except csv.Error as error:
        refuse(path, f"it is not CSV: {error}", begins)
    if not header:
        refuse(path, "it has no header line")
    return Document(path, rows, cells=True, lines=tuple(lines))


def _check_header(path: pathlib.Path, header: list[str], line: int) -> None:
    for name in header:
        if not name:
            refuse(path, "a column has no name", line)
        if header.count(name) > 1:
            refuse(path, f"the column {name!r} comes twice", line)


def _inner(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key]  # type: ignore[no-any-return]
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(key):
                return key_node if isinstance(value_node, yaml.ScalarNode) else value_node  # type: ignore[no-any-return]
    return None
