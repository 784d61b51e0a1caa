"""The kinds of columns that the hub's tables are made of, and the schema that they are in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    schema="hub",
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    },
)

TIME = DateTime(timezone=True)
NOW = text("clock_timestamp()")
EMPTY = text("'{}'::jsonb")
FALSE = text("false")


def id_column() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def time_column(name: str, *, nullable: bool = True, now: bool = False) -> Column[object]:
    return Column(name, TIME, nullable=nullable, server_default=NOW if now else None)


def json_column(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSONB, nullable=nullable, server_default=None if nullable else EMPTY)


def text_column(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=nullable)


def flag_column(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=FALSE)
