"""Exchange rates, periods and decisions on raises; history by entity and time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LIVE_RATES = """
ALTER TABLE hub.exchange_rate ADD CONSTRAINT no_overlapping_rates EXCLUDE USING gist (
  hub.text_span(source || '/' || target, source || '/' || target, '[]') WITH &&,
  daterange(valid_from, valid_to) WITH &&
) WHERE (closed_in IS NULL)
"""

LIVE_PERIODS = """
ALTER TABLE hub.golden_period ADD CONSTRAINT no_overlapping_periods EXCLUDE USING gist (
  hub.uuid_span(golden_id, golden_id, '[]') WITH &&,
  tstzrange(begins, ends) WITH &&
) WHERE (replaced_at IS NULL)
"""


def _time(name: str, *, nullable: bool = True, now: bool = False) -> sa.Column[object]:
    default = sa.text("clock_timestamp()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)


def upgrade() -> None:
    # A range of one value gives GiST equality without an extension.
    op.execute("CREATE TYPE hub.text_span AS RANGE (subtype = text)")
    op.execute("CREATE TYPE hub.uuid_span AS RANGE (subtype = uuid)")
    _rates()
    _periods()
    _decisions()
    op.create_index(
        "ix_golden_version_entity", "golden_version", ["entity", "recorded_at"], schema="hub"
    )


def _rates() -> None:
    op.create_table(
        "exchange_rate",
        _id(),
        sa.Column("rate_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("added_in", sa.BigInteger(), nullable=False),
        sa.Column("closed_in", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_rate")),
        schema="hub",
    )
    op.create_index(
        "one_live_rate_per_id",
        "exchange_rate",
        ["rate_id"],
        unique=True,
        schema="hub",
        postgresql_where=sa.text("closed_in IS NULL"),
    )
    op.execute(LIVE_RATES)
    op.create_table(
        "rate_import",
        _id(),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("rates", sa.Integer(), nullable=False),
        _time("imported_at", nullable=False, now=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_import")),
        schema="hub",
    )


def _periods() -> None:
    op.create_table(
        "golden_period",
        _id(),
        sa.Column("golden_id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        _time("begins"),
        _time("ends"),
        _json("attrs"),
        _json("lineage"),
        _time("recorded_at", nullable=False, now=True),
        _time("replaced_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_golden_period")),
        schema="hub",
    )
    op.create_index(
        "ix_golden_period_golden", "golden_period", ["golden_id", "recorded_at"], schema="hub"
    )
    op.create_index(
        "ix_golden_period_entity",
        "golden_period",
        ["entity", "begins"],
        schema="hub",
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.execute(LIVE_PERIODS)


def _decisions() -> None:
    op.create_table(
        "raise_decision",
        _id(),
        sa.Column("golden_id", sa.Uuid(), nullable=False),
        sa.Column("attribute_group", sa.Text(), nullable=False),
        _json("values"),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        _time("decided_at", nullable=False, now=True),
        _time("closed_at"),
        sa.Column("closed_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raise_decision")),
        schema="hub",
    )
    op.create_index(
        "ix_raise_decision_golden",
        "raise_decision",
        ["golden_id"],
        schema="hub",
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_golden_version_entity", table_name="golden_version", schema="hub")
    for name in ("raise_decision", "golden_period", "rate_import", "exchange_rate"):
        op.drop_table(name, schema="hub")
    op.execute("DROP TYPE hub.uuid_span")
    op.execute("DROP TYPE hub.text_span")
