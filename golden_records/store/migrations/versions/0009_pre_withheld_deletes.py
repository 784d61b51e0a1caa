"""Deletions that wait for a person, and how many there were lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
LIVE = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "delete_count",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("counted_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delete_count")),
        schema="hub",
    )
    pair = ["entity", "system", "counted_at"]
    op.create_index("ix_delete_count_pair", "delete_count", pair, schema="hub")
    op.create_table(
        "withheld_delete",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("root_key", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("withheld_at", TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("closed_at", TIME, nullable=True),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (state IN ('HELD', 'RELEASED', 'DISCARDED'))",
            name="closed_withheld_delete_has_its_time",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withheld_delete")),
        schema="hub",
    )
    op.create_index(
        "one_live_withheld_delete",
        "withheld_delete",
        ["record_id"],
        unique=True,
        schema="hub",
        postgresql_where=LIVE,
    )
    op.create_index(
        "ix_withheld_delete_root",
        "withheld_delete",
        ["entity", "system", "root_key"],
        schema="hub",
        postgresql_where=LIVE,
    )


def downgrade() -> None:
    op.drop_table("withheld_delete", schema="hub")
    op.drop_table("delete_count", schema="hub")
