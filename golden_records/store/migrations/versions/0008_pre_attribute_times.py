"""What changed, when, and whether by us, kept with the mark; which writes carry our tag."""

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
    op.add_column("dirty_root", sa.Column("ours", sa.Boolean(), nullable=True), schema="hub")
    op.add_column(
        "write_ledger",
        sa.Column("tagged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="hub",
    )


def downgrade() -> None:
    op.drop_column("write_ledger", "tagged", schema="hub")
    for name in ("ours", "bits", "tag"):
        op.drop_column("dirty_root", name, schema="hub")
