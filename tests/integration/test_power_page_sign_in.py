# SPDX-License-Identifier: Apache-2.0
"""Signing in to the page of power in Chromium with a password of a real Keystone, and how such a session ends."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from tests.conftest import require
from tools.metering import SITE, Metering, dummies
from tools.servers import Keystone
from tools.servers.browser import Chromium, Window
from tools.servers.keystone import PASSWORD

pytest.importorskip("selenium")
from tests.integration.page_watch import REFUSED, watched
from tools.power_page import PowerPage

pytestmark = [pytest.mark.servers, pytest.mark.slow]

PROBES = 3
ADMIN = {"user": "admin", "project": "admin", "password": PASSWORD}
UNKNOWN = "Keystone does not know this user, password and project."
ENDED = "Your session has ended; sign in again."
SHORT_S = 6
# What Keystone gives for an hour, the page is told to be for a few seconds.
SHORTENED = """
const whole = window.fetch;
window.fetch = async (...asked) => {
  const answer = await whole(...asked);
  if (asked[0] !== "sign-in" || asked[1]?.method !== "POST" || !answer.ok) return answer;
  return Response.json({ ...(await answer.json()), expires_at: Date.now() / 1000 + %d });
};
"""


@pytest.fixture(scope="module")
def metering(tmp_path_factory: pytest.TempPathFactory, keystone: Keystone) -> Iterator[Metering]:
    """kwapi-api that trusts that Keystone, and asks it anew about each token after a second."""
    require(Chromium)
    directory = tmp_path_factory.mktemp("kwapi")
    with Metering(directory, dummies(1, PROBES, 0.5)) as made:
        settings = {**keystone.middleware_settings(), "token_cache_time": "1"}
        made.replace("api", "auth_strategy = static", "auth_strategy = keystone")
        told = "".join(f"{name} = {value}\n" for name, value in settings.items())
        made.add("api", f"[kwapi]\nhistory_dir = {directory}/history\n[keystone_authtoken]\n{told}")
        made.start("drivers", "api")
        yield made


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
    with watched(window, metering.url, "") as page:
        yield page


def inside(page: PowerPage) -> bool:
    """Whether power is seen."""
    return len(page.tiles()) == PROBES and page.drawn() and page.text("#state") == "Connected."


def brought(window: Window) -> list[str]:
    """The tokens that the browser has brought since the last call, in their order."""
    events = [json.loads(entry["message"])["message"] for entry in window.log("performance")]
    asked = [event["params"]["request"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [request["headers"]["X-Auth-Token"] for request in asked if "X-Auth-Token" in request["headers"]]


def test_a_password_shows_power_until_the_page_is_left(page: PowerPage, window: Window) -> None:
    """The token is in memory alone: neither a cookie nor a store has it, and a reload asks who is there."""
    page.open(f"?at={SITE}/pdu1/&span=60")
    page.wait(lambda: page.one("#by-password").is_displayed())
    page.wait(lambda: page.run("return document.activeElement.name") == "user")
    page.sign_in_as(**ADMIN)
    page.wait(lambda: inside(page))
    assert not page.one("#sign-in").is_displayed()
    assert page.text("#large-title") == f"{SITE}/pdu1/"
    assert page.run("return document.cookie + JSON.stringify({...sessionStorage})") == "{}"
    assert window.devtools("Network.getCookies")["cookies"] == []
    kept = page.run("return JSON.stringify({...localStorage}) + document.documentElement.innerHTML + location.href")
    tokens = set(brought(window))
    assert len(tokens) == 1
    assert PASSWORD not in kept
    assert not any(token in kept for token in tokens)
    page.driver.refresh()
    page.wait(lambda: page.one("#by-password").is_displayed())
    assert page.tiles() == {}
    assert page.text("#sign-in-error") == ""
    page.sign_in_as(**ADMIN)
    page.wait(lambda: inside(page))
    assert page.text("#large-title") == f"{SITE}/pdu1/"


def test_whoever_signs_out_is_out(page: PowerPage, window: Window) -> None:
    page.open()
    page.wait(lambda: page.one("#by-password").is_displayed())
    page.sign_in_as(**ADMIN)
    page.wait(lambda: inside(page))
    page.one("#sign-out").click()
    page.wait(lambda: page.one("#by-password").is_displayed())
    assert page.tiles() == {}
    assert page.text("#sign-in-error") == ""
    assert page.run("return document.querySelector('[name=password]').value") == ""
    assert [entry["message"] for entry in window.log("browser")] == []


@pytest.mark.parametrize("wrong", [{"password": "guess"}, {"user": "nobody"}, {"project": "nothing"}])
def test_what_keystone_does_not_know_is_told_and_can_be_mended(
    page: PowerPage, window: Window, metering: Metering, wrong: dict[str, str]
) -> None:
    """What was typed stays, but for the password."""
    page.open()
    page.wait(lambda: page.one("#by-password").is_displayed())
    page.sign_in_as(**{**ADMIN, **wrong})
    page.wait(lambda: page.text("#sign-in-error") == UNKNOWN)
    fields = page.run("return Object.fromEntries(new FormData(document.getElementById('by-password')))")
    expected = {**ADMIN, **wrong, "password": "", "user_domain": "Default", "project_domain": "Default"}
    assert fields == expected
    assert page.run("return document.activeElement.name") == "password"
    page.sign_in_as(**ADMIN)
    page.wait(lambda: inside(page))
    assert "guess" not in metering.log("api")


def test_a_field_that_is_missing_is_asked_for(page: PowerPage, window: Window) -> None:
    """The browser says which, and nothing is sent."""
    page.open()
    page.wait(lambda: page.one("#by-password").is_displayed())
    window.requests()
    page.sign_in_as(user="admin", password=PASSWORD)
    page.wait(lambda: page.run("return document.activeElement.name") == "project")
    assert [url for url in window.requests() if url.endswith("/sign-in")] == []
    assert page.one("#sign-in").is_displayed()


def test_a_session_ends_when_its_token_does(page: PowerPage, window: Window) -> None:
    """The page knows when: it asks who is there before anything is refused, so nothing is on the console."""
    added = window.devtools("Page.addScriptToEvaluateOnNewDocument", source=SHORTENED % SHORT_S)
    try:
        page.open()
        page.wait(lambda: page.one("#by-password").is_displayed())
        page.sign_in_as(**ADMIN)
        page.wait(lambda: inside(page))
        page.wait(lambda: page.text("#sign-in-error") == ENDED)
    finally:
        window.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])
    assert page.tiles() == {}
    assert [entry["message"] for entry in window.log("browser")] == []
    page.sign_in_as(**ADMIN)
    page.wait(lambda: inside(page))


def test_a_session_ends_when_its_token_is_revoked(page: PowerPage, window: Window, keystone: Keystone) -> None:
    """Whoever it was sees nothing more, and can sign in again; Chromium's word of the refusal is all on the console."""
    page.open()
    page.wait(lambda: page.one("#by-password").is_displayed())
    page.sign_in_as(**ADMIN)
    page.wait(lambda: inside(page))
    token = brought(window)[-1]
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    assert requests.delete(f"{keystone.url}/auth/tokens", headers=headers, timeout=60).status_code == 204
    page.wait(lambda: page.text("#sign-in-error") == ENDED)
    assert page.tiles() == {}
    assert not page.one("#view").is_displayed()
    assert all(REFUSED in entry["message"] for entry in window.log("browser"))
    page.sign_in_as(**ADMIN)
    page.wait(lambda: inside(page))
