"""Bring the hub's schema to the newest version, and the views and functions with it."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('hub.schema', 0))"
TIMEOUTS = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '10min'"


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision; safe to call from several processes at once."""
    with engine.begin() as connection:
        connection.execute(text(LOCK))
        connection.execute(text(TIMEOUTS))
        command.upgrade(schema_config(connection), "head")
        _functions(connection)


def schema_config(connection: Connection) -> Config:
    """Return where the migrations are, for Alembic's commands on this connection."""
    config = Config()
    config.set_main_option("script_location", "golden_records.store:migrations")
    config.attributes["connection"] = connection
    return config


def _functions(connection: Connection) -> None:
    sql = resources.files("golden_records.store").joinpath("functions.sql").read_text("utf-8")
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(sql)
