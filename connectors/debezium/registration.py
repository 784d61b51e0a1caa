"""The configuration of Debezium's connectors, rendered from what the hub knows of a source.

Every setting that decides how a value looks is stated, also where it is the default, so that the
decoder and the connector cannot drift apart when a default changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from connectors.debezium.source_spec import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.debezium.source_spec import SourceSpec

JSON_CONVERTER: Final = "org.apache.kafka.connect.json.JsonConverter"

POLL_MILLISECONDS: Final = 50

STIR_PREFIX: Final = "mdhub"
STIR: Final = f"SELECT pg_logical_emit_message(true, '{STIR_PREFIX}', '')"
"""At every heartbeat a PostgreSQL source writes a word into its log that nobody is told of.

So what is read and stored of a quiet source moves on too, and the server need not keep the log of
all that its other databases write.
"""

CONNECTOR_CLASSES: Final[Mapping[Engine, str]] = {
    Engine.POSTGRESQL: "io.debezium.connector.postgresql.PostgresConnector",
    Engine.MARIADB: "io.debezium.connector.mariadb.MariaDbConnector",
}

WIRE_FORM: Final[Mapping[str, str]] = {
    "key.converter": JSON_CONVERTER,
    "value.converter": JSON_CONVERTER,
    "header.converter": JSON_CONVERTER,
    "key.converter.schemas.enable": "false",
    "value.converter.schemas.enable": "false",
    "header.converter.schemas.enable": "false",
    "key.converter.replace.null.with.default": "false",
    "value.converter.replace.null.with.default": "false",
    "header.converter.replace.null.with.default": "false",
    "decimal.handling.mode": "string",
    "binary.handling.mode": "bytes",
    "tombstones.on.delete": "true",
    "skipped.operations": "none",
    "provide.transaction.metadata": "true",
    "event.processing.failure.handling.mode": "fail",
}


def connector_config(source: SourceSpec) -> dict[str, str]:
    """Render the whole configuration; the same source gives the same text, so PUT is idempotent."""
    return {
        "connector.class": CONNECTOR_CLASSES[source.engine],
        "tasks.max": "1",
        **WIRE_FORM,
        **_connection(source),
        **_selection(source),
        **_topics(source),
        "snapshot.mode": source.snapshot_mode,
        **_ENGINE_SETTINGS[source.engine](source),
    }


def _connection(source: SourceSpec) -> dict[str, str]:
    return {
        "database.hostname": source.host,
        "database.port": str(source.port),
        "database.user": source.user,
        "database.password": source.password.value,
        "topic.prefix": source.prefix,
        "heartbeat.interval.ms": str(source.heartbeat_ms),
        # Debezium fills a batch for this long even when few changes come: half a second by default.
        "poll.interval.ms": str(POLL_MILLISECONDS),
    }


def _selection(source: SourceSpec) -> dict[str, str]:
    """Tables and columns as anchored regular expressions, the signal table with all its columns."""
    tables = [_pattern(table.schema, table.table) for table in source.tables]
    columns = [
        _pattern(table.schema, table.table, column)
        for table in source.tables
        for column in table.columns
    ]
    columns += [f"{_pattern(t.schema, t.table)}\\..*" for t in source.tables if not t.columns]
    signal: dict[str, str] = {}
    if source.signal_table:
        schema, _, table = source.signal_table.partition(".")
        tables.append(_pattern(schema, table))
        columns.append(f"{_pattern(schema, table)}\\..*")
        signal = {"signal.data.collection": source.signal_table}
    narrowed = any(table.columns for table in source.tables)
    return {
        "table.include.list": ",".join(tables),
        **({"column.include.list": ",".join(columns)} if narrowed else {}),
        **signal,
    }


def _topics(source: SourceSpec) -> dict[str, str]:
    """Row topics get the asked partitions; the connector's own topics are kept in order by one."""
    group = "topic.creation"
    retention = source.retention_ms
    return {
        f"{group}.default.replication.factor": str(source.replication),
        f"{group}.default.partitions": str(source.partitions),
        f"{group}.default.cleanup.policy": "delete",
        f"{group}.default.compression.type": "producer",
        **({f"{group}.default.retention.ms": str(retention)} if retention is not None else {}),
        f"{group}.groups": "single",
        f"{group}.single.include": ",".join(
            (
                f"__debezium-heartbeat\\.{re.escape(source.prefix)}",
                f"{re.escape(source.prefix)}",
                f"{re.escape(source.prefix)}\\.transaction",
            )
        ),
        f"{group}.single.partitions": "1",
        f"{group}.single.replication.factor": str(source.replication),
    }


def _postgresql(source: SourceSpec) -> dict[str, str]:
    ssl = {"database.sslmode": source.ssl_mode} if source.ssl_mode else {}
    return {
        "database.dbname": source.database,
        "plugin.name": "pgoutput",
        "slot.name": source.slot_name,
        "publication.name": source.publication_name,
        "publication.autocreate.mode": source.publication_mode,
        "publish.via.partition.root": "true",
        # What is confirmed is never ahead of what Connect has stored: a connector refuses to go on
        # from where the log is no longer kept.
        "lsn.flush.mode": "connector",
        "heartbeat.action.query": STIR,
        "message.prefix.exclude.list": STIR_PREFIX,
        "time.precision.mode": "isostring",
        "interval.handling.mode": "string",
        "hstore.handling.mode": "json",
        **ssl,
    }


def _mariadb(source: SourceSpec) -> dict[str, str]:
    """Times as numbers: `isostring` makes null of a TIME below zero or from 24 h on. No adjuster:
    it makes 2001 of the year 1. Statements that Debezium cannot parse are skipped, because it reads
    those of the whole server: one in a database that nobody follows would stop the feed. A skipped
    change of a followed table shows at its next row, which fails loudly.
    """
    if source.server_id is None or not source.kafka_bootstrap:
        message = f"the MariaDB source {source.name} needs a server_id and kafka_bootstrap"
        raise ValueError(message)
    ssl = {"database.ssl.mode": source.ssl_mode} if source.ssl_mode else {}
    return {
        "database.server.id": str(source.server_id),
        "database.include.list": re.escape(source.database),
        "time.precision.mode": "adaptive_time_microseconds",
        "enable.time.adjuster": "false",
        "bigint.unsigned.handling.mode": "long",
        "include.schema.changes": "false",
        "include.query": "false",
        "schema.history.internal.kafka.bootstrap.servers": source.kafka_bootstrap,
        "schema.history.internal.kafka.topic": f"__{source.prefix}.schema-history",
        "schema.history.internal.store.only.captured.tables.ddl": "true",
        "schema.history.internal.skip.unparseable.ddl": "true",
        **ssl,
    }


_ENGINE_SETTINGS: Final[Mapping[Engine, Callable[[SourceSpec], dict[str, str]]]] = {
    Engine.POSTGRESQL: _postgresql,
    Engine.MARIADB: _mariadb,
}


def _pattern(*names: str) -> str:
    return "\\.".join(re.escape(name).replace(",", "\\x2C") for name in names)
