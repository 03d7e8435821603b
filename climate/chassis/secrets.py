# SPDX-License-Identifier: Apache-2.0
"""Secrets: each alone in a file that only its owner may read, so that none stands in a configuration or a command."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg

from climate.errors import ConfigError

MAX_BYTES = 64 * 1024
SUFFIX = "_file"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that does not show itself when it is printed or logged."""

    value: str

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


class SecretFileOpt(cfg.StrOpt):
    """An option that names a file with a secret in it; its own name ends in ``_file``."""

    def __init__(self, name: str, **arguments: Any) -> None:
        if not name.endswith(SUFFIX):
            raise ValueError(f"{name}: the name of a file with a secret ends in {SUFFIX}")
        super().__init__(name, **arguments)

    @property
    def secret_dest(self) -> str:
        """How the secret itself is called: the option without ``_file``."""
        return str(self.dest).removesuffix(SUFFIX)


def read(path: Path) -> Secret:
    """The text of a file without the line's end behind it.

    :raises ConfigError: it cannot be read, is empty or no text, or others than its owner may read or write it.
    """
    try:
        # Not blocking, because it might be a pipe; checked as opened, because a name can be given to another file.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read: {error.strerror}.") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise ConfigError(f"{path}: it is no file.")
    with open(descriptor, "rb") as file:
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = stat.S_IMODE(found.st_mode)
            raise ConfigError(f"{path}: others than its owner have rights on it (mode {mode:04o}); chmod 600 it.")
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{path}: it is longer than a secret may be, which is {MAX_BYTES} bytes.")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: it is not UTF-8.") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ConfigError(f"{path}: it is empty.")
    return Secret(text)
