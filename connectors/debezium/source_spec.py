"""A source system as its connector needs it described."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

IDENTIFIER: Final = re.compile(r"[^a-z0-9_]+")


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
    """A table to follow: schema (MariaDB: database), name, columns (empty = all of them)."""

    schema: str
    table: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One connector: where the source is, what is followed, and how its topics are made.

    `name` is the system's name and the default of everything that must be unique by system:
    connector, topic prefix, slot, publication. `server_id` must differ from those of all other
    replicas of a MariaDB server. `signal_table` is `schema.table`.
    """

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
    signal_table: str | None = None
    heartbeat_ms: int = 10_000
    heartbeat_query: str | None = None
    snapshot_mode: str = "initial"
    partitions: int = 4
    replication: int = 1
    retention_ms: int | None = None
    ssl_mode: str | None = None

    @property
    def connector(self) -> str:
        """The connector's name in Kafka Connect."""
        return f"mdhub-{self.name}"

    @property
    def prefix(self) -> str:
        """The first part of the names of all topics of the source."""
        return self.topic_prefix or self.name

    @property
    def slot_name(self) -> str:
        """The replication slot: lower-case letters, digits, underscores."""
        return self.slot or f"mdhub_{_identifier(self.name)}"

    @property
    def publication_name(self) -> str:
        """The publication that names the tables to PostgreSQL."""
        return self.publication or f"mdhub_{_identifier(self.name)}"

    def topic(self, table: SourceTable) -> str:
        """The topic of a table's changes; characters that Kafka forbids become underscores."""
        return re.sub(r"[^a-zA-Z0-9._-]", "_", f"{self.prefix}.{table.schema}.{table.table}")


def _identifier(name: str) -> str:
    return IDENTIFIER.sub("_", name.lower())
