"""Matching keys as numbers of 64 bits; turns that tell whose keys they wrote; marks by root."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# As `matchers.key_code` makes them.
CODED = """
ALTER TABLE hub.match_key ALTER COLUMN key TYPE bigint USING
  (('x' || encode(substr(sha256(convert_to(entity || chr(31) || key, 'UTF8')), 1, 8), 'hex'))
   ::bit(64)::bigint & ~3::bigint)
  | CASE left(key, 1) WHEN '~' THEN 1 WHEN '!' THEN 2 ELSE 0 END
"""


def upgrade() -> None:
    op.drop_constraint("pk_match_key", "match_key", schema="hub")
    op.execute(CODED)
    op.drop_column("match_key", "entity", schema="hub")
    op.create_primary_key("pk_match_key", "match_key", ["key", "record_id"], schema="hub")
    keyed: sa.Column[list[int]] = sa.Column("keyed", sa.ARRAY(sa.BigInteger()))
    op.add_column("identity_turn", keyed, schema="hub")
    op.create_index("ix_dirty_root_root", "dirty_root", ["shard", "root_key"], schema="hub")


def downgrade() -> None:
    """Keys cannot be told from their codes: they are gone until a model comes into force."""
    op.drop_index("ix_dirty_root_root", "dirty_root", schema="hub")
    op.drop_column("identity_turn", "keyed", schema="hub")
    op.execute("TRUNCATE hub.match_key")
    op.drop_constraint("pk_match_key", "match_key", schema="hub")
    op.execute("ALTER TABLE hub.match_key ALTER COLUMN key TYPE text")
    op.execute("ALTER TABLE hub.match_key ADD COLUMN entity text NOT NULL")
    columns = ["entity", "key", "record_id"]
    op.create_primary_key("pk_match_key", "match_key", columns, schema="hub")
