"""Every table of the hub's own schema, in one place.

Invariants that PostgreSQL keeps for us are named here beside the index that keeps them. Mirror
tables are not here: they follow the catalogue and belong to `connectors.mirror`.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from golden_records.store.columns import (
    TIME,
    flag_column,
    id_column,
    json_column,
    metadata,
    text_column,
    time_column,
)
from golden_records.store.conflict_tables import conflict, conflict_event
from golden_records.store.delete_tables import delete_count, withheld_delete
from golden_records.store.identity_tables import decision, identity_event
from golden_records.store.policy_tables import policy_fact, policy_sweep, policy_wait
from golden_records.store.publishing_tables import publication, write_ledger
from golden_records.store.value_tables import (
    exchange_rate,
    golden_period,
    raise_decision,
    rate_import,
)

catalogue = Table(
    "catalogue",
    metadata,
    text_column("version", key=True),
    text_column("name"),
    json_column("files"),
    flag_column("active"),
    time_column("activated_at", nullable=False, now=True),
    Index("one_active_catalogue", "active", unique=True, postgresql_where=text("active")),
)

contract = Table(
    "contract",
    metadata,
    text_column("system", key=True),
    text_column("table_name", key=True),
    json_column("body"),
    Column("epoch", Integer, nullable=False, server_default=text("0")),
)

phase = Table(
    "phase",
    metadata,
    text_column("system", key=True),
    text_column("entity", key=True),
    text_column("phase"),
    time_column("changed_at", nullable=False, now=True),
)

system_state = Table(
    "system_state",
    metadata,
    text_column("system", key=True),
    flag_column("live"),
    time_column("changed_at", nullable=False, now=True),
)

feed_count = Table(
    "feed_count",
    metadata,
    id_column(),
    text_column("system"),
    text_column("table_name"),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in ("received", "applied", "duplicate", "stale", "quarantined", "ignored")
    ),
    time_column("counted_at", nullable=False, now=True),
)

quarantine = Table(
    "quarantine",
    metadata,
    id_column(),
    text_column("kind"),
    text_column("topic", nullable=True),
    Column("partition", Integer),
    Column("feed_offset", BigInteger),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    json_column("headers"),
    Column("timestamp_ms", BigInteger),
    json_column("mark", nullable=True),
    text_column("error"),
    text_column("message"),
    text_column("state"),
    time_column("set_aside_at", nullable=False, now=True),
    time_column("closed_at"),
    Index(
        "one_quarantine_row_per_record",
        "topic",
        "partition",
        "feed_offset",
        unique=True,
        postgresql_where=text("state = 'OPEN' AND topic IS NOT NULL"),
    ),
)

dirty_root = Table(
    "dirty_root",
    metadata,
    id_column(),
    Column("shard", SmallInteger, nullable=False),
    text_column("entity"),
    text_column("system"),
    text_column("root_key"),
    text_column("cause"),
    Column("priority", SmallInteger, nullable=False, server_default=text("1")),
    time_column("changed_at"),
    text_column("tag", nullable=True),
    Column("bits", BigInteger),
    Column("ours", Boolean),
    Column("due_at", TIME, nullable=False, server_default=text("now()")),
    time_column("marked_at", nullable=False, now=True),
    Index("ix_dirty_root_order", "shard", "priority", "id"),
    Index("ix_dirty_root_root", "shard", "root_key"),
)

source_record = Table(
    "source_record",
    metadata,
    id_column(),
    text_column("entity"),
    text_column("system"),
    text_column("key"),
    text_column("root_key"),
    json_column("attrs"),
    json_column("canonical"),
    json_column("changed_at"),
    json_column("base"),
    flag_column("deleted"),
    Column("version", Integer, nullable=False, server_default=text("1")),
    time_column("first_seen_at", nullable=False, now=True),
    time_column("updated_at", nullable=False, now=True),
    UniqueConstraint("entity", "system", "key"),
    Index("ix_source_record_root", "entity", "system", "root_key"),
    # Room for the two versions that a change makes, so that no index is written for them.
    postgresql_with={"fillfactor": 60},
)

reference = Table(
    "reference",
    metadata,
    Column("record_id", BigInteger, primary_key=True),
    text_column("name", key=True),
    text_column("entity"),
    text_column("system"),
    text_column("key"),
    Index("ix_reference_target", "entity", "system", "key"),
)

match_key = Table(
    "match_key",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", BigInteger, primary_key=True),
    Index("ix_match_key_record", "record_id"),
)

golden = Table(
    "golden",
    metadata,
    Column("id", Uuid, primary_key=True),
    text_column("entity"),
    text_column("status"),
    Column("merged_into", Uuid),
    Column("version", BigInteger, nullable=False),
    json_column("attrs"),
    json_column("lineage"),
    text_column("identity", nullable=True),
    flag_column("published"),
    flag_column("touched"),
    text_column("policy_version"),
    time_column("next_effective_at"),
    time_column("created_at", nullable=False, now=True),
    time_column("updated_at", nullable=False, now=True),
    Index(
        "one_golden_per_identity",
        "entity",
        "identity",
        unique=True,
        postgresql_where=text("identity IS NOT NULL AND status = 'ACTIVE'"),
    ),
    Index("ix_golden_entity", "entity", "id"),
    Index(
        "ix_golden_effective",
        "next_effective_at",
        postgresql_where=text("next_effective_at IS NOT NULL"),
    ),
    postgresql_with={"fillfactor": 70},
)

golden_version = Table(
    "golden_version",
    metadata,
    Column("golden_id", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    text_column("entity"),
    text_column("status"),
    json_column("attrs"),
    json_column("lineage"),
    text_column("cause"),
    text_column("policy_version"),
    time_column("recorded_at", nullable=False, now=True),
    Index("ix_golden_version_entity", "entity", "recorded_at"),
)

link = Table(
    "link",
    metadata,
    id_column(),
    text_column("entity"),
    Column("record_id", BigInteger, nullable=False),
    Column("golden_id", Uuid, nullable=False),
    text_column("state"),
    text_column("origin"),
    Column("probability", Numeric),
    json_column("reasons"),
    text_column("policy_version"),
    Column("txn", Uuid, nullable=False),
    time_column("valid_from", nullable=False, now=True),
    time_column("valid_to"),
    Index(
        "one_live_match_per_record",
        "record_id",
        unique=True,
        postgresql_where=text("state = 'MATCH' AND valid_to IS NULL"),
    ),
    Index("ix_link_golden", "golden_id", postgresql_where=text("valid_to IS NULL")),
    Index("ix_link_golden_past", "golden_id", postgresql_where=text("valid_to IS NOT NULL")),
    Index("ix_link_record", "record_id"),
)

pair_decision = Table(
    "pair_decision",
    metadata,
    id_column(),
    text_column("entity"),
    Column("record_a", BigInteger, nullable=False),
    Column("record_b", BigInteger, nullable=False),
    text_column("verdict"),
    text_column("actor"),
    text_column("reason"),
    time_column("decided_at", nullable=False, now=True),
    time_column("closed_at"),
    Column("decision_id", BigInteger),
    Index(
        "one_live_decision_per_pair",
        "record_a",
        "record_b",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("ix_pair_decision_b", "record_b", postgresql_where=text("closed_at IS NULL")),
)

override = Table(
    "override",
    metadata,
    id_column(),
    Column("golden_id", Uuid, nullable=False),
    text_column("attribute"),
    Column("value", JSONB),
    text_column("mode"),
    text_column("actor"),
    text_column("reason"),
    Column("base", JSONB),
    time_column("set_at", nullable=False, now=True),
    time_column("until"),
    time_column("closed_at"),
    text_column("closed_because", nullable=True),
    Column("decision_id", BigInteger),
    # Where it moves with a merge it keeps when it was set; this is since when it is in force here.
    time_column("recorded_at", nullable=False, now=True),
    Index(
        "one_live_override",
        "golden_id",
        "attribute",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("ix_override_past", "golden_id", postgresql_where=text("closed_at IS NOT NULL")),
)

identity_turn = Table(
    "identity_turn",
    metadata,
    text_column("entity", key=True),
    Column("turn", BigInteger, nullable=False),
    Column("keyed", ARRAY(BigInteger)),
)

match_model = Table(
    "match_model",
    metadata,
    text_column("entity", key=True),
    text_column("version", key=True),
    json_column("body"),
    flag_column("active"),
    time_column("trained_at", nullable=False, now=True),
    Index("one_active_model", "entity", unique=True, postgresql_where=text("active")),
)

__all__ = [
    "catalogue",
    "conflict",
    "conflict_event",
    "contract",
    "decision",
    "delete_count",
    "dirty_root",
    "exchange_rate",
    "feed_count",
    "golden",
    "golden_period",
    "golden_version",
    "identity_event",
    "identity_turn",
    "link",
    "match_key",
    "match_model",
    "metadata",
    "override",
    "pair_decision",
    "phase",
    "policy_fact",
    "policy_sweep",
    "policy_wait",
    "publication",
    "quarantine",
    "raise_decision",
    "rate_import",
    "reference",
    "source_record",
    "system_state",
    "withheld_delete",
    "write_ledger",
]
