"""References between records, and the keys by which records find candidates.

Crosswalk keys are locked so that no dependant is lost: a dependant locks the key it looks up
(shared) before it looks, a parent locks the key that appears (exclusive) before it looks for
waiting dependants. Whoever comes second sees what the first committed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from golden_records.store.rows import dumps, run, run_rows, tuples, whole_numbers
from golden_records.store.sources import PostgresRecords

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

LOCK_SHARED = """
SELECT pg_advisory_xact_lock_shared(lock) FROM (
  SELECT DISTINCT hub.crosswalk_lock(entity, system, key) AS lock
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(entity text, system text, key text)
  ORDER BY 1) locks
"""

LOCK = """
SELECT pg_advisory_xact_lock(lock) FROM (
  SELECT DISTINCT hub.crosswalk_lock(entity, system, key) AS lock
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(entity text, system text, key text)
  ORDER BY 1) locks
"""

RESOLVE = """
SELECT r.entity, r.system, r.key, l.golden_id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(entity text, system text, key text)
JOIN hub.source_record s ON (s.entity, s.system, s.key) = (r.entity, r.system, r.key)
JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
WHERE NOT s.deleted
"""

RESOLVED = """
SELECT r.record_id, r.name, l.golden_id
FROM hub.reference r
JOIN hub.source_record s ON (s.entity, s.system, s.key) = (r.entity, r.system, r.key)
JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
WHERE r.record_id = ANY(%(ids)s) AND NOT s.deleted
"""

HOLD = """
SELECT id FROM hub.golden WHERE id = ANY(%(ids)s) AND status = 'ACTIVE' ORDER BY id FOR SHARE
"""

KEYS_OF = """
SELECT DISTINCT ON (l.golden_id, s.system) l.golden_id::text, s.system, s.key
FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
WHERE l.golden_id = ANY(%(ids)s::uuid[]) AND s.system = ANY(%(systems)s)
  AND l.state = 'MATCH' AND l.valid_to IS NULL AND NOT s.deleted
  AND NOT EXISTS (SELECT FROM hub.withheld_delete w
                  WHERE w.record_id = s.id AND w.closed_at IS NULL)
ORDER BY l.golden_id, s.system, s.id
"""

REFERENCES = """
INSERT INTO hub.reference (record_id, name, entity, system, key)
SELECT record_id, name, entity, system, key
FROM jsonb_to_recordset(%(rows)s::jsonb)
     AS r(record_id bigint, name text, entity text, system text, key text)
"""

# A key shared by more records than its kind may have finds nobody: it says too little, and its
# block would cost more than it finds; the record still meets others through finer keys. Counting
# stops there. A shared key weighs one over the records that share it. Identifiers come first, then
# the weight: whoever is the same thing shares most. Cut is whoever is much lighter than the best
# candidate, or than the record with itself: the score would be low anyway.
NEAREST = """
WITH shared AS (
  SELECT k.record_id, c.record_id AS candidate,
         count(*) FILTER (WHERE k.key & 3 = 2) AS identifiers, sum(1.0::float8 / c.size) AS weight
  FROM (SELECT key, record_id, (%(caps)s::int[])[1 + (key & 3)] AS cap
        FROM hub.match_key WHERE record_id = ANY(%(ids)s)) k
  CROSS JOIN LATERAL (
    SELECT m.record_id, count(*) OVER () AS size FROM (
      SELECT record_id FROM hub.match_key m WHERE m.key = k.key LIMIT k.cap + 1) m) c
  WHERE c.size <= k.cap
  GROUP BY 1, 2
), ranked AS (
  SELECT record_id, candidate, identifiers, weight,
         max(weight) FILTER (WHERE candidate = record_id) OVER (PARTITION BY record_id) AS own,
         max(weight) FILTER (WHERE candidate <> record_id) OVER (PARTITION BY record_id) AS best,
         row_number() OVER (PARTITION BY record_id
                            ORDER BY candidate = record_id, identifiers DESC, weight DESC,
                                     candidate) AS place
  FROM shared
)
SELECT record_id, candidate FROM ranked
WHERE candidate <> record_id AND place <= %(most)s
  AND (identifiers > 0 OR (weight * 16 >= best AND weight * 256 >= own))
ORDER BY record_id, place
"""

# A key that too many records share brings nobody together, so it counts for nothing here either.
# Grouped and not joined: joined, a table that had just grown took seconds a batch.
SHARING = """
WITH common AS MATERIALIZED (
  SELECT key, (%(caps)s::int[])[1 + (key & 3)] AS cap,
         array_agg(record_id) FILTER (WHERE asked) AS records
  FROM (SELECT key, record_id, true AS asked FROM hub.match_key WHERE record_id = ANY(%(ids)s)
        UNION ALL
        SELECT key, record_id, false FROM hub.match_key WHERE record_id = ANY(%(others)s)) k
  GROUP BY key HAVING bool_or(asked) AND NOT bool_and(asked)
)
SELECT DISTINCT unnest(c.records) FROM common c
WHERE (SELECT count(*) FROM (
         SELECT FROM hub.match_key m WHERE m.key = c.key LIMIT c.cap + 1) held) <= c.cap
"""

# Most keys of a record that changes stay, so they are left alone; what goes and comes is few.
# Looked up a record at a time: for many at once the planner may go through all of the primary key.
# Only the holder of a record's shard writes its keys, so nobody else's can be in the way.
KEYS = """
WITH told AS MATERIALIZED (
  SELECT key, record_id FROM unnest(%(records)s::bigint[], %(keys)s::bigint[]) AS t(record_id, key)
), held AS MATERIALIZED (
  SELECT h.key, h.record_id FROM unnest(%(ids)s::bigint[]) AS i(id)
  CROSS JOIN LATERAL (SELECT m.key, m.record_id FROM hub.match_key m WHERE m.record_id = i.id
                      OFFSET 0) h
), gone AS (
  DELETE FROM hub.match_key k USING (TABLE held EXCEPT TABLE told) AS over
  WHERE (k.key, k.record_id) = (over.key, over.record_id)
)
INSERT INTO hub.match_key (key, record_id)
(TABLE told EXCEPT TABLE held) ORDER BY key, record_id
"""


class PostgresSourceRecords(PostgresRecords):
    """`golden_records.ports.SourceRecords` on one connection."""

    def write_references(
        self, rows: Sequence[tuple[int, str, str, str, str]], record_ids: Sequence[int]
    ) -> None:
        sql = "DELETE FROM hub.reference WHERE record_id = ANY(%(ids)s)"
        run(self._connection, sql, {"ids": list(record_ids)})
        names = ("record_id", "name", "entity", "system", "key")
        run_rows(self._connection, REFERENCES, (dict(zip(names, r, strict=True)) for r in rows))

    def resolve_references(
        self, keys: Sequence[tuple[str, str, str]]
    ) -> dict[tuple[str, str, str], UUID]:
        if not keys:
            return {}
        parameters = {"rows": _keys(keys)}
        run(self._connection, LOCK_SHARED, parameters)
        rows = tuples(self._connection, RESOLVE, parameters)
        ids = sorted({golden_id for *_, golden_id in rows})
        held = {row[0] for row in tuples(self._connection, HOLD, {"ids": ids})}
        return {(e, s, k): golden_id for e, s, k, golden_id in rows if golden_id in held}

    def resolved(self, record_ids: Sequence[int]) -> dict[int, dict[str, UUID]]:
        found: dict[int, dict[str, UUID]] = defaultdict(dict)
        for record_id, name, golden_id in tuples(
            self._connection, RESOLVED, {"ids": list(record_ids)}
        ):
            found[record_id][name] = golden_id
        return found

    def lock_crosswalk(self, keys: Sequence[tuple[str, str, str]]) -> None:
        if keys:
            run(self._connection, LOCK, {"rows": _keys(keys)})

    def keys_of(
        self, golden_ids: Sequence[str], systems: Sequence[str]
    ) -> dict[tuple[str, str], str]:
        parameters = {"ids": list(golden_ids), "systems": list(systems)}
        return {(g, s): k for g, s, k in tuples(self._connection, KEYS_OF, parameters)}

    def write_keys(self, keys: Mapping[int, Collection[int]]) -> None:
        told = [(i, key) for i, found in keys.items() for key in found]
        parameters = {
            "ids": list(keys),
            "records": whole_numbers(i for i, _ in told),
            "keys": whole_numbers(key for _, key in told),
        }
        run(self._connection, KEYS, parameters)

    def nearest(
        self, record_ids: Sequence[int], *, caps: tuple[int, int, int], most: int
    ) -> dict[int, list[int]]:
        parameters = {"ids": list(record_ids), "caps": list(caps), "most": most}
        found: dict[int, list[int]] = defaultdict(list)
        for record_id, candidate in tuples(self._connection, NEAREST, parameters):
            found[record_id].append(candidate)
        return found

    def sharing(
        self, record_ids: Sequence[int], others: Collection[int], caps: tuple[int, int, int]
    ) -> list[int]:
        parameters = {"ids": list(record_ids), "others": list(others), "caps": list(caps)}
        return [record_id for (record_id,) in tuples(self._connection, SHARING, parameters)]


def _keys(keys: Sequence[tuple[str, str, str]]) -> str:
    return dumps([{"entity": e, "system": s, "key": k} for e, s, k in sorted(set(keys))])
