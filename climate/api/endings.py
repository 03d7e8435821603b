# SPDX-License-Identifier: Apache-2.0
"""What requests may say of the end of a lease's instances."""

from __future__ import annotations

from collections.abc import Sequence

from oslo_config import cfg, types

from climate.core.clearing import Ending
from climate.errors import BadField

OPTS = [
    cfg.ListOpt(
        "allowed_on_lease_end",
        item_type=types.String(choices=[str(one) for one in Ending]),
        default=[str(Ending.DELETE), str(Ending.SHELVE)],
        help="What requests may say in on_lease_end. Those that leave it out get [planning] on_lease_end.",
    ),
]


class Endings:
    """What the operator allows."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = tuple(allowed)

    def require(self, wanted: str) -> None:
        """Do nothing where it is allowed, or nothing is wanted.

        :raises BadField: it is not.
        """
        if wanted and wanted not in self._allowed:
            may = " or ".join(self._allowed) or "nothing"
            raise BadField(
                f"on_lease_end may be {may} here: leave it out for what the site does. "
                "Administrators allow more with the option [api] allowed_on_lease_end.",
                field="on_lease_end",
                option="[api] allowed_on_lease_end",
            )
