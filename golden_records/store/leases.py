"""The state queue to the targets, as the publisher works it off.

A lease has a fencing token: what finishes with another token than the row's finds the row in newer
hands and only closes its own ledger entry. The ledger entry is committed before anything is sent.
"""

# ruff: noqa: S608 - statements are put together from the texts below, and hold no value
from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.ports import Lease
from golden_records.store.rows import fetch, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from golden_records.ports import Attempt, LeaseTerms
    from golden_records.store.rows import Psycopg

# Nothing is sent for a record that its system has deleted or that is another golden record's now,
# and nothing is created where the target has got the record by itself.
MEANT = """(p.target_key <> '') = EXISTS (
      SELECT FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
      WHERE l.golden_id = p.golden_id AND l.state = 'MATCH' AND l.valid_to IS NULL
        AND s.system = p.target AND NOT s.deleted AND p.target_key IN ('', s.key)
        AND NOT EXISTS (SELECT FROM hub.withheld_delete w
                        WHERE w.record_id = s.id AND w.closed_at IS NULL))"""

# The entry holds what the write changes: an attribute that the target already holds so will show
# no change in its feed, and would wait for its echo for ever.
LEASE = f"""
WITH due AS (
  SELECT id FROM hub.publication p
  WHERE target = %(target)s AND state = 'PENDING' AND due_at <= %(now)s
    AND (leased_until IS NULL OR leased_until < %(now)s)
    AND golden_id IN (SELECT id FROM hub.golden WHERE status = 'ACTIVE')
    AND (target, entity, attribute_group) NOT IN
        (SELECT target, entity, attribute_group FROM hub.policy_wait)
    AND {MEANT}
  ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), leased AS (
  UPDATE hub.publication p
  SET fence = p.fence + 1, attempts = p.attempts + 1, leased_until = %(now)s + %(span)s
  FROM due WHERE p.id = due.id
  RETURNING p.*
), entry AS (
  INSERT INTO hub.write_ledger (publication_id, target, entity, target_key, golden_id,
         attribute_group, golden_version, fence, tagged, attrs, before, state, cause_at)
  SELECT id, target, entity, target_key, golden_id, attribute_group, golden_version, fence,
         %(tagged)s,
         (SELECT coalesce(jsonb_object_agg(d.key, d.value), '{{}}') FROM jsonb_each(desired) d
          WHERE seen IS NULL OR d.value IS DISTINCT FROM seen -> d.key),
         seen, 'OPEN', cause_at
  FROM leased
  RETURNING id, publication_id
)
SELECT l.id, e.id AS ledger_id, l.target, l.entity, l.golden_id, l.target_key,
       l.attribute_group AS "group", l.lane, l.class AS lane_class, l.golden_version, l.desired,
       l.seen, l.parameters, l.fence, %(tagged)s AS tagged, l.attempts, l.cause_at, l.last_values
FROM leased l JOIN entry e ON e.publication_id = l.id
ORDER BY l.due_at, l.id
"""

# The order of locks is the resolver's: ledger entries, golden rows, publications, each ascending.
LOCK_ENTRIES = "SELECT FROM hub.write_ledger WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE"
LOCK_GOLDENS = "SELECT FROM hub.golden WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE"

# What was wanted while the attempt ran stays due; the same values wait for their echo.
FINISH = """
UPDATE hub.publication p
SET leased_until = NULL, last_error = r.message, updated_at = %(now)s,
    state = CASE WHEN p.state = 'PENDING' AND p.desired = r.attrs THEN r.state ELSE p.state END,
    due_at = CASE WHEN r.state = 'PENDING' THEN r.due_at ELSE p.due_at END,
    sent_at = CASE WHEN r.state = 'SENT' THEN %(now)s ELSE p.sent_at END,
    echoed_at = CASE WHEN r.state = 'ECHOED' THEN %(now)s ELSE p.echoed_at END,
    attempts = CASE WHEN r.state = 'PENDING' THEN p.attempts ELSE 0 END,
    last_values = r.last_values
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, fence bigint, attrs jsonb, state text,
     due_at timestamptz, message text, last_values jsonb)
WHERE p.id = r.id AND p.fence = r.fence
"""

# A wish that was under way when its record went, or came, could not be withdrawn with the others.
LEFT_OVER = f"""
DELETE FROM hub.publication p
WHERE p.id = ANY(%(ids)s) AND p.leased_until IS NULL AND p.state IN ('PENDING', 'REJECTED')
  AND NOT ({MEANT})
"""

# The row that a write created came before the write was put down as sent, so the resolver could not
# take it for the answer; or it did while another transaction put it down.
ANSWERED = f"""
UPDATE hub.publication p
SET state = 'ECHOED', echoed_at = %(now)s, updated_at = %(now)s, attempts = 0, last_error = NULL
WHERE p.target_key = '' AND p.state = 'SENT' AND p.leased_until IS NULL AND NOT ({MEANT})
"""
ANSWERED_OF = f"{ANSWERED} AND p.id = ANY(%(ids)s)"
ANSWERED_LONG_AGO = f"{ANSWERED} AND p.sent_at < %(before)s"

STILL_MEANT = f"""
SELECT EXISTS (SELECT FROM hub.publication p
               WHERE p.id = %(id)s AND p.fence = %(fence)s AND {MEANT})
"""

# The echo may have closed the entry before the attempt is finished: then it stays closed.
CLOSE = """
UPDATE hub.write_ledger w
SET outcome = r.outcome,
    sent_at = CASE WHEN r.sent THEN r.tried_at END,
    state = CASE WHEN w.closed_at IS NULL THEN r.ledger_state ELSE w.state END,
    closed_at = CASE WHEN w.closed_at IS NULL AND r.closed THEN %(now)s ELSE w.closed_at END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(ledger_id bigint, outcome text, ledger_state text,
     sent boolean, closed boolean, tried_at timestamptz)
WHERE w.id = r.ledger_id
"""

PUBLISHED = """
WITH locked AS (
  SELECT id FROM hub.golden WHERE id = ANY(%(ids)s) AND NOT published ORDER BY id FOR UPDATE
)
UPDATE hub.golden g SET published = true FROM locked WHERE g.id = locked.id
"""

# No echo came in time: look at the target again; it holds what was written, or it has drifted.
OVERDUE = """
UPDATE hub.publication SET state = 'PENDING', due_at = %(now)s, updated_at = %(now)s
WHERE state = 'SENT' AND sent_at < %(before)s
"""

EXPIRE = """
UPDATE hub.write_ledger SET state = 'EXPIRED', closed_at = %(now)s
WHERE closed_at IS NULL AND opened_at < %(before)s
"""


class PostgresLeases:
    """`golden_records.ports.Leases` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def lease(self, target: str, now: datetime, terms: LeaseTerms) -> list[Lease]:
        parameters = {
            "target": target,
            "now": now,
            "span": terms.span,
            "limit": terms.limit,
            "tagged": terms.tagged,
        }
        return [Lease(**row) for row in fetch(self._connection, LEASE, parameters)]

    def finish(self, attempts: Sequence[Attempt], now: datetime) -> None:
        """Lock what the resolver locks in its order: ledger, golden records by id, publications."""
        rows = [_row(attempt) for attempt in attempts]
        run_rows(self._connection, CLOSE, rows, now=now)
        written = sorted({a.lease.golden_id for a in attempts if a.sent})
        run(self._connection, PUBLISHED, {"ids": written})
        run_rows(self._connection, FINISH, rows, now=now)
        ids = [attempt.lease.id for attempt in attempts]
        run(self._connection, ANSWERED_OF, {"ids": ids, "now": now})
        run(self._connection, LEFT_OVER, {"ids": ids})

    def meant(self, lease: Lease) -> bool:
        parameters = {"id": lease.id, "fence": lease.fence}
        return bool(tuples(self._connection, STILL_MEANT, parameters)[0][0])

    def look_again(self, before: datetime, now: datetime) -> int:
        run(self._connection, ANSWERED_LONG_AGO, {"before": before, "now": now})
        return run(self._connection, OVERDUE, {"before": before, "now": now})

    def expire(self, before: datetime, now: datetime) -> int:
        return run(self._connection, EXPIRE, {"before": before, "now": now})

    def due(self, target: str, now: datetime) -> int:
        sql = """
        SELECT count(*) FROM hub.publication
        WHERE target = %(target)s AND state = 'PENDING' AND due_at <= %(now)s
        """
        return int(tuples(self._connection, sql, {"target": target, "now": now})[0][0])


def _row(attempt: Attempt) -> dict[str, object]:
    lease = attempt.lease
    return {
        "id": lease.id,
        "ledger_id": lease.ledger_id,
        "fence": lease.fence,
        "attrs": lease.desired,
        "state": attempt.state,
        "due_at": attempt.due_at,
        "message": attempt.message,
        "outcome": attempt.outcome,
        "ledger_state": attempt.ledger_state,
        "sent": attempt.sent,
        "closed": attempt.closed,
        "tried_at": attempt.tried_at,
        "last_values": attempt.last_values,
    }
