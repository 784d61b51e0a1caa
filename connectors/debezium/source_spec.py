"""A source system as its connector needs it described."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from pathlib import Path

    from golden_records.domain.catalogue import MirrorTable

IDENTIFIER: Final = re.compile(r"[^a-z0-9_]+")
LONGEST: Final = 63
"""Bytes of a PostgreSQL name."""
FIRST_SERVER_ID: Final = 184_000
SERVER_IDS: Final = 1_000_000_000


class Engine(StrEnum):
    """The databases whose connectors the hub registers."""

    POSTGRESQL = "postgresql"
    MARIADB = "mariadb"


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is never shown: literal, or a reference that the Connect worker resolves."""

    value: str = field(repr=False)

    @classmethod
    def in_file(cls, path: Path, key: str) -> Secret:
        """Refer to a key of a properties file on the Connect worker, so that no stored
        configuration holds the secret. The worker needs `config.providers=file` with Kafka's
        FileConfigProvider.
        """
        return cls(f"${{file:{path}:{key}}}")

    def __str__(self) -> str:
        return "(secret)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable:
    """A table to follow: schema (MariaDB: database), name, columns (empty = all of them).

    `whole_rows` says that PostgreSQL must log whole old rows of it (REPLICA IDENTITY FULL).
    """

    schema: str
    table: str
    columns: tuple[str, ...] = ()
    whole_rows: bool = False

    @classmethod
    def of(cls, table: MirrorTable) -> Self:
        return cls(
            schema=table.schema,
            table=table.name,
            columns=table.columns,
            whole_rows=table.replica_identity_full,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One connector: where the source is, what is followed, and how its topics are made.

    `hub` and `name` (of the system) make everything that must be unique: connector, slot,
    publication; so two hubs may follow one system, and share Kafka Connect. `server_id`
    must differ from those of all other replicas of a MariaDB server. `signal_table` is
    `schema.table`.
    """

    hub: str = "mdhub"
    name: str
    engine: Engine
    host: str
    port: int
    database: str
    user: str
    password: Secret
    tables: tuple[SourceTable, ...]
    kafka_bootstrap: str = ""
    topic_prefix: str = ""
    server_id: int | None = None
    slot: str = ""
    publication: str = ""
    publication_mode: str = "filtered"
    signal_table: str | None = None
    heartbeat_ms: int = 10_000
    snapshot_mode: str = "initial"
    partitions: int = 4
    replication: int = 1
    retention_ms: int | None = None
    ssl_mode: str | None = None

    @property
    def connector(self) -> str:
        """The connector's name in Kafka Connect."""
        return connector_name(self.hub, self.name)

    @property
    def prefix(self) -> str:
        """The first part of the names of all topics of the source."""
        return self.topic_prefix or self.name

    @property
    def slot_name(self) -> str:
        """The replication slot: lower-case letters, digits, underscores."""
        return self.slot or slot_name(self.hub, self.name)

    @property
    def publication_name(self) -> str:
        """The publication that names the tables to PostgreSQL."""
        return self.publication or slot_name(self.hub, self.name)

    def topic(self, table: SourceTable) -> str:
        """The topic of a table's changes; characters that Kafka forbids become underscores."""
        return re.sub(r"[^a-zA-Z0-9._-]", "_", f"{self.prefix}.{table.schema}.{table.table}")


def connector_name(hub: str, system: str) -> str:
    """The name of a hub's connector of a system."""
    return f"{hub}-{system}"


def slot_name(hub: str, system: str) -> str:
    """The name of its slot and publication; what would be cut off becomes a digest."""
    name = IDENTIFIER.sub("_", f"{hub}_{system}".lower())
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: LONGEST - len(digest) - 1]}_{digest}"


def server_id(hub: str, system: str) -> int:
    """The number by which a hub's connector follows a MariaDB server: replicas must differ."""
    digest = hashlib.sha256(connector_name(hub, system).encode()).digest()
    return FIRST_SERVER_ID + int.from_bytes(digest[:8], "big") % SERVER_IDS
