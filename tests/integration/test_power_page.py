# SPDX-License-Identifier: Apache-2.0
"""The page of power in Chromium, before running kwapi-drivers and kwapi-api."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import require
from tools.metering import SITE, Metering, dummies
from tools.servers.browser import Chromium, Window

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys

from tests.integration.page_watch import REFUSED, watched
from tools.power_page import PowerPage

pytestmark = [pytest.mark.servers, pytest.mark.slow]

RACK = f"{SITE}/pdu1/"
PROBE = f"{RACK}1"
OUTLETS = 10
HOT = f"{SITE}/hot/1"
ALL = 2 * OUTLETS + 1
WIDTH = 360


@pytest.fixture(scope="module")
def metering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metering]:
    """Two racks, one probe that tells more than is believed, and short times until a silence is one."""
    require(Chromium)
    directory = tmp_path_factory.mktemp("metering")
    hot = "[hot]\ndriver = dummy\ninterval_s = 1\nprobes = 1\nmin_watts = 300\nmax_watts = 400\n"
    with Metering(directory, dummies(2, OUTLETS, 0.5) + hot) as metering:
        metering.add(
            "api",
            f"[kwapi]\nhistory_dir = {directory}/history\nstale_after_s = 2\ngap_s = 2\nmax_watts = 250\n",
        )
        metering.start("drivers", "api")
        metering.wait_for_probes(ALL)
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
def artefacts(tmp_path: Path) -> Path:
    """Where pictures are kept: below ``CLIMATE_ARTEFACTS`` where that is set."""
    folder = Path(os.environ.get("CLIMATE_ARTEFACTS") or tmp_path) / "power-page"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page(window: Window, metering: Metering) -> Iterator[PowerPage]:
    """The page, in a browser that complains of nothing."""
    with watched(window, metering.url, metering.token) as page:
        yield page


def watts(tile: str) -> float:
    """The number on a tile."""
    found = re.match(r"([\d.]+) W", tile)
    assert found, tile
    return float(found[1])


def gaps(column: list[float | None]) -> int:
    """How many runs of nothing stand between values."""
    known = "".join("." if value is None else "x" for value in column).strip(".")
    return len(re.findall(r"\.+", known))


def test_who_comes_is_asked_for_a_token_without_any_error(page: PowerPage, window: Window) -> None:
    page.open()
    assert not page.one("#view").is_displayed()
    assert not page.one("#by-password").is_displayed()
    assert page.run("return document.activeElement.name") == "token"
    assert [entry for entry in window.log("browser") if REFUSED in entry["message"]] == []


def test_a_wrong_token_is_told_and_the_right_one_shows_the_wall(page: PowerPage) -> None:
    page.open()
    page.sign_in("wrong")
    page.wait(lambda: "not known" in page.text("#sign-in-error"))
    page.sign_in()
    page.wait(lambda: len(page.tiles()) == ALL)
    assert not page.one("#sign-in").is_displayed()
    page.wait(lambda: page.text("#state") == "Connected.")
    page.wait(lambda: page.text("#total").startswith(f"{ALL} probes, "))


def test_values_arrive_live(page: PowerPage) -> None:
    """On a tile, in the sum, and in the large chart, without anybody asking."""
    page.show()
    tiles, sums, end = set(), set(), page.chart()[0][-1]
    assert end is not None

    def changed() -> bool:
        tiles.add(page.tiles()[PROBE])
        sums.add(page.text("#total"))
        return len(tiles) > 2 and len(sums) > 2 and (page.chart()[0][-1] or 0) >= end + 3

    page.wait(changed)


def test_a_probe_that_cannot_be_believed_stands_out(page: PowerPage) -> None:
    page.show()
    page.wait(lambda: "implausible" in page.tiles()[HOT])
    assert [name for name, text in page.tiles().items() if "implausible" in text] == [HOT]


def test_the_address_is_the_view(page: PowerPage, metering: Metering) -> None:
    """Somebody else who opens it sees the same; so does who goes back."""
    page.show(f"?at={quote(RACK)}&span=60&find=/1")
    page.button("6 h").click()
    page.wait(lambda: "span=21600" in page.driver.current_url)
    page.one(".tile:not([hidden]) a").click()
    page.wait(lambda: page.text("#large-title") == PROBE)
    address = page.driver.current_url
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    try:
        page.show(address.removeprefix(f"{metering.url}/"))
        assert page.text("#large-title") == PROBE
        assert list(page.tiles()) == [PROBE]
        assert page.button("6 h").get_attribute("aria-pressed") == "true"
    finally:
        page.driver.close()
        page.driver.switch_to.window(first)
    page.driver.back()
    page.wait(lambda: page.text("#large-title") == RACK)
    page.wait(lambda: list(page.tiles()) == [PROBE, f"{RACK}10"])
    assert page.one("#find").get_attribute("value") == "/1"


def test_a_rack_and_its_site_are_found_by_the_path(page: PowerPage) -> None:
    page.show(f"?at={quote(PROBE)}")
    page.driver.find_element("link text", "pdu1").click()
    page.wait(lambda: page.text("#large-title") == RACK)
    page.wait(lambda: list(page.tiles()) == [f"{RACK}{outlet}" for outlet in range(1, OUTLETS + 1)])
    page.wait(lambda: page.text("#facts").endswith(f"\n{OUTLETS}"))
    page.driver.find_element("link text", SITE).click()
    page.wait(lambda: len(page.tiles()) == ALL)
    page.driver.find_element("link text", "Power").click()
    page.wait(lambda: page.text("#large-title") == "All probes")
    assert not page.one("#sign-in").is_displayed()


def test_a_probe_is_one_though_the_names_of_others_begin_so(page: PowerPage) -> None:
    """Outlet 1 is not outlet 10."""
    page.show(f"?at={quote(PROBE)}")
    assert list(page.tiles()) == [PROBE]
    assert page.text("#facts").endswith("Probes\n1")
    assert max(value for value in page.chart()[1] if value is not None) <= 100


def test_chosen_probes_are_stacked(page: PowerPage) -> None:
    page.show(f"?at={quote(RACK)}")
    chosen = [f"{RACK}2", f"{RACK}10", f"{RACK}3"]
    for name in chosen:
        page.one(f"[aria-label='Stack {name}']").click()
    page.wait(lambda: page.text("#large-title") == "3 probes stacked")
    page.wait(lambda: len(page.chart()) == 4)
    _, *lines = page.chart()
    steps = [step for step in zip(*lines, strict=True) if None not in step]
    assert steps
    assert all(75 <= low <= 100 and 75 <= mid - low <= 100 and 75 <= top - mid <= 100 for low, mid, top in steps[1:-1])
    page.one(f"[aria-label='Stack {chosen[0]}']").click()
    page.wait(lambda: page.text("#large-title") == "2 probes stacked")
    page.press(Keys.ESCAPE)
    page.wait(lambda: page.text("#large-title") == RACK)


def test_dragging_the_wheel_and_buttons_zoom(page: PowerPage) -> None:
    page.show(f"?at={quote(PROBE)}&span=3600")
    begin, end = page.shown()
    assert end - begin == pytest.approx(3600, abs=2)
    page.point(0.25).click_and_hold().perform()
    page.point(0.75).release().perform()
    page.wait(lambda: "from=" in page.driver.current_url)
    page.wait(lambda: page.shown()[1] - page.shown()[0] < 3000)
    inner = page.shown()
    assert inner[1] - inner[0] == pytest.approx(1800, rel=0.05)
    assert begin < inner[0] < inner[1] < end
    length = inner[1] - inner[0]
    for act, factor in (
        (lambda: page.wheel(-100), 1 / 1.5),
        (lambda: page.one("#in").click(), 1 / 3),
        (lambda: page.one("#back").click(), 2 / 3),
    ):
        act()
        page.wait(lambda factor=factor: page.shown()[1] - page.shown()[0] == pytest.approx(length * factor, rel=0.05))
    page.button("Live").click()
    page.wait(lambda: "from=" not in page.driver.current_url)
    page.wait(lambda: page.shown()[1] - page.shown()[0] == pytest.approx(3600, abs=2))
    page.button("1 y").click()
    page.wait(lambda: page.shown()[1] - page.shown()[0] == pytest.approx(365 * 86400, rel=0.01))


def test_two_marks_give_the_energy_that_the_api_gives(page: PowerPage, metering: Metering) -> None:
    page.show(f"?at={quote(RACK)}&span=60")
    page.button("Live").click()
    page.wait(lambda: "from=" in page.driver.current_url)
    page.point(0.6).click().perform()
    page.wait(lambda: page.text("#marks").startswith("A: "))
    page.point(0.9).click().perform()
    page.wait(lambda: "measured" in page.text("#marks"))
    marks = re.search(r"marks=(\d+)%2C(\d+)", page.driver.current_url)
    assert marks
    begin, end = int(marks[1]), int(marks[2])
    assert end - begin == pytest.approx(18, abs=2)
    [series] = metering.ask(f"/v1/history?prefix={RACK}&sum=true&start={begin}&end={end}&step=1")["series"]
    told = re.search(r": ([\d.]+) Wh, ([\d.]+) % measured", page.text("#marks"))
    assert told
    assert float(told[1]) == pytest.approx(series["kwh"] * 1000, abs=0.06)
    assert float(told[2]) == pytest.approx(series["coverage"], abs=0.11)
    assert float(told[1]) > 0.5


def test_a_page_that_was_left_holds_no_connection(page: PowerPage) -> None:
    """A browser has six to a server, and may keep what was left for whoever goes back."""
    for _ in range(8):
        page.open()
        page.sign_in()
        page.wait(page.drawn, 20)
        page.driver.get("about:blank")
    page.driver.back()
    page.wait(lambda: page.one("#sign-in").is_displayed() or page.text("#state") == "Connected.")


def test_names_are_found_by_a_part(page: PowerPage) -> None:
    page.show()
    page.one("#find").send_keys("PDU2 /1")
    page.wait(lambda: list(page.tiles()) == [f"{SITE}/pdu2/1", f"{SITE}/pdu2/10"])
    assert "find=PDU2" in page.driver.current_url
    assert page.text("#total").startswith("2 probes, ")
    page.one("#find").send_keys("x")
    page.wait(lambda: "No probe's name" in page.text("#nothing"))


def test_all_goes_by_keyboard(page: PowerPage) -> None:
    page.show(f"?at={quote(RACK)}")
    page.press("/")
    page.press("10")
    page.wait(lambda: list(page.tiles()) == [f"{RACK}10"])
    assert page.text("#large-title") == RACK
    page.press(*[Keys.TAB] * 2, Keys.ENTER)
    page.wait(lambda: page.button("5 min").get_attribute("aria-pressed") == "true")
    assert page.run("return document.activeElement.textContent") == "5 min"
    length = page.shown()[1] - page.shown()[0]
    page.press("+")
    page.wait(lambda: page.shown()[1] - page.shown()[0] == pytest.approx(length / 2, abs=2))
    begin = page.shown()[0]
    page.press(Keys.ARROW_LEFT)
    page.wait(lambda: page.shown()[0] == pytest.approx(begin - length / 8, abs=2))
    page.press(",")
    page.wait(lambda: "marks=" in page.driver.current_url)
    page.press(Keys.ARROW_RIGHT)
    page.press(".")
    page.wait(lambda: "measured" in page.text("#marks"))
    page.press(Keys.ESCAPE)
    page.wait(lambda: "marks=" not in page.driver.current_url)
    page.press("o", "l")
    page.wait(lambda: "from=" not in page.driver.current_url)
    page.run("document.querySelector('.tile:not([hidden]) a').focus()")
    page.press(Keys.ENTER)
    page.wait(lambda: page.text("#large-title") == f"{RACK}10")


def test_signing_out_leaves_nothing_behind(page: PowerPage) -> None:
    page.show(f"?at={quote(PROBE)}&find=1")
    page.button("1 min").click()
    page.wait(lambda: "span=60" in page.driver.current_url)
    page.one("#sign-out").click()
    page.wait(lambda: page.one("#sign-in").is_displayed())
    assert page.tiles() == {}
    assert page.chart() == [[], []]
    assert SITE not in page.run("return document.documentElement.textContent + document.title + location.search")
    assert page.run("return document.querySelector('#sign-in [name=token]').value") == ""
    assert page.run("return JSON.stringify({...sessionStorage}) + document.cookie") == "{}"
    page.driver.back()
    assert not page.one("#view").is_displayed()
    page.driver.get(page.url)
    page.wait(lambda: page.one("#sign-in").is_displayed())


def test_dark_and_light(page: PowerPage, window: Window) -> None:
    """As the person's system has it at first, and then as the person wants it."""
    back = "return getComputedStyle(document.body).backgroundColor"
    window.prefer("dark")
    page.show()
    dark = page.run(back)
    page.one("#theme").click()
    light = page.run(back)
    page.wait(page.drawn)
    assert [sum(map(int, re.findall(r"\d+", colour))) < 3 * 128 for colour in (dark, light)] == [True, False]
    page.open()
    assert page.run(back) == light
    page.run("localStorage.clear()")


@pytest.mark.parametrize("query", ["", f"?at={quote(RACK)}", f"?at={quote(PROBE)}&span=31536000"])
def test_a_narrow_screen_needs_no_scrolling_sideways(page: PowerPage, window: Window, query: str) -> None:
    window.resize(WIDTH, 800)
    page.open(query)
    assert not page.scrolls_sideways()
    page.sign_in()
    page.wait(page.drawn)
    assert page.run("return document.documentElement.clientWidth") <= WIDTH
    assert not page.scrolls_sideways()


@pytest.mark.parametrize(
    ("name", "query", "scheme", "width"),
    [
        ("sign-in", None, "light", 1200),
        ("wall", "", "light", 1200),
        ("probe", f"?at={quote(PROBE)}", "light", 1200),
        ("stack", f"?at={quote(RACK)}&probes={quote(f'{RACK}1,{RACK}2')}", "dark", 1200),
        ("dark", "", "dark", 1200),
        ("narrow", "", "light", WIDTH),
    ],
)
def test_nobody_is_kept_out(
    page: PowerPage, window: Window, artefacts: Path, name: str, query: str | None, scheme: str, width: int
) -> None:
    """axe-core finds nothing serious, nor anything worse."""
    window.prefer(scheme)
    window.resize(width, 900)
    if query is None:
        page.open()
    else:
        page.show(query)
    page.picture(artefacts / f"{name}.png")
    assert window.failings() == []


def test_a_silence_is_a_gap(page: PowerPage, metering: Metering, artefacts: Path) -> None:
    """The last of all: the drivers are stopped for it."""
    page.show(f"?at={quote(PROBE)}&span=60")
    before = gaps(page.chart()[1])
    metering.end("drivers")
    page.wait(lambda: "silent since" in page.tiles()[PROBE])
    assert "stale" in (page.one(".tile").get_attribute("class") or "").split()
    metering.start("drivers")
    page.wait(lambda: gaps(page.chart()[1]) == before + 1)
    page.wait(lambda: "silent" not in page.tiles()[PROBE])
    assert watts(page.tiles()[PROBE]) <= 100
    assert [gaps(column) for column in page.chart()[1:]] == [before + 1] * 4
    page.picture(artefacts / "gap.png")
