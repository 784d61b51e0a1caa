"""Cases of schema drift on one connection; they are few, and an index finds them by their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.ports.drift import DriftCase
from golden_records.store.rows import fetch, run, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from golden_records.store.rows import Psycopg

OPEN_CASES: Final = """
SELECT id, cause, system, details ->> 'table' AS "table", details ->> 'place' AS place,
       details ->> 'change' AS change, details ->> 'witness' AS witness,
       (details ->> 'since')::timestamptz AS since
FROM hub.conflict WHERE kind = 'schema_drift' AND closed_at IS NULL ORDER BY cause
"""

FITTED: Final = """
SELECT cause, max((details ->> 'fits_at')::timestamptz) FROM hub.conflict
WHERE kind = 'schema_drift' AND closed_at IS NOT NULL AND cause = ANY(%(causes)s)
GROUP BY cause HAVING max(details ->> 'fits_at') IS NOT NULL
"""

CLOSE: Final = """
UPDATE hub.conflict
SET state = 'resolved', closed_at = clock_timestamp(), resolution = %(resolution)s,
    details = details || jsonb_build_object('fits_at', %(fits_at)s::timestamptz)
WHERE id = ANY(%(ids)s) AND closed_at IS NULL
"""


class PostgresDrift:
    """`golden_records.ports.Drift` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def open_cases(self) -> list[DriftCase]:
        return [DriftCase(**row) for row in fetch(self._connection, OPEN_CASES)]

    def fitted(self, causes: Sequence[str]) -> Mapping[str, datetime]:
        return dict(tuples(self._connection, FITTED, {"causes": list(causes)}))

    def close(self, case_ids: Sequence[int], fits_at: datetime, resolution: str) -> None:
        parameters = {"ids": sorted(case_ids), "fits_at": fits_at, "resolution": resolution}
        run(self._connection, CLOSE, parameters)
