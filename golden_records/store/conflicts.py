"""Conflicts: one open row per cause, closed when what caused it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.store.rows import dumps, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.records import Conflict
    from golden_records.store.rows import Psycopg

OPEN = """
INSERT INTO hub.conflict AS c (entity, golden_id, record_id, kind, cause, attribute, system, key,
                               details, outcome, exposure, state, pending_until)
SELECT %(entity)s, golden_id, record_id, kind, cause, attribute, system, key, details, outcome,
       exposure, CASE WHEN pending_until IS NULL THEN 'open' ELSE 'pending' END, pending_until
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(golden_id uuid, record_id bigint, kind text,
     cause text, attribute text, system text, key text, details jsonb, outcome text,
     exposure numeric, pending_until timestamptz)
ON CONFLICT (entity, cause) WHERE closed_at IS NULL
DO UPDATE SET details = excluded.details, golden_id = excluded.golden_id
WHERE (c.details, c.golden_id) IS DISTINCT FROM (excluded.details, excluded.golden_id)
"""

RESOLVE_GONE = """
UPDATE hub.conflict c
SET state = 'resolved', closed_at = clock_timestamp(), resolution = 'values agree again'
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

    def open(self, entity: str, found: Sequence[tuple[int, Conflict]]) -> None:
        rows = [_row(conflict, record_id=record_id) for record_id, conflict in found]
        run_rows(self._connection, OPEN, rows, entity=entity)

    def close_for_records(
        self, record_ids: Sequence[int], kinds: Sequence[str], resolution: str
    ) -> None:
        parameters = {"ids": list(record_ids), "kinds": list(kinds), "resolution": resolution}
        run(self._connection, CLOSE, parameters)

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
        "pending_until": conflict.pending_until,
    }
