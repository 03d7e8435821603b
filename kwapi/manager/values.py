# SPDX-License-Identifier: Apache-2.0
"""What an option's text means, or why it means nothing and how to mend it."""

from __future__ import annotations

import difflib
import string
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from oslo_config import cfg

from climate.chassis import secrets
from climate.errors import ConfigError
from kwapi.manager.ini import Entry


class Unusable(Exception):
    """An option that cannot be used: why, and what to do."""

    def __init__(self, option: str, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.option = option
        self.reason = reason
        self.fix = fix


def with_secrets(options: Iterable[cfg.Opt], values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The values, with each file of a secret replaced by the secret."""
    found = dict(values)
    for option in options:
        if isinstance(option, secrets.SecretFileOpt):
            name = found.pop(option.dest, None)
            try:
                found[option.secret_dest] = None if name is None else secrets.read(folder / name)
            except ConfigError as error:
                raise Unusable(option.name, error.message.rstrip("."), "Give the file to its owner alone.") from None
    return found


def value(option: cfg.Opt, entries: Mapping[str, Entry], around: Mapping[str, Entry]) -> Any:
    """What an option is set to, its default else; ``$name`` in it stands for what is around."""
    entry = entries.get(option.name) or entries.get(option.dest)
    if entry is None:
        if option.required and option.default is None:
            help_text = (option.help or "").partition(".")[0]
            raise Unusable(option.name, "it is missing", f"Set it: {help_text[:1].lower()}{help_text[1:]}.")
        return option.default
    try:
        text = string.Template(entry.value).substitute({name: each.value for name, each in around.items()})
    except KeyError as error:
        raise Unusable(option.name, f"${error.args[0]} is not set", "Write $$ for a dollar.") from None
    except ValueError:
        raise Unusable(option.name, "a $ stands before nothing that could be set", "Write $$ for a dollar.") from None
    try:
        return option.type(text)
    except (ValueError, TypeError) as error:
        raise Unusable(option.name, f"it cannot be used: {error}", f"It must be {_kind(option)}.") from None


def _kind(option: cfg.Opt) -> str:
    kind = option.type
    choices = getattr(kind, "choices", None)
    if choices:
        return "one of " + ", ".join(choices)
    least, most = getattr(kind, "min", None), getattr(kind, "max", None)
    limits = [f"at least {least:g}" if least is not None else "", f"at most {most:g}" if most is not None else ""]
    return " and ".join(filter(None, [f"a {getattr(kind, 'type_name', 'value')}", *limits]))


def unknown(name: str, known: Sequence[str]) -> Unusable:
    if name == "parameters":
        fix = f"Write each parameter as an option of its own; there are: {', '.join(known)}."
    elif name + secrets.SUFFIX in known:
        fix = f"Write it alone into a file of mode 600, and name that in {name}{secrets.SUFFIX}."
    else:
        near = difflib.get_close_matches(name, known, n=3)
        fix = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
    return Unusable(name, "no such option is known, and it has no effect", fix)
