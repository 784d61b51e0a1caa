"""The tables of identity: what was decided, by whom, and what every transaction told the outside.

A decision is a fact: it is added, and never changed. What it brought about (pair decisions,
overrides, the end of a case) refers to it; what takes it back is a decision of its own.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Table,
    Uuid,
    text,
)

from golden_records.store.columns import (
    id_column,
    json_column,
    metadata,
    text_column,
    time_column,
)

decision = Table(
    "decision",
    metadata,
    id_column(),
    text_column("entity"),
    text_column("kind"),
    text_column("actor"),
    text_column("reason"),
    text_column("approver", nullable=True),
    text_column("policy_version"),
    text_column("inputs", nullable=True),
    json_column("goldens"),
    json_column("body"),
    Column("case_id", BigInteger),
    Column("txn", Uuid),
    Column("undoes", BigInteger),
    time_column("decided_at", nullable=False, now=True),
    Index(
        "one_undo_per_decision",
        "undoes",
        unique=True,
        postgresql_where=text("undoes IS NOT NULL"),
    ),
    Index("ix_decision_goldens", "goldens", postgresql_using="gin"),
    Index("ix_decision_case", "case_id", postgresql_where=text("case_id IS NOT NULL")),
    Index("ix_decision_txn", "txn", postgresql_where=text("txn IS NOT NULL")),
)

identity_event = Table(
    "identity_event",
    metadata,
    Column("txn", Uuid, primary_key=True),
    text_column("entity"),
    text_column("kind"),
    text_column("actor"),
    json_column("before"),
    json_column("after"),
    json_column("redirects"),
    time_column("recorded_at", nullable=False, now=True),
    time_column("sent_at"),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    text_column("reason", nullable=True),
    Index("ix_identity_event_order", "seq", unique=True),
    Index("ix_identity_event_unsent", "seq", postgresql_where=text("sent_at IS NULL")),
    Index(
        "ix_identity_event_redirects",
        "redirects",
        postgresql_using="gin",
        postgresql_where=text("redirects <> '{}'::jsonb"),
    ),
)
