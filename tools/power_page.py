# SPDX-License-Identifier: Apache-2.0
"""The page of power as a person uses it, in a browser, before kwapi-api's real process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tools.servers.browser import Window

WITHIN_S = 60.0


class PowerPage:
    """What is on the page at ``url`` in ``window``."""

    def __init__(self, window: Window, url: str, token: str) -> None:
        self.window = window
        self.driver = window.driver
        self.url = url
        self._token = token

    def open(self, query: str = "") -> None:
        """The page as somebody sees it who comes to an address."""
        self.driver.get(f"{self.url}/{query}")
        self.wait(lambda: self.one("#sign-in").is_displayed())

    def sign_in(self, token: str | None = None) -> None:
        """Bring a token, by default the right one."""
        self.one("#by-token [name=token]").send_keys(self._token if token is None else token)
        self.one("#by-token [type=submit]").click()

    def sign_in_as(self, **fields: str) -> None:
        """Type a name, a password and the like, and press Enter."""
        for name, text in fields.items():
            field = self.one(f"#by-password [name={name}]")
            field.clear()
            field.send_keys(text)
        field.send_keys(Keys.ENTER)

    def show(self, query: str = "") -> None:
        """Open an address, sign in, and wait for tiles and the large chart."""
        self.open(query)
        self.sign_in()
        self.wait(self.drawn)

    def drawn(self) -> bool:
        """Whether there are tiles, and a large chart with power in it."""
        return bool(self.tiles()) and any(value is not None for value in self.chart()[1])

    def one(self, selector: str) -> WebElement:
        """The first element."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """What is written in it."""
        return self.run("return document.querySelector(arguments[0]).innerText.trim()", selector)

    def run(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)  # type: ignore[no-untyped-call]

    def wait(self, true: Callable[[], object], within_s: float = WITHIN_S) -> Any:
        """Until it is true of the page; what it gave."""
        return WebDriverWait(self.driver, within_s, poll_frequency=0.1).until(lambda _: true())

    def tiles(self) -> dict[str, str]:
        """The text of each tile that is to be seen, by its probe, in order: watts, and a word of what is wrong."""
        found: list[tuple[str, str]] = self.run(
            "return [...document.querySelectorAll('.tile:not([hidden])')].map("
            "(tile) => [tile.querySelector('.name').textContent, tile.querySelector('a div').innerText.trim()])"
        )
        return dict(found)

    def chart(self) -> list[list[float | None]]:
        """What the large chart draws: instants, then each line's values; only empty ones while there is none."""
        found: list[list[float | None]] = self.run(
            "return document.getElementById('large-chart').plot?.data?.map((column) => [...column]) ?? [[], []]"
        )
        return found if len(found) > 1 else [[], []]

    def shown(self) -> tuple[float, float]:
        """From when to when the large chart is."""
        least, most = self.run(
            "const {min, max} = document.getElementById('large-chart').plot.scales.x; return [min, max]"
        )
        return least, most

    def point(self, part: float) -> ActionChains:
        """The pointer on the large chart, ``part`` of its width from the left."""
        over = self.one("#large-chart .u-over")
        self.run("arguments[0].scrollIntoView({block: 'center'})", over)
        width = over.size["width"]
        return ActionChains(self.driver, duration=50).move_to_element_with_offset(over, int(width * (part - 0.5)), 0)

    def wheel(self, pixels: int) -> None:
        """Turn the wheel over the middle of the large chart; up is less than 0."""
        origin = ScrollOrigin.from_element(self.one("#large-chart .u-over"))
        self.point(0.5).scroll_from_origin(origin, 0, pixels).perform()

    def press(self, *keys: str) -> None:
        """Keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def button(self, text: str) -> WebElement:
        """The one on which it stands."""
        return self.driver.find_element(By.XPATH, f"//button[normalize-space()='{text}']")

    def scrolls_sideways(self) -> bool:
        """Whether something is wider than the window."""
        return bool(self.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def picture(self, path: Path) -> None:
        """Keep what is to be seen, once it has been painted."""
        self.driver.execute_async_script(  # type: ignore[no-untyped-call]
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        )
        self.driver.save_screenshot(str(path))
