# SPDX-License-Identifier: Apache-2.0
"""Tell the message bus what happened to a lease, as an oslo.messaging notification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from climate.chassis.outbox import Effect
from climate.core.booking import Decision

TOPIC = "notify"


def effect(decision: Decision) -> Effect:
    """The notification ``lease.<event>``: the lease as it is after the event, without its hosts' names."""
    lease = decision.lease
    return Effect(
        topic=TOPIC,
        key=lease.lease_id,
        payload={
            "event": f"lease.{decision.event}",
            "at": decision.at,
            "lease_id": lease.lease_id,
            "name": lease.terms.name,
            "project_id": lease.owner.project_id,
            "user_id": lease.owner.user_id,
            "state": str(lease.state),
            "start_at": lease.start_at,
            "end_at": lease.end_at,
            "quantity": lease.quantity,
            "degraded_reason": lease.degraded_reason,
            "error_reason": lease.error_reason,
        },
    )


class Notify:
    """The outbox's handler: ``send(event, payload)`` must not return before the broker has the message.

    ``notification_id`` in the payload is the same when a message is sent again after a crash.
    """

    def __init__(self, send: Callable[[str, dict[str, Any]], None]) -> None:
        self._send = send

    def __call__(self, effect_id: int, payload: dict[str, Any]) -> None:
        """Send one notification."""
        self._send(payload["event"], {**payload, "notification_id": f"planning-{effect_id}"})
