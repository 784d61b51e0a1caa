"""Take a hub away: connectors with offsets and slots, origins, topics, and its database.

Only for the demo and for tests; the sources' own data stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from connectors.debezium.connect import ConnectClient
from connectors.debezium.source_spec import connector_name, slot_name
from connectors.kafka.admin import KafkaAdmin
from connectors.targets.tagging import drop_origins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import Settings
    from golden_records.domain.catalogue import System
    from golden_records.domain.clock import Clock
    from hub.bootstrap.places import Places

SLOTS = "SELECT slot_name, active_pid FROM pg_replication_slots WHERE slot_name = ANY(%s)"
GROUP_SUFFIX = ".hub"


def disconnect(settings: Settings, clock: Clock, places: Places, systems: Sequence[System]) -> None:
    """Remove all traces, so that the next `connect` begins with a snapshot."""
    client = ConnectClient(places.connect, clock)
    admin = KafkaAdmin(places.kafka)
    try:
        for system in systems:
            client.forget(connector_name(settings.topic_prefix, system.name))
        prefix = f"{settings.topic_prefix}."
        # Heartbeats, and what MariaDB's connectors remember of tables' definitions.
        others = (f"__debezium-heartbeat.{prefix}", f"__{prefix}")
        topics = [t for t in admin.partition_counts() if t.startswith((prefix, *others))]
        admin.delete(topics)
    finally:
        client.close()
        admin.close()
    drop_origins(places.postgres_admin, [tag for system in systems for tag in system.tags])
    with psycopg.connect(places.postgres_admin, autocommit=True) as connection:
        slots = [slot_name(settings.topic_prefix, system.name) for system in systems]
        _drop_slots(connection, clock, slots)
        name = sql.Identifier(settings.hub_database)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _drop_slots(
    connection: psycopg.Connection[tuple[object, ...]], clock: Clock, names: list[str]
) -> None:
    for slot, pid in connection.execute(SLOTS, (names,)).fetchall():
        if pid is not None:
            connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
            clock.sleep(0.5)
        connection.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
