# SPDX-License-Identifier: Apache-2.0
"""Drivers are found by name; one that is missing or broken is named with the reason."""

from __future__ import annotations

import importlib.metadata

import pytest
from stevedore.extension import ExtensionManager

from climate.errors import ConfigError
from kwapi.drivers import loading
from kwapi.drivers.dummy import DummyDriver


def test_capitals_do_not_matter() -> None:
    """In old configurations drivers begin with one."""
    assert loading.load("dummy") is DummyDriver
    assert loading.load("Dummy") is DummyDriver


def test_an_unknown_driver_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'dumy'.*dummy, .*replay"):
        loading.load("dumy")


def test_a_driver_that_does_not_load_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it stands in nobody else's way."""
    broken = importlib.metadata.EntryPoint("broken", "kwapi.drivers.nowhere:Driver", loading.NAMESPACE)
    found = importlib.metadata.entry_points
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **wanted: (*found(**wanted), broken))
    known = [*found(group=loading.NAMESPACE), broken]
    monkeypatch.setitem(ExtensionManager.ENTRY_POINT_CACHE, loading.NAMESPACE, known)
    with pytest.raises(ConfigError, match=r"broken cannot be loaded: ModuleNotFoundError.*nowhere"):
        loading.load("broken")
    assert loading.load("dummy") is DummyDriver
