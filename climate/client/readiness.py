# SPDX-License-Identifier: Apache-2.0
"""Whether a climate-api is there and has what it needs; needs no token."""

from __future__ import annotations

import requests

from climate.client.connection import VERSION
from climate.errors import ServiceUnavailable


def ask(endpoint: str, timeout_s: float) -> tuple[bool, dict[str, str]]:
    """Whether the API at an endpoint is ready, and how each of its parts is. It may end in ``/v1`` or not.

    :raises ServiceUnavailable: nothing answers there, or something else than a climate-api.
    """
    root = endpoint.rstrip("/").removesuffix(VERSION)
    try:
        answer = requests.get(f"{root}/readyz", timeout=timeout_s)
    except requests.RequestException as error:
        raise ServiceUnavailable(f"Nothing answers at {root} ({type(error).__name__}).", endpoint=root) from None
    try:
        told = answer.json()
        parts = told["parts"] if "parts" in told else told["error"]["details"]["parts"]
        return answer.status_code == requests.codes.ok, dict(parts)
    except (ValueError, KeyError, TypeError):
        raise ServiceUnavailable(
            f"What answers at {root} (status {answer.status_code}) is no climate-api.", endpoint=root
        ) from None
