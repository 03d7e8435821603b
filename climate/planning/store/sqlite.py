# SPDX-License-Identifier: Apache-2.0
"""How SQLite forbids a double booking: triggers; there is one writer at a time, so looking is enough."""


def _trigger(event: str) -> str:
    return f"""
CREATE TRIGGER planning_allocation_{event.lower()} AFTER {event} ON planning_allocation
WHEN NEW.released_at IS NULL AND EXISTS (
  SELECT 1 FROM planning_allocation AS other
  WHERE other.host_number = NEW.host_number AND other.blocked_until > NEW.start_at
    AND other.start_at < NEW.blocked_until AND other.released_at IS NULL
    AND other.id IS NOT NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'the host is taken in this time');
END"""


CREATE = (_trigger("INSERT"), _trigger("UPDATE"))
DROP = ("DROP TRIGGER planning_allocation_insert", "DROP TRIGGER planning_allocation_update")
