# SPDX-License-Identifier: Apache-2.0
"""Calls to a service without a broker: straight to its endpoint, through the same JSON as over the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import oslo_messaging as messaging


class DirectCaller:
    """Stands for :class:`climate.chassis.rpc.Caller`. ``before`` runs first: it may count, or fail."""

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint
        self.before: Callable[[str], None] = lambda method: None

    def call(self, request_id: str, method: str, returns: Any, /, **arguments: Any) -> Any:
        self.before(method)
        plain = _over_the_wire({name: msgspec.to_builtins(value) for name, value in arguments.items()})
        try:
            answer = getattr(self._endpoint, method)({"request_id": request_id}, **plain)
        except messaging.ExpectedException as expected:
            raise expected.exc_info[1] from None
        return msgspec.convert(_over_the_wire(answer), returns)


def _over_the_wire(value: Any) -> Any:
    return json.loads(json.dumps(value))
