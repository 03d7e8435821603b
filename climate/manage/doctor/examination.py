# SPDX-License-Identifier: Apache-2.0
"""What a look at a part finds, and how all are looked at: at a time, each for so long and no longer."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from oslo_config import cfg

from climate.errors import ClimateError


class Verdict(enum.StrEnum):
    """How a part is."""

    OK = "ok"
    WARN = "warn"  # it works, but somebody should look at it
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a part, in a sentence; ``fix`` says what to do about it."""

    part: str
    verdict: Verdict
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A look at one part. What ``look`` raises is a finding, too, with this ``fix``."""

    part: str
    look: Callable[[], Iterable[Finding]]
    fix: str = ""


@dataclass(slots=True)
class _Looking:
    """One check under way."""

    check: Check
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        self.findings = looked(self.check)


def examine(checks: Sequence[Check], limit_s: float) -> list[Finding]:
    """All findings, in the order of the checks; one that takes longer than ``limit_s`` seconds has failed."""
    looks = [_Looking(check) for check in checks]
    threads = [threading.Thread(target=look.run, name=f"doctor-{look.check.part}", daemon=True) for look in looks]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [finding for look in looks for finding in look.findings or [_silent(look.check, limit_s)]]


def looked(check: Check) -> list[Finding]:
    """What one check finds; at least one finding."""
    try:
        found = list(check.look())
    except ClimateError as error:
        return [Finding(check.part, Verdict.FAIL, error.message, check.fix)]
    except (cfg.Error, ValueError) as error:
        return [Finding(check.part, Verdict.FAIL, f"An option cannot be read: {error}", "Correct it.")]
    except Exception as error:  # noqa: BLE001 - whatever a library raises means that this part is not well
        return [
            Finding(check.part, Verdict.FAIL, f"It cannot be looked at ({type(error).__name__}: {error}).", check.fix)
        ]
    return found or [Finding(check.part, Verdict.OK, "Nothing is wrong.")]


def _silent(check: Check, limit_s: float) -> Finding:
    return Finding(
        check.part,
        Verdict.FAIL,
        f"No answer within {limit_s:g} s.",
        "See whether it runs and can be reached; a longer --timeout waits longer.",
    )
