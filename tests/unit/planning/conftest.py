# SPDX-License-Identifier: Apache-2.0
"""One process of planning for each test."""

from __future__ import annotations

import pytest

from tests.unit.planning.workshop import Workshop


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Planning in memory at second 1,000; nobody waits between attempts."""
    monkeypatch.setattr("climate.planning.proposals.time.sleep", lambda seconds: None)
    return Workshop()
