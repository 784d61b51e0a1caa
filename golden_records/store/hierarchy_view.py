"""The analysts' view of a hierarchy: who stands under whom, and what that adds up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg import sql

if TYPE_CHECKING:
    from golden_records.domain.catalogue import Entity, Hierarchy

# A circle has no root; its records are shown with in_circle, and the recursion never enters it.
VIEW: Final = """
CREATE VIEW public.{view} AS
WITH RECURSIVE node AS (
  SELECT g.id, (g.attrs ->> {parent})::uuid AS parent {amounts}
  FROM hub.golden g WHERE g.entity = {entity} AND g.status = 'ACTIVE'
), tree AS (
  SELECT n.id, n.id AS root, 0 AS depth, ARRAY[n.id] AS path
  FROM node n WHERE NOT EXISTS (SELECT FROM node p WHERE p.id = n.parent AND p.id <> n.id)
  UNION ALL
  SELECT c.id, t.root, t.depth + 1, t.path || c.id
  FROM tree t JOIN node c ON c.parent = t.id AND c.id <> ALL (t.path)
) {sums}
SELECT n.id AS golden_id, n.parent AS parent_id, t.root AS root_id, t.depth, t.path,
       t.id IS NULL AS in_circle {shown}
FROM node n LEFT JOIN tree t ON t.id = n.id {joined}
"""

AMOUNTS: Final = """,
         (g.attrs ->> {limit})::numeric AS own_limit, (g.attrs ->> {of})::numeric AS amount,
         g.attrs ->> {unit} AS unit"""

SUMS: Final = """, children AS (
  SELECT parent AS id, count(*) AS number,
         CASE WHEN count(DISTINCT unit) FILTER (WHERE amount IS NOT NULL) < 2 THEN sum(amount) END
         AS total, array_agg(DISTINCT unit) FILTER (WHERE amount IS NOT NULL) AS units
  FROM node WHERE parent <> id GROUP BY parent
), below AS (
  SELECT a.id,
         CASE WHEN count(DISTINCT n.unit) FILTER (WHERE n.amount IS NOT NULL) < 2
              THEN sum(n.amount) END AS total,
         array_agg(DISTINCT n.unit) FILTER (WHERE n.amount IS NOT NULL) AS units
  FROM tree t JOIN node n ON n.id = t.id, unnest(t.path) AS a(id)
  WHERE a.id <> t.id GROUP BY a.id
)"""
"""Amounts of several units have no sum: it is null, and the units say why."""

SHOWN: Final = """,
       n.own_limit AS limit_amount, n.amount, n.unit, coalesce(c.number, 0) AS children,
       c.total AS children_total, c.units AS children_units, b.total AS below_total,
       b.total > n.own_limit AND b.units <@ ARRAY[n.unit, NULL] AS exceeded,
       b.units AS below_units"""

JOINED: Final = "LEFT JOIN children c ON c.id = n.id LEFT JOIN below b ON b.id = n.id"


def hierarchy_view(entity: Entity, hierarchy: Hierarchy) -> sql.Composed:
    """Return the view's definition; sums only where a roll-up is declared."""
    rule = hierarchy.rollup
    amounts: sql.Composable = sql.SQL("")
    if rule is not None:
        amounts = sql.SQL(AMOUNTS).format(
            limit=sql.Literal(rule.limit),
            of=sql.Literal(rule.of),
            unit=sql.Literal(rule.unit or ""),
        )
    parts = {"sums": SUMS, "shown": SHOWN, "joined": JOINED}
    return sql.SQL(VIEW).format(
        view=sql.Identifier("hierarchy_" + entity.name),
        parent=sql.Literal(hierarchy.parent),
        entity=sql.Literal(entity.name),
        amounts=amounts,
        **{name: sql.SQL(text if rule else "") for name, text in parts.items()},
    )
