"""Decisions as facts; identity events in the order in which they happened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())
EMPTY = sa.text("'{}'::jsonb")
REFERRING = ("pair_decision", "override", "conflict")


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=True),
        sa.Column("goldens", JSON, server_default=EMPTY, nullable=False),
        sa.Column("body", JSON, server_default=EMPTY, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("txn", sa.Uuid(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        schema="hub",
    )
    _index("one_undo_per_decision", "decision", "undoes", where="undoes IS NOT NULL", unique=True)
    op.create_index(
        "ix_decision_goldens", "decision", ["goldens"], schema="hub", postgresql_using="gin"
    )
    _index("ix_decision_case", "decision", "case_id", where="case_id IS NOT NULL")
    _index("ix_decision_txn", "decision", "txn", where="txn IS NOT NULL")
    op.execute("ALTER TABLE hub.identity_event ADD COLUMN seq bigint")
    op.execute(
        "UPDATE hub.identity_event e SET seq = n.seq FROM (SELECT txn, row_number()"
        " OVER (ORDER BY recorded_at, txn) AS seq FROM hub.identity_event) n WHERE e.txn = n.txn"
    )
    op.execute(
        "ALTER TABLE hub.identity_event ALTER COLUMN seq SET NOT NULL,"
        " ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY"
    )
    op.execute(
        "SELECT setval(pg_get_serial_sequence('hub.identity_event', 'seq'), max(seq))"
        " FROM hub.identity_event HAVING max(seq) IS NOT NULL"
    )
    op.add_column("identity_event", sa.Column("reason", sa.Text(), nullable=True), schema="hub")
    op.create_index("ix_identity_event_order", "identity_event", ["seq"], unique=True, schema="hub")
    _index("ix_identity_event_unsent", "identity_event", "seq", where="sent_at IS NULL")
    op.create_index(
        "ix_identity_event_redirects",
        "identity_event",
        ["redirects"],
        schema="hub",
        postgresql_using="gin",
        postgresql_where=sa.text("redirects <> '{}'::jsonb"),
    )
    for table in REFERRING:
        op.add_column(table, sa.Column("decision_id", sa.BigInteger(), nullable=True), schema="hub")


def downgrade() -> None:
    for table in REFERRING:
        op.drop_column(table, "decision_id", schema="hub")
    for name in ("redirects", "unsent", "order"):
        op.drop_index(f"ix_identity_event_{name}", table_name="identity_event", schema="hub")
    op.drop_column("identity_event", "reason", schema="hub")
    op.drop_column("identity_event", "seq", schema="hub")
    op.drop_table("decision", schema="hub")


def _index(name: str, table: str, column: str, *, where: str, unique: bool = False) -> None:
    op.create_index(
        name, table, [column], unique=unique, schema="hub", postgresql_where=sa.text(where)
    )
