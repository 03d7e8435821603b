# SPDX-License-Identifier: Apache-2.0
"""What the manual takes from the code is whole."""

from __future__ import annotations

import importlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from climate.api.policies import list_rules
from climate.api.routes import ROUTES
from climate.client.faults import CLASSES
from climate.core.host_properties.catalogue import STANDARD
from climate.core.lifecycle import TRANSITIONS, State
from climate.core.limits import LIMITS
from climate.devices.snmp import loading

ROOT = Path(__file__).parents[3]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A module of docs/_ext."""
    pytest.importorskip("sphinx", reason="the extra 'docs' is not installed")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    return importlib.import_module


def test_the_picture_shows_every_state_and_transition(extension: Callable[[str], Any]) -> None:
    """A box a state, an arrow a transition, and no two boxes in one place."""
    picture = extension("lifecycle_picture")
    drawn = ET.fromstring(picture.picture())  # noqa: S314 - our own
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert sorted(texts) == sorted([*map(str, State), *(str(event) for _, event in TRANSITIONS)])
    assert len(set(picture.places(TRANSITIONS).values())) == len(State)


@pytest.mark.parametrize(
    ("module", "function", "wanted"),
    [
        ("errors_reference", "table", list(CLASSES)),
        ("limits_reference", "table", [f"``{limit.name}``\n" for limit in LIMITS]),
        ("policies_reference", "rules", [rule.name for rule in list_rules()]),
        ("rest_reference", "pages", [f"{route.method} {route.path}\n" for route in ROUTES]),
        ("snmp_profiles_reference", "pages", [f"``{profile.name}``\n" for profile in loading.installed()]),
    ],
)
def test_a_reference_names_everything(
    module: str, function: str, wanted: list[str], extension: Callable[[str], Any]
) -> None:
    """Codes, limits, rules, routes, families of devices."""
    text = getattr(extension(module), function)()
    assert [one for one in wanted if one not in text] == []


def test_each_property_is_in_one_of_the_two_tables(extension: Callable[[str], Any]) -> None:
    """For tenants, or for those who see hosts."""
    table = extension("properties_reference").table
    for name, standard in STANDARD.items():
        row = f"* - ``{name}``\n"
        assert (row in table(True), row in table(False)) == (standard.identifies_host, not standard.identifies_host)


@pytest.mark.parametrize(("package", "others"), [("climate", {"errors.py"}), ("kwapi", set())])
def test_the_page_of_rooms_names_every_room_that_there_is(package: str, others: set[str]) -> None:
    """And none that there is not; each package has a table, whose second column has the rooms."""
    page = (ROOT / "docs" / "architecture" / "rooms.rst").read_text(encoding="utf-8")
    table = page.split(".. list-table::")[["climate", "kwapi"].index(package) + 1]
    second = re.findall(r"^   \* - .*\n     - (``.*)$", table, re.MULTILINE)
    rooms = {path.name for path in (ROOT / package).iterdir() if (path / "__init__.py").exists()}
    assert {room for cell in second for room in re.findall(r"``(.+?)``", cell)} == rooms | others
