# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a configuration: values that cannot be, and names that nobody knows."""

from __future__ import annotations

import configparser
import difflib
import importlib.metadata
from collections.abc import Callable

from oslo_config import cfg

ENTRY_POINTS = "oslo.config.opts"
_OURS = ("climate", "kwapi", "kwranking", "kwassign")
# Sections for each kind of device, as examples: no process registers them under these names.
_EXAMPLES = ("kwapi.wattmeters",)
Options = Callable[[], list[tuple[str, list[cfg.Opt]]]]


def all_options() -> list[Options]:
    """What every part of the installed suite registers, found by the entry points ``oslo.config.opts``."""
    found = importlib.metadata.entry_points(group=ENTRY_POINTS)
    ours = (entry for entry in found if entry.name.split(".")[0] in _OURS)
    return [entry.load() for entry in ours if entry.name not in _EXAMPLES]


def findings(conf: cfg.ConfigOpts) -> list[str]:
    """One line for each problem; ``conf`` has been loaded with :func:`all_options`.

    Options of libraries (``[keystone_authtoken]``, ``[oslo_messaging_rabbit]``,
    ...) are checked by the libraries when they are used: groups that are not
    ours pass.
    """
    known = _known()
    problems = [*_unknown_names(conf, known), *_bad_values(conf, known)]
    if not conf.database.connection:
        problems.append("[database] connection is not set: where is the database?")
    return problems


def _known() -> dict[str, dict[str, cfg.Opt]]:
    known: dict[str, dict[str, cfg.Opt]] = {}
    for options in all_options():
        for group, opts in options():
            known.setdefault(group, {}).update({opt.dest: opt for opt in opts})
    return known


def _bad_values(conf: cfg.ConfigOpts, known: dict[str, dict[str, cfg.Opt]]) -> list[str]:
    problems = []
    for group, opts in known.items():
        for name in opts:
            try:
                _ = conf[name] if group == "DEFAULT" else conf[group][name]
            except (cfg.ConfigFileValueError, ValueError) as error:
                problems.append(f"[{group}] {name}: {error}")
    return problems


def _unknown_names(conf: cfg.ConfigOpts, known: dict[str, dict[str, cfg.Opt]]) -> list[str]:
    """Names in our groups that no part reads; [DEFAULT] is shared with libraries and is not checked."""
    problems = []
    former = _former_names(known)
    for path in conf.config_file or []:
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="")
        parser.read(path, encoding="utf-8")
        for group in parser.sections():
            if group == "DEFAULT" or group not in known:
                continue
            for name in parser[group]:
                if name.replace("-", "_") not in known[group] and (group, name.replace("-", "_")) not in former:
                    near = difflib.get_close_matches(name, known[group], 1)
                    hint = f"; did you mean {near[0]}?" if near else ""
                    problems.append(f"{path}: [{group}] {name} is no option of ours{hint}")
    return problems


def _former_names(known: dict[str, dict[str, cfg.Opt]]) -> set[tuple[str, str]]:
    """Groups and names under which options stood before, and are read still."""
    return {
        (former.group or group, (former.name or opt.name).replace("-", "_"))
        for group, opts in known.items()
        for opt in opts.values()
        for former in opt.deprecated_opts
    }
