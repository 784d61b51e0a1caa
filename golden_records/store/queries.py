"""What operators, stewards and analysts look at; nothing here writes or locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from golden_records.store.rows import fetch, tuples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.store.rows import Psycopg

    Rows = list[dict[str, Any]]

FEED: Final = """
SELECT system, sum(received)::bigint AS received, sum(applied)::bigint AS applied,
       sum(duplicate)::bigint AS duplicate, sum(stale)::bigint AS stale,
       sum(quarantined)::bigint AS quarantined, sum(ignored)::bigint AS ignored,
       max(counted_at) AS last_at
FROM hub.feed_count GROUP BY system ORDER BY system
"""

MARKS: Final = """
SELECT cause, count(*) AS roots, count(*) FILTER (WHERE due_at > %(now)s) AS settling,
       min(marked_at) AS oldest
FROM hub.dirty_root GROUP BY cause ORDER BY cause
"""

GOLDENS: Final = """
SELECT entity, count(*) FILTER (WHERE status = 'ACTIVE') AS active,
       count(*) FILTER (WHERE status = 'MERGED') AS merged,
       count(*) FILTER (WHERE status = 'RETIRED') AS retired,
       (SELECT count(*) FROM hub.source_record s
        WHERE s.entity = g.entity AND NOT s.deleted) AS records
FROM hub.golden g GROUP BY entity ORDER BY entity
"""

RECORDS: Final = """
SELECT s.system, s.entity, count(*), count(DISTINCT l.golden_id)
FROM hub.source_record s
LEFT JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
WHERE NOT s.deleted GROUP BY 1, 2
"""

CONFLICTS: Final = """
SELECT kind, count(*) FILTER (WHERE NOT waits) AS open, count(*) FILTER (WHERE waits) AS pending,
       min(opened_at) AS oldest
FROM (SELECT kind, opened_at, coalesce(pending_until > %(now)s, false) AS waits
      FROM hub.conflict WHERE closed_at IS NULL) c
GROUP BY kind ORDER BY kind
"""

CONVERGENCE: Final = """
SELECT target, entity, attribute_group AS "group", lane, class, state, count(*) AS rows,
       min(first_dirty_at) AS oldest
FROM hub.publication GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""

ASIDE: Final = """
SELECT kind, error, count(*) AS rows, min(set_aside_at) AS oldest
FROM hub.quarantine WHERE state = 'OPEN' GROUP BY 1, 2 ORDER BY 1, 2
"""

PUBLICATION: Final = """
SELECT p.id, p.target, p.entity, p.golden_id, p.target_key, p.attribute_group AS "group", p.lane,
       p.class, p.state, p.desired, p.seen, p.parameters, p.golden_version, p.cause_at,
       p.first_dirty_at, p.due_at, p.leased_until, p.attempts, p.coalesced, p.last_error, p.sent_at,
       p.echoed_at, p.updated_at
FROM hub.publication p
"""

PUBLICATIONS: Final = (
    PUBLICATION
    + """
WHERE p.state = ANY(%(states)s)
  AND (%(target)s::text IS NULL OR p.target = %(target)s)
  AND (%(entity)s::text IS NULL OR p.entity = %(entity)s)
ORDER BY p.due_at, p.id LIMIT %(limit)s
"""
)

ATTEMPTS: Final = """
SELECT id, golden_version, attrs, before, state, outcome, opened_at, sent_at, closed_at
FROM hub.write_ledger WHERE publication_id = %(id)s ORDER BY id DESC LIMIT 10
"""

OF_RECORD: Final = """
SELECT l.golden_id FROM hub.source_record s JOIN hub.link l ON l.record_id = s.id
WHERE (s.system, s.entity, s.key) = (%(system)s, %(entity)s, %(key)s) AND l.state = 'MATCH'
  AND l.valid_from <= coalesce(%(at)s::timestamptz, 'infinity')
  AND coalesce(l.valid_to, 'infinity') > coalesce(%(at)s::timestamptz, clock_timestamp())
ORDER BY l.id DESC LIMIT 1
"""

# A merge appoints one winner, and that may be merged in its turn; a hundred is a defect.
WAY: Final = """
WITH RECURSIVE way AS (
  SELECT id, merged_into, 0 AS step FROM hub.golden WHERE id = %(id)s
  UNION ALL
  SELECT g.id, g.merged_into, way.step + 1 FROM way JOIN hub.golden g ON g.id = way.merged_into
  WHERE way.step < 100
)
SELECT id FROM way ORDER BY step
"""

GOLDEN: Final = """
SELECT id, entity, status, merged_into, version, attrs, lineage, published, touched,
       policy_version, next_effective_at, created_at, updated_at
FROM hub.golden WHERE id = %(id)s
"""

AS_OF: Final = """
SELECT v.golden_id AS id, v.entity, v.status, g.merged_into, v.version, v.attrs, v.lineage, v.cause,
       v.policy_version, v.recorded_at
FROM hub.golden_version v JOIN hub.golden g ON g.id = v.golden_id
WHERE v.golden_id = %(id)s AND v.recorded_at <= %(at)s ORDER BY v.version DESC LIMIT 1
"""

VERSIONS: Final = """
SELECT version, status, attrs, lineage, cause, policy_version, recorded_at
FROM hub.golden_version WHERE golden_id = %(id)s ORDER BY version
"""

MEMBERS: Final = """
SELECT s.id, s.system, s.key, s.root_key, s.version, s.canonical AS attrs, s.changed_at,
       s.base, s.deleted,
       l.golden_id, l.origin, l.probability::float AS probability, l.reasons,
       l.valid_from AS linked_at, l.valid_to AS left_at
FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
WHERE l.golden_id = ANY(%(ids)s) AND l.state = 'MATCH'
  AND (NOT s.deleted OR %(at)s::timestamptz IS NOT NULL)
  AND l.valid_from <= coalesce(%(at)s::timestamptz, 'infinity')
  AND coalesce(l.valid_to, 'infinity') > coalesce(%(at)s::timestamptz, clock_timestamp())
ORDER BY l.golden_id, s.system, s.key
"""

PERIOD: Final = """
SELECT begins AS in_force_from, ends AS in_force_to, attrs, lineage
FROM hub.golden_period
WHERE golden_id = %(id)s AND (begins <= %(valid_at)s OR begins IS NULL)
  AND (ends > %(valid_at)s OR ends IS NULL)
  AND recorded_at <= coalesce(%(at)s::timestamptz, 'infinity')
  AND coalesce(replaced_at, 'infinity') > coalesce(%(at)s::timestamptz, clock_timestamp())
"""

RAISES: Final = """
SELECT attribute_group AS "group", "values", approved, actor, reason, policy_version, decided_at
FROM hub.raise_decision WHERE golden_id = %(id)s AND closed_at IS NULL ORDER BY id
"""

OVERRIDES: Final = """
SELECT id, golden_id, attribute, value, mode, actor, reason, set_at, until
FROM hub.override WHERE golden_id = ANY(%(ids)s) AND closed_at IS NULL ORDER BY attribute
"""

PAST_OVERRIDES: Final = """
SELECT id, golden_id, attribute, value, mode, actor, reason, set_at, until
FROM hub.override
WHERE golden_id = %(id)s AND recorded_at <= %(at)s AND (closed_at > %(at)s OR closed_at IS NULL)
ORDER BY attribute
"""

# A case that waited is open as soon as its time is over, whether it was woken yet or not.
CASE: Final = """
SELECT c.id, c.entity, c.kind, c.attribute, c.system, c.key, c.details, c.outcome, c.exposure,
       c.currency, c.class, c.closed_by, c.assignee, c.opened_at, c.pending_until,
       c.due_at, c.closed_at, c.resolution, c.record_id,
       coalesce(c.golden_id, (c.details ->> 'golden')::uuid) AS golden_id,
       (c.details ->> 'candidate')::uuid AS candidate_id,
       s.state
FROM hub.conflict c, LATERAL (
  SELECT CASE WHEN c.closed_at IS NOT NULL THEN c.state
              WHEN c.pending_until > %(now)s THEN 'pending'
              WHEN c.assignee IS NOT NULL THEN 'assigned' ELSE 'open' END AS state) s
"""

CASES: Final = (
    CASE
    + """
WHERE s.state = ANY(%(states)s)
  AND (%(kind)s::text IS NULL OR c.kind = %(kind)s)
  AND (%(entity)s::text IS NULL OR c.entity = %(entity)s)
  AND (%(assignee)s::text IS NULL OR c.assignee = %(assignee)s)
ORDER BY abs(c.exposure) * extract(epoch FROM %(now)s - c.opened_at) DESC NULLS LAST,
         c.due_at, c.opened_at, c.id
LIMIT %(limit)s
"""
)

CASE_EVENTS: Final = """
SELECT recorded_at, state, actor, assignee, pending_until, resolution
FROM hub.conflict_event WHERE conflict_id = %(id)s ORDER BY id
"""

GOLDEN_CASES: Final = (
    CASE
    + """
WHERE c.closed_at IS NULL
  AND (c.golden_id = %(id)s OR c.details ->> 'golden' = %(id)s::text
       OR c.details ->> 'candidate' = %(id)s::text)
ORDER BY c.id
"""
)

# As they stood then: each with the last of its events before.
PAST_CASES: Final = """
SELECT c.id, c.entity, c.kind, c.attribute, c.system, c.key, e.details, c.outcome, c.exposure,
       c.currency, c.class, e.assignee, c.opened_at, e.pending_until, c.due_at, e.state
FROM hub.conflict c
CROSS JOIN LATERAL (
  SELECT state, assignee, pending_until, details FROM hub.conflict_event
  WHERE conflict_id = c.id AND recorded_at <= %(at)s ORDER BY id DESC LIMIT 1) e
WHERE c.opened_at <= %(at)s AND e.state IN ('pending', 'open', 'assigned')
  AND (c.golden_id = %(id)s OR e.details ->> 'golden' = %(id)s::text
       OR e.details ->> 'candidate' = %(id)s::text)
ORDER BY c.id
"""


class PostgresQueries:
    """`hub.services.queries.Reads` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def feed(self) -> Rows:
        return fetch(self._connection, FEED)

    def marks(self, now: datetime) -> Rows:
        return fetch(self._connection, MARKS, {"now": now})

    def golden_counts(self) -> Rows:
        return fetch(self._connection, GOLDENS)

    def record_counts(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Return (records, golden records that they are in) by (system, entity)."""
        rows = tuples(self._connection, RECORDS)
        return {(system, entity): (n, golden) for system, entity, n, golden in rows}

    def open_conflicts(self, now: datetime) -> Rows:
        return fetch(self._connection, CONFLICTS, {"now": now})

    def convergence(self) -> Rows:
        return fetch(self._connection, CONVERGENCE)

    def set_aside(self) -> Rows:
        return fetch(self._connection, ASIDE)

    def publications(
        self, states: Sequence[str], target: str | None, entity: str | None, limit: int
    ) -> Rows:
        parameters = {"states": list(states), "target": target, "entity": entity, "limit": limit}
        return fetch(self._connection, PUBLICATIONS, parameters)

    def publication(self, publication_id: int) -> dict[str, Any] | None:
        """Return one row with its last ten attempts, newest first."""
        sql = PUBLICATION + " WHERE p.id = %(id)s"
        rows = fetch(self._connection, sql, {"id": publication_id})
        if not rows:
            return None
        tried = fetch(self._connection, ATTEMPTS, {"id": publication_id})
        return {**rows[0], "history": tried}

    def golden_of(
        self, system: str, entity: str, key: str, at: datetime | None = None
    ) -> UUID | None:
        parameters = {"system": system, "entity": entity, "key": key, "at": at}
        rows = tuples(self._connection, OF_RECORD, parameters)
        return rows[0][0] if rows else None

    def way(self, golden_id: UUID) -> list[UUID]:
        """Return the golden record and those it redirects to, the one in force last."""
        return [row[0] for row in tuples(self._connection, WAY, {"id": golden_id})]

    def golden(self, golden_id: UUID, at: datetime | None = None) -> dict[str, Any] | None:
        """Return it as it is, or as it was; None where it was not there."""
        parameters = {"id": golden_id, "at": at}
        rows = fetch(self._connection, GOLDEN if at is None else AS_OF, parameters)
        return rows[0] if rows else None

    def period(
        self, golden_id: UUID, valid_at: datetime, at: datetime | None = None
    ) -> dict[str, Any] | None:
        """Return what is in force at `valid_at`, as it was known at `at`."""
        rows = fetch(self._connection, PERIOD, {"id": golden_id, "valid_at": valid_at, "at": at})
        return rows[0] if rows else None

    def raises(self, golden_id: UUID) -> Rows:
        return fetch(self._connection, RAISES, {"id": golden_id})

    def versions(self, golden_id: UUID) -> Rows:
        return fetch(self._connection, VERSIONS, {"id": golden_id})

    def members(self, golden_ids: Sequence[UUID], at: datetime | None = None) -> Rows:
        """Return linked records; their values are today's, also where `at` is in the past."""
        return fetch(self._connection, MEMBERS, {"ids": list(golden_ids), "at": at})

    def overrides(self, golden_ids: Sequence[UUID]) -> Rows:
        return fetch(self._connection, OVERRIDES, {"ids": list(golden_ids)})

    def past_overrides(self, golden_id: UUID, at: datetime) -> Rows:
        """Return the overrides that were in force at a time of the past."""
        return fetch(self._connection, PAST_OVERRIDES, {"id": golden_id, "at": at})

    def publications_of(self, golden_id: UUID) -> Rows:
        sql = PUBLICATION + " WHERE p.golden_id = %(id)s ORDER BY 2, 5, 6"
        return fetch(self._connection, sql, {"id": golden_id})

    def cases(self, now: datetime, wanted: dict[str, object]) -> Rows:
        """`wanted` holds states, kind, entity, assignee and limit."""
        return fetch(self._connection, CASES, {**wanted, "now": now})

    def case(self, case_id: int, now: datetime) -> dict[str, Any] | None:
        rows = fetch(self._connection, CASE + " WHERE c.id = %(id)s", {"id": case_id, "now": now})
        return rows[0] if rows else None

    def case_events(self, case_id: int) -> Rows:
        return fetch(self._connection, CASE_EVENTS, {"id": case_id})

    def cases_of(self, golden_id: UUID, now: datetime) -> Rows:
        return fetch(self._connection, GOLDEN_CASES, {"id": golden_id, "now": now})

    def past_cases_of(self, golden_id: UUID, at: datetime) -> Rows:
        """Return the cases that were open at a time of the past, as they stood then."""
        return fetch(self._connection, PAST_CASES, {"id": golden_id, "at": at})
