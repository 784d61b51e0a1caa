"""Periods of dated golden records, decisions on raises, and families of golden records.

A period that is no more what it was is closed, and the new one added; `no_overlapping_periods`
refuses two in force at one time, whatever the code does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.domain.records import Approval
from golden_records.store.rows import dumps, fetch, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from golden_records.ports import PeriodWrite
    from golden_records.store.rows import Psycopg

CLOSE: Final = """
UPDATE hub.golden_period p SET replaced_at = clock_timestamp()
WHERE p.golden_id = ANY(%(ids)s) AND p.replaced_at IS NULL AND NOT EXISTS (
  SELECT FROM jsonb_to_recordset(%(rows)s::jsonb)
       AS r(golden_id uuid, begins timestamptz, ends timestamptz, attrs jsonb, lineage jsonb)
  WHERE r.golden_id = p.golden_id AND r.attrs = p.attrs AND r.lineage = p.lineage
    AND (r.begins, r.ends) IS NOT DISTINCT FROM (p.begins, p.ends))
"""

ADD: Final = """
INSERT INTO hub.golden_period (golden_id, entity, begins, ends, attrs, lineage)
SELECT r.golden_id, g.entity, r.begins, r.ends, r.attrs, r.lineage
FROM jsonb_to_recordset(%(rows)s::jsonb)
     AS r(golden_id uuid, begins timestamptz, ends timestamptz, attrs jsonb, lineage jsonb)
JOIN hub.golden g ON g.id = r.golden_id
WHERE NOT EXISTS (
  SELECT FROM hub.golden_period p
  WHERE p.golden_id = r.golden_id AND p.replaced_at IS NULL
    AND (r.begins, r.ends) IS NOT DISTINCT FROM (p.begins, p.ends))
"""

IN_FORCE: Final = """
SELECT golden_id, id, attribute_group AS "group", "values", approved, actor
FROM hub.raise_decision WHERE golden_id = ANY(%(ids)s) AND closed_at IS NULL ORDER BY id
"""

END: Final = """
UPDATE hub.raise_decision SET closed_at = clock_timestamp(), closed_because = %(because)s
WHERE id = ANY(%(ids)s) AND closed_at IS NULL
"""

REPLACE: Final = """
UPDATE hub.raise_decision SET closed_at = clock_timestamp(), closed_because = 'replaced'
WHERE golden_id = %(golden_id)s AND attribute_group = %(group)s AND closed_at IS NULL
"""

DECIDE: Final = """
INSERT INTO hub.raise_decision (golden_id, attribute_group, "values", approved, actor, reason,
                                policy_version)
VALUES (%(golden_id)s, %(group)s, %(values)s::jsonb, %(approved)s, %(actor)s, %(reason)s,
        %(policy)s)
"""

ATTRS: Final = "SELECT id, attrs FROM hub.golden WHERE id = ANY(%(ids)s) AND status = 'ACTIVE'"

USED: Final = """
SELECT (attrs ->> %(parent)s)::uuid AS id, sum((attrs ->> %(amount)s)::numeric) AS total,
       array_agg(DISTINCT attrs ->> %(unit)s) AS units, count(*) AS children
FROM hub.golden
WHERE entity = %(entity)s AND status = 'ACTIVE' AND attrs ->> %(parent)s = ANY(%(ids)s::text[])
  AND id <> (attrs ->> %(parent)s)::uuid
GROUP BY 1
"""


class PostgresPeriods:
    """`golden_records.ports.Periods` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def write(self, golden_ids: Sequence[UUID], periods: Sequence[PeriodWrite]) -> None:
        rows = [
            {
                "golden_id": p.golden_id,
                "begins": p.begins,
                "ends": p.ends,
                "attrs": p.attrs,
                "lineage": p.lineage,
            }
            for p in periods
        ]
        run(self._connection, CLOSE, {"ids": list(golden_ids), "rows": dumps(rows)})
        run_rows(self._connection, ADD, rows)


class PostgresRaises:
    """`golden_records.ports.RaiseDecisions` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def in_force(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[Approval]]:
        found: dict[UUID, list[Approval]] = {}
        for row in fetch(self._connection, IN_FORCE, {"ids": list(golden_ids)}):
            found.setdefault(row.pop("golden_id"), []).append(Approval(**row))
        return found

    def end(self, spent: Sequence[tuple[UUID, Approval]]) -> None:
        ids = [approval.id for _golden_id, approval in spent]
        if ids:
            because = "something else is proposed"
            run(self._connection, END, {"ids": ids, "because": because})

    def decide(self, golden_id: UUID, approval: Approval, said: Mapping[str, str]) -> None:
        parameters = {
            "golden_id": golden_id,
            "group": approval.group,
            "values": dumps(approval.values),
            "approved": approval.approved,
            "actor": approval.actor,
        }
        run(self._connection, REPLACE, parameters)
        run(self._connection, DECIDE, {**parameters, **said})


class PostgresFamilies:
    """`golden_records.ports.Families` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def attrs(self, golden_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, object]]:
        return dict(tuples(self._connection, ATTRS, {"ids": list(golden_ids)}))

    def used(
        self, entity: str, parent: str, wanted: tuple[str, str | None], ids: Sequence[UUID]
    ) -> dict[UUID, dict[str, object]]:
        amount, unit = wanted
        parameters = {"entity": entity, "parent": parent, "amount": amount, "unit": unit or ""}
        rows = fetch(self._connection, USED, {**parameters, "ids": [str(i) for i in ids]})
        return {row.pop("id"): row for row in rows}
