# SPDX-License-Identifier: Apache-2.0
"""The page of power in a browser whose console and requests are looked at when a test has done with it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tools.power_page import PowerPage
from tools.servers.browser import Window

REFUSED = "401 (Unauthorized)"
"""What Chromium itself says of such an answer; a page cannot ask in silence whether a token still holds."""


@contextlib.contextmanager
def watched(window: Window, url: str, token: str) -> Iterator[PowerPage]:
    """The page. Whatever is done there, the console stays empty and nobody else is asked for anything."""
    window.prefer("light")
    window.resize(1200, 900)
    page = PowerPage(window, url, token)
    yield page
    page.driver.get("about:blank")
    told = [entry["message"] for entry in window.log("browser")]
    assert [message for message in told if REFUSED not in message] == []
    assert [asked for asked in window.requests() if not asked.startswith((f"{url}/", "about:"))] == []
