"""The tables of prices and limits: exchange rates, periods, decisions on raises.

Two constraints exclude overlaps, and only PostgreSQL can: `no_overlapping_rates` and
`no_overlapping_periods`. They stand in the migration, because they use range types of the hub.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Numeric, Table, Uuid, text

from golden_records.store.columns import (
    id_column,
    json_column,
    metadata,
    text_column,
    time_column,
)

exchange_rate = Table(
    "exchange_rate",
    metadata,
    id_column(),
    text_column("rate_id"),
    text_column("source"),
    text_column("target"),
    Column("rate", Numeric, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("added_in", BigInteger, nullable=False),
    Column("closed_in", BigInteger),
    Index(
        "one_live_rate_per_id", "rate_id", unique=True, postgresql_where=text("closed_in IS NULL")
    ),
)

rate_import = Table(
    "rate_import",
    metadata,
    id_column(),
    text_column("version"),
    text_column("file"),
    text_column("actor"),
    Column("added", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    Column("rates", Integer, nullable=False),
    time_column("imported_at", nullable=False, now=True),
)

golden_period = Table(
    "golden_period",
    metadata,
    id_column(),
    Column("golden_id", Uuid, nullable=False),
    text_column("entity"),
    time_column("begins"),
    time_column("ends"),
    json_column("attrs"),
    json_column("lineage"),
    time_column("recorded_at", nullable=False, now=True),
    time_column("replaced_at"),
    Index("ix_golden_period_golden", "golden_id", "recorded_at"),
    Index(
        "ix_golden_period_entity", "entity", "begins", postgresql_where=text("replaced_at IS NULL")
    ),
)

raise_decision = Table(
    "raise_decision",
    metadata,
    id_column(),
    Column("golden_id", Uuid, nullable=False),
    text_column("attribute_group"),
    json_column("values"),
    Column("approved", Boolean, nullable=False),
    text_column("actor"),
    text_column("reason"),
    text_column("policy_version"),
    time_column("decided_at", nullable=False, now=True),
    time_column("closed_at"),
    text_column("closed_because", nullable=True),
    Index("ix_raise_decision_golden", "golden_id", postgresql_where=text("closed_at IS NULL")),
)
