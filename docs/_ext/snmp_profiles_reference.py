# SPDX-License-Identifier: Apache-2.0
"""The directive ``snmp-profiles``: the families of devices that are known by SNMP, from ``climate.devices.snmp``."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate.devices.snmp import loading
from climate.devices.snmp.profile import Profile, Quantity, Scope

_KINDS = {
    "pdu": "Power distribution units",
    "ups": "Uninterruptible power supplies",
    "bmc": "Servers",
    "meter": "Meters",
    "dc": "Rectifiers and DC power",
    "switch": "Switches",
    "standard": "Standards, for all other devices",
}
_QUANTITIES = {
    Quantity.WATTS: "W",
    Quantity.VA: "VA",
    Quantity.AMPERES: "A",
    Quantity.VOLTS: "V",
    Quantity.ENERGY_J: "Wh",
    Quantity.POWER_FACTOR: "power factor",
    Quantity.FREQUENCY_HZ: "Hz",
    Quantity.TEMPERATURE_C: "°C",
}


def pages() -> str:
    """Tables (reStructuredText) of all installed profiles, one for each kind of device."""
    profiles = loading.installed()
    parts = []
    for kind, title in _KINDS.items():
        found = sorted((each for each in profiles if each.kind == kind), key=lambda each: (each.vendor, each.name))
        if found:
            parts.append(f"{title}\n{'-' * len(title)}\n\n{_table(found)}")
    return "\n\n".join(parts)


def _table(profiles: list[Profile]) -> str:
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 20 40 40",
        "",
        "   * - Vendor, profile",
        "     - Devices, MIBs",
        "     - What is measured",
    ]
    for profile in profiles:
        vendor = "" if profile.standard else f"{profile.vendor}, "
        lines += [
            f"   * - {vendor}``{profile.name}``",
            f"     - {_plain(profile.description)} ({_plain(', '.join(profile.mibs))})",
            f"     - {measured(profile)}{'; outlets can be switched' if profile.switch else ''}",
        ]
    return "\n".join(lines)


def measured(profile: Profile) -> str:
    """The quantities of each scope, such as ``outlet: W, A; device: W``."""
    scopes: dict[Scope, set[Quantity]] = {}
    for table in profile.tables:
        scopes.setdefault(table.scope, set()).update(table.columns)
    told = [
        f"{scope}: {', '.join(unit for quantity, unit in _QUANTITIES.items() if quantity in scopes[scope])}"
        for scope in Scope
        if scope in scopes
    ]
    refreshed = [f"every {profile.refresh_s:g} s"] if profile.refresh_s else []
    return "; ".join([*told, *refreshed])


def _plain(text: str) -> str:
    """A text in which no sign means anything to reStructuredText."""
    return "".join(f"\\{sign}" if sign in "\\*`_|<>" else sign for sign in text)


class Profiles(SphinxDirective):
    """Puts the tables on the page, each under a heading."""

    def run(self) -> list[nodes.Node]:
        """The sections' nodes."""
        return self.parse_text_to_nodes(pages(), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("snmp-profiles", Profiles)
    return {"parallel_read_safe": True}
