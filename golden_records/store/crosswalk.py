"""References between records, and the keys by which records find candidates.

Crosswalk keys are locked so that no dependant is lost: a dependant locks the key it looks up
(shared) before it looks, a parent locks the key that appears (exclusive) before it looks for
waiting dependants. Whoever comes second sees what the first committed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from golden_records.store.rows import dumps, run, run_rows, tuples
from golden_records.store.sources import PostgresRecords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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

# A key shared by more than the cap finds nobody: it says too little, and its block would cost more
# than it finds; the record still meets others through finer keys. Identifiers ("!") may be five
# times as common. The lateral stops counting there.
CANDIDATES = """
SELECT k.record_id, c.record_id, array_agg(k.key ORDER BY k.key)
FROM hub.match_key k
CROSS JOIN LATERAL (
  SELECT m.record_id, count(*) OVER () AS size FROM (
    SELECT record_id FROM hub.match_key m
    WHERE m.entity = %(entity)s AND m.key = k.key
    LIMIT %(limit)s) m) c
WHERE k.entity = %(entity)s AND k.record_id = ANY(%(ids)s)
  AND c.size <= CASE WHEN k.key LIKE '!%%' THEN %(limit)s - 1 ELSE %(cap)s END
  AND c.record_id <> k.record_id
GROUP BY 1, 2 ORDER BY 1, 2
"""

# Identifiers first, then the number of shared keys: whoever is the same thing shares most of them,
# so the bound cuts only what would score low.
NEAREST = """
SELECT record_id, candidate FROM (
  SELECT k.record_id, c.record_id AS candidate,
         row_number() OVER (PARTITION BY k.record_id
                            ORDER BY count(*) FILTER (WHERE k.key LIKE '!%%') DESC,
                                     count(*) DESC, c.record_id) AS place
  FROM hub.match_key k
  CROSS JOIN LATERAL (
    SELECT m.record_id, count(*) OVER () AS size FROM (
      SELECT record_id FROM hub.match_key m
      WHERE m.entity = %(entity)s AND m.key = k.key
      LIMIT %(limit)s) m) c
  WHERE k.entity = %(entity)s AND k.record_id = ANY(%(ids)s)
    AND c.size <= CASE WHEN k.key LIKE '!%%' THEN %(limit)s - 1 ELSE %(cap)s END
    AND c.record_id <> k.record_id
  GROUP BY 1, 2) ranked
WHERE place <= %(most)s
ORDER BY record_id, place
"""

KEYS = """
INSERT INTO hub.match_key (entity, record_id, key)
SELECT %(entity)s, record_id, key
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(record_id bigint, keys jsonb),
     jsonb_array_elements_text(r.keys) AS key
ON CONFLICT DO NOTHING
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

    def write_keys(self, entity: str, keys: Mapping[int, Sequence[str]]) -> None:
        sql = "DELETE FROM hub.match_key WHERE record_id = ANY(%(ids)s) AND entity = %(entity)s"
        run(self._connection, sql, {"ids": list(keys), "entity": entity})
        rows = ({"record_id": i, "keys": sorted(set(found))} for i, found in sorted(keys.items()))
        run_rows(self._connection, KEYS, rows, entity=entity)

    def candidates(
        self, entity: str, record_ids: Sequence[int], cap: int
    ) -> dict[int, dict[int, tuple[str, ...]]]:
        parameters = {"entity": entity, "ids": list(record_ids), "cap": cap, "limit": 5 * cap + 1}
        found: dict[int, dict[int, tuple[str, ...]]] = defaultdict(dict)
        for record_id, candidate, keys in tuples(self._connection, CANDIDATES, parameters):
            found[record_id][candidate] = tuple(keys)
        return found

    def nearest(
        self, entity: str, record_ids: Sequence[int], *, cap: int, most: int
    ) -> dict[int, list[int]]:
        bounds = {"cap": cap, "limit": 5 * cap + 1, "most": most}
        parameters = {"entity": entity, "ids": list(record_ids), **bounds}
        found: dict[int, list[int]] = defaultdict(list)
        for record_id, candidate in tuples(self._connection, NEAREST, parameters):
            found[record_id].append(candidate)
        return found


def _keys(keys: Sequence[tuple[str, str, str]]) -> str:
    return dumps([{"entity": e, "system": s, "key": k} for e, s, k in sorted(set(keys))])
