# SPDX-License-Identifier: Apache-2.0
"""What one may ask a service is what it answers: each file of rpcapi against its service's endpoint."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from typing import Any

import pytest

from climate import rpcapi


def classes(module: str, suffix: str) -> type:
    """The one class of a module whose name ends so."""
    found = [
        one
        for name, one in inspect.getmembers(importlib.import_module(module), inspect.isclass)
        if name.endswith(suffix) and one.__module__ == module
    ]
    assert len(found) == 1, f"{module} should have one class ...{suffix}"
    return found[0]


SERVICES = sorted(module.name for module in pkgutil.iter_modules(rpcapi.__path__))
PAIRS = [
    (classes(f"climate.rpcapi.{name}", "API"), classes(f"climate.{name}.endpoint", "Endpoint")) for name in SERVICES
]


def methods(one: type) -> dict[str, Any]:
    return {name: method for name, method in inspect.getmembers(one, inspect.isfunction) if not name.startswith("_")}


CALLS = [
    (api, endpoint, name) for api, endpoint in PAIRS for name in sorted(methods(api).keys() | methods(endpoint).keys())
]
IDS = [f"{endpoint.__name__}.{name}" for _, endpoint, name in CALLS]


def signature(method: Any) -> list[tuple[str, Any, Any, Any]]:
    """Name, kind, default and type of each argument behind the first two, then the answer's type."""
    hints = typing.get_type_hints(method)
    arguments = list(inspect.signature(method).parameters.values())[2:]
    return [*((one.name, one.kind, one.default, hints[one.name]) for one in arguments), ("", "", "", hints["return"])]


def test_there_are_services() -> None:
    assert {"inventory", "planning"} <= set(SERVICES)


@pytest.mark.parametrize(("api", "endpoint", "name"), CALLS, ids=IDS)
def test_a_method_is_the_same_on_both_sides(api: type, endpoint: type, name: str) -> None:
    """Names, keyword arguments, defaults, types, and the answer."""
    asked, answered = methods(api).get(name), methods(endpoint).get(name)
    assert asked is not None, "nobody can ask for it"
    assert answered is not None, "nobody answers it"
    assert signature(asked) == signature(answered)
    assert getattr(answered, "exposed", False), "it cannot be reached"
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for _, kind, _, _ in signature(asked)[:-1])


class Recorder:
    """A caller that notes what it would send."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any, dict[str, Any]]] = []

    def call(self, request_id: str, method: str, returns: Any, /, **arguments: Any) -> None:
        self.calls.append((request_id, method, returns, arguments))


@pytest.mark.parametrize(("api", "endpoint", "name"), CALLS, ids=IDS)
def test_a_call_sends_all_that_it_was_given(api: type, endpoint: type, name: str) -> None:
    """Under the method's own name; the answer is decoded as the type that is promised."""
    recorder = Recorder()
    *arguments, (_, _, _, returns) = signature(methods(api)[name])
    given = {argument: object() for argument, _, _, _ in arguments}
    getattr(api(recorder), name)("req-1", **given)
    assert recorder.calls == [("req-1", name, returns, given)]
