"""Conflicts of a golden record are found by it also once they are closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_conflict_golden", "conflict", schema="hub")
    op.create_index("ix_conflict_golden", "conflict", ["golden_id"], schema="hub")


def downgrade() -> None:
    op.drop_index("ix_conflict_golden", "conflict", schema="hub")
    op.create_index(
        "ix_conflict_golden",
        "conflict",
        ["golden_id"],
        schema="hub",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
