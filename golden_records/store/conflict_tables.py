"""The tables of conflicts: what needs a person, and everything that became of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Numeric, Table, Uuid, text

from golden_records.store.columns import (
    id_column,
    json_column,
    metadata,
    text_column,
    time_column,
)

LIVE = "state IN ('pending', 'open', 'assigned')"

# Which state may follow which is kept by the trigger `conflict_step` (functions.sql), which also
# writes `conflict_event`; `golden_records.domain.casework` says the same in Python.
conflict = Table(
    "conflict",
    metadata,
    id_column(),
    text_column("entity"),
    Column("golden_id", Uuid),
    Column("record_id", BigInteger),
    text_column("kind"),
    text_column("cause"),
    text_column("attribute", nullable=True),
    text_column("system", nullable=True),
    text_column("key", nullable=True),
    json_column("details"),
    text_column("outcome"),
    text_column("state"),
    Column("exposure", Numeric),
    text_column("currency", nullable=True),
    text_column("class", nullable=True),
    text_column("assignee", nullable=True),
    time_column("opened_at", nullable=False, now=True),
    time_column("pending_until"),
    time_column("due_at"),
    time_column("closed_at"),
    text_column("closed_by", nullable=True),
    text_column("resolution", nullable=True),
    Column("decision_id", BigInteger),
    Index(
        "one_open_conflict_per_cause",
        "entity",
        "cause",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("ix_conflict_golden", "golden_id"),
    Index("ix_conflict_record", "record_id", postgresql_where=text("closed_at IS NULL")),
    Index("ix_conflict_kind", "kind", postgresql_where=text("closed_at IS NULL")),
    Index(
        "ix_conflict_identity",
        text("(details ->> 'identity')"),
        postgresql_where=text("closed_at IS NULL AND kind = 'creation_held'"),
    ),
    Index("ix_conflict_pending", "pending_until", postgresql_where=text("state = 'pending'")),
    CheckConstraint(
        "state IN ('pending', 'open', 'assigned', 'resolved', 'superseded', 'expired')",
        name="known_conflict_state",
    ),
    CheckConstraint(f"(closed_at IS NULL) = ({LIVE})", name="closed_conflict_has_its_time"),
)

conflict_event = Table(
    "conflict_event",
    metadata,
    id_column(),
    Column("conflict_id", BigInteger, nullable=False),
    text_column("state"),
    text_column("actor"),
    text_column("assignee", nullable=True),
    time_column("pending_until"),
    text_column("resolution", nullable=True),
    json_column("details"),
    time_column("recorded_at", nullable=False, now=True),
    Index("ix_conflict_event_conflict", "conflict_id"),
)
