# SPDX-License-Identifier: Apache-2.0
"""What the API asks of a service, written down."""

from __future__ import annotations

from typing import Any

from tests.functional.direct import DirectCaller


class Recorder:
    """Notes the calls of a service, with their arguments."""

    def __init__(self, caller: DirectCaller) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._call = caller.call
        caller.call = self  # type: ignore[method-assign, assignment]

    def __call__(self, request_id: str, method: str, returns: Any, /, **arguments: Any) -> Any:
        self.calls.append((method, arguments))
        return self._call(request_id, method, returns, **arguments)

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]
