"""The initial load's part of the mirror: all roots of a mapping in one statement.

What it yields goes into the temporary table `staged_record (system, key, root_key, attrs)`, which
the load's transaction has made. Where a value makes the statement fail, the roots are evaluated by
keys, halving until the bad ones stand alone.
"""

# ruff: noqa: S608 - the SQL is made of the catalogue's names, quoted; keys are bound parameters
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connectors.mirror.evaluate import DATA_ERRORS, evaluate, record_key
from connectors.mirror.names import literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from connectors.mirror.evaluate import Evaluated
    from connectors.mirror.marks import Marker
    from connectors.mirror.plans import MappingPlan

KEYS_AT_A_TIME: Final = 2000

STAGE: Final = """
INSERT INTO staged_record (system, key, root_key, attrs)
SELECT {system}, {record}, m.key::text, to_jsonb(m) - 'key' FROM {view} m WHERE m.key IS NOT NULL
"""

DIFFERING: Final = """
SELECT coalesce(n.root, s.root_key) AS root
FROM (SELECT {record} AS record, m.key::text AS root, to_jsonb(m) - 'key' AS attrs
      FROM {view} m WHERE m.key IS NOT NULL) n
FULL JOIN (SELECT * FROM staged_record WHERE system = {system}) s ON s.key = n.record
WHERE s.attrs IS DISTINCT FROM n.attrs
"""

COPY: Final = "COPY staged_record (system, key, root_key, attrs) FROM STDIN"


def stage(conn: Connection[Any], marker: Marker, plan: MappingPlan) -> Mapping[str, str]:
    """Stage every root; return the root keys whose evaluation alone raised, with the error."""
    conn.execute("SAVEPOINT mirror_stage")
    try:
        conn.execute(_of(STAGE, marker, plan))
    except DATA_ERRORS:
        conn.execute("ROLLBACK TO SAVEPOINT mirror_stage")
        return _by_keys(conn, marker, plan)
    conn.execute("RELEASE SAVEPOINT mirror_stage")
    return {}


def mark_differing(
    conn: Connection[Any], marker: Marker, plan: MappingPlan, cause: str, priority: int
) -> int:
    """Mark the roots that changed since they were staged; all roots where none can be told."""
    marking = marker.marking(plan, _of(DIFFERING, marker, plan), cause, priority)
    conn.execute("SAVEPOINT mirror_differing")
    try:
        return conn.execute(marking).rowcount
    except DATA_ERRORS:
        conn.execute("ROLLBACK TO SAVEPOINT mirror_differing")
        return marker.mark_all(conn, plan, cause, priority)


def _of(template: str, marker: Marker, plan: MappingPlan) -> str:
    system, entity = plan.pair
    return template.format(
        system=literal(system), record=record_key(plan), view=marker.names.mapping(system, entity)
    )


def _by_keys(conn: Connection[Any], marker: Marker, plan: MappingPlan) -> dict[str, str]:
    rows = conn.execute(f"SELECT root FROM ({marker.every_root(plan)}) r ORDER BY root").fetchall()
    roots = [root for (root,) in rows if root is not None]
    failed: dict[str, str] = {}
    for first in range(0, len(roots), KEYS_AT_A_TIME):
        found = evaluate(conn, marker.names, plan, roots[first : first + KEYS_AT_A_TIME])
        failed.update(found.failed)
        _copy(conn, plan.pair[0], found.records)
    return failed


def _copy(conn: Connection[Any], system: str, records: Sequence[Evaluated]) -> None:
    with conn.cursor() as cursor, cursor.copy(COPY) as copy:
        for record in records:
            copy.write_row((system, record.key, record.root_key, record.raw))
