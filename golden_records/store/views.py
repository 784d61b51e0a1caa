"""Views for analysts: typed golden records now and then, periods, hierarchies, history, lineage.

They follow the active catalogue, so they are made anew whenever one becomes active. The role
`mdhub_analyst` may read them and nothing else.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from psycopg import sql

from golden_records.domain.catalogue import ValueType
from golden_records.store.hierarchy_view import hierarchy_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from golden_records.domain.catalogue import Catalogue, Entity
    from golden_records.store.rows import Psycopg

TYPES: Final[Mapping[ValueType, str]] = {
    ValueType.TEXT: "text",
    ValueType.INTEGER: "bigint",
    ValueType.DECIMAL: "numeric",
    ValueType.BOOLEAN: "boolean",
    ValueType.DATE: "date",
    ValueType.TIMESTAMP: "timestamptz",
}

GOLDEN = """
CREATE VIEW public.{view} AS
SELECT g.id AS golden_id, {columns}
       g.version AS golden_version, g.updated_at AS golden_updated_at, g.policy_version
FROM hub.golden g WHERE g.entity = {entity} AND g.status = 'ACTIVE'
"""

HISTORY = """
CREATE VIEW public.{view} AS
SELECT g.golden_id, g.version AS golden_version, g.status AS golden_status, {columns}
       g.recorded_at AS recorded_from, n.recorded_at AS recorded_to, g.cause, g.policy_version
FROM hub.golden_version g
LEFT JOIN hub.golden_version n ON n.golden_id = g.golden_id AND n.version = g.version + 1
WHERE g.entity = {entity}
"""

# Functions read views, not tables: they run as the caller, and are inlined into his query.
AS_OF = """
CREATE FUNCTION public.{function}(as_of timestamptz)
RETURNS SETOF public.{history} LANGUAGE sql STABLE AS $$
  SELECT * FROM public.{history}
  WHERE recorded_from <= as_of AND (recorded_to > as_of OR recorded_to IS NULL)
    AND golden_status = 'ACTIVE'
$$
"""

PERIODS = """
CREATE VIEW public.{view} AS
SELECT g.golden_id, g.begins AS in_force_from, g.ends AS in_force_to, {columns}
       g.recorded_at AS recorded_from
FROM hub.golden_period g WHERE g.entity = {entity} AND g.replaced_at IS NULL
"""

PERIOD_HISTORY = """
CREATE VIEW public.{view} AS
SELECT g.golden_id, g.begins AS in_force_from, g.ends AS in_force_to, {columns}
       g.recorded_at AS recorded_from, g.replaced_at AS recorded_to
FROM hub.golden_period g WHERE g.entity = {entity}
"""

VALID_AT = """
CREATE FUNCTION public.{function}(valid_at timestamptz)
RETURNS SETOF public.{periods} LANGUAGE sql STABLE AS $$
  SELECT * FROM public.{periods}
  WHERE (in_force_from <= valid_at OR in_force_from IS NULL)
    AND (in_force_to > valid_at OR in_force_to IS NULL)
$$
"""

VALID_ON = """
CREATE FUNCTION public.{function}(valid_on date)
RETURNS SETOF public.{periods} LANGUAGE sql STABLE AS $$
  SELECT * FROM public.{periods}
  WHERE (in_force_from <= valid_on::timestamp AT TIME ZONE {zone} OR in_force_from IS NULL)
    AND (in_force_to > valid_on::timestamp AT TIME ZONE {zone} OR in_force_to IS NULL)
$$
"""

VALID_AS_OF = """
CREATE FUNCTION public.{function}(valid_at timestamptz, as_of timestamptz)
RETURNS SETOF public.{history} LANGUAGE sql STABLE AS $$
  SELECT * FROM public.{history}
  WHERE (in_force_from <= valid_at OR in_force_from IS NULL)
    AND (in_force_to > valid_at OR in_force_to IS NULL)
    AND recorded_from <= as_of AND (recorded_to > as_of OR recorded_to IS NULL)
$$
"""


def install_views(engine: Engine, catalogue: Catalogue) -> None:
    """Make the views anew for this catalogue; readers see the old ones or the new ones."""
    pooled = engine.raw_connection()
    try:
        connection: Psycopg = pooled.driver_connection  # type: ignore[assignment]
        with connection.transaction():
            text = resources.files("golden_records.store").joinpath("views.sql").read_text("utf-8")
            connection.execute(text.encode())
            for entity in catalogue.entities.values():
                _install_entity(connection, entity)
            connection.execute("SELECT hub.grant_analyst()")
    finally:
        pooled.close()


def _install_entity(connection: Psycopg, entity: Entity) -> None:
    views = {"golden_": GOLDEN, "history_": HISTORY}
    functions = [("as_of", AS_OF)]
    if entity.effective:
        views |= {"periods_": PERIODS, "period_history_": PERIOD_HISTORY}
        functions += [("valid_at", sql_text) for sql_text in (VALID_AT, VALID_ON, VALID_AS_OF)]
    _drop(connection, entity.name)
    for prefix, template in views.items():
        connection.execute(
            sql.SQL(template).format(
                view=sql.Identifier(prefix + entity.name),
                columns=_columns(entity),
                entity=sql.Literal(entity.name),
            )
        )
    for suffix, template in functions:
        history = "history_" if suffix == "as_of" else "period_history_"
        connection.execute(
            sql.SQL(template).format(
                function=sql.Identifier(f"golden_{entity.name}_{suffix}"),
                history=sql.Identifier(history + entity.name),
                periods=sql.Identifier("periods_" + entity.name),
                zone=sql.Literal(entity.time_zone),
            )
        )
    if entity.hierarchy:
        connection.execute(hierarchy_view(entity, entity.hierarchy))


def _drop(connection: Psycopg, entity: str) -> None:
    """Drop what an earlier catalogue made; the functions go with the views that they return."""
    for prefix in ("golden_", "hierarchy_", "history_", "periods_", "period_history_"):
        view = sql.Identifier(prefix + entity)
        connection.execute(sql.SQL("DROP VIEW IF EXISTS public.{} CASCADE").format(view))


def _columns(entity: Entity) -> sql.Composed:
    parts = [_column(a.name, TYPES.get(a.type, "jsonb")) for a in entity.attributes]
    parts += [_column(reference.name, "uuid") for reference in entity.references]
    return sql.Composed(parts)


def _column(name: str, kind: str) -> sql.Composed:
    if kind == "jsonb":
        return sql.SQL("g.attrs -> {} AS {}, ").format(sql.Literal(name), sql.Identifier(name))
    return sql.SQL("(g.attrs ->> {})::{} AS {}, ").format(
        sql.Literal(name), sql.SQL(kind), sql.Identifier(name)
    )
