# SPDX-License-Identifier: Apache-2.0
"""Keys come from files that nobody else may read, and are refused with a word on what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from climate.errors import ConfigError
from kwapi.bus.keys import read_key, read_keys
from kwapi.core.wire import Key

HEX = "00112233445566778899aabbccddeeff"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    """A file with that text."""
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_is_read_as_openssl_writes_it(tmp_path: Path) -> None:
    """Digits, and a line's end."""
    assert read_key(written(tmp_path / "key", HEX + "\n")) == bytes.fromhex(HEX)


def test_keys_are_read_with_their_sources(tmp_path: Path) -> None:
    """Two of one source, while one follows the other."""
    text = f"k1: {{source: lyon, key: '{HEX}'}}\nk2: {{source: lyon, key: '{HEX * 2}'}}\n"
    assert read_keys(written(tmp_path / "keys.yaml", text)) == {
        "k1": Key("lyon", bytes.fromhex(HEX)),
        "k2": Key("lyon", bytes.fromhex(HEX * 2)),
    }


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    path = written(tmp_path / "key", HEX, mode)
    for read in (read_key, read_keys):
        with pytest.raises(ConfigError, match="chmod 600"):
            read(path)


@pytest.mark.parametrize("text", ["", "secret", HEX[:-2], HEX * 9, "g" * 32, HEX[:-1]])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    """Without showing what it is."""
    with pytest.raises(ConfigError, match="hexadecimal digits") as caught:
        read_key(written(tmp_path / "key", text))
    assert not text or text not in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "[]", "k1: x", "k1: {source: a}", f"k1: {{source: a, key: '{HEX}', more: 1}}", "k1: {source: a, key: 12}"],
)
def test_an_entry_that_is_not_complete_is_named(tmp_path: Path, text: str) -> None:
    """With the file and the line."""
    with pytest.raises(ConfigError, match=r"keys\.yaml"):
        read_keys(written(tmp_path / "keys.yaml", text))


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """Whichever it is."""
    for read in (read_key, read_keys):
        with pytest.raises(ConfigError, match="No such file"):
            read(tmp_path / "none")
