"""Periods of dated golden records, decisions on raises, and families of golden records.

A period that is no more what it was is closed, and the new one added; `no_overlapping_periods`
refuses two in force at one time, whatever the code does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.domain.records import Approval
from golden_records.store.rates import PostgresRates
from golden_records.store.rows import dumps, fetch, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.money import Rates
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

# By the references' index, so that a parent of many costs its own descendants and no others. What
# was found once is not followed again: a circle ends, and is known by its top below itself.
USED: Final = """
WITH RECURSIVE family AS (
  SELECT top, top AS id, false AS below FROM unnest(%(ids)s::uuid[]) AS top
  UNION
  SELECT f.top, c.id, true
  FROM family f
  JOIN hub.link p ON p.golden_id = f.id AND p.state = 'MATCH' AND p.valid_to IS NULL
  JOIN hub.source_record s ON s.id = p.record_id
  JOIN hub.reference r ON (r.entity, r.system, r.key) = (s.entity, s.system, s.key)
                      AND r.name = %(parent)s
  JOIN hub.link l ON l.record_id = r.record_id AND l.state = 'MATCH' AND l.valid_to IS NULL
  JOIN hub.golden c ON c.id = l.golden_id AND c.status = 'ACTIVE' AND c.entity = %(entity)s
  WHERE c.attrs ->> %(parent)s = f.id::text AND c.id <> f.id
)
SELECT f.top AS id, g.attrs ->> %(unit)s AS unit, sum((g.attrs ->> %(amount)s)::numeric) AS total,
       count(*) AS below, bool_or(f.id = f.top) AS circle
FROM family f JOIN hub.golden g ON g.id = f.id
WHERE f.below GROUP BY 1, 2 ORDER BY 1, 2
"""

ABOVE: Final = """
WITH RECURSIVE up(id) AS (
  SELECT unnest(%(ids)s::uuid[])
  UNION
  SELECT (g.attrs ->> %(parent)s)::uuid FROM up JOIN hub.golden g ON g.id = up.id
  WHERE g.attrs ->> %(parent)s IS NOT NULL
)
SELECT id FROM up ORDER BY id
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
    ) -> dict[UUID, list[dict[str, object]]]:
        amount, unit = wanted
        parameters = {"entity": entity, "parent": parent, "amount": amount, "unit": unit or ""}
        found: dict[UUID, list[dict[str, object]]] = {}
        for row in fetch(self._connection, USED, {**parameters, "ids": list(ids)}):
            found.setdefault(row.pop("id"), []).append(row)
        return found

    def above(self, parent: str, ids: Sequence[UUID]) -> list[UUID]:
        found = tuples(self._connection, ABOVE, {"parent": parent, "ids": list(ids)})
        return [row[0] for row in found]


class PostgresBeyond:
    """What merges are told of beyond members, in the snapshot of a reading class."""

    _connection: Psycopg

    def rates(self) -> Rates:
        return PostgresRates(self._connection).current()

    def approvals(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[Approval]]:
        return PostgresRaises(self._connection).in_force(golden_ids)

    def parents(self, golden_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, object]]:
        return PostgresFamilies(self._connection).attrs(golden_ids)
