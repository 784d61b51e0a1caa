"""Since when an override is in force of its golden record: one that moves keeps when it was set."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# What moved is as old as the end of what it was before, or as the decision that gave it to both.
# What an undone release brought back counts from the release on: when that was undone is not told.
SINCE = """
UPDATE hub.override o SET recorded_at = coalesce(
  (SELECT max(b.closed_at) FROM hub.override b
   WHERE b.id < o.id AND (b.attribute, b.set_at, b.actor) = (o.attribute, o.set_at, o.actor)),
  (SELECT min(d.decided_at)
   FROM hub.decision d, jsonb_array_elements(d.body -> 'moved_overrides') m
   JOIN hub.override b ON b.id = (m ->> 'id')::bigint
   WHERE b.id < o.id AND (b.attribute, b.set_at, b.actor) = (o.attribute, o.set_at, o.actor)
     AND m ->> 'to' = o.golden_id::text),
  o.set_at)
"""


def upgrade() -> None:
    """Code that does not know the column yet has it filled by the database."""
    now = sa.text("clock_timestamp()")
    column: sa.Column[object] = sa.Column(
        "recorded_at", sa.DateTime(timezone=True), server_default=now, nullable=False
    )
    op.add_column("override", column, schema="hub")
    op.execute(SINCE)
    op.create_index(
        "ix_override_past",
        "override",
        ["golden_id"],
        schema="hub",
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_override_past", "override", schema="hub")
    op.drop_column("override", "recorded_at", schema="hub")
