# SPDX-License-Identifier: Apache-2.0
"""The page on new vendors: its profile loads, its recording gives what it shows, and it names every word there is."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from climate.devices.snmp.profile import Part, Quantity, Scope
from tools import snmp_captures

PAGE = (Path(__file__).parents[3] / "docs" / "admin" / "kwapi" / "new-vendor.rst").read_text()
BLOCK = re.compile(r"^\.\. code-block:: (yaml|text)\n(?:   :caption: (\S+)\n)?\n((?:   .*\n|\n)+)", re.MULTILINE)


def test_the_example_is_read_as_the_page_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording, a profile, and what the tool says of them."""
    shown = ""
    for _, caption, text in BLOCK.findall(PAGE):
        plain = textwrap.dedent(text).strip("\n") + "\n"
        if caption:
            (tmp_path / caption).write_text(plain)
        else:
            shown = plain
    status = snmp_captures.main(["--profile", str(tmp_path / "example-strip.yaml"), str(tmp_path / "example.snmprec")])
    assert (status, capsys.readouterr().out) == (0, shown)


def test_every_word_is_explained() -> None:
    """Scopes, quantities, parts of an index."""
    words = {word.value for kind in (Scope, Quantity, Part) for word in kind}
    assert {word for word in words if f"``{word}``" not in PAGE} == set()
