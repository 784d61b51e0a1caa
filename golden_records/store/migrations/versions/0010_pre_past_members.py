"""What a golden record held once is found by it: whether a target deleted its record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
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


def downgrade() -> None:
    op.drop_index("ix_link_golden_past", "link", schema="hub")
