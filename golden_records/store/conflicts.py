"""Conflicts: one open row per cause, closed when what caused it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.store.rows import dumps, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.records import Conflict
    from golden_records.store.rows import Psycopg

OPEN = """
INSERT INTO hub.conflict AS c (entity, golden_id, record_id, kind, cause, attribute, system, key,
                               details, outcome, exposure, currency, class, state, pending_until,
                               due_at)
SELECT %(entity)s, golden_id, record_id, kind, cause, attribute, system, key, details, outcome,
       exposure, currency, class, CASE WHEN pending_until IS NULL THEN 'open' ELSE 'pending' END,
       pending_until, coalesce(pending_until, clock_timestamp()) + due * interval '1 second'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(golden_id uuid, record_id bigint, kind text,
     cause text, attribute text, system text, key text, details jsonb, outcome text,
     exposure numeric, currency text, class text, due double precision, pending_until timestamptz)
ON CONFLICT (entity, cause) WHERE closed_at IS NULL
DO UPDATE SET details = excluded.details, golden_id = excluded.golden_id,
  exposure = excluded.exposure, currency = excluded.currency, class = excluded.class,
  due_at = CASE WHEN c.class IS NOT DISTINCT FROM excluded.class THEN c.due_at
                ELSE c.opened_at + (excluded.due_at - excluded.opened_at) END
WHERE (c.details, c.golden_id, c.exposure, c.currency, c.class) IS DISTINCT FROM
      (excluded.details, excluded.golden_id, excluded.exposure, excluded.currency, excluded.class)
"""

# What waited is open again by itself; the rows are few, and an index finds them.
WAKE = """
UPDATE hub.conflict SET state = CASE WHEN assignee IS NULL THEN 'open' ELSE 'assigned' END
WHERE id IN (SELECT id FROM hub.conflict WHERE state = 'pending' AND pending_until <= %(now)s
             ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""

CLOSE_ENDED = """
UPDATE hub.conflict c
SET state = r.state, closed_at = clock_timestamp(), resolution = r.resolution
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(golden_id uuid, state text, resolution text)
WHERE c.golden_id = r.golden_id AND c.closed_at IS NULL
"""

REFUSED = """
SELECT cause FROM hub.conflict
WHERE entity = %(entity)s AND golden_id = ANY(%(ids)s) AND outcome = 'refused'
  AND closed_at IS NULL
"""

CLOSE_CAUSES = """
UPDATE hub.conflict
SET state = 'resolved', closed_at = clock_timestamp(), resolution = %(resolution)s
WHERE entity = %(entity)s AND cause = ANY(%(causes)s) AND closed_at IS NULL
"""

RESOLVE_GONE = """
UPDATE hub.conflict c
SET state = 'resolved', closed_at = clock_timestamp(), resolution = 'what caused it is gone'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(golden_id uuid, causes jsonb)
WHERE c.golden_id = r.golden_id AND c.closed_at IS NULL AND c.kind = ANY(%(kinds)s)
  AND NOT r.causes ? c.cause
"""

CLOSE = """
UPDATE hub.conflict
SET state = 'resolved', closed_at = clock_timestamp(), resolution = %(resolution)s
WHERE record_id = ANY(%(ids)s) AND closed_at IS NULL AND kind = ANY(%(kinds)s)
"""


ABOUT = """
SELECT DISTINCT record_id FROM hub.conflict
WHERE closed_at IS NULL AND kind = ANY(%(kinds)s) AND details -> 'goldens' ?| %(ids)s::text[]
  AND record_id IS NOT NULL
ORDER BY record_id
"""


WAITING_FOR = """
SELECT record_id FROM hub.conflict
WHERE entity = %(entity)s AND kind = 'creation_held' AND closed_at IS NULL
  AND details ->> 'identity' = ANY(%(identities)s) AND record_id IS NOT NULL
ORDER BY record_id
"""


class PostgresConflicts:
    """`golden_records.ports.Conflicts` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def reconcile(
        self,
        entity: str,
        found: Mapping[UUID, Sequence[Conflict]],
        kinds: Sequence[str],
    ) -> None:
        rows = [_row(conflict, golden_id=g) for g, group in found.items() for conflict in group]
        run_rows(self._connection, OPEN, rows, entity=entity)
        causes = [
            {"golden_id": golden_id, "causes": [conflict.cause for conflict in group]}
            for golden_id, group in found.items()
        ]
        parameters = {"rows": dumps(causes), "kinds": list(kinds)}
        run(self._connection, RESOLVE_GONE, parameters)

    def wake(self, now: datetime) -> None:
        run(self._connection, WAKE, {"now": now})

    def close_ended(self, ended: Sequence[tuple[UUID, str, str]]) -> None:
        names = ("golden_id", "state", "resolution")
        run_rows(self._connection, CLOSE_ENDED, (dict(zip(names, r, strict=True)) for r in ended))

    def close_causes(self, entity: str, causes: Sequence[str], resolution: str) -> None:
        parameters = {"entity": entity, "causes": list(causes), "resolution": resolution}
        run(self._connection, CLOSE_CAUSES, parameters)

    def open_for(self, entity: str, found: Sequence[tuple[UUID | None, Conflict]]) -> None:
        rows = [_row(conflict, golden_id=golden_id) for golden_id, conflict in found]
        run_rows(self._connection, OPEN, rows, entity=entity)

    def refused(self, entity: str, golden_ids: Sequence[UUID]) -> set[str]:
        parameters = {"entity": entity, "ids": list(golden_ids)}
        return {row[0] for row in tuples(self._connection, REFUSED, parameters)}

    def open(self, entity: str, found: Sequence[tuple[int, Conflict]]) -> None:
        rows = [_row(conflict, record_id=record_id) for record_id, conflict in found]
        run_rows(self._connection, OPEN, rows, entity=entity)

    def close_for_records(
        self, record_ids: Sequence[int], kinds: Sequence[str], resolution: str
    ) -> None:
        parameters = {"ids": list(record_ids), "kinds": list(kinds), "resolution": resolution}
        run(self._connection, CLOSE, parameters)

    def waiting_for(self, entity: str, identities: Sequence[str]) -> list[int]:
        parameters = {"entity": entity, "identities": list(identities)}
        return [row[0] for row in tuples(self._connection, WAITING_FOR, parameters)]

    def about(self, golden_ids: Sequence[UUID], kinds: Sequence[str]) -> list[int]:
        if not golden_ids:
            return []
        parameters = {"ids": [str(golden_id) for golden_id in golden_ids], "kinds": list(kinds)}
        return [row[0] for row in tuples(self._connection, ABOUT, parameters)]


def _row(
    conflict: Conflict, *, golden_id: UUID | None = None, record_id: int | None = None
) -> dict[str, object]:
    return {
        "golden_id": golden_id,
        "record_id": record_id,
        "kind": str(conflict.kind),
        "cause": conflict.cause,
        "attribute": conflict.attribute,
        "system": conflict.system,
        "key": conflict.key,
        "details": conflict.details,
        "outcome": conflict.outcome,
        "exposure": conflict.exposure,
        "currency": conflict.currency,
        "class": conflict.case_class,
        "due": conflict.due.total_seconds() if conflict.due else None,
        "pending_until": conflict.pending_until,
    }
