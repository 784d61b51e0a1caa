"""The queue of dirty roots.

Marks are appended and never updated, so writers do not contend; the shard's owner removes them.
A mark is removed by an earlier statement than the one that reads the rows that caused it, both in
one READ COMMITTED transaction: whatever was committed with the mark is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.ports import Mark
from golden_records.store.rows import dumps, fetch, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.store.rows import Psycopg

LOCK_SHARDS = """
SELECT shard, pg_try_advisory_xact_lock(hashtextextended('shard/' || shard::text, 0))
FROM unnest(%(shards)s::smallint[]) AS shard
"""

WAIT_FOR_SHARDS = """
SELECT pg_advisory_xact_lock(hashtextextended('shard/' || shard::text, 0))
FROM (SELECT shard::smallint FROM generate_series(0, %(shards)s - 1) AS shard ORDER BY 1) s
"""

WAITING = """
SELECT EXISTS (
  SELECT FROM hub.dirty_root WHERE shard = ANY(%(shards)s::smallint[]) AND due_at <= %(now)s)
"""

# Each shard's queue is read from its head along the index, however long it is. The limit counts the
# marks at the head; every other mark of their roots comes with them, for its rows are read too.
TAKE = """
WITH head AS MATERIALIZED (
  SELECT d.shard, d.entity, d.system, d.root_key, d.priority, d.id
  FROM unnest(%(shards)s::smallint[]) AS s(shard)
  CROSS JOIN LATERAL (
    SELECT * FROM hub.dirty_root q WHERE q.shard = s.shard AND q.due_at <= %(now)s
    ORDER BY q.priority, q.id LIMIT %(limit)s) d
  ORDER BY d.priority, d.id LIMIT %(limit)s
), root AS MATERIALIZED (
  SELECT DISTINCT shard, entity, system, root_key FROM head
  WHERE entity = (SELECT entity FROM head ORDER BY priority, id LIMIT 1)
)
DELETE FROM hub.dirty_root d USING root r
WHERE d.shard = r.shard AND d.root_key = r.root_key AND d.system = r.system
  AND d.entity = r.entity AND d.due_at <= %(now)s
RETURNING d.id, d.entity, d.system, d.root_key, d.cause, d.priority, d.changed_at, d.marked_at,
          d.tag, d.bits, d.ours
"""

PUT_BACK = """
INSERT INTO hub.dirty_root
       (shard, entity, system, root_key, cause, priority, changed_at, marked_at, due_at, tag, bits,
        ours)
SELECT hub.shard_of(entity, system, root_key, %(shards)s), entity, system, root_key, cause,
       priority, changed_at, marked_at, due_at, tag, bits, ours
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(entity text, system text, root_key text, cause text,
     priority smallint, changed_at timestamptz, marked_at timestamptz, due_at timestamptz,
     tag text, bits bigint, ours boolean)
"""

MARK_RECORDS = """
INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause, priority)
SELECT DISTINCT hub.shard_of(entity, system, root_key, %(shards)s), entity, system, root_key,
       %(cause)s, %(priority)s::smallint
FROM hub.source_record WHERE id = ANY(%(ids)s) AND NOT deleted
"""

MARK_MEMBERS = """
INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause, priority)
SELECT DISTINCT hub.shard_of(s.entity, s.system, s.root_key, %(shards)s), s.entity, s.system,
       s.root_key, %(cause)s, %(priority)s::smallint
FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id AND NOT s.deleted
WHERE l.golden_id = ANY(%(ids)s) AND l.state = 'MATCH' AND l.valid_to IS NULL
"""

MARK_HOLDING = """
INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause, priority)
SELECT DISTINCT hub.shard_of(entity, system, root_key, %(shards)s), entity, system, root_key,
       'rates', 2::smallint
FROM hub.source_record
WHERE entity = %(entity)s AND NOT deleted AND canonical ->> %(attribute)s = ANY(%(values)s)
"""

MARK_DEPENDANTS = """
WITH parent AS (
  SELECT k.entity, k.system, k.key
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS k(entity text, system text, key text)
  UNION
  SELECT s.entity, s.system, s.key
  FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
  WHERE l.golden_id = ANY(%(golden_ids)s) AND l.state = 'MATCH' AND l.valid_to IS NULL
)
INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause)
SELECT DISTINCT hub.shard_of(s.entity, s.system, s.root_key, %(shards)s), s.entity, s.system,
       s.root_key, 'reference'
FROM parent p
JOIN hub.reference r ON (r.entity, r.system, r.key) = (p.entity, p.system, p.key)
JOIN hub.source_record s ON s.id = r.record_id
WHERE NOT s.deleted
"""

MARK_EFFECTIVE = """
WITH begun AS (
  UPDATE hub.golden g SET next_effective_at = NULL
  WHERE id IN (SELECT id FROM hub.golden WHERE next_effective_at <= %(now)s
               ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)
  RETURNING id
)
INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause)
SELECT DISTINCT hub.shard_of(s.entity, s.system, s.root_key, %(shards)s), s.entity, s.system,
       s.root_key, 'effective'
FROM begun
JOIN hub.link l ON l.golden_id = begun.id AND l.state = 'MATCH' AND l.valid_to IS NULL
JOIN hub.source_record s ON s.id = l.record_id AND NOT s.deleted
"""


class PostgresMarks:
    """`golden_records.ports.Marks` on one connection."""

    def __init__(self, connection: Psycopg, shards: int) -> None:
        self._connection = connection
        self._shards = shards

    def lock_shards(self, shards: Sequence[int]) -> list[int]:
        rows = tuples(self._connection, LOCK_SHARDS, {"shards": list(shards)})
        return [shard for shard, held in rows if held]

    def wait_for_shards(self) -> None:
        run(self._connection, WAIT_FOR_SHARDS, {"shards": self._shards})

    def take(self, shards: Sequence[int], now: datetime, limit: int) -> list[Mark]:
        parameters = {"shards": list(shards), "now": now, "limit": limit}
        rows = fetch(self._connection, TAKE, parameters)
        return sorted((Mark(**row) for row in rows), key=lambda mark: (mark.priority, mark.id))

    def put_back(self, marks: Sequence[tuple[Mark, datetime]]) -> None:
        rows = (
            {
                "entity": mark.entity,
                "system": mark.system,
                "root_key": mark.root_key,
                "cause": mark.cause,
                "priority": mark.priority,
                "changed_at": mark.changed_at,
                "tag": mark.tag,
                "bits": mark.bits,
                "ours": mark.ours,
                "marked_at": mark.marked_at,
                "due_at": due_at,
            }
            for mark, due_at in marks
        )
        run_rows(self._connection, PUT_BACK, rows, shards=self._shards)

    def mark_records(self, record_ids: Sequence[int], *, cause: str, priority: int) -> None:
        parameters = {"shards": self._shards, "cause": cause, "priority": priority}
        run(self._connection, MARK_RECORDS, {**parameters, "ids": list(record_ids)})

    def mark_members(self, golden_ids: Sequence[UUID], cause: str, priority: int) -> None:
        if golden_ids:
            parameters = {"shards": self._shards, "cause": cause, "priority": priority}
            run(self._connection, MARK_MEMBERS, {**parameters, "ids": list(golden_ids)})

    def mark_holding(self, entity: str, attribute: str, values: Sequence[str]) -> int:
        parameters = {"entity": entity, "attribute": attribute, "values": list(values)}
        return run(self._connection, MARK_HOLDING, {**parameters, "shards": self._shards})

    def mark_dependants(
        self, keys: Sequence[tuple[str, str, str]], golden_ids: Sequence[UUID]
    ) -> None:
        if not keys and not golden_ids:
            return
        rows = [{"entity": e, "system": s, "key": k} for e, s, k in keys]
        parameters = {"rows": dumps(rows), "golden_ids": list(golden_ids), "shards": self._shards}
        run(self._connection, MARK_DEPENDANTS, parameters)

    def mark_effective(self, now: datetime) -> None:
        run(self._connection, MARK_EFFECTIVE, {"now": now, "shards": self._shards})

    def waiting(self, shards: Sequence[int], now: datetime) -> bool:
        parameters = {"shards": list(shards), "now": now}
        return bool(tuples(self._connection, WAITING, parameters)[0][0])
