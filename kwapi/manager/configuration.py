# SPDX-License-Identifier: Apache-2.0
"""Which wattmeters there are, by the operator's files: the good sections, and what is wrong with the others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from oslo_config import cfg

from climate.chassis import files
from climate.errors import ConfigError
from kwapi.core.wire import checked_probe
from kwapi.drivers import loading
from kwapi.drivers.protocol import DriverType, Section
from kwapi.manager import ini
from kwapi.manager.options import OPTS, WATTMETER_OPTS
from kwapi.manager.values import Unusable, unknown, value, with_secrets

DEFAULT = "DEFAULT"
LoadDriver = Callable[[str], DriverType]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where, and how to mend it. ``disables``: the section cannot be used."""

    path: Path
    line: int
    section: str
    option: str
    reason: str
    fix: str
    disables: bool = True

    @property
    def text(self) -> str:
        """It in one line."""
        option = f" {self.option}:" if self.option else ""
        effect = " The section is not used." if self.disables else ""
        return f"{self.path}, line {self.line}: [{self.section}]{option} {self.reason}. {self.fix}{effect}"


@dataclass(frozen=True, slots=True)
class Wattmeter:
    """A section that can be used, with the driver that it names."""

    section: Section
    driver: str
    driver_type: DriverType
    path: Path
    line: int

    @property
    def probes(self) -> tuple[str, ...]:
        """Those that are read."""
        return tuple(probe for probe in self.section.probes if probe is not None)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the files say. A section is in ``wattmeters`` or in ``disabled``."""

    wattmeters: tuple[Wattmeter, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def disabled(self) -> tuple[str, ...]:
        """The sections that cannot be used."""
        return tuple(dict.fromkeys(fault.section for fault in self.faults if fault.disables))


def paths(conf: cfg.ConfigOpts) -> list[Path]:
    """The files of a process in which wattmeters may stand: its own, then those of its option ``wattmeters``.

    :raises ConfigError: one is not there.
    """
    found = [Path(name) for name in conf.config_file or ()]
    for name in [*(conf.config_dir or ()), *conf.wattmeters]:
        path = Path(name)
        if not path.exists():
            raise ConfigError(f"[DEFAULT] wattmeters names {path}, and there is no such file.", option="wattmeters")
        found.extend(sorted(path.glob("*.conf")) if path.is_dir() else [path])
    return list(dict.fromkeys(found))


def read(
    paths: Sequence[Path], reserved: Collection[str] = (), load_driver: LoadDriver = loading.load
) -> Configuration:
    """The wattmeters of some files. ``reserved`` are sections that mean something else to the process.

    :raises ConfigError: a file cannot be read, or [DEFAULT] says something that all need and cannot be used.
    """
    blocks: dict[str, ini.Block] = {}
    for path in paths:
        try:
            text = files.read_bytes(path).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigError(f"{path}: it is not UTF-8.") from None
        ini.parse(path, text, blocks)
    shared = blocks.pop(DEFAULT, None) or ini.Block(DEFAULT, Path(), 0)
    defaults = _defaults(shared.entries)
    find = functools.cache(load_driver)
    wattmeters: list[Wattmeter] = []
    readers: dict[str, Wattmeter] = {}
    faults = [replace(fault, disables=False) for fault in _flaws(shared)]
    for block in blocks.values():
        if block.name in reserved:
            continue
        draft = _Draft(block, shared, defaults)
        made = draft.wattmeter(find)
        faults.extend(draft.faults)
        twice = None if made is None else _twice(made, readers, block)
        if twice is not None:
            faults.append(twice)
        elif made is not None:
            wattmeters.append(made)
            readers.update(dict.fromkeys(made.probes, made))
    return Configuration(tuple(wattmeters), tuple(faults))


def _defaults(entries: Mapping[str, ini.Entry]) -> Mapping[str, Any]:
    values = {}
    for option in OPTS:
        try:
            values[option.dest] = value(option, entries, entries)
        except Unusable as error:
            entry = entries[option.name]
            raise ConfigError(
                f"{entry.path}, line {entry.line}: [DEFAULT] {error.option}: {error.reason}. {error.fix}",
                option=error.option,
            ) from None
    return values


class _Draft:
    """A section as it is read: what it means, and what was found wrong with it."""

    def __init__(self, block: ini.Block, shared: ini.Block, defaults: Mapping[str, Any]) -> None:
        self._block = block
        self._around = {**shared.entries, **block.entries}
        self._defaults = defaults
        self.faults = _flaws(block)

    def wattmeter(self, load_driver: LoadDriver) -> Wattmeter | None:
        """What it means, if it can be used."""
        own = self._values(WATTMETER_OPTS)
        name = own.get("driver")
        if name is None:
            return None
        try:
            driver_type = load_driver(name)
        except ConfigError as error:
            self._fault(Unusable("driver", error.message.rstrip("."), "Name one that is installed."))
            return None
        theirs = self._values(driver_type.options)
        known = [option.name for option in (*WATTMETER_OPTS, *driver_type.options)]
        for option in self._block.entries:
            if option not in known:
                self._fault(unknown(option, known), disables=False)
        try:
            folder = self._block.path.parent
            section = _section(self._block, own, self._defaults, with_secrets(driver_type.options, theirs, folder))
        except Unusable as error:
            self._fault(error)
        if any(fault.disables for fault in self.faults):
            return None
        return Wattmeter(section, name.lower(), driver_type, self._block.path, self._block.line)

    def _values(self, options: Iterable[cfg.Opt]) -> dict[str, Any]:
        found = {}
        for option in options:
            try:
                found[option.dest] = value(option, self._block.entries, self._around)
            except Unusable as error:
                self._fault(error)
        return found

    def _fault(self, error: Unusable, disables: bool = True) -> None:
        at = self._block.entries.get(error.option) or self._block
        self.faults.append(Fault(at.path, at.line, self._block.name, error.option, error.reason, error.fix, disables))


def _flaws(block: ini.Block) -> list[Fault]:
    return [
        Fault(flaw.path, flaw.line, block.name, flaw.option, flaw.text, "Write: option = value.", flaw.spoils)
        for flaw in block.flaws
    ]


def _section(
    block: ini.Block, own: Mapping[str, Any], defaults: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Section:
    rack = defaults["rack"] if own.get("rack") is None else own["rack"]
    device = own.get("device") or "/".join(part for part in (defaults["site"], rack, block.name) if part)
    outlets = own.get("probes") or ()
    try:
        checked_probe(f"{device}/-")
    except ValueError:
        raise Unusable(
            "device", f"{device!r} is no name of a device", "Write site/rack/device: up to seven parts without spaces."
        ) from None
    probes = tuple(None if outlet is None else f"{device}/{outlet}" for outlet in outlets)
    for probe in filter(None, probes):
        try:
            checked_probe(probe)
        except ValueError as error:
            raise Unusable("probes", str(error), "Write names without spaces.") from None
        if probes.count(probe) > 1:
            raise Unusable("probes", f"{probe} is there twice", "Give each outlet a name of its own.")
    return Section(
        name=block.name,
        device=device,
        probes=probes,
        interval_s=own.get("interval_s") or defaults["interval_s"],
        timeout_s=own.get("timeout_s") or defaults["timeout_s"],
        options=theirs,
        folder=block.path.parent,
    )


def _twice(made: Wattmeter, readers: Mapping[str, Wattmeter], block: ini.Block) -> Fault | None:
    """A probe that another section reads already (``readers`` by probe), and it shall count once."""
    entry = block.entries["probes"]
    for probe in made.probes:
        other = readers.get(probe)
        if other is not None:
            return Fault(
                entry.path,
                entry.line,
                block.name,
                "probes",
                f"{probe} is read by [{other.section.name}] already ({other.path}, line {other.line})",
                "Take it out of one of them, or give one another device.",
            )
    return None
