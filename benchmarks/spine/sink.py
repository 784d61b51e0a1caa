"""Debezium's JDBC sink connector on the ERP's topic: one task, upserts by key.

The converter is given the schema from outside (`schema.content`), so the sink reads the very topic
that the hub reads. `PLAIN` is the connector as it comes. `TUNED` adds what its manual offers beyond
that: batches four times as large, the last image of a row in a batch stands for all, and the
inserts of a batch are rewritten into one statement. `SCHEMAS` is the connector as it comes on a
topic of its own in which every message carries its schema, as Connect writes them by default (a
shorter one than Debezium's, which names more of `source`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import orjson

from benchmarks.spine.population import party
from benchmarks.spine.site import SINK_DATABASE, TOPICS, Rate, watch
from connectors.debezium.connect import ConnectClient

if TYPE_CHECKING:
    from benchmarks.spine.population import Event
    from benchmarks.spine.site import Site

NAME = "bench-sink"
WAIT_SECONDS = 60.0
SCHEMAS_TOPIC = "bench.schemas.party"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What the connector is told; its table and its own name end with `name`."""

    name: str
    topic: str = TOPICS["party"]
    query: str = ""
    batch: int = 500
    reduction: bool = False


PLAIN = How(name="plain")
TUNED = How(name="tuned", query="?reWriteBatchedInserts=true", batch=2_000, reduction=True)
SCHEMAS = How(name="schemas", topic=SCHEMAS_TOPIC)


def measure(site: Site, how: How = PLAIN) -> Rate:
    """Run the sink over the whole topic and remove it; count by what its group committed."""
    topic = how.topic
    name = f"{NAME}-{how.name}"
    client = ConnectClient(site.connect_url, site.clock)
    client.put(name, _config(site, how))
    try:
        client.wait_running(name, WAIT_SECONDS)
        expected = site.ends([topic])
        group = f"connect-{name}"

        def count() -> int:
            _require_running(client, name)
            return site.committed(group, [topic])

        rate = watch(count, expected, idle=lambda: True, worker=None)
    finally:
        client.delete(name)
        client.close()
    return rate


def _require_running(client: ConnectClient, name: str) -> None:
    status = client.status(name)
    if status is not None and status.failures:
        raise SystemExit(f"the sink failed: {status.failures}")


def rows(site: Site) -> int:
    """Return how many rows the sink's table holds."""
    with site.session(SINK_DATABASE) as session:
        return int(session.execute("SELECT count(*) FROM party_plain").fetchone()[0])  # type: ignore[index]


def with_schema(event: Event) -> Event:
    """The same event as Connect's JSON converter writes it by default."""
    key = b'{"schema":%b,"payload":%b}' % (orjson.dumps(KEY), event.key)
    value = b'{"schema":%b,"payload":%b}' % (orjson.dumps(VALUE), event.value)
    return replace(event, key=key, value=value)


def _config(site: Site, how: How) -> dict[str, str]:
    server = urlsplit(site.url(SINK_DATABASE))
    url = f"jdbc:postgresql://{server.hostname}:{server.port}/{SINK_DATABASE}"
    converter = "org.apache.kafka.connect.json.JsonConverter"
    given = {
        "key.converter.schema.content": json.dumps(KEY),
        "value.converter.schema.content": json.dumps(VALUE),
    }
    return {
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "tasks.max": "1",
        "topics": how.topic,
        "connection.url": f"{url}{how.query}",
        "connection.username": unquote(server.username or ""),
        "connection.password": unquote(server.password or ""),
        "insert.mode": "upsert",
        "primary.key.mode": "record_key",
        "schema.evolution": "basic",
        "collection.name.format": f"party_{how.name}",
        "use.reduction.buffer": str(how.reduction).lower(),
        "batch.size": str(how.batch),
        "consumer.override.max.poll.records": str(how.batch),
        "consumer.override.auto.offset.reset": "earliest",
        "key.converter": converter,
        "value.converter": converter,
        "key.converter.schemas.enable": "true",
        "value.converter.schemas.enable": "true",
        **({} if how is SCHEMAS else given),
    }


def _envelope() -> dict[str, Any]:
    columns = {name: "int64" if name == "id" else "string" for name in party(0)}
    source = {"connector": "string", "db": "string", "schema": "string", "table": "string"}
    return {
        "type": "struct",
        "name": "bench.party.Envelope",
        "optional": False,
        "fields": [
            {**_struct("Value", columns), "field": "before", "optional": True},
            {**_struct("Value", columns), "field": "after", "optional": True},
            {**_struct("Source", {**source, "lsn": "int64"}), "field": "source"},
            {"type": "string", "field": "op", "optional": False},
            {"type": "int64", "field": "ts_ms", "optional": True},
        ],
    }


def _struct(name: str, columns: dict[str, str]) -> dict[str, Any]:
    fields = [{"type": kind, "field": at, "optional": at != "id"} for at, kind in columns.items()]
    return {"type": "struct", "name": f"bench.party.{name}", "optional": False, "fields": fields}


KEY = _struct("Key", {"id": "int64"})
VALUE = _envelope()
