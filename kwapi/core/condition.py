# SPDX-License-Identifier: Apache-2.0
"""How a device is of which something is wrong, as its source tells it; readings alone cannot say why none come."""

from __future__ import annotations

import re

import msgspec

from kwapi.core.reading import PROBE, PROBE_LENGTH

WAITING = "waiting"
"""It has not answered yet since its source began to ask it, and no failure is known."""
SLOW = "slow"
"""It answers, but takes longer than the interval at which it is asked."""
PARTIAL = "partial"
"""It answers, but tells nothing of some probes, or something else that cannot be used."""
FAILING = "failing"
"""It did not answer when it was asked last, or not as it should."""
STUCK = "stuck"
"""So many of its drivers hang that it is asked no more."""

STATE = re.compile(r"[a-z_]{1,32}", re.ASCII)
"""What a state looks like; there may be others one day."""
LONGEST_REASON = 500
MOST_NAMED = 1000
"""So many probes of a device are named at most."""
_LATEST_NS = 2**63 - 1


class Condition(msgspec.Struct, frozen=True, array_like=True):
    """One device that is not well, since ``since_ns`` of its source's clock.

    ``probes`` are those that it concerns: the ones that are missing where it
    is partial, else all; of ``of`` probes that it has. ``reason`` is a sentence
    in one line, without secrets. ``attempts`` and ``failures`` count since the
    source started; ``answered_ns`` is when it answered last, ``None`` if it
    never did.
    """

    device: str
    state: str
    since_ns: int
    reason: str
    probes: list[str]
    of: int
    attempts: int
    failures: int
    answered_ns: int | None


def sentence(text: str) -> str:
    """Any text, from a device even, as a reason: one line that a terminal can show, not too long."""
    line = " ".join(text.split())[:LONGEST_REASON]
    return line if line.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in line)


def is_sound(said: Condition) -> bool:
    """Whether what a source says of a device can be kept and shown."""
    names = [said.device, *said.probes]
    under = f"{said.device}/"
    return (
        all(len(name) <= PROBE_LENGTH and PROBE.fullmatch(name) is not None for name in names)
        and all(name.startswith(under) or name == said.device for name in said.probes)
        and len(said.probes) <= min(MOST_NAMED, said.of)
        and STATE.fullmatch(said.state) is not None
        and len(said.reason) <= LONGEST_REASON
        and said.reason.isprintable()
        and 0 <= said.since_ns <= _LATEST_NS
        and 0 <= (said.answered_ns or 0) <= _LATEST_NS
        and min(said.attempts, said.failures) >= 0
    )
