# SPDX-License-Identifier: Apache-2.0
"""The samples in etc/ are what the code would say today (``make samples`` brings them up to date)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import EntryPoint, distribution
from itertools import filterfalse
from pathlib import Path

import pytest
import yaml
from oslo_config import cfg

from tools import samples

RECIPES = samples.recipes()
GROUPS = {"config-generator": "oslo.config.opts", "policy-generator": "oslo.policy.policies"}


def entry_points(group: str) -> list[EntryPoint]:
    return [point for point in distribution("climate").entry_points if point.group == group]


def registered(group: str) -> set[str]:
    return {point.name for point in entry_points(group)}


def options(list_opts: Callable[[], list[tuple[str, list[cfg.Opt]]]]) -> set[tuple[str, str]]:
    return {(group, option.name) for group, listed in list_opts() for option in listed}


def ours(recipe: Path) -> bool:
    return samples.namespaces(recipe) <= registered(GROUPS[recipe.parent.name])


@pytest.mark.parametrize("directory", GROUPS)
def test_every_option_and_rule_of_ours_is_in_a_sample(directory: str) -> None:
    """Each registered namespace is named by one recipe."""
    recipes = [recipe for recipe in RECIPES if recipe.parent.name == directory]
    named = [name for recipe in recipes if ours(recipe) for name in samples.namespaces(recipe)]
    assert sorted(named) == sorted(registered(GROUPS[directory]))


def test_no_option_is_left_out() -> None:
    """What any module's ``list_opts`` lists is listed by a registered one too."""
    known = {option for point in entry_points("oslo.config.opts") for option in options(point.load())}
    for package in sorted({point.value.partition(".")[0] for point in distribution("climate").entry_points}):
        for path in sorted((samples.ROOT / package).rglob("*.py")):
            if "\ndef list_opts(" in path.read_text():
                module = ".".join(path.relative_to(samples.ROOT).with_suffix("").parts)
                assert options(importlib.import_module(module).list_opts) <= known, module


@pytest.mark.parametrize(
    "recipe", list(filter(ours, RECIPES)), ids=lambda recipe: f"{recipe.parent.name}/{recipe.name}"
)
def test_samples_are_current(recipe: Path, tmp_path: Path) -> None:
    """Made again, each is the same."""
    samples.write(recipe, tmp_path / "again")
    again = (tmp_path / "again").read_text()
    assert RECIPES[recipe].read_text() == again
    assert "\n#" in again


@pytest.mark.parametrize(
    "recipe", list(filterfalse(ours, RECIPES)), ids=lambda recipe: f"{recipe.parent.name}/{recipe.name}"
)
def test_samples_of_libraries_can_be_made(recipe: Path, tmp_path: Path) -> None:
    """Their text changes with the libraries' versions; at least they name something still."""
    samples.write(recipe, tmp_path / "again")
    assert "\n#" in (tmp_path / "again").read_text()


@pytest.mark.parametrize("sample", [path for path in RECIPES.values() if path.suffixes == [".conf", ".sample"]])
def test_configuration_samples_parse(sample: Path) -> None:
    """oslo.config reads each as it is, with all that it suggests commented out."""
    cfg.ConfigOpts()([], default_config_files=[str(sample)], default_config_dirs=[])
    settings = [line for line in sample.read_text().splitlines() if line and not line.startswith(("#", "["))]
    assert settings == []


@pytest.mark.parametrize("sample", [path for path in RECIPES.values() if path.suffixes == [".yaml", ".sample"]])
def test_policy_samples_parse(sample: Path) -> None:
    """They are YAML, and so are the rules in their comments."""
    assert yaml.safe_load(sample.read_text()) is None
    rules = [line.removeprefix("#") for line in sample.read_text().splitlines() if line.startswith('#"')]
    assert rules
    assert all(isinstance(yaml.safe_load(rule), dict) for rule in rules)


def test_every_sample_has_a_recipe() -> None:
    """None is written by hand."""
    assert set((samples.ROOT / "etc").rglob("*.sample")) == set(RECIPES.values())
