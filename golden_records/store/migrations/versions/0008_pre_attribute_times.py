"""What changed and when, kept with the mark: so attributes have times of change of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dirty_root", sa.Column("tag", sa.Text(), nullable=True), schema="hub")
    op.add_column("dirty_root", sa.Column("bits", sa.BigInteger(), nullable=True), schema="hub")


def downgrade() -> None:
    op.drop_column("dirty_root", "bits", schema="hub")
    op.drop_column("dirty_root", "tag", schema="hub")
