# SPDX-License-Identifier: Apache-2.0
"""Move leases that are long over to the archive, batch by batch, and say how far it is."""

from __future__ import annotations

from collections.abc import Callable

from climate.planning.store.archive import Amount, Archive


def run(archive: Archive, before: int, now: int, say: Callable[[str], None], *, dry: bool = False) -> Amount:
    """Move what was over before an instant (epoch seconds); with ``dry``, only say what would be moved.

    It can be stopped at any time, and begun again: what has moved stays
    moved, and nothing moves twice.
    """
    ready = archive.ready(before, now)
    staying = archive.over(before) - len(ready)
    moved = archive.amount(ready) if dry else Amount()
    if not dry:
        for moved in archive.move(ready, before, now):
            say(f"{moved.leases} of {len(ready)} leases are in the archive.")
    say(
        f"{'Would move' if dry else 'Moved'} {moved.leases} leases, {moved.allocations} allocations "
        f"and {moved.entries} journal entries to the archive."
    )
    if staying > 0:
        say(
            f"{staying} more are over and stay for now: their hosts are being cleaned up, a request with their "
            "Idempotency-Key may come again, a limit counts them, a notification of them is waiting, "
            "or theirs is the journal's last entry."
        )
    return moved
