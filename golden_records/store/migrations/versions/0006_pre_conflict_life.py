"""The life of conflicts: states, classes, money with its currency, and an append-only history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATES = "state IN ('pending', 'open', 'assigned', 'resolved', 'superseded', 'expired')"
CLOSED = "(closed_at IS NULL) = (state IN ('pending', 'open', 'assigned'))"
NOW = sa.text("clock_timestamp()")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name in ("currency", "class", "closed_by"):
        op.add_column("conflict", sa.Column(name, sa.Text()), schema="hub")
    op.execute(
        "UPDATE hub.conflict SET state = 'assigned'"
        " WHERE state = 'open' AND assignee IS NOT NULL AND closed_at IS NULL"
    )
    op.execute("UPDATE hub.conflict SET closed_by = 'engine' WHERE closed_at IS NOT NULL")
    op.create_check_constraint("known_conflict_state", "conflict", STATES, schema="hub")
    op.create_check_constraint("closed_conflict_has_its_time", "conflict", CLOSED, schema="hub")
    op.create_index(
        "ix_conflict_pending",
        "conflict",
        ["pending_until"],
        schema="hub",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "conflict_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("conflict_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("pending_until", TIME, nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("details", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("recorded_at", TIME, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_event")),
        schema="hub",
    )
    op.create_index("ix_conflict_event_conflict", "conflict_event", ["conflict_id"], schema="hub")


def downgrade() -> None:
    op.drop_table("conflict_event", schema="hub")
    op.drop_index("ix_conflict_pending", table_name="conflict", schema="hub")
    op.drop_constraint("closed_conflict_has_its_time", "conflict", schema="hub")
    op.drop_constraint("known_conflict_state", "conflict", schema="hub")
    for name in ("conflict_step", "conflict_opened", "conflict_changed"):
        op.execute(f"DROP TRIGGER IF EXISTS {name} ON hub.conflict")
    for name in ("currency", "class", "closed_by"):
        op.drop_column("conflict", name, schema="hub")
