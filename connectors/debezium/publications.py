"""Who keeps a source's publication: the connector, or an administrator where it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg

from connectors.debezium.errors import PublicationIncompleteError, SourceUnreachableError
from connectors.debezium.sessions import postgresql_session
from connectors.debezium.source_spec import Engine

if TYPE_CHECKING:
    from connectors.debezium.source_spec import SourceSpec

BY_CONNECTOR: Final = "filtered"
BY_ADMINISTRATOR: Final = "disabled"

OWNED: Final = """
SELECT pg_has_role(p.pubowner, 'USAGE'),
       (SELECT coalesce(array_agg(schemaname || '.' || tablename), '{}')
        FROM pg_publication_tables t WHERE t.pubname = p.pubname)
FROM pg_publication p WHERE p.pubname = %s
"""


def publication_mode(source: SourceSpec, password: str) -> str:
    """Say whether the connector shall keep the publication; it can only alter one of its own.

    PublicationIncompleteError where an administrator keeps it and a table is missing in it.
    """
    if source.engine is not Engine.POSTGRESQL:
        return BY_CONNECTOR
    try:
        with postgresql_session(source, password) as session:
            row = session.execute(OWNED, (source.publication_name,)).fetchone()
    except psycopg.OperationalError as error:
        message = f"{source.name} at {source.host}:{source.port} does not answer: {error}"
        raise SourceUnreachableError(message, system=source.name) from error
    if row is None or row[0]:
        return BY_CONNECTOR
    wanted = [f"{table.schema}.{table.table}" for table in source.tables]
    missing = sorted(set(wanted) - set(row[1]))
    if missing:
        name, lacking = source.publication_name, ", ".join(missing)
        message = (
            f"the publication {name} of {source.name} lacks {lacking}; its owner may run"
            f" ALTER PUBLICATION {name} ADD TABLE {lacking}"
        )
        raise PublicationIncompleteError(message, system=source.name, tables=missing)
    return BY_ADMINISTRATOR
