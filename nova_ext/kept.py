# SPDX-License-Identifier: Apache-2.0
"""The last answer on disk, for a scheduler that starts while Climate is away.

Several workers write the same file, each whole or not at all. Its time of
change says when the answer was last found to be true.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

from oslo_log import log as logging

from nova_ext.poller import Known
from nova_ext.snapshot import NotUnderstood, Snapshot, parse

LOG = logging.getLogger(__name__)


class Keeper:
    """Writes and reads one file; what goes wrong is logged once and stops nothing."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._told = False

    def save(self, snapshot: Snapshot) -> None:
        """Keep this one, true as of now."""
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(snapshot.body)
                os.replace(name, self._path)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            self._tell(error)

    def still_true(self) -> None:
        """What is kept was found to be true now."""
        try:
            os.utime(self._path)
        except OSError as error:
            self._tell(error)

    def load(self) -> Known[Snapshot] | None:
        """What is kept, as old as it is; ``None`` where there is nothing to be read."""
        try:
            # Without its tag, so that the next answer comes whole and replaces what may have been damaged.
            kept = parse("", self._path.read_bytes())
            age_s = max(0.0, time.time() - self._path.stat().st_mtime)
            return Known(kept, time.monotonic() - age_s)
        except FileNotFoundError:
            return None
        except (OSError, NotUnderstood) as error:
            self._tell(error)
            return None

    def _tell(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            LOG.warning("The last answer of Climate cannot be kept in %s: %s", self._path, error)
