"""Every table of the hub's own schema, in one place.

Invariants that PostgreSQL keeps for us are named here beside the index that keeps them. Mirror
tables are not here: they follow the catalogue and belong to `connectors.mirror`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    schema="hub",
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    },
)

TIME = DateTime(timezone=True)
NOW = text("clock_timestamp()")
EMPTY = text("'{}'::jsonb")
FALSE = text("false")


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _time(name: str, *, nullable: bool = True, now: bool = False) -> Column[object]:
    return Column(name, TIME, nullable=nullable, server_default=NOW if now else None)


def _json(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSONB, nullable=nullable, server_default=None if nullable else EMPTY)


def _text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=nullable)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=FALSE)


catalogue = Table(
    "catalogue",
    metadata,
    _text("version", key=True),
    _text("name"),
    _json("files"),
    _flag("active"),
    _time("activated_at", nullable=False, now=True),
    Index("one_active_catalogue", "active", unique=True, postgresql_where=text("active")),
)

contract = Table(
    "contract",
    metadata,
    _text("system", key=True),
    _text("table_name", key=True),
    _json("body"),
    Column("epoch", Integer, nullable=False, server_default=text("0")),
)

phase = Table(
    "phase",
    metadata,
    _text("system", key=True),
    _text("entity", key=True),
    _text("phase"),
    _time("changed_at", nullable=False, now=True),
)

system_state = Table(
    "system_state",
    metadata,
    _text("system", key=True),
    _flag("live"),
    _time("changed_at", nullable=False, now=True),
)

feed_count = Table(
    "feed_count",
    metadata,
    _id(),
    _text("system"),
    _text("table_name"),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in ("received", "applied", "duplicate", "stale", "quarantined", "ignored")
    ),
    _time("counted_at", nullable=False, now=True),
)

quarantine = Table(
    "quarantine",
    metadata,
    _id(),
    _text("kind"),
    _text("topic", nullable=True),
    Column("partition", Integer),
    Column("feed_offset", BigInteger),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    _json("headers"),
    Column("timestamp_ms", BigInteger),
    _json("mark", nullable=True),
    _text("error"),
    _text("message"),
    _text("state"),
    _time("set_aside_at", nullable=False, now=True),
    _time("closed_at"),
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
    _id(),
    Column("shard", SmallInteger, nullable=False),
    _text("entity"),
    _text("system"),
    _text("root_key"),
    _text("cause"),
    Column("priority", SmallInteger, nullable=False, server_default=text("1")),
    _time("changed_at"),
    Column("due_at", TIME, nullable=False, server_default=text("now()")),
    _time("marked_at", nullable=False, now=True),
    Index("ix_dirty_root_order", "shard", "priority", "id"),
)

source_record = Table(
    "source_record",
    metadata,
    _id(),
    _text("entity"),
    _text("system"),
    _text("key"),
    _text("root_key"),
    _json("attrs"),
    _json("canonical"),
    _json("changed_at"),
    _json("base"),
    _flag("deleted"),
    Column("version", Integer, nullable=False, server_default=text("1")),
    _time("first_seen_at", nullable=False, now=True),
    _time("updated_at", nullable=False, now=True),
    UniqueConstraint("entity", "system", "key"),
    Index("ix_source_record_root", "entity", "system", "root_key"),
)

reference = Table(
    "reference",
    metadata,
    Column("record_id", BigInteger, primary_key=True),
    _text("name", key=True),
    _text("entity"),
    _text("system"),
    _text("key"),
    Index("ix_reference_target", "entity", "system", "key"),
)

match_key = Table(
    "match_key",
    metadata,
    _text("entity", key=True),
    _text("key", key=True),
    Column("record_id", BigInteger, primary_key=True),
    Index("ix_match_key_record", "record_id"),
)

golden = Table(
    "golden",
    metadata,
    Column("id", Uuid, primary_key=True),
    _text("entity"),
    _text("status"),
    Column("merged_into", Uuid),
    Column("version", BigInteger, nullable=False),
    _json("attrs"),
    _json("lineage"),
    _text("identity", nullable=True),
    _flag("published"),
    _flag("touched"),
    _text("policy_version"),
    _time("next_effective_at"),
    _time("created_at", nullable=False, now=True),
    _time("updated_at", nullable=False, now=True),
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
)

golden_version = Table(
    "golden_version",
    metadata,
    Column("golden_id", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    _text("entity"),
    _text("status"),
    _json("attrs"),
    _json("lineage"),
    _text("cause"),
    _text("policy_version"),
    _time("recorded_at", nullable=False, now=True),
)

link = Table(
    "link",
    metadata,
    _id(),
    _text("entity"),
    Column("record_id", BigInteger, nullable=False),
    Column("golden_id", Uuid, nullable=False),
    _text("state"),
    _text("origin"),
    Column("probability", Numeric),
    _json("reasons"),
    _text("policy_version"),
    Column("txn", Uuid, nullable=False),
    _time("valid_from", nullable=False, now=True),
    _time("valid_to"),
    Index(
        "one_live_match_per_record",
        "record_id",
        unique=True,
        postgresql_where=text("state = 'MATCH' AND valid_to IS NULL"),
    ),
    Index("ix_link_golden", "golden_id", postgresql_where=text("valid_to IS NULL")),
    Index("ix_link_record", "record_id"),
)

pair_decision = Table(
    "pair_decision",
    metadata,
    _id(),
    _text("entity"),
    Column("record_a", BigInteger, nullable=False),
    Column("record_b", BigInteger, nullable=False),
    _text("verdict"),
    _text("actor"),
    _text("reason"),
    _time("decided_at", nullable=False, now=True),
    _time("closed_at"),
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
    _id(),
    Column("golden_id", Uuid, nullable=False),
    _text("attribute"),
    Column("value", JSONB),
    _text("mode"),
    _text("actor"),
    _text("reason"),
    Column("base", JSONB),
    _time("set_at", nullable=False, now=True),
    _time("until"),
    _time("closed_at"),
    _text("closed_because", nullable=True),
    Index(
        "one_live_override",
        "golden_id",
        "attribute",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
)

conflict = Table(
    "conflict",
    metadata,
    _id(),
    _text("entity"),
    Column("golden_id", Uuid),
    Column("record_id", BigInteger),
    _text("kind"),
    _text("cause"),
    _text("attribute", nullable=True),
    _text("system", nullable=True),
    _text("key", nullable=True),
    _json("details"),
    _text("outcome"),
    _text("state"),
    Column("exposure", Numeric),
    _text("assignee", nullable=True),
    _time("opened_at", nullable=False, now=True),
    _time("pending_until"),
    _time("due_at"),
    _time("closed_at"),
    _text("resolution", nullable=True),
    Index(
        "one_open_conflict_per_cause",
        "entity",
        "cause",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("ix_conflict_golden", "golden_id", postgresql_where=text("closed_at IS NULL")),
    Index("ix_conflict_record", "record_id", postgresql_where=text("closed_at IS NULL")),
    Index("ix_conflict_kind", "kind", postgresql_where=text("closed_at IS NULL")),
)

publication = Table(
    "publication",
    metadata,
    _id(),
    _text("target"),
    _text("entity"),
    Column("golden_id", Uuid, nullable=False),
    _text("target_key"),
    _text("attribute_group"),
    _text("lane"),
    _text("class"),
    Column("golden_version", BigInteger, nullable=False),
    _json("desired"),
    _json("seen", nullable=True),
    _json("parameters"),
    _text("state"),
    _time("cause_at"),
    _time("first_dirty_at", nullable=False, now=True),
    Column("due_at", TIME, nullable=False),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    _time("leased_until"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("coalesced", Integer, nullable=False, server_default=text("0")),
    _text("last_error", nullable=True),
    _json("last_values"),
    _time("sent_at"),
    _time("echoed_at"),
    _time("updated_at", nullable=False, now=True),
    UniqueConstraint(
        "target",
        "entity",
        "golden_id",
        "target_key",
        "attribute_group",
        name="one_publication_per_target_key_and_group",
    ),
    Index("ix_publication_due", "target", "due_at", postgresql_where=text("state = 'PENDING'")),
    Index("ix_publication_sent", "sent_at", postgresql_where=text("state = 'SENT'")),
    Index("ix_publication_golden", "golden_id"),
)

write_ledger = Table(
    "write_ledger",
    metadata,
    _id(),
    Column("publication_id", BigInteger, nullable=False),
    _text("target"),
    _text("entity"),
    _text("target_key"),
    Column("golden_id", Uuid, nullable=False),
    _text("attribute_group"),
    Column("golden_version", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    _json("attrs"),
    _json("before", nullable=True),
    _json("waiting", nullable=True),
    _json("overtaken", nullable=True),
    _text("state"),
    _text("outcome", nullable=True),
    _time("cause_at"),
    _time("opened_at", nullable=False, now=True),
    _time("sent_at"),
    _time("closed_at"),
    Index(
        "ix_write_ledger_open",
        "target",
        "entity",
        "target_key",
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("ix_write_ledger_publication", "publication_id"),
)

identity_event = Table(
    "identity_event",
    metadata,
    Column("txn", Uuid, primary_key=True),
    _text("entity"),
    _text("kind"),
    _text("actor"),
    _json("before"),
    _json("after"),
    _json("redirects"),
    _time("recorded_at", nullable=False, now=True),
    _time("sent_at"),
)

identity_turn = Table(
    "identity_turn",
    metadata,
    _text("entity", key=True),
    Column("turn", BigInteger, nullable=False),
)

match_model = Table(
    "match_model",
    metadata,
    _text("entity", key=True),
    _text("version", key=True),
    _json("body"),
    _flag("active"),
    _time("trained_at", nullable=False, now=True),
    Index("one_active_model", "entity", unique=True, postgresql_where=text("active")),
)
