"""Every golden record with its members, streamed in one snapshot: for verification and simulation.

Members come as one JSON per golden record, so that a million of them pass through one cursor and
never lie in memory together.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from golden_records.store.periods import PostgresBeyond
from golden_records.store.rows import fetch, tuples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from golden_records.store.rows import Psycopg

STREAMED: Final = 1000

GOLDENS: Final = """
SELECT g.id, g.entity, g.status, g.version, g.attrs, g.identity, g.merged_into,
       g.next_effective_at,
       CASE WHEN g.entity = ANY(%(keeping)s) OR EXISTS (
              SELECT FROM hub.override o WHERE o.golden_id = g.id AND o.closed_at IS NULL)
            THEN g.lineage ELSE '{}'::jsonb END AS lineage,
       (SELECT json_agg(json_build_object('id', s.id, 'system', s.system, 'key', s.key,
                'root_key', s.root_key, 'attrs', s.canonical, 'changed_at', s.changed_at,
                'base', s.base, 'withheld', w.why,
                'raw', CASE WHEN g.entity = ANY(%(raw)s) THEN s.attrs::text END,
                'references', CASE WHEN g.entity = ANY(%(referring)s) THEN (
                  SELECT json_object_agg(r.name, pl.golden_id)
                  FROM hub.reference r
                  JOIN hub.source_record ps
                    ON (ps.entity, ps.system, ps.key) = (r.entity, r.system, r.key)
                   AND NOT ps.deleted
                  JOIN hub.link pl ON pl.record_id = ps.id AND pl.state = 'MATCH'
                                  AND pl.valid_to IS NULL
                  WHERE r.record_id = s.id) END))
          FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
          LEFT JOIN hub.withheld_delete w ON w.record_id = s.id AND w.closed_at IS NULL
         WHERE l.golden_id = g.id AND l.state = 'MATCH' AND l.valid_to IS NULL AND NOT s.deleted)
         AS members,
       (SELECT json_agg(to_jsonb(o) ORDER BY o.id) FROM hub.override o
         WHERE o.golden_id = g.id AND o.closed_at IS NULL) AS overrides,
       CASE WHEN g.entity = ANY(%(dated)s) THEN
         (SELECT json_agg(json_build_array(p.begins, p.ends, p.attrs) ORDER BY p.begins NULLS FIRST)
          FROM hub.golden_period p
          WHERE p.golden_id = g.id AND p.replaced_at IS NULL) END AS periods
FROM hub.golden g
WHERE g.status <> 'MERGED' AND g.entity = ANY(%(entities)s)
"""

PENDING: Final = """
SELECT DISTINCT entity, system, root_key FROM hub.dirty_root
UNION
SELECT mark ->> 'entity', mark ->> 'system', mark ->> 'root_key'
FROM hub.quarantine WHERE state = 'OPEN' AND kind = 'root'
"""

SWEPT: Final = """
SELECT DISTINCT entity FROM hub.policy_sweep WHERE finished_at IS NULL AND kind <> 'keys'
"""

CONFLICTS: Final = """
SELECT golden_id, cause, kind FROM hub.conflict
WHERE closed_at IS NULL AND golden_id IS NOT NULL AND kind = ANY(%(kinds)s)
"""

LINEAGES: Final = "SELECT id, lineage FROM hub.golden WHERE id = ANY(%(ids)s)"

RECORDS: Final = """
SELECT s.id, s.system, s.canonical, l.golden_id
FROM hub.source_record s
JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
WHERE s.entity = %(entity)s AND NOT s.deleted ORDER BY s.id
"""

DECISIONS: Final = """
SELECT record_a, record_b, verdict FROM hub.pair_decision
WHERE entity = %(entity)s AND closed_at IS NULL
"""

# What a mapping would yield, where that differs from what its pair's records are stored as.
CHANGED: Final = """
WITH now AS (SELECT {key} AS key, to_jsonb(v) - 'key' AS attrs FROM {view} v),
stored AS (SELECT id, key, attrs FROM hub.source_record
           WHERE entity = %(entity)s AND system = %(system)s AND NOT deleted)
SELECT s.id, coalesce(n.key, s.key) AS key, n.attrs::text AS attrs
FROM now n FULL JOIN stored s ON s.key = n.key
WHERE s.attrs IS DISTINCT FROM n.attrs
"""


class PostgresPopulation(PostgresBeyond):
    """Reads of the whole population; the caller's transaction is one snapshot."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def begin(self) -> None:
        """Read everything as of now: one snapshot, and no write can happen."""
        self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def policy(self) -> str | None:
        rows = tuples(self._connection, "SELECT version FROM hub.catalogue WHERE active")
        return rows[0][0] if rows else None

    def pending(self) -> tuple[set[tuple[str, str, str]], set[str]]:
        """Return roots that are marked or set aside, and entities that a sweep goes through."""
        roots = {(e, s, k) for e, s, k in tuples(self._connection, PENDING)}
        return roots, {row[0] for row in tuples(self._connection, SWEPT)}

    def goldens(
        self,
        entities: Sequence[str],
        *,
        keeping: Sequence[str] = (),
        referring: Sequence[str] = (),
        raw: Sequence[str] = (),
        dated: Sequence[str] = (),
    ) -> Iterator[dict[str, Any]]:
        """Stream golden records that are not merged, with their members and overrides.

        Their lineage is read for entities in `keeping` and where a person's value stands, golden
        ids of what they refer to for those in `referring`, what their mappings said, as text, for
        those in `raw`, the periods that are in force for those in `dated`.
        """
        parameters = {
            "entities": list(entities),
            "keeping": list(keeping),
            "referring": list(referring),
            "raw": list(raw),
            "dated": list(dated),
        }
        with self._connection.cursor(name="population", row_factory=dict_row) as cursor:
            set_json_loads(orjson.loads, cursor)
            cursor.itersize = STREAMED
            cursor.execute(GOLDENS, parameters)
            yield from cursor

    def count(self, entities: Sequence[str]) -> int:
        sql = """
        SELECT count(*) FROM hub.golden WHERE status <> 'MERGED' AND entity = ANY(%(entities)s)
        """
        return int(tuples(self._connection, sql, {"entities": list(entities)})[0][0])

    def conflicts(self, kinds: Sequence[str]) -> dict[UUID, dict[str, str]]:
        """Return the open conflicts of golden records: kind by cause."""
        found: dict[UUID, dict[str, str]] = {}
        for golden_id, cause, kind in tuples(self._connection, CONFLICTS, {"kinds": list(kinds)}):
            found.setdefault(golden_id, {})[cause] = kind
        return found

    def lineages(self, ids: Sequence[UUID]) -> dict[UUID, Any]:
        return dict(tuples(self._connection, LINEAGES, {"ids": list(ids)}))

    def linked(self, entity: str) -> list[tuple[Any, ...]]:
        """Return (id, system, canonical attributes, golden id) of the linked records."""
        return tuples(self._connection, RECORDS, {"entity": entity})

    def decisions(self, entity: str) -> list[tuple[int, int, str]]:
        rows = tuples(self._connection, DECISIONS, {"entity": entity})
        return [(a, b, verdict) for a, b, verdict in rows]

    def changed(self, system: str, entity: str, view: str, key: str) -> list[dict[str, Any]]:
        """Return records that a mapping would yield otherwise; `id` None = it is new."""
        sql = CHANGED.format(view=view.replace("%", "%%"), key=key.replace("%", "%%"))
        rows = fetch(self._connection, sql, {"system": system, "entity": entity})
        for row in rows:
            text = row["attrs"]
            row["attrs"] = None if text is None else json.loads(text, parse_float=Decimal)
        return rows

    def phases(self) -> dict[tuple[str, str], str]:
        rows = tuples(self._connection, "SELECT system, entity, phase FROM hub.phase")
        return {(system, entity): phase for system, entity, phase in rows}
