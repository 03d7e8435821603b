# SPDX-License-Identifier: Apache-2.0
"""Whether a configuration of wattmeters is right, in words and as an exit status."""

from __future__ import annotations

from collections.abc import Callable

from climate.errors import ConfigError
from kwapi.manager.configuration import Configuration, Fault, Wattmeter

RIGHT = 0
WRONG = 1


def check(configuration: Configuration, clock_ns: Callable[[], int]) -> tuple[list[str], int]:
    """A line for each wattmeter and each fault, and ``RIGHT`` or ``WRONG``. Drivers are made, but ask no device."""
    faults = list(configuration.faults)
    lines = []
    for wattmeter in configuration.wattmeters:
        refused = _refused(wattmeter, clock_ns)
        if refused is not None:
            faults.append(refused)
            continue
        section = wattmeter.section
        lines.append(
            f"[{section.name}] {wattmeter.driver}: {section.device}, {len(wattmeter.probes)} probes "
            f"each {section.interval_s:g} s"
        )
    lines.extend(fault.text for fault in faults)
    if not configuration.wattmeters and not faults:
        lines.append("There is no section of a wattmeter.")
        return lines, WRONG
    return lines, WRONG if faults else RIGHT


def _refused(wattmeter: Wattmeter, clock_ns: Callable[[], int]) -> Fault | None:
    section = wattmeter.section
    try:
        wattmeter.driver_type(section, clock_ns).close()
    except ConfigError as error:
        option = str(error.details.get("option", ""))
        return _fault(wattmeter, option, error.message.rstrip("."))
    except Exception as error:  # noqa: BLE001 - whatever a driver does must not hide what is wrong with the others
        return _fault(wattmeter, "", f"the driver {wattmeter.driver} failed: {type(error).__name__}: {error}")
    return None


def _fault(wattmeter: Wattmeter, option: str, reason: str) -> Fault:
    return Fault(
        wattmeter.path, wattmeter.line, wattmeter.section.name, option, reason, "Change what it names.", disables=True
    )
