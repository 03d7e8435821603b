# SPDX-License-Identifier: Apache-2.0
"""An empty database on one of the servers, and its bare client."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Database:
    """``url`` is for SQLAlchemy; ``client`` is the argv of psql or mariadb, which reads SQL from its input."""

    name: str
    url: str
    client: tuple[str, ...]

    def execute(self, sql: str) -> subprocess.CompletedProcess[str]:
        """Run statements by the bare client, in no code of ours.

        The first that fails ends it: then ``returncode`` is not 0 and
        ``stderr`` says why. Rows come on ``stdout``, one a line, columns
        separated by tabs, no headings.
        """
        return subprocess.run(self.client, input=sql, capture_output=True, text=True, timeout=120, check=False)
