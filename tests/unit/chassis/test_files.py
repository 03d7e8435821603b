# SPDX-License-Identifier: Apache-2.0
"""An operator's file is read whole, or refused with the line at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from climate.chassis import files
from climate.errors import ConfigError


def write(directory: Path, name: str, content: str | bytes) -> Path:
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "value"),
    [
        ("a.yaml", "- name: a\n  n: 1.5\n  on: [x, y]\n", [{"name": "a", "n": 1.5, True: ["x", "y"]}]),
        ("a.yml", "day: 2026-11-21\n", {"day": "2026-11-21"}),
        ("a.yaml", "a: &x {b: 1}\nc: {<<: *x, d: 2}\n", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a.yaml", "", None),
        ("a.JSON", '{"a": [1, null, true]}', {"a": [1, None, True]}),
        ("a.csv", 'a, b\r\n1,\n\n\'2,"x\ny"\n', [{"a": "1", "b": ""}, {"a": "'2", "b": "x\ny"}]),
        ("a.csv", "\ufeffa\n1\n", [{"a": "1"}]),
        ("a.csv", "a,b\n", []),
    ],
)
def test_values_are_plain(tmp_path: Path, name: str, content: str, value: Any) -> None:
    document = files.read(write(tmp_path, name, content))
    assert document.value == value
    assert document.cells == name.endswith("csv")


@pytest.mark.parametrize(
    ("name", "content", "line", "words"),
    [
        ("a.yaml", "a: 1\nb: [\n", 3, ""),
        ("a.yaml", "a: 1\nb: 2\na: 3\n", 3, "'a' comes twice"),
        ("a.yaml", "hosts:\n- a: {b: 1,\n    b: 2}\n", 3, "'b' comes twice"),
        ("a.yaml", "a: !!python/object:os.system x\n", 1, ""),
        ("a.yaml", "a: 1\n---\nb: 2\n", 2, ""),
        ("a.yaml", "a: b: c\n", 1, ""),
        ("a.yaml", "a: \x01\n", None, "not YAML"),
        ("a.yaml", "[" * 5000, None, ""),
        ("a.yaml", b"a: 1\nb: \xff\n", 2, "UTF-8"),
        ("a.json", '{"a": 1,\n "b": }', 2, "not JSON"),
        ("a.json", '{"a": 1, "a": 2}', None, "'a' comes twice"),
        ("a.json", "[NaN]", None, "NaN"),
        ("a.json", "[" * 100_000, None, "not JSON"),
        ("a.json", "", 1, "not JSON"),
        ("a.csv", "", None, "header"),
        ("a.csv", "a,b\n1,2\n3\n", 3, "1 cells"),
        ("a.csv", "a,b\n1,2,3\n", 2, "3 cells"),
        ("a.csv", "a,a\n", 1, "'a' comes twice"),
        ("a.csv", "a,,b\n", 1, "no name"),
        ("a.csv", 'a,b\n1,2\n"3,4\n', 3, "not CSV"),
        ("a.txt", "x", None, ".yaml, .yml, .json or .csv"),
    ],
)
def test_a_bad_file_is_refused_with_the_line(
    tmp_path: Path, name: str, content: str | bytes, line: int | None, words: str
) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(ConfigError) as caught:
        files.read(path)
    assert str(path) in caught.value.message
    assert words in caught.value.message
    if line is not None:
        assert caught.value.details["line"] == line
        assert f"line {line}:" in caught.value.message


def test_a_file_that_is_missing_or_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        files.read(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        files.read(tmp_path)
    path = write(tmp_path, "a.yaml", "a" * 1001)
    with pytest.raises(ConfigError, match="at most 1000 bytes"):
        files.read(path, max_bytes=1000)
    assert files.read(path, max_bytes=1001).value == "a" * 1001


@pytest.mark.parametrize(
    ("name", "content", "keys", "line"),
    [
        ("a.yaml", "hosts:\n  - name: a\n    cpu:\n      cores: 4\n  - name: b\n", ("hosts", 0, "cpu", "cores"), 4),
        ("a.yaml", "hosts:\n  - name: a\n    cpu:\n      cores: 4\n  - name: b\n", ("hosts", 1), 5),
        ("a.yaml", "hosts:\n  - name: a\n", ("hosts", 0, "nothing", "here"), 2),
        ("a.yaml", "hosts:\n  - name: a\n", ("hosts", 7), 2),
        ("a.yaml", "", ("a",), None),
        ("a.json", '[{"name": "a"},\n {"name": "b"}]', (1, "name"), 2),
        ("a.csv", 'a,b\n1,"x\ny"\n2,z\n', (1,), 4),
        ("a.csv", "a\n1\n", (), 1),
    ],
)
def test_a_document_knows_where_its_values_stand(
    tmp_path: Path, name: str, content: str, keys: tuple[str | int, ...], line: int | None
) -> None:
    document = files.read(write(tmp_path, name, content))
    assert document.line(*keys) == line
    with pytest.raises(ConfigError, match="it is wrong") as caught:
        document.refuse("it is wrong", *keys, host="x")
    assert caught.value.details == {"file": str(document.path), "line": line, "host": "x"}
