# SPDX-License-Identifier: Apache-2.0
"""What others wrote lies here as they wrote it."""

from __future__ import annotations

import hashlib

from tools import vendor


def test_vendored_files_are_those_of_the_version_that_is_told() -> None:
    """``python -m tools.vendor`` puts them there; nobody edits them."""
    told = dict(vendor.FILES.values())
    names = {path.name for path in vendor.FOLDER.iterdir() if path.name != "__pycache__"}
    assert names == {*told, "VERSION"}
    assert {name: hashlib.sha256((vendor.FOLDER / name).read_bytes()).hexdigest() for name in told} == told
    assert (vendor.FOLDER / "VERSION").read_text() == f"{vendor.VERSION}\n"
