# SPDX-License-Identifier: Apache-2.0
"""The page of power before more probes than it shows at once: racks lead down, sums are whole, and all stays usable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.conftest import require
from tools.metering import SITE, Metering, dummies
from tools.servers.browser import Chromium, Window

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys

from tests.integration.page_watch import watched
from tools.power_page import PowerPage

pytestmark = [pytest.mark.servers, pytest.mark.slow]

RACKS, OUTLETS = 11, 100
PROBES = RACKS * OUTLETS
MOST = 1000
LAST = f"{SITE}/pdu9/100"


@pytest.fixture(scope="module")
def metering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metering]:
    """Eleven racks of a hundred outlets."""
    require(Chromium)
    directory = tmp_path_factory.mktemp("metering")
    with Metering(directory, dummies(RACKS, OUTLETS, 1.0)) as metering:
        metering.add("api", f"[kwapi]\nhistory_dir = {directory}/history\n")
        metering.start("drivers", "api")
        metering.wait_for_probes(PROBES)
        yield metering


@pytest.fixture(scope="module")
def window() -> Iterator[Window]:
    """One browser for all."""
    require(Chromium)
    with Chromium() as chromium:
        window = chromium.window()
        yield window
        window.close()


@pytest.fixture
def page(window: Window, metering: Metering) -> Iterator[PowerPage]:
    """The page, in a browser that complains of nothing."""
    with watched(window, metering.url, metering.token) as page:
        yield page


def groups(page: PowerPage) -> dict[str, tuple[int, str]]:
    """The ways down: how many probes each leads to, and their power."""
    found: list[tuple[str, str, str]] = page.run(
        "return [...document.querySelectorAll('#groups a')].map("
        "(anchor) => [...anchor.children].map((part) => part.textContent))"
    )
    return {label: (int(count), watts) for label, count, watts in found}


def test_a_rack_is_one_click_away(page: PowerPage) -> None:
    """Also one whose probes have no tiles yet; its own page has all of them, and a sum over time."""
    page.open()
    page.sign_in()
    page.wait(lambda: len(page.tiles()) == MOST)
    page.wait(lambda: page.text("#total").startswith(f"{PROBES} probes, "))
    assert f"The first {MOST} are shown; {PROBES - MOST} more are counted above." in page.text("#nothing")
    assert LAST not in page.tiles()
    shown = groups(page)
    assert list(shown) == [f"pdu{rack}" for rack in range(1, RACKS + 1)]
    assert {count for count, _ in shown.values()} == {OUTLETS}
    assert all(re.fullmatch(r"\d+(\.\d)? k?W", watts) for _, watts in shown.values())
    page.one(f"#groups a[href*='{quote(f'{SITE}/pdu9/', safe='')}']").click()
    page.wait(lambda: page.drawn() and page.text("#large-title") == f"{SITE}/pdu9/")
    page.wait(lambda: list(page.tiles())[-1:] == [LAST])
    assert len(page.tiles()) == OUTLETS
    assert groups(page) == {}
    assert page.text("#nothing") == ""


def test_the_focus_stays_on_a_rack_while_its_power_changes(page: PowerPage) -> None:
    page.open()
    page.sign_in()
    page.wait(lambda: len(groups(page)) == RACKS)
    page.run("document.querySelector('#groups a').focus()")
    before = groups(page)
    page.wait(lambda: groups(page) != before)
    assert page.run("return document.activeElement.textContent").startswith("pdu1")


def test_what_cannot_be_shown_over_time_says_why(page: PowerPage, window: Window) -> None:
    """A sum of so many is refused; the rest of the page works."""
    page.open()
    page.sign_in()
    page.wait(lambda: "their sum over time is drawn of 1000 at most" in page.text("#problem"))
    assert not page.one("#large").is_displayed()
    page.wait(lambda: len(page.tiles()) == MOST)
    assert window.log("browser") == []
    page.driver.get(f"{page.url}/?at={quote(f'{SITE}/pdu1/')}&probes={quote(f'{SITE}/pdu1/1,{SITE}/pdu1/none')}")
    page.sign_in()
    page.wait(lambda: "There is no probe" in page.text("#problem"))
    assert "Press Escape to leave the stack." in page.text("#problem")
    refused = [entry["message"] for entry in window.log("browser")]
    assert all("400 (Bad Request)" in message for message in refused)
    page.press(Keys.ESCAPE)
    page.wait(page.drawn)
    assert page.text("#problem") == ""


def test_where_nothing_is_that_is_told(page: PowerPage) -> None:
    page.open("?at=paris/")
    page.sign_in()
    page.wait(lambda: page.text("#nothing") == "Nothing of the name paris/ says anything now.")
    page.wait(lambda: page.text("#state") == "Connected.")
    assert not page.one("#large").is_displayed()
    assert page.text("#total") == ""
