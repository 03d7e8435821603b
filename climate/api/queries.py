# SPDX-License-Identifier: Apache-2.0
"""Values in the query of an address: flags, instants, states of leases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from climate.core.lifecycle import State
from climate.core.period import parse_instant
from climate.errors import BadField

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def flag(query: Mapping[str, str], name: str) -> bool | None:
    """A flag, ``None`` where it is left out.

    :raises BadField: it is neither true nor false.
    """
    text = query.get(name)
    if text is None:
        return None
    if text.lower() not in _FLAGS:
        raise BadField(f"{name} must be true or false.", field=name)
    return _FLAGS[text.lower()]


def instant(query: Mapping[str, str], name: str) -> int | None:
    """Epoch seconds, ``None`` where it is left out.

    :raises BadField: it is no instant; a ``+`` that was not quoted arrives as a space.
    """
    text = query.get(name)
    return None if text is None else parse_instant(text, name)


def span(start: int | None, end: int | None) -> tuple[int | None, int | None]:
    """A start and an end that go together.

    :raises BadField: the end does not come after the start.
    """
    if start is not None and end is not None and end <= start:
        raise BadField("end must come after start.", field="end")
    return start, end


def states(values: Iterable[str]) -> tuple[State, ...]:
    """States of leases, from values that may each hold several with commas between.

    :raises BadField: there is no such state.
    """
    words = [word.strip() for value in values for word in value.split(",")]
    known = {str(state): state for state in State}
    unknown = [word for word in words if word not in known]
    if unknown:
        raise BadField(f"There is no state {unknown[0]!r}; there are: {', '.join(known)}.", field="state")
    return tuple(known[word] for word in dict.fromkeys(words))
