"""What a golden record held once is found by it, and what waits for one by its identity."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_link_golden_past",
        "link",
        ["golden_id"],
        schema="hub",
        postgresql_where=sa.text("valid_to IS NOT NULL"),
    )
    op.create_index(
        "ix_conflict_identity",
        "conflict",
        [sa.text("(details ->> 'identity')")],
        schema="hub",
        postgresql_where=sa.text("closed_at IS NULL AND kind = 'creation_held'"),
    )


def downgrade() -> None:
    op.drop_index("ix_conflict_identity", "conflict", schema="hub")
    op.drop_index("ix_link_golden_past", "link", schema="hub")
