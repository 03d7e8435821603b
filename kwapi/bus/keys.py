# SPDX-License-Identifier: Apache-2.0
"""Keys from the operator's files: one's own, and those of the sources that one believes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from climate.chassis import files
from climate.errors import ConfigError
from kwapi.core.wire import KEY_BYTES, Key

_FIELDS = {"source", "key"}


def read_key(path: Path) -> bytes:
    """A key in hexadecimal digits, as ``openssl rand -hex 32`` writes one.

    :raises ConfigError: others may read the file, or it holds no key.
    """
    _check_private(path)
    return _key(files.read_bytes(path).decode("ascii", "replace").strip(), f"{path} must hold")


def read_keys(path: Path) -> dict[str, Key]:
    """The keys of all sources: ``{key_id: {source: ..., key: hexadecimal digits}}`` in YAML.

    :raises ConfigError: others may read the file, or an entry is not complete.
    """
    _check_private(path)
    document = files.read(path)
    content = document.value
    if not isinstance(content, dict) or not content:
        document.refuse("name at least one key_id, with its source and its key.")
    return {str(key_id): _entry(document, key_id, entry) for key_id, entry in content.items()}


def _entry(document: files.Document, key_id: Any, entry: Any) -> Key:
    if (
        not isinstance(entry, dict)
        or set(entry) != _FIELDS
        or not all(isinstance(text, str) for text in entry.values())
    ):
        document.refuse(f"key {key_id} needs source and key, both as text, and nothing else.", key_id)
    try:
        return Key(entry["source"], _key(entry["key"], f"key {key_id} must be"))
    except ConfigError as error:
        document.refuse(error.message, key_id)


def _key(text: str, begin: str) -> bytes:
    shortest, longest = KEY_BYTES
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not shortest <= len(key) <= longest:
        raise ConfigError(f"{begin} {2 * shortest} to {2 * longest} hexadecimal digits: openssl rand -hex 32.")
    return key


def _check_private(path: Path) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise ConfigError(f"{path} holds a key: nobody but its owner may read it (chmod 600).")
