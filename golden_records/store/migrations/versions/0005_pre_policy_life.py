"""Steps of policies, their sweeps, and lanes that wait for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "policy_fact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column(
            "figures",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_fact")),
        schema="hub",
    )
    op.create_index("ix_policy_fact_version", "policy_fact", ["version", "id"], schema="hub")
    op.create_table(
        "policy_sweep",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("last_golden", sa.Uuid(), nullable=True),
        sa.Column("last_record", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("upto_golden", sa.Uuid(), nullable=True),
        sa.Column("upto_record", sa.BigInteger(), nullable=True),
        sa.Column("marked", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("begun_at", TIME, server_default=NOW, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_sweep")),
        schema="hub",
    )
    op.create_index(
        "ix_policy_sweep_open",
        "policy_sweep",
        ["id"],
        schema="hub",
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "policy_wait",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("attribute_group", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("since", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("target", "entity", "attribute_group", name=op.f("pk_policy_wait")),
        schema="hub",
    )
    op.execute(
        "INSERT INTO hub.policy_fact (version, state, actor, reason, at)"
        " SELECT version, CASE WHEN active THEN 'active' ELSE 'superseded' END, 'mdhub',"
        " 'taken into use before policies had a life', activated_at FROM hub.catalogue"
        " ORDER BY activated_at"
    )


def downgrade() -> None:
    op.drop_table("policy_wait", schema="hub")
    op.drop_index("ix_policy_sweep_open", table_name="policy_sweep", schema="hub")
    op.drop_table("policy_sweep", schema="hub")
    op.drop_index("ix_policy_fact_version", table_name="policy_fact", schema="hub")
    op.drop_table("policy_fact", schema="hub")
