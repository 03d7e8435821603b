# SPDX-License-Identifier: Apache-2.0
"""The manual's tables of processors and GPUs are whole, and its figures are those of the code."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from kwranking.core import gpus, microarchitectures
from kwranking.core.inputs import columns

ROOT = Path(__file__).parents[3]


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("sphinx", reason="the extra 'docs' is not installed")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    return importlib.import_module("microarchitectures_reference")


def test_every_row_is_in_the_table(extension: Any) -> None:
    text = extension.processors().replace("\\", "")
    for row in microarchitectures.TABLE:
        assert f"**{row.name}**" in text
        assert row.source in text
        assert row.work_source in text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Skylake-SP", "32 (AVX-512; 16 with one unit), 16 (AVX with FMA), 8 (AVX), 4 (SSE2)"),
        ("Sapphire Rapids", "32 (AVX-512), 16 (AVX with FMA), 8 (AVX), 4 (SSE2)"),
        ("Rocket Lake", "16 (AVX-512; one unit), 16 (AVX with FMA), 8 (AVX), 4 (SSE2)"),
        ("POWER9", "8 (VSX)"),
        ("PowerXCell 8i", "3.778 (vector)"),
    ],
)
def test_units_of_avx_512_are_told(extension: Any, name: str, told: str) -> None:
    assert extension.flops(microarchitectures.named(name)) == told


def test_every_board_is_in_the_table(extension: Any) -> None:
    text = extension.boards()
    for gpu in gpus.TABLE:
        assert f"{gpu.name} {gpu.flops / 1e12:.3g}" in text


def test_every_column_is_explained() -> None:
    page = (ROOT / "docs" / "reference" / "commands.rst").read_text()
    assert [name for name in columns.KNOWN if f"``{name}``" not in page] == []
