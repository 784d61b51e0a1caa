"""The tables of deletions: how many there were lately, and those that wait for a person."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, text

from golden_records.store.columns import id_column, metadata, text_column, time_column

delete_count = Table(
    "delete_count",
    metadata,
    id_column(),
    text_column("entity"),
    text_column("system"),
    Column("records", Integer, nullable=False),
    time_column("counted_at", nullable=False),
    Index("ix_delete_count_pair", "entity", "system", "counted_at"),
)

# A row is live until the deletion is applied or the record is back at its source.
withheld_delete = Table(
    "withheld_delete",
    metadata,
    id_column(),
    text_column("entity"),
    text_column("system"),
    text_column("key"),
    text_column("root_key"),
    Column("record_id", BigInteger, nullable=False),
    text_column("why"),
    text_column("state"),
    time_column("withheld_at", nullable=False),
    text_column("actor", nullable=True),
    text_column("reason", nullable=True),
    time_column("decided_at"),
    time_column("closed_at"),
    Index(
        "one_live_withheld_delete",
        "record_id",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(
        "ix_withheld_delete_root",
        "entity",
        "system",
        "root_key",
        postgresql_where=text("closed_at IS NULL"),
    ),
    CheckConstraint(
        "(closed_at IS NULL) = (state IN ('HELD', 'RELEASED', 'DISCARDED'))",
        name="closed_withheld_delete_has_its_time",
    ),
)
