"""Views for analysts: typed golden records, crosswalk, conflicts, history, lineage, convergence.

They follow the active catalogue, so they are made anew whenever one becomes active. The role
`mdhub_analyst` may read them and nothing else.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from psycopg import sql

from golden_records.domain.catalogue import ValueType

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
       g.recorded_at AS recorded_from,
       lead(g.recorded_at) OVER (PARTITION BY g.golden_id ORDER BY g.version) AS recorded_to,
       g.cause, g.policy_version
FROM hub.golden_version g WHERE g.entity = {entity}
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
    for prefix, template in (("golden_", GOLDEN), ("history_", HISTORY)):
        view = sql.Identifier(prefix + entity.name)
        connection.execute(sql.SQL("DROP VIEW IF EXISTS public.{}").format(view))
        connection.execute(
            sql.SQL(template).format(
                view=view, columns=_columns(entity), entity=sql.Literal(entity.name)
            )
        )


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
