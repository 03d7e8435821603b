# SPDX-License-Identifier: Apache-2.0
"""How MariaDB forbids a double booking: triggers that lock the host's row, then look for an overlap.

MariaDB knows no exclusion constraint. The lock on the host's row makes writers
of one host queue up; the locking read sees what others committed even where
the transaction's own snapshot is older. (A FOR UPDATE on the trigger's own
table would be error 1442, hence LOCK IN SHARE MODE.)
"""


def _trigger(event: str) -> str:
    return f"""
CREATE TRIGGER planning_allocation_{event.lower()} BEFORE {event} ON planning_allocation FOR EACH ROW
BEGIN
  DECLARE overlapping BIGINT;
  IF NEW.released_at IS NULL THEN
    SELECT number INTO overlapping FROM planning_host WHERE number = NEW.host_number FOR UPDATE;
    SELECT COUNT(*) INTO overlapping FROM planning_allocation
      WHERE host_number = NEW.host_number AND blocked_until > NEW.start_at
        AND start_at < NEW.blocked_until AND released_at IS NULL AND NOT (id <=> NEW.id)
      LOCK IN SHARE MODE;
    IF overlapping > 0 THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the host is taken in this time';
    END IF;
  END IF;
END"""


CREATE = (_trigger("INSERT"), _trigger("UPDATE"))
DROP = ("DROP TRIGGER planning_allocation_insert", "DROP TRIGGER planning_allocation_update")
