# SPDX-License-Identifier: Apache-2.0
"""What the log says of a device: its first trouble at once, then now and then a line with how many there were."""

from __future__ import annotations

QUIET_S = 60.0


class Complaints:
    """The troubles of one device; not for several threads at a time."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._quiet_s = quiet_s
        self._told_at: float | None = None
        self._untold = 0
        self._open = False

    def trouble(self, text: str, now: float) -> str | None:
        """The line to log, if it is time for one. ``now`` is in seconds."""
        if self._told_at is not None and now - self._told_at < self._quiet_s:
            self._untold += 1
            return None
        more = f" ({self._untold} more troubles since the last line)" if self._untold else ""
        self._told_at, self._untold, self._open = now, 0, True
        return text + more

    def relief(self) -> bool:
        """Whether to log that all is well again: only where a trouble was logged before."""
        was, self._open = self._open, False
        return was
