"""The state queue to the targets, as the resolver writes it.

One row per (target, entity, golden, target key, group) with the newest desired values: what came
between two ticks is coalesced. A row under way keeps its lease; its desired values may change
meanwhile, and whoever finishes the attempt then leaves it due (`golden_records.store.leases`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.store.rows import dumps, run, run_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.ports import PublicationWrite
    from golden_records.store.rows import Psycopg

# Not sent again: a row under way (SENT) or refused (REJECTED) whose desired values are the same
# and whose target still holds what it held. A more urgent class pulls the due time forward, a
# less urgent one leaves it.
WANT = """
INSERT INTO hub.publication AS p
       (target, entity, golden_id, target_key, attribute_group, lane, class, golden_version,
        desired, seen, parameters, state, due_at, cause_at, first_dirty_at)
SELECT target, entity, golden_id, target_key, attribute_group, lane, class, golden_version,
       desired, seen, parameters, 'PENDING', due_at, cause_at, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(target text, entity text, golden_id uuid,
     target_key text, attribute_group text, lane text, class text, golden_version bigint,
     desired jsonb, seen jsonb, parameters jsonb, due_at timestamptz, cause_at timestamptz)
ON CONFLICT ON CONSTRAINT one_publication_per_target_key_and_group DO UPDATE SET
  lane = excluded.lane, class = excluded.class, golden_version = excluded.golden_version,
  desired = excluded.desired, seen = excluded.seen, parameters = excluded.parameters,
  state = CASE WHEN p.state = 'FROZEN' THEN p.state
               WHEN p.state IN ('SENT', 'REJECTED') AND p.desired = excluded.desired
                    AND p.seen IS NOT DISTINCT FROM excluded.seen
               THEN p.state ELSE 'PENDING' END,
  due_at = CASE WHEN p.state = 'PENDING' THEN least(p.due_at, excluded.due_at)
                ELSE excluded.due_at END,
  cause_at = CASE WHEN p.state = 'PENDING' THEN coalesce(p.cause_at, excluded.cause_at)
                  ELSE excluded.cause_at END,
  first_dirty_at = CASE WHEN p.state = 'PENDING' THEN p.first_dirty_at ELSE %(now)s END,
  attempts = CASE WHEN p.desired = excluded.desired THEN p.attempts ELSE 0 END,
  coalesced = p.coalesced + (p.state = 'PENDING' AND p.desired <> excluded.desired)::integer,
  updated_at = %(now)s
WHERE (p.desired, p.seen, p.parameters, p.class) IS DISTINCT FROM
      (excluded.desired, excluded.seen, excluded.parameters, excluded.class)
   OR p.state NOT IN ('PENDING', 'SENT', 'REJECTED', 'FROZEN')
"""

HOLD = """
UPDATE hub.publication p SET state = 'HELD', updated_at = %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(target text, entity text, golden_id uuid,
     target_key text, attribute_group text)
WHERE (p.target, p.entity, p.golden_id, p.target_key, p.attribute_group)
    = (r.target, r.entity, r.golden_id, r.target_key, r.attribute_group)
  AND p.state IN ('PENDING', 'DRIFTED')
  AND (p.leased_until IS NULL OR p.leased_until < %(now)s)
"""

# What a brake or a refusal was about is over once the target holds what it should.
AGREED = """
UPDATE hub.conflict c
SET state = 'resolved', closed_at = clock_timestamp(), resolution = 'the target agrees'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(target text, entity text, golden_id uuid,
     attribute_group text)
WHERE c.entity = r.entity AND c.golden_id = r.golden_id AND c.closed_at IS NULL
  AND c.kind IN ('oscillation', 'uniqueness_at_target', 'update_of_deleted')
  AND c.cause = concat_ws('/', c.kind, r.target, r.attribute_group, r.golden_id)
"""

# A record that a target lacked has come to be: the write that created it has its answer, whether
# or not the new row holds what was sent.
CREATED = """
WITH has AS (
  SELECT DISTINCT target, entity, golden_id, attribute_group
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(target text, entity text, golden_id uuid,
       target_key text, attribute_group text)
  WHERE target_key <> ''
), closed AS (
  UPDATE hub.write_ledger w SET state = 'ECHOED', closed_at = %(now)s FROM has r
  WHERE (w.target, w.entity, w.golden_id, w.attribute_group)
      = (r.target, r.entity, r.golden_id, r.attribute_group)
    AND w.target_key = '' AND w.closed_at IS NULL
)
UPDATE hub.publication p
SET state = 'ECHOED', echoed_at = %(now)s, updated_at = %(now)s, attempts = 0, last_error = NULL
FROM has r
WHERE (p.target, p.entity, p.golden_id, p.attribute_group)
    = (r.target, r.entity, r.golden_id, r.attribute_group)
  AND p.target_key = '' AND p.state = 'SENT'
"""

# What was acknowledged long ago is renewed too, where the target has said something new by itself.
SATISFIED = """
UPDATE hub.publication p
SET state = 'ECHOED', echoed_at = %(now)s, updated_at = %(now)s, attempts = 0, last_error = NULL,
    desired = r.desired, seen = r.seen
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(target text, entity text, golden_id uuid,
     target_key text, attribute_group text, desired jsonb, seen jsonb)
WHERE (p.target, p.entity, p.golden_id, p.target_key, p.attribute_group)
    = (r.target, r.entity, r.golden_id, r.target_key, r.attribute_group)
  AND (p.state, p.desired) IS DISTINCT FROM ('ECHOED', r.desired)
"""

# What a target no longer has under its key cannot be written there, and what it has by now must
# not be created there once more.
WITHDRAW_GONE = """
DELETE FROM hub.publication p
WHERE p.golden_id = ANY(%(ids)s) AND p.target = ANY(%(targets)s)
  AND (p.target_key <> '' OR p.state NOT IN ('SENT', 'ECHOED'))
  AND (p.leased_until IS NULL OR p.leased_until < clock_timestamp())
  AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(target text, entity text,
         golden_id uuid, target_key text, attribute_group text)
    WHERE (r.target, r.entity, r.golden_id, r.target_key, r.attribute_group)
        = (p.target, p.entity, p.golden_id, p.target_key, p.attribute_group))
"""

WITHDRAW = """
DELETE FROM hub.publication
WHERE golden_id = ANY(%(ids)s)
  AND (leased_until IS NULL OR leased_until < clock_timestamp())
"""


class PostgresPublications:
    """`golden_records.ports.Publications` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def want(self, rows: Sequence[PublicationWrite], now: datetime) -> None:
        run_rows(self._connection, WANT, (_row(row) for row in rows), now=now)

    def hold(self, rows: Sequence[PublicationWrite], now: datetime) -> None:
        run_rows(self._connection, HOLD, (_row(row) for row in rows), now=now)

    def satisfied(self, rows: Sequence[PublicationWrite], now: datetime) -> None:
        run_rows(self._connection, SATISFIED, (_row(row) for row in rows), now=now)
        run_rows(self._connection, AGREED, (_row(row) for row in rows))

    def withdraw_gone(
        self,
        golden_ids: Sequence[UUID],
        targets: Sequence[str],
        kept: Sequence[PublicationWrite],
        now: datetime,
    ) -> None:
        rows = dumps([_row(write) for write in kept])
        run(self._connection, CREATED, {"rows": rows, "now": now})
        parameters = {"ids": list(golden_ids), "targets": list(targets), "rows": rows}
        run(self._connection, WITHDRAW_GONE, parameters)

    def withdraw(self, golden_ids: Sequence[UUID]) -> None:
        run(self._connection, WITHDRAW, {"ids": list(golden_ids)})


def _row(write: PublicationWrite) -> dict[str, object]:
    return {
        "target": write.target,
        "entity": write.entity,
        "golden_id": write.golden_id,
        "target_key": write.target_key,
        "attribute_group": write.group,
        "lane": write.lane,
        "class": write.lane_class,
        "golden_version": write.golden_version,
        "desired": write.desired,
        "seen": write.seen,
        "parameters": write.parameters,
        "due_at": write.due_at,
        "cause_at": write.cause_at,
    }
