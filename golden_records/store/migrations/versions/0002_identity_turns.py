"""Turns of the identity lock; open conflicts by record and kind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_turn",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entity", name=op.f("pk_identity_turn")),
        schema="hub",
    )
    for column, name in (("record_id", "ix_conflict_record"), ("kind", "ix_conflict_kind")):
        op.create_index(
            name,
            "conflict",
            [column],
            unique=False,
            schema="hub",
            postgresql_where=sa.text("closed_at IS NULL"),
        )


def downgrade() -> None:
    op.drop_index("ix_conflict_kind", table_name="conflict", schema="hub")
    op.drop_index("ix_conflict_record", table_name="conflict", schema="hub")
    op.drop_table("identity_turn", schema="hub")
