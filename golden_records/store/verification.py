"""What verification reads: everything, in one snapshot, without the incremental path's queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from psycopg.rows import dict_row

from golden_records.store.periods import PostgresFamilies, PostgresRaises
from golden_records.store.rates import PostgresRates
from golden_records.store.rows import fetch, tuples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.money import Rates
    from golden_records.domain.records import Approval
    from golden_records.store.rows import Psycopg

# A root that is marked is known to be behind; it is left out and counted as pending.
RECORDS: Final = """
WITH now AS (SELECT {key} AS key, v.key::text AS root, to_jsonb(v) - 'key' AS attrs FROM {view} v),
pending AS (SELECT DISTINCT root_key FROM hub.dirty_root
            WHERE entity = %(entity)s AND system = %(system)s
            UNION SELECT mark ->> 'root_key' FROM hub.quarantine
            WHERE state = 'OPEN' AND kind = 'root' AND mark ->> 'entity' = %(entity)s
              AND mark ->> 'system' = %(system)s),
stored AS (SELECT key, root_key, attrs FROM hub.source_record
           WHERE entity = %(entity)s AND system = %(system)s AND NOT deleted)
SELECT CASE WHEN s.key IS NULL THEN 'record_missing' WHEN n.key IS NULL THEN 'record_extra'
            ELSE 'record_differs' END AS kind,
       %(entity)s AS entity, %(system)s AS system, coalesce(n.key, s.key) AS key,
       n.attrs AS expected, s.attrs AS found
FROM now n FULL JOIN stored s ON s.key = n.key
WHERE s.attrs IS DISTINCT FROM n.attrs
  AND coalesce(n.root, s.root_key) NOT IN (SELECT root_key FROM pending WHERE root_key IS NOT NULL)
"""

# Members as one JSON per golden record, so that a million of them stream through one cursor.
GOLDENS: Final = """
SELECT g.id, g.entity, g.status, g.version, g.attrs, g.identity, g.merged_into,
       (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'system', s.system, 'key', s.key,
                'root_key', s.root_key, 'attrs', s.canonical, 'changed_at', s.changed_at,
                'base', s.base,
                'references', (SELECT jsonb_object_agg(r.name, pl.golden_id)
                               FROM hub.reference r
                               JOIN hub.source_record ps
                                 ON (ps.entity, ps.system, ps.key) = (r.entity, r.system, r.key)
                                AND NOT ps.deleted
                               JOIN hub.link pl ON pl.record_id = ps.id AND pl.state = 'MATCH'
                                               AND pl.valid_to IS NULL
                               WHERE r.record_id = s.id)))
          FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
         WHERE l.golden_id = g.id AND l.state = 'MATCH' AND l.valid_to IS NULL AND NOT s.deleted)
         AS members,
       (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.id) FROM hub.override o
         WHERE o.golden_id = g.id AND o.closed_at IS NULL) AS overrides,
       CASE WHEN EXISTS (SELECT FROM hub.override o WHERE o.golden_id = g.id
                         AND o.closed_at IS NULL) THEN g.lineage END AS lineage,
       CASE WHEN g.entity = ANY(%(dated)s) THEN
         (SELECT jsonb_agg(jsonb_build_array(p.begins, p.ends, p.attrs)
                           ORDER BY p.begins NULLS FIRST)
          FROM hub.golden_period p
          WHERE p.golden_id = g.id AND p.replaced_at IS NULL) END AS periods
FROM hub.golden g
WHERE g.status <> 'MERGED'
ORDER BY g.entity, g.id
"""

INVARIANTS: Final[Mapping[str, LiteralString]] = {
    "I1 every live record has exactly one link, or a reference it waits for, or a mark": """
        SELECT s.entity, s.system, s.key, count(l.id)::text AS found
        FROM hub.source_record s
        LEFT JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
        WHERE NOT s.deleted
          AND NOT EXISTS (SELECT FROM hub.conflict c WHERE c.record_id = s.id
                          AND c.kind = 'reference_missing' AND c.closed_at IS NULL)
          AND NOT EXISTS (SELECT FROM hub.dirty_root d WHERE (d.entity, d.system, d.root_key)
                          = (s.entity, s.system, s.root_key))
        GROUP BY s.id HAVING count(l.id) <> 1""",
    "I1b a deleted record has no link": """
        SELECT s.entity, s.system, s.key, l.golden_id::text AS found
        FROM hub.source_record s
        JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
        WHERE s.deleted""",
    "I2 a merged golden record has no member and redirects, in one step, to one not merged": """
        SELECT g.entity, g.id::text AS key, w.status AS found
        FROM hub.golden g
        LEFT JOIN hub.golden w ON w.id = g.merged_into
        WHERE g.status = 'MERGED' AND (w.id IS NULL OR w.status = 'MERGED'
           OR EXISTS (SELECT FROM hub.link l WHERE l.golden_id = g.id AND l.state = 'MATCH'
                      AND l.valid_to IS NULL))""",
    "I3 no cluster holds a pair declared different": """
        SELECT d.entity, d.record_a::text AS key, d.record_b::text AS found
        FROM hub.pair_decision d
        JOIN hub.link a ON a.record_id = d.record_a AND a.state = 'MATCH' AND a.valid_to IS NULL
        JOIN hub.link b ON b.record_id = d.record_b AND b.state = 'MATCH' AND b.valid_to IS NULL
        WHERE d.verdict = 'DIFFERENT' AND d.closed_at IS NULL AND a.golden_id = b.golden_id""",
    "I5 the newest version in history is the current golden record": """
        SELECT g.entity, g.id::text AS key, v.version::text AS found
        FROM hub.golden g
        LEFT JOIN hub.golden_version v ON v.golden_id = g.id AND v.version = g.version
        WHERE v.version IS NULL OR v.attrs <> g.attrs OR v.status <> g.status""",
    "I7 a retired golden record has no member, an active one has": """
        SELECT g.entity, g.id::text AS key, g.status AS found
        FROM hub.golden g
        WHERE g.status <> 'MERGED' AND (g.status = 'ACTIVE') <> EXISTS (
          SELECT FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
          WHERE l.golden_id = g.id AND l.state = 'MATCH' AND l.valid_to IS NULL
            AND NOT s.deleted)""",
    "I9 received = applied + duplicate + stale + quarantined + ignored": """
        SELECT system, table_name AS key, sum(received)::text AS found
        FROM hub.feed_count GROUP BY 1, 2
        HAVING sum(received) <> sum(applied + duplicate + stale + quarantined + ignored)""",
}


class PostgresVerification:
    """Reads for `hub.services.verify`; the caller's transaction is one snapshot."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def begin(self) -> None:
        """Read everything as of now: one snapshot, and no write can happen."""
        self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def records(self, system: str, entity: str, view: str, key: str) -> list[dict[str, Any]]:
        """Return how stored records differ from what their mapping yields now."""
        sql = RECORDS.format(view=view, key=key)
        return fetch(self._connection, sql, {"system": system, "entity": entity})

    def goldens(self, dated: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Stream golden records that are not merged, with members, overrides and, dated, periods.

        Where a person's value stands, its lineage comes too, to tell what is below.
        """
        with self._connection.cursor(name="verify", row_factory=dict_row) as cursor:
            cursor.itersize = 2000
            cursor.execute(GOLDENS, {"dated": list(dated)})
            yield from cursor

    def rates(self) -> Rates:
        return PostgresRates(self._connection).current()

    def approvals(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[Approval]]:
        return PostgresRaises(self._connection).in_force(golden_ids)

    def parents(self, golden_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, object]]:
        return PostgresFamilies(self._connection).attrs(golden_ids)

    def broken_invariants(self) -> list[dict[str, Any]]:
        """Return one row per violation, with the invariant's sentence."""
        return [
            {"kind": "invariant", "invariant": name, **row}
            for name, sql in INVARIANTS.items()
            for row in fetch(self._connection, sql)
        ]

    def totals(self) -> dict[str, int]:
        sql = """
        SELECT (SELECT count(*) FROM hub.golden WHERE status <> 'MERGED'),
               (SELECT count(*) FROM hub.source_record WHERE NOT deleted),
               (SELECT count(*) FROM hub.dirty_root),
               (SELECT count(*) FROM hub.quarantine WHERE state = 'OPEN')
        """
        names = ("goldens", "records", "marks", "quarantined")
        return dict(zip(names, tuples(self._connection, sql)[0], strict=True))
