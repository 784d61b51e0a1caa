"""Room in the pages of what is updated most, for new versions beside the old ones."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PER_CENT = {"source_record": 60, "golden": 70}


def upgrade() -> None:
    """Pages that are full stay so; new ones have room, and old ones once their rows moved on."""
    for table, filled in PER_CENT.items():
        op.execute(f"ALTER TABLE hub.{table} SET (fillfactor = {filled})")


def downgrade() -> None:
    for table in PER_CENT:
        op.execute(f"ALTER TABLE hub.{table} RESET (fillfactor)")
