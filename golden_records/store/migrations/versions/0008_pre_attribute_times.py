"""What changed and when, kept with the mark: so attributes have times of change of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    changes = sa.Column("changes", postgresql.JSONB(), nullable=True)
    op.add_column("dirty_root", changes, schema="hub")


def downgrade() -> None:
    op.drop_column("dirty_root", "changes", schema="hub")
