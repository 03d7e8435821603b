# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a screen, driven over WebDriver by the chromedriver that comes with it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tools.servers.process import Process, ServerFailed
from tools.servers.server import Availability, Server, is_root

if TYPE_CHECKING:
    from selenium.webdriver import Remote

_PROGRAMS = ("chromium", "chromedriver")
_CARRIED_BY = "selenium_axe_python"
_AXE = "axe-core/axe.min.js"
_LIBRARIES = ("selenium", _CARRIED_BY)
# No calls home, and no list of components to be fetched.
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
)


class Chromium(Server):
    """A chromedriver; each :meth:`window` is a browser of its own, with an empty profile."""

    @classmethod
    def available(cls) -> Availability:
        """Whether there is a browser, its driver, and what speaks to it."""
        missing = [name for name in _PROGRAMS if shutil.which(name) is None]
        if missing:
            return Availability(f"{' and '.join(missing)} not found (Debian: chromium, chromium-driver)")
        missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
        return Availability(f"{' and '.join(missing)} is not installed (the extra 'test')" if missing else "")

    @property
    def url(self) -> str:
        """Where the driver listens."""
        return f"http://127.0.0.1:{self.port}"

    def window(self, width: int = 1200, height: int = 900, *, logged: bool = True) -> Window:
        """A new browser. Close it, or it ends with the driver.

        Not ``logged``, it keeps no account of what it asks for, which takes
        more memory the longer it runs.
        """
        return Window(self.url, width, height, logged=logged)

    def _prepare(self) -> None:
        """Chromium makes its profiles."""

    def _spawn(self) -> Process:
        driver = shutil.which("chromedriver")
        assert driver
        # Profiles are made in TMPDIR, and go with the directory however the driver ends.
        environment = {**os.environ, "TMPDIR": str(self.directory), "HOME": str(self.directory)}
        return Process([driver, f"--port={self.port}"], log=self.log, env=environment)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/status", timeout=10) as answer:
                return bool(json.load(answer)["value"]["ready"])
        except (urllib.error.URLError, OSError):
            return False


class Window:
    """One browser: Selenium's ``driver``, and what it does not offer by itself."""

    def __init__(self, url: str, width: int, height: int, *, logged: bool = True) -> None:
        # Selenium takes 0.3 s to import, and machines without it can still run the other servers.
        from selenium import webdriver  # noqa: PLC0415
        from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection  # noqa: PLC0415

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        root = ("--no-sandbox",) if is_root() else ()
        for argument in ("--headless=new", f"--window-size={width},{height}", "--lang=en-GB", *_QUIET, *root):
            options.add_argument(argument)
        if logged:
            options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver: Remote = webdriver.Remote(ChromeRemoteConnection(url), options=options)

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()

    def devtools(self, command: str, **parameters: object) -> dict[str, Any]:
        """The answer to a command of the Chrome DevTools Protocol."""
        answer: dict[str, Any] = self.driver.execute("executeCdpCommand", {"cmd": command, "params": parameters})
        value: dict[str, Any] = answer["value"]
        return value

    def resize(self, width: int, height: int) -> None:
        """The size of the page itself, which may be narrower than a window can be; 0 and 0: the window's again."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=0, mobile=False
        )

    def prefer(self, scheme: str) -> None:
        """What the person likes: ``dark`` or ``light``."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What came since the last call, on the console (``browser``) or of the protocol's events (``performance``)."""
        entries: list[dict[str, Any]] = self.driver.execute("getLog", {"type": kind})["value"]
        return entries

    def requests(self) -> list[str]:
        """The addresses that were asked since the last call; none of those that are in the page itself."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith("data:")]

    def failings(self, impacts: tuple[str, ...] = ("serious", "critical")) -> list[str]:
        """What axe-core finds of these impacts, a line for each, with the first elements that it means.

        It runs in a world of its own, in which the page's policy for scripts
        does not hold, and whose names the page does not see.
        """
        frame = self.devtools("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = self.devtools("Page.createIsolatedWorld", frameId=frame, worldName="axe")["executionContextId"]
        self._run(axe().read_text(), world)
        found = json.loads(self._run("axe.run(document, {resultTypes: ['violations']}).then(JSON.stringify)", world))
        return [
            f"{rule['impact']}: {rule['id']}: {rule['help']}: {[node['html'][:200] for node in rule['nodes'][:3]]}"
            for rule in found["violations"]
            if rule["impact"] in impacts
        ]

    def held(self) -> int:
        """The bytes that scripts and what they made hold, once all waste is gone: objects, elements and buffers.

        What is under way at one moment is gone at another: the least of a few.
        """
        return min(self._held() for _ in range(3))

    def _held(self) -> int:
        self.devtools("HeapProfiler.collectGarbage")
        usage = self.devtools("Runtime.getHeapUsage")
        return int(usage["usedSize"] + usage["embedderHeapUsedSize"] + usage["backingStorageSize"])

    def resident(self) -> int:
        """The bytes of memory that the process of the page has for itself, whatever it needs them for."""
        browser = psutil.Process(self.driver.capabilities["goog:processID"])
        drawing = [child for child in browser.children(recursive=True) if "--type=renderer" in child.cmdline()]
        return max(int(child.memory_full_info().uss) for child in drawing)

    def _run(self, script: str, world: int) -> Any:
        answer = self.devtools(
            "Runtime.evaluate", expression=script, contextId=world, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise ServerFailed(str(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")


def axe() -> Path:
    """The script of axe-core, as a package of Python carries it."""
    spec = importlib.util.find_spec(_CARRIED_BY)
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed(f"{_CARRIED_BY} is not installed (the extra 'test')")
    return Path(spec.submodule_search_locations[0]) / _AXE
