"""Deletions that wait for a person: rows are decided and closed, never removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from golden_records.domain.deletes import Waiting, Why, WithheldState
from golden_records.store.rows import fetch, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.ports import WithheldDelete
    from golden_records.store.rows import Psycopg

LOCK: Final = """
SELECT pg_advisory_xact_lock(hashtextextended('deletes/' || %(entity)s || '/' || %(system)s, 3))
"""

LIVE: Final = """
SELECT key, root_key, state, why FROM hub.withheld_delete
WHERE entity = %(entity)s AND system = %(system)s AND root_key = ANY(%(roots)s)
  AND closed_at IS NULL
"""

REPLACED: Final = """
SELECT l.record_id
FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
WHERE l.record_id = ANY(%(ids)s) AND l.state = 'MATCH' AND l.valid_to IS NULL
  AND EXISTS (
    SELECT FROM hub.link o JOIN hub.source_record t ON t.id = o.record_id
    WHERE o.golden_id = l.golden_id AND o.state = 'MATCH' AND o.valid_to IS NULL
      AND t.system = s.system AND NOT t.deleted AND t.id <> ALL(%(ids)s)
      AND NOT EXISTS (SELECT FROM hub.withheld_delete w
                      WHERE w.record_id = t.id AND w.closed_at IS NULL))
"""

# The link that ended last is the one that the deletion ended.
DELETED_AT: Final = """
SELECT DISTINCT l.golden_id, s.system
FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
WHERE l.golden_id = ANY(%(ids)s) AND s.system = ANY(%(systems)s) AND l.state = 'MATCH'
  AND l.valid_to IS NOT NULL AND s.deleted
  AND NOT EXISTS (SELECT FROM hub.link n WHERE n.record_id = l.record_id AND n.state = 'MATCH'
                  AND n.valid_to > l.valid_to)
"""

HOLD: Final = """
INSERT INTO hub.withheld_delete (entity, system, key, root_key, record_id, why, state, withheld_at)
SELECT %(entity)s, %(system)s, key, root_key, record_id, why, 'HELD', %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb)
     AS r(key text, root_key text, record_id bigint, why text)
"""

END: Final = """
UPDATE hub.withheld_delete SET state = %(state)s, closed_at = clock_timestamp()
WHERE entity = %(entity)s AND system = %(system)s AND key = ANY(%(keys)s) AND closed_at IS NULL
"""

HELD: Final = """
SELECT count(*) FROM hub.withheld_delete
WHERE entity = %(entity)s AND system = %(system)s AND why = %(why)s AND state = 'HELD'
  AND closed_at IS NULL
"""

COUNTED: Final = """
SELECT coalesce(sum(records), 0) FROM hub.delete_count
WHERE entity = %(entity)s AND system = %(system)s AND counted_at > %(since)s
"""

COUNT: Final = """
WITH old AS (DELETE FROM hub.delete_count
             WHERE entity = %(entity)s AND system = %(system)s AND counted_at <= %(since)s)
INSERT INTO hub.delete_count (entity, system, records, counted_at)
VALUES (%(entity)s, %(system)s, %(records)s, %(now)s)
"""

RECORDS: Final = """
SELECT count(*) FROM hub.source_record
WHERE entity = %(entity)s AND system = %(system)s AND NOT deleted
"""

ROWS: Final = """
SELECT w.id, w.entity, w.system, w.key, w.why, w.state, w.withheld_at, w.actor, w.reason,
       w.decided_at, w.closed_at, l.golden_id
FROM hub.withheld_delete w
LEFT JOIN hub.link l ON l.record_id = w.record_id AND l.state = 'MATCH' AND l.valid_to IS NULL
WHERE w.state = ANY(%(states)s)
  AND (%(system)s::text IS NULL OR w.system = %(system)s)
  AND (%(entity)s::text IS NULL OR w.entity = %(entity)s)
ORDER BY w.id LIMIT %(limit)s
"""

PAIRS: Final = """
SELECT entity, system, why, count(*) FILTER (WHERE state = 'HELD') AS held,
       count(*) FILTER (WHERE state = 'RELEASED') AS released,
       count(*) FILTER (WHERE state = 'DISCARDED') AS discarded, min(withheld_at) AS since
FROM hub.withheld_delete WHERE closed_at IS NULL
GROUP BY entity, system, why ORDER BY entity, system, why
"""

TO_DECIDE: Final = """
SELECT w.id, w.record_id, w.key, w.why, w.state, s.version, l.golden_id,
       g.version AS golden_version
FROM hub.withheld_delete w JOIN hub.source_record s ON s.id = w.record_id
LEFT JOIN hub.link l ON l.record_id = w.record_id AND l.state = 'MATCH' AND l.valid_to IS NULL
LEFT JOIN hub.golden g ON g.id = l.golden_id
WHERE w.entity = %(entity)s AND w.system = %(system)s AND w.state = ANY(%(states)s)
  AND (%(ids)s::bigint[] IS NULL OR w.id = ANY(%(ids)s))
  AND (%(records)s::bigint[] IS NULL OR w.record_id = ANY(%(records)s)) AND w.closed_at IS NULL
ORDER BY w.id
"""

DECIDE: Final = """
UPDATE hub.withheld_delete
SET state = %(state)s, actor = %(actor)s, reason = %(reason)s, decided_at = clock_timestamp()
WHERE id = ANY(%(ids)s)
"""

OF: Final = """
SELECT id, entity, system, state FROM hub.withheld_delete WHERE id = ANY(%(ids)s) ORDER BY id
"""


class PostgresWithheld:
    """`golden_records.ports.Withheld` and `hub.services.deletes.Desk` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    # --- what resolving needs ---

    def lock(self, entity: str, system: str) -> None:
        run(self._connection, LOCK, {"entity": entity, "system": system})

    def live(self, entity: str, system: str, roots: Sequence[str]) -> dict[str, Waiting]:
        parameters = {"entity": entity, "system": system, "roots": list(roots)}
        rows = tuples(self._connection, LIVE, parameters)
        return {k: Waiting(root, WithheldState(state), Why(why)) for k, root, state, why in rows}

    def replaced(self, record_ids: Sequence[int]) -> set[int]:
        rows = tuples(self._connection, REPLACED, {"ids": list(record_ids)}) if record_ids else []
        return {row[0] for row in rows}

    def deleted_at(
        self, golden_ids: Sequence[UUID], systems: Sequence[str]
    ) -> set[tuple[UUID, str]]:
        if not golden_ids:
            return set()
        parameters = {"ids": list(golden_ids), "systems": list(systems)}
        return {(g, s) for g, s in tuples(self._connection, DELETED_AT, parameters)}

    def hold(self, entity: str, system: str, rows: Sequence[WithheldDelete], now: datetime) -> None:
        found = (
            {"key": r.key, "root_key": r.root_key, "record_id": r.record_id, "why": str(r.why)}
            for r in rows
        )
        run_rows(self._connection, HOLD, found, entity=entity, system=system, now=now)

    def end(self, entity: str, system: str, keys: Sequence[str], state: WithheldState) -> None:
        parameters = {"entity": entity, "system": system, "keys": list(keys)}
        if keys:
            run(self._connection, END, {**parameters, "state": str(state)})

    def held(self, entity: str, system: str, why: str) -> int:
        parameters = {"entity": entity, "system": system, "why": why}
        return int(tuples(self._connection, HELD, parameters)[0][0])

    def counted(self, entity: str, system: str, since: datetime) -> int:
        parameters = {"entity": entity, "system": system, "since": since}
        return int(tuples(self._connection, COUNTED, parameters)[0][0])

    def count(self, pair: tuple[str, str], records: int, now: datetime, since: datetime) -> None:
        parameters = {"entity": pair[0], "system": pair[1], "records": records}
        run(self._connection, COUNT, {**parameters, "now": now, "since": since})

    def records(self, entity: str, system: str) -> int:
        parameters = {"entity": entity, "system": system}
        return int(tuples(self._connection, RECORDS, parameters)[0][0])

    # --- what people need ---

    def pairs(self) -> list[dict[str, Any]]:
        """Return the live ones, counted by entity, system and why."""
        return fetch(self._connection, PAIRS)

    def rows(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]:
        """`wanted` holds states, system, entity and limit."""
        return fetch(self._connection, ROWS, wanted)

    def of(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        return fetch(self._connection, OF, {"ids": list(ids)})

    def to_decide(self, pair: tuple[str, str], which: Mapping[str, object]) -> list[dict[str, Any]]:
        """Return live rows of an (entity, system) as they stand, each with its golden record.

        `which` holds the states that may be decided, and ids and records (None: all).
        """
        return fetch(self._connection, TO_DECIDE, {"entity": pair[0], "system": pair[1], **which})

    def decide(self, ids: Sequence[int], decision: Mapping[str, object]) -> None:
        """`decision` holds the new state, actor and reason."""
        run(self._connection, DECIDE, {**decision, "ids": list(ids)})
