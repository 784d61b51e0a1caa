"""The tables of the policies' life: steps taken, sweeps under way, and lanes that wait for them.

The bundles themselves are in `catalogue`, where `one_active_catalogue` keeps one of them active.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Uuid, text

from golden_records.store.columns import (
    id_column,
    json_column,
    metadata,
    text_column,
    time_column,
)

policy_fact = Table(
    "policy_fact",
    metadata,
    id_column(),
    text_column("version"),
    text_column("state"),
    text_column("actor"),
    text_column("reason"),
    text_column("base", nullable=True),
    json_column("figures"),
    time_column("at", nullable=False, now=True),
    Index("ix_policy_fact_version", "version", "id"),
)

policy_sweep = Table(
    "policy_sweep",
    metadata,
    id_column(),
    text_column("version"),
    text_column("kind"),
    text_column("entity"),
    text_column("system", nullable=True),
    Column("last_golden", Uuid),
    Column("last_record", BigInteger, nullable=False, server_default=text("0")),
    Column("upto_golden", Uuid),
    Column("upto_record", BigInteger),
    Column("marked", BigInteger, nullable=False, server_default=text("0")),
    time_column("begun_at", nullable=False, now=True),
    time_column("finished_at"),
    Index("ix_policy_sweep_open", "id", postgresql_where=text("finished_at IS NULL")),
)

policy_wait = Table(
    "policy_wait",
    metadata,
    text_column("target", key=True),
    text_column("entity", key=True),
    text_column("attribute_group", key=True),
    text_column("version"),
    time_column("since", nullable=False, now=True),
)
