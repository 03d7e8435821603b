# SPDX-License-Identifier: Apache-2.0
"""Makes the pictures of the manual: ``python -m tools.screenshots [DIRECTORY]``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tools.metering import SITE, Metering, dummies
from tools.power_page import PowerPage
from tools.servers.browser import Chromium

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "admin" / "kwapi" / "images"
PICTURES = {"page-wall.png": ("?span=60", "light"), "page-probe.png": (f"?at={SITE}/pdu1/1&span=60", "dark")}
DEVICES, OUTLETS = 2, 12
MEASURED_S = 60
SIZE = (900, 900)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, Chromium() as chromium:
        sections = dummies(DEVICES, OUTLETS, 1.0, ["min_watts = 90", "max_watts = 340"])
        with Metering(Path(directory), sections) as metering:
            metering.add("api", f"[kwapi]\nhistory_dir = {directory}/history\n")
            metering.start("drivers", "api")
            metering.wait_for_probes(DEVICES * OUTLETS)
            time.sleep(MEASURED_S)
            window = chromium.window(*SIZE)
            page = PowerPage(window, metering.url, metering.token)
            window.resize(*SIZE)
            for name, (query, scheme) in PICTURES.items():
                window.prefer(scheme)
                page.show(query)
                page.picture(folder / name)
                print(folder / name)
            window.close()


if __name__ == "__main__":
    main()
