"""The growth check: what does one key cost when the tables hold ten times their rows?

A statement whose cost follows the keys stays where it is; one that reads whole tables grows with
them. PostgreSQL is told so by statistics, in a savepoint that is rolled back. On nearly empty
mirrors nothing is judged: there every plan reads whole tables, and may.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from connectors.mirror.evaluate import BATCH, ONE_BY_ONE, evaluated, local_settings
from connectors.mirror.indexes import linked_columns
from connectors.mirror.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import Connection

    from connectors.mirror.plans import MappingPlan

BIG: Final = 5_000
"""Rows from which on a table is taken to grow with the business."""

LIMIT: Final = 2.0
"""How many times its cost a form may reach when the tables grow tenfold."""

MANY_VALUES: Final = 500
"""Distinct values from which on a linking column is taken to grow with its table."""

SIZES: Final = """
SELECT c.relname, greatest(c.reltuples, 0)::float8 FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = ANY(%s)
"""

GROW: Final = """
SELECT pg_restore_relation_stats('schemaname', n.nspname::text, 'relname', c.relname::text,
                                 'reltuples', (c.reltuples * 10)::real)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.reltuples > 0 AND (c.oid = %(table)s::regclass
  OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = %(table)s::regclass))
"""

SPREAD: Final = """
SELECT pg_restore_attribute_stats('schemaname', s.schemaname::text, 'relname', s.tablename::text,
       'attname', s.attname::text, 'inherited', false,
       'n_distinct', (-least(1, s.n_distinct / greatest(c.reltuples, 1)))::real)
FROM pg_stats s JOIN pg_class c ON c.oid = %(table)s::regclass
WHERE s.schemaname = %(schema)s AND s.tablename = c.relname AND s.attname = ANY(%(columns)s)
  AND s.n_distinct > %(many)s AND NOT s.inherited
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What one form costs now and with tenfold tables, in the planner's units."""

    form: str
    now: float
    tenfold: float

    @property
    def factor(self) -> float:
        return self.tenfold / self.now if self.now else 1.0

    @property
    def safe(self) -> bool:
        return self.factor <= LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The form to evaluate with; None when both were refused. Nothing `judged` = too few rows."""

    form: str | None
    judged: tuple[Growth, ...] = ()


def judge(conn: Connection[Any], names: Names, plan: MappingPlan) -> Verdict:
    """Choose the batch form if it is safe, else the form key by key, else none."""
    big = big_tables(conn, plan)
    if not big:
        return Verdict(form=BATCH)
    with local_settings(conn):
        now = {form: cost(conn, names, plan, form) for form in (BATCH, ONE_BY_ONE)}
        conn.execute("SAVEPOINT mirror_growth")
        grow(conn, plan, big)
        tenfold = {form: cost(conn, names, plan, form) for form in now}
        conn.execute("ROLLBACK TO SAVEPOINT mirror_growth")
        conn.execute("RELEASE SAVEPOINT mirror_growth")
    judged = tuple(Growth(form=f, now=now[f], tenfold=tenfold[f]) for f in now)
    form = next((one.form for one in judged if one.safe), None)
    return Verdict(form=form, judged=judged)


def big_tables(conn: Connection[Any], plan: MappingPlan) -> list[str]:
    """The mapping's tables that hold many rows, by the statistics."""
    schema = Names.mirror_schema(plan.mapping.system)
    sizes: Mapping[str, float] = dict(conn.execute(SIZES, (schema, list(plan.reads))).fetchall())
    return [table for table, rows in sizes.items() if rows >= BIG]


def grow(conn: Connection[Any], plan: MappingPlan, tables: Iterable[str]) -> None:
    """Tell PostgreSQL that the tables hold ten times their rows, with as many more keys."""
    system = plan.mapping.system
    linked: dict[str, set[str]] = {}
    for ways in plan.ways.values():
        for way in ways:
            for table, column in linked_columns(way):
                linked.setdefault(table, set()).add(column)
    for table in tables:
        facts = {
            "table": Names.mirror(system, table),
            "schema": Names.mirror_schema(system),
            "columns": sorted(linked.get(table, ())),
            "many": MANY_VALUES,
        }
        conn.execute(SPREAD, facts)
        conn.execute(GROW, facts)


def cost(conn: Connection[Any], names: Names, plan: MappingPlan, form: str) -> float:
    """The planner's cost of the generic plan, which is the one that evaluation uses."""
    statement = evaluated(plan, names, form, keys="$1")
    row = conn.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}").fetchone()
    document = row[0] if row else "[]"
    explained = json.loads(document) if isinstance(document, str) else document
    return float(explained[0]["Plan"]["Total Cost"])
