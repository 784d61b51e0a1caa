"""What verification reads: everything, in one snapshot, without the incremental path's queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from golden_records.store.population import PostgresPopulation
from golden_records.store.rows import dumps, fetch, tuples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

# A root that is marked is known to be behind; it is left out and counted as pending. A record whose
# deletion waits for a person is meant to be as it was, so it is no difference either.
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
  AND (n.key IS NOT NULL OR s.key NOT IN (
    SELECT key FROM hub.withheld_delete
    WHERE entity = %(entity)s AND system = %(system)s AND closed_at IS NULL))
  AND coalesce(n.root, s.root_key) NOT IN (SELECT root_key FROM pending WHERE root_key IS NOT NULL)
"""

# What a record refers to is what its canonical form says.
REFERENCES: Final = """
SELECT 'reference_differs' AS kind, s.entity, s.system, s.key, %(name)s AS attribute,
       s.canonical ->> %(name)s AS expected, r.key AS found
FROM hub.source_record s
LEFT JOIN hub.reference r ON r.record_id = s.id AND r.name = %(name)s
WHERE s.entity = %(entity)s AND NOT s.deleted
  AND (s.canonical ->> %(name)s IS DISTINCT FROM r.key
       OR r.key IS NOT NULL AND r.system <> coalesce(%(system)s, s.system))
  AND NOT EXISTS (SELECT FROM hub.dirty_root d WHERE (d.entity, d.system, d.root_key)
                  = (s.entity, s.system, s.root_key))
"""

STATE: Final[Mapping[str, LiteralString]] = {
    "publication_differs": """
        WITH lead AS (SELECT * FROM jsonb_to_recordset(%(leads)s::jsonb)
                      AS l(entity text, span interval)),
        contestable AS (SELECT * FROM jsonb_to_recordset(%(contestable)s::jsonb)
                        AS c(entity text, attribute text)),
        -- Targets are told a coming period within its lead time. What is due, and not yet looked
        -- at, stands as it was just before.
        told AS (
          SELECT g.id, coalesce(p.attrs, g.attrs) AS attrs
          FROM hub.golden g
          CROSS JOIN LATERAL (
            SELECT least(%(now)s, g.next_effective_at - interval '1 microsecond') AS at) d
          LEFT JOIN lead l ON l.entity = g.entity
          LEFT JOIN hub.golden_period p ON p.golden_id = g.id AND p.replaced_at IS NULL
           AND coalesce(p.begins <= d.at + l.span, l.span IS NOT NULL)
           AND coalesce(p.ends > d.at + l.span, l.span IS NOT NULL)
          WHERE g.status = 'ACTIVE')
        SELECT p.entity, p.target AS system, p.golden_id::text AS key, d.key AS attribute,
               g.attrs -> d.key AS expected, d.value AS found
        FROM hub.publication p
        JOIN told g ON g.id = p.golden_id
        JOIN hub.phase f ON (f.system, f.entity) = (p.target, p.entity) AND f.phase = 'LIVE'
        CROSS JOIN LATERAL jsonb_each(p.desired) d
        WHERE NOT g.attrs @> p.desired
          -- What was to be created is there by now: the row of its record says what it holds.
          AND NOT (p.target_key = '' AND p.state = 'ECHOED')
          -- A wish that was on its way when its row went is for a row that is no more.
          AND (p.target_key = '' OR EXISTS (
            SELECT FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
            WHERE l.golden_id = g.id AND l.state = 'MATCH' AND l.valid_to IS NULL
              AND NOT s.deleted AND (s.system, s.key) = (p.target, p.target_key)
              AND NOT EXISTS (SELECT FROM hub.withheld_delete w
                              WHERE w.record_id = s.id AND w.closed_at IS NULL)))
          AND d.value IS DISTINCT FROM coalesce(g.attrs -> d.key, 'null'::jsonb)
          -- While it is contested, what goes out may be nothing new, or what was agreed last.
          AND NOT EXISTS (
            SELECT FROM hub.conflict c
            JOIN contestable o ON (o.entity, o.attribute) = (p.entity, c.attribute)
            WHERE c.golden_id = g.id AND c.closed_at IS NULL AND p.desired ? c.attribute
              AND c.kind IN ('trespass', 'value_contest', 'contract_violation', 'raise_held'))
          AND NOT EXISTS (
            SELECT FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
            JOIN hub.dirty_root r ON (r.entity, r.system, r.root_key)
                                   = (s.entity, s.system, s.root_key)
            WHERE l.golden_id = g.id AND l.state = 'MATCH' AND l.valid_to IS NULL)""",
    # What a system has deleted is not written there while the deletion is withheld. A wish may be
    # left over, for nothing is leased for such a record; a write that was on its way is answered by
    # the target, which has no such row.
    "withheld_is_published": """
        SELECT e.entity, e.target AS system, e.target_key AS key, e.golden_id::text AS found
        FROM hub.write_ledger e
        JOIN hub.source_record s ON (s.entity, s.system, s.key) = (e.entity, e.target, e.target_key)
        JOIN hub.withheld_delete w ON w.record_id = s.id AND w.closed_at IS NULL
        WHERE e.opened_at > w.withheld_at + interval '1 minute'""",
}

INVARIANTS: Final[Mapping[str, LiteralString]] = {
    "I1 every live record has exactly one link, or a case that it waits with, or a mark": """
        SELECT s.entity, s.system, s.key, count(l.id)::text AS found
        FROM hub.source_record s
        LEFT JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
        WHERE NOT s.deleted
          AND NOT EXISTS (SELECT FROM hub.conflict c WHERE c.record_id = s.id
                          AND c.kind IN ('reference_missing', 'creation_held')
                          AND c.closed_at IS NULL)
          AND NOT EXISTS (SELECT FROM hub.dirty_root d WHERE (d.entity, d.system, d.root_key)
                          = (s.entity, s.system, s.root_key))
        GROUP BY s.id HAVING count(l.id) <> 1""",
    "I1b a deleted record has no link": """
        SELECT s.entity, s.system, s.key, l.golden_id::text AS found
        FROM hub.source_record s
        JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
        WHERE s.deleted""",
    "I1c what waits to be created belongs to nothing, and nothing is there that it means": """
        SELECT c.entity, c.system, c.key, coalesce(l.golden_id, g.id)::text AS found
        FROM hub.conflict c
        JOIN hub.source_record s ON s.id = c.record_id
        LEFT JOIN hub.link l ON l.record_id = c.record_id AND l.state = 'MATCH'
         AND l.valid_to IS NULL
        LEFT JOIN hub.golden g ON g.entity = c.entity AND g.status = 'ACTIVE'
         AND g.identity = c.details ->> 'identity'
        WHERE c.kind = 'creation_held' AND c.closed_at IS NULL
          AND (s.deleted OR l.golden_id IS NOT NULL OR g.id IS NOT NULL)
          AND NOT EXISTS (SELECT FROM hub.dirty_root d WHERE (d.entity, d.system, d.root_key)
                          = (s.entity, s.system, s.root_key))""",
    "I2 a merged golden record has no member and redirects, in one step, to one not merged": """
        SELECT g.entity, g.id::text AS key, w.status AS found
        FROM hub.golden g
        LEFT JOIN hub.golden w ON w.id = g.merged_into
        WHERE g.status = 'MERGED' AND (w.id IS NULL OR w.status = 'MERGED'
           OR EXISTS (SELECT FROM hub.link l WHERE l.golden_id = g.id AND l.state = 'MATCH'
                      AND l.valid_to IS NULL))""",
    "I2b a retired golden record has no member, an active one has": """
        SELECT g.entity, g.id::text AS key, g.status AS found
        FROM hub.golden g
        WHERE g.status <> 'MERGED' AND (g.status = 'ACTIVE') <> EXISTS (
          SELECT FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
          WHERE l.golden_id = g.id AND l.state = 'MATCH' AND l.valid_to IS NULL
            AND NOT s.deleted)""",
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
    "I6 the last event about a golden record says who is in it": """
        WITH told AS (
          SELECT DISTINCT ON (g.id) g.id, e.entity, coalesce(e.after -> g.id, '[]') AS members
          FROM hub.identity_event e
          CROSS JOIN LATERAL (SELECT jsonb_object_keys(e.before)
                              UNION SELECT jsonb_object_keys(e.after)) g(id)
          ORDER BY g.id, e.seq DESC),
        now AS (
          SELECT golden_id, jsonb_agg(record_id ORDER BY record_id) AS members
          FROM hub.link WHERE state = 'MATCH' AND valid_to IS NULL GROUP BY golden_id)
        SELECT t.entity, t.id AS key, t.members AS expected, n.members AS found
        FROM told t LEFT JOIN now n ON n.golden_id = t.id::uuid
        WHERE t.members <> coalesce(n.members, '[]')""",
    "I7 a golden id is never used anew: its history begins once, of one entity, without a gap": """
        SELECT g.entity, g.id::text AS key, g.version AS expected, v.versions AS found
        FROM hub.golden g
        JOIN (SELECT golden_id, count(*) AS versions, min(version) AS first, max(version) AS last,
                     min(entity) AS entity, count(DISTINCT entity) AS entities
              FROM hub.golden_version GROUP BY golden_id) v ON v.golden_id = g.id
        WHERE (v.versions, v.first, v.last) <> (g.version, 1, g.version)
           OR (v.entities, v.entity) <> (1, g.entity)""",
    "I8 a deletion that waits for a person has a case of its own or of the guard": """
        SELECT w.entity, w.system, w.key, w.why AS found
        FROM hub.withheld_delete w
        WHERE w.state = 'HELD' AND NOT EXISTS (
          SELECT FROM hub.conflict c
          WHERE c.entity = w.entity AND c.system = w.system AND c.closed_at IS NULL
            AND (c.kind = 'delete_of_owned' AND w.why = 'owner' AND c.record_id = w.record_id
                 OR c.kind = 'mass_delete' AND w.why = 'guard'))
        UNION ALL
        SELECT c.entity, c.system, c.key, c.kind
        FROM hub.conflict c
        WHERE c.kind = 'delete_of_owned' AND c.closed_at IS NULL AND NOT EXISTS (
          SELECT FROM hub.withheld_delete w
          WHERE w.record_id = c.record_id AND w.state = 'HELD' AND w.why = 'owner')""",
    "I9 received = applied + duplicate + stale + quarantined + ignored": """
        SELECT system, table_name AS key, sum(received)::text AS found
        FROM hub.feed_count GROUP BY 1, 2
        HAVING sum(received) <> sum(applied + duplicate + stale + quarantined + ignored)""",
}


WAITING: Final = """
SELECT c.entity, c.system, c.key FROM hub.conflict c JOIN hub.source_record s ON s.id = c.record_id
WHERE c.kind = 'creation_held' AND c.closed_at IS NULL
  AND NOT EXISTS (SELECT FROM hub.dirty_root d WHERE (d.entity, d.system, d.root_key)
                  = (s.entity, s.system, s.root_key))
"""


class PostgresVerification(PostgresPopulation):
    """Reads for `hub.services.verify`; the caller's transaction is one snapshot."""

    def records(self, system: str, entity: str, view: str, key: str) -> list[dict[str, Any]]:
        """Return how stored records differ from what their mapping yields now."""
        sql = RECORDS.format(view=view, key=key)
        return fetch(self._connection, sql, {"system": system, "entity": entity})

    def references(self, entity: str, name: str, system: str | None) -> list[dict[str, Any]]:
        """Return records whose stored reference is not the key that they say."""
        parameters = {"entity": entity, "name": name, "system": system}
        return fetch(self._connection, REFERENCES, parameters)

    def state(
        self,
        now: datetime,
        leads: Mapping[str, timedelta],
        contestable: Iterable[tuple[str, str]],
    ) -> list[dict[str, Any]]:
        parameters = {
            "now": now,
            "leads": dumps(
                [{"entity": e, "span": f"{t.total_seconds()} s"} for e, t in leads.items()]
            ),
            "contestable": dumps([{"entity": e, "attribute": a} for e, a in contestable]),
        }
        found = tuples(self._connection, _together(STATE), parameters)
        return [{"kind": kind, **row} for kind, row in found]

    def waiting(self) -> list[dict[str, Any]]:
        """Return the records that wait for a system that may create."""
        return fetch(self._connection, WAITING)

    def broken_invariants(self) -> list[dict[str, Any]]:
        """Return one row per violation, with the invariant's sentence."""
        found = tuples(self._connection, _together(INVARIANTS))
        return [{"kind": "invariant", "invariant": name, **row} for name, row in found]

    def totals(self) -> dict[str, int]:
        sql = """
        SELECT (SELECT count(*) FROM hub.golden WHERE status <> 'MERGED'),
               (SELECT count(*) FROM hub.source_record WHERE NOT deleted),
               (SELECT count(*) FROM hub.dirty_root),
               (SELECT count(*) FROM hub.quarantine WHERE state = 'OPEN'),
               (SELECT count(*) FROM hub.withheld_delete WHERE closed_at IS NULL)
        """
        names = ("goldens", "records", "marks", "quarantined", "withheld")
        return dict(zip(names, tuples(self._connection, sql)[0], strict=True))


def _together(questions: Mapping[str, LiteralString]) -> LiteralString:
    """Ask everything in one statement: (name of the question, a row of its answer as JSON)."""
    return " UNION ALL ".join(
        [
            f"SELECT '{name}', to_jsonb(answer) FROM ({sql}) answer"  # noqa: S608 - all ours
            for name, sql in questions.items()
        ]
    )
