# SPDX-License-Identifier: Apache-2.0
"""Rules that turn what a source calls a fact into what the catalogue calls it, in its unit.

Each rule is one of::

    vcpus                         the source calls the fact so, too
    vcpus=threads                 another name
    memory_mb=ram_bytes/1048576   divided by a number, or multiplied: *
    cpu_info.topology.cores=cores/sockets     or by another fact
    gpus=cards~(\\d+)x             the part of a text that a pattern finds: its group, or all of it
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import NAME, boolean_of, number_of
from climate.errors import ConfigError

_RULE = re.compile(r"(?P<target>[^=~*/]+)(=(?P<fact>[^=~*/]+)((?P<how>[*/~])(?P<operand>.+))?)?")


class How(enum.StrEnum):
    """What is done to a fact."""

    KEEP = ""
    TIMES = "*"
    DIVIDED = "/"
    FOUND = "~"


@dataclass(frozen=True, slots=True)
class Rule:
    """``target`` gets what ``how`` makes of ``fact``; an ``operand`` is a number, another fact's name, or a pattern."""

    target: str
    fact: str
    how: How = How.KEEP
    operand: float | str | re.Pattern[str] = ""

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that the rule reads."""
        return (self.fact, self.operand) if isinstance(self.operand, str) and self.operand else (self.fact,)


class CannotConvert(ValueError):
    """A value to which a rule cannot be applied; the text says why. ``fact`` is what the source calls it."""

    def __init__(self, message: str, fact: str) -> None:
        super().__init__(message)
        self.fact = fact


def parse(texts: Iterable[str], option: str = "columns") -> tuple[Rule, ...]:
    """The rules that the texts of ``option`` write.

    :raises ConfigError: a text that is no rule, or two rules for one target.
    """
    rules = tuple(_rule(text.strip(), option) for text in texts)
    targets = [rule.target for rule in rules]
    for target in targets:
        if targets.count(target) > 1:
            raise ConfigError(f"{option} has two rules for {target}: keep one.", option=option)
    return rules


def apply(rules: Iterable[Rule], facts: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
    """What the rules make of one host's facts; a target whose facts are missing is missing.

    :raises CannotConvert: arithmetic on what is no number, or a division by zero.
    """
    made: dict[str, PropertyValue] = {}
    for rule in rules:
        if all(fact in facts for fact in rule.facts):
            value = _value(rule, facts)
            if value is not None:
                made[rule.target] = value
    return made


def typed(hosts: Sequence[Mapping[str, PropertyValue]], may: Callable[[str], bool]) -> list[dict[str, PropertyValue]]:
    """Hosts with texts read as numbers, or else booleans, under each name that ``may`` where all its texts can be."""
    texts: dict[str, list[str]] = {}
    for host in hosts:
        for name, value in host.items():
            if isinstance(value, str) and may(name):
                texts.setdefault(name, []).append(value)
    kinds = {
        name: next((of for of in (number_of, boolean_of) if all(of(text) is not None for text in said)), None)
        for name, said in texts.items()
    }

    def value_of(name: str, value: PropertyValue) -> PropertyValue:
        convert = kinds.get(name)
        converted = convert(value) if convert is not None and isinstance(value, str) else None
        return value if converted is None else converted

    return [{name: value_of(name, value) for name, value in host.items()} for host in hosts]


def _rule(text: str, option: str) -> Rule:
    match = _RULE.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"{option} has {text!r}, which is no rule: write PROPERTY, PROPERTY=COLUMN, PROPERTY=COLUMN/1024 "
            "or PROPERTY=COLUMN~PATTERN.",
            option=option,
        )
    target = match["target"].strip()
    if NAME.fullmatch(target) is None:
        raise ConfigError(f"{option} has {text!r}: {target!r} cannot name a property.", option=option)
    fact = (match["fact"] or target).strip()
    how = How(match["how"] or "")
    operand = (match["operand"] or "").strip()
    if how is How.FOUND:
        try:
            return Rule(target, fact, how, re.compile(operand))
        except re.error as error:
            raise ConfigError(f"{option} has {text!r}, whose pattern is wrong: {error}.", option=option) from None
    number = number_of(operand)
    if number == 0:
        raise ConfigError(f"{option} has {text!r}: by 0.", option=option)
    return Rule(target, fact, how, operand if number is None else float(number))


def _value(rule: Rule, facts: Mapping[str, PropertyValue]) -> PropertyValue | None:
    value = facts[rule.fact]
    if rule.how is How.KEEP:
        return value
    if isinstance(rule.operand, re.Pattern):
        found = rule.operand.search(str(value))
        return found and (found[1] if rule.operand.groups else found[0])
    operand = rule.operand if isinstance(rule.operand, float) else _number(facts[rule.operand], rule.operand)
    number = _number(value, rule.fact)
    if rule.how is How.TIMES:
        result = number * operand
    elif operand:
        result = number / operand
    else:
        raise CannotConvert(f"{rule.operand} is 0, and {rule.target} is divided by it", str(rule.operand))
    if not math.isfinite(result):
        raise CannotConvert(f"{rule.target} is no finite number", rule.fact)
    return int(result) if result.is_integer() else result


def _number(value: PropertyValue, fact: str) -> float:
    number = number_of(value) if isinstance(value, str) else value
    if number is None or isinstance(number, bool):
        raise CannotConvert(f"{fact} must be a number, and {value!r} is none", fact)
    return float(number)
