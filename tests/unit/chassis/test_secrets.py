# SPDX-License-Identifier: Apache-2.0
"""Secrets are read from files that only their owner may read, and do not show themselves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from climate.chassis import secrets
from climate.errors import ConfigError


def written(path: Path, raw: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(raw)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("raw", "secret"),
    [(b"word\n", "word"), (b"word", "word"), (b"word\r\n", "word"), (b" two words \n\n", " two words \n")],
)
def test_only_the_lines_end_is_taken_off(tmp_path: Path, raw: bytes, secret: str) -> None:
    """Blanks may belong to a secret."""
    assert secrets.read(written(tmp_path / "key", raw)).value == secret


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_on_which_others_have_rights_is_refused(tmp_path: Path, mode: int) -> None:
    """And told how to mend it, without its content."""
    with pytest.raises(ConfigError) as caught:
        secrets.read(written(tmp_path / "key", b"word", mode))
    assert "chmod 600" in caught.value.message
    assert "word" not in caught.value.message


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    assert secrets.read(written(tmp_path / "key", b"word", mode)).value == "word"


@pytest.mark.parametrize("raw", [b"", b"\n", b"\xff\xfe", b"x" * (secrets.MAX_BYTES + 1)])
def test_what_is_no_secret_is_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ConfigError, match="key"):
        secrets.read(written(tmp_path / "key", raw))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """Nor does a pipe to which nobody writes hold anybody up."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
        with pytest.raises(ConfigError):
            secrets.read(path)


def test_a_secret_does_not_show_itself() -> None:
    """Neither alone nor within something else."""
    secret = secrets.Secret("word")
    assert "word" not in f"{secret} {secret!r} {[secret]}"


def test_the_option_of_a_secret_is_named_after_its_file() -> None:
    assert secrets.SecretFileOpt("auth-password_file").secret_dest == "auth_password"
    with pytest.raises(ValueError, match="_file"):
        secrets.SecretFileOpt("password")
