# SPDX-License-Identifier: Apache-2.0
"""Hosts from a file that the operator writes: YAML, JSON or CSV.

YAML and JSON hold a list of hosts, or ``{hosts: [...], defaults: {...}}`` where
each host starts from the defaults. A host has a ``name``, may have an ``id``
(what other systems call it) and a ``service_host`` (Nova's compute service; the
name, if it is left out), and everything else is a property: what is nested
gets dotted names, a list of words becomes one text, ``null`` means not known.
CSV has a header line, one host a line, and empty cells for what is not known;
a column is numeric, or boolean, if all its cells are. The option ``columns``
says which facts of the file are which properties; without it all are taken
by their own names. One mistake refuses the whole file.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from climate.chassis import files
from climate.chassis.files import Document
from climate.core.host import PropertyValue, SourceHost
from climate.core.host_properties.catalogue import STANDARD, text_of
from climate.core.host_properties.facts import BadFact, checked_host
from climate.errors import ConfigError
from climate.inventory.sources import columns
from climate.inventory.sources.columns import CannotConvert, Rule

GROUP = "inventory_file"
OPTS = [
    cfg.StrOpt(
        "path",
        default="/etc/climate/hosts.yaml",
        help="The file with the site's hosts: .yaml, .json or .csv.",
    ),
    cfg.ListOpt(
        "columns",
        default=[],
        help="Which facts of the file are which properties: PROPERTY=COLUMN, or only the name where both are called "
        "alike, with PROPERTY=COLUMN/1048576 or PROPERTY=COLUMN*1000 to change the unit (also by another column), "
        "and PROPERTY=COLUMN~PATTERN for a part of a text; name, id and service_host are set in the same way. "
        "What is not named is left out. Empty: every fact by its own name.",
    ),
    cfg.IntOpt(
        "max_bytes",
        default=files.MAX_BYTES,
        min=1024,
        max=1024 * 1024 * 1024,
        help="The longest file that is read, in bytes.",
    ),
]

_DEEPEST = 8
_IDENTITY = ("name", "id", "service_host")

Facts = dict[str, PropertyValue]
Keys = tuple[str | int, ...]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [inventory_file]."""
    return [(GROUP, OPTS)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One host of the file as flat facts, and where in the file it stands."""

    keys: Keys
    facts: Facts


class FileSource:
    """The hosts of one file, read again whenever its content changed."""

    name = "file"

    def __init__(self, path: pathlib.Path, rules: Sequence[Rule] = (), max_bytes: int = files.MAX_BYTES) -> None:
        self._path = path
        self._rules = tuple(rules)
        self._max_bytes = max_bytes
        self._raw: bytes | None = None
        self._found: list[SourceHost] | ConfigError = []

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> FileSource:
        """The source that [inventory_file] describes.

        :raises ConfigError: a rule in ``columns`` cannot be used.
        """
        conf.register_opts(OPTS, group=GROUP)
        group = conf[GROUP]
        return cls(pathlib.Path(group.path), columns.parse(group.columns), group.max_bytes)

    def fetch(self) -> list[SourceHost]:
        """All hosts of the file.

        :raises ConfigError: with file and line, if anything in it is wrong.
        """
        raw = files.read_bytes(self._path, self._max_bytes)
        if raw != self._raw:  # ten thousand hosts in YAML take seconds
            try:
                self._found = hosts_of(files.parse(self._path, raw), self._rules)
            except ConfigError as error:
                self._found = error
            self._raw = raw
        if isinstance(self._found, ConfigError):
            raise ConfigError(self._found.message, **self._found.details)
        return list(self._found)


def hosts_of(document: Document, rules: Sequence[Rule] = ()) -> list[SourceHost]:
    """The hosts that a document describes.

    :raises ConfigError: with file and line, if anything in it is wrong.
    """
    entries = list(_rows(document) if document.cells else _entries(document))
    if rules:
        entries = _renamed(document, entries, rules)
    if document.cells:
        entries = _typed(entries)
    hosts = []
    where: dict[str, Keys] = {}
    for entry in entries:
        host = _host(document, entry)
        if host.name in where:
            before = document.line(*where[host.name])
            document.refuse(f"the host {host.name!r} comes twice, first on line {before}", *entry.keys)
        where[host.name] = entry.keys
        hosts.append(host)
    return hosts


def _rows(document: Document) -> Iterator[Entry]:
    for index, row in enumerate(document.value):
        yield Entry((index,), {column: cell.strip() for column, cell in row.items() if cell.strip()})


def _entries(document: Document) -> Iterator[Entry]:
    value: object = document.value
    keys: Keys = ()
    defaults: Facts = {}
    if isinstance(value, dict):
        unknown = value.keys() - {"hosts", "defaults"}
        if unknown or "hosts" not in value:
            document.refuse("write a list of hosts, or hosts: and defaults:", *sorted(map(str, unknown))[:1])
        defaults = _mapping(document, value.get("defaults") or {}, ("defaults",))
        value, keys = value["hosts"], ("hosts",)
    if not isinstance(value, list):
        document.refuse("write a list of hosts", *keys)
    for index, host in enumerate(value):
        place = (*keys, index)
        yield Entry(place, defaults | _mapping(document, host, place))


def _mapping(document: Document, value: object, keys: Keys) -> Facts:
    if not isinstance(value, dict):
        document.refuse("each host is a mapping: name: ..., vcpus: ...", *keys)
    return dict(_flat(document, value, keys, ""))


def _flat(
    document: Document, mapping: Mapping[Any, Any], keys: Keys, prefix: str
) -> Iterator[tuple[str, PropertyValue]]:
    if len(keys) > _DEEPEST:
        document.refuse("nested too deep", *keys[:_DEEPEST])
    for key, value in mapping.items():
        if not isinstance(key, str):  # YAML takes on, yes and 1 for something else
            document.refuse(f"{key!r} is no name of a property: write it in quotes", *keys)
        name = f"{prefix}{key}"
        place = (*keys, key)
        if isinstance(value, dict):
            yield from _flat(document, value, place, f"{name}.")
        elif isinstance(value, list):
            yield name, _words(document, value, name, place)
        elif isinstance(value, str | int | float):
            yield name, value
        elif value is not None:
            document.refuse(f"{name} must be text, a number, a boolean, or a list of words", *place)


def _words(document: Document, words: list[Any], name: str, keys: Keys) -> str:
    try:
        text = " ".join(words)
    except TypeError:
        words = [text_of(word) if isinstance(word, str | int | float) else "" for word in words]
        text = " ".join(words)
    if text.split() != words:
        document.refuse(f"the list {name} must hold words without spaces", *keys)
    return text


def _renamed(document: Document, entries: Iterable[Entry], rules: Sequence[Rule]) -> list[Entry]:
    entries = list(entries)
    known = set(document.value[0]) if document.cells and document.value else {f for e in entries for f in e.facts}
    for fact in dict.fromkeys(fact for rule in rules for fact in rule.facts):
        if entries and fact not in known:
            document.refuse(f"columns names {fact!r}, which no host has")
    renamed = []
    for entry in entries:
        try:
            renamed.append(Entry(entry.keys, columns.apply(rules, entry.facts)))
        except CannotConvert as error:
            document.refuse(str(error), *entry.keys, *error.fact.split("."))
    return renamed


def _typed(entries: Sequence[Entry]) -> list[Entry]:
    """Cells as numbers and booleans where all of a column's cells are; standard properties find their type later."""
    hosts = columns.typed(
        [entry.facts for entry in entries], lambda name: name not in STANDARD and name not in _IDENTITY
    )
    return [Entry(entry.keys, facts) for entry, facts in zip(entries, hosts, strict=True)]


def _host(document: Document, entry: Entry) -> SourceHost:
    name, external_id, service_host = (
        text_of(entry.facts[field]).strip() if field in entry.facts else "" for field in _IDENTITY
    )
    if not name:
        document.refuse("a host has no name", *entry.keys)
    properties = {fact: value for fact, value in entry.facts.items() if fact not in _IDENTITY}
    try:
        return checked_host(
            SourceHost(name=name, service_host=service_host or name, external_id=external_id, properties=properties)
        )
    except BadFact as error:
        document.refuse(str(error), *entry.keys, *error.fact.split("."), host=name)
