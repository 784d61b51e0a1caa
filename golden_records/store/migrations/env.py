"""Alembic's environment: migrations run on the connection that `migrate` hands in."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from golden_records.store.tables import metadata

connection = context.config.attributes["connection"]
connection.execute(text("CREATE SCHEMA IF NOT EXISTS hub"))
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name == "hub",
    version_table="schema_version",
    version_table_schema="hub",
)
with context.begin_transaction():
    context.run_migrations()
