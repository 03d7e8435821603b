# SPDX-License-Identifier: Apache-2.0
"""Findings as people read them, as a program does, and as an exit status."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from climate.manage.doctor.examination import Finding, Verdict

_WIDTH = 110


def table(findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each finding, its fix below it, and what all of it comes to."""
    part = max([len("PART"), *(len(finding.part) for finding in findings)])
    yield f"{'PART':{part}}  STATE  FINDING"
    for finding in findings:
        first, *rest = _wrapped(finding.message, part)
        yield f"{finding.part:{part}}  {finding.verdict:5}  {first}"
        for line in [*rest, *_wrapped(f"-> {finding.fix}" if finding.fix else "", part)]:
            yield f"{'':{part}}         {line}"
    failed = sum(finding.verdict is Verdict.FAIL for finding in findings)
    yield "Nothing has failed." if not failed else f"{failed} {'has' if failed == 1 else 'have'} failed."


def document(findings: Sequence[Finding]) -> str:
    """One JSON object."""
    entries = [
        {"part": one.part, "state": str(one.verdict), "message": one.message, "fix": one.fix} for one in findings
    ]
    return json.dumps({"healthy": status(findings) == 0, "findings": entries}, indent=1)


def status(findings: Sequence[Finding]) -> int:
    """1 if anything has failed; a warning is no failure."""
    return int(any(finding.verdict is Verdict.FAIL for finding in findings))


def _wrapped(text: str, part: int) -> list[str]:
    return textwrap.wrap(text, max(40, _WIDTH - part - 9), break_long_words=False, break_on_hyphens=False)
