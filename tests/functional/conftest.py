# SPDX-License-Identifier: Apache-2.0
"""A site for each test that wants one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.site import NOW, Site, host


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Four hosts, one more that is disabled, and one that is retired."""
    return Site(tmp_path, [*map(host, range(1, 5)), host(5, disabled=True), host(6, retired_at=NOW - 60)])
