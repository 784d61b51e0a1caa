"""Records the golden files: real connectors, real databases, each in a scratch database.

    python tests/connectors/debezium/record.py STACK.json

STACK.json names the local stack's servers: {"postgres": {"url"}, "mariadb": {"url"}, "kafka":
{"url"}, "connect": {"url"}}. What was registered is removed at the end.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pymysql
from kafka import KafkaConsumer  # type: ignore[import-untyped]

from connectors.debezium.connect import ConnectClient
from connectors.debezium.registration import connector_config
from connectors.debezium.source_spec import Engine, Secret, SourceSpec, SourceTable
from hub.clock import SystemClock

HERE = Path(__file__).parent / "golden"
DATABASE = "golden"
PG_TABLES = ("customers", "customers_full", "prices", "toast", "events")
MARIA_TABLES = ("prices", "names")
SCHEMAS_ON = {f"{part}.converter.schemas.enable": "true" for part in ("key", "value", "header")}
NULL_TRAP = {"value.converter.replace.null.with.default": "true"}
DEFAULTS = ("decimal.handling.mode", "time.precision.mode", "interval.handling.mode")
QUIET_SECONDS = 12
NOISE_KEPT = 4
SCHEMAS_ON_KEPT = 10  # an event with its schema is ten times as large


def statements(name):
    """The snapshot's statements as one text, the stream's one a line."""
    text = (HERE / f"{name}.sql").read_text(encoding="utf-8")
    before, stream = text.split("-- stream\n")
    return before, [line for line in stream.splitlines() if line.strip()]


class PostgreSQL:
    engine = Engine.POSTGRESQL
    file = "postgresql"

    def __init__(self, url):
        self.url = urlsplit(url)
        self.admin = psycopg.connect(url, autocommit=True)

    def prepare(self):
        self.admin.execute(f"drop database if exists {DATABASE} with (force)")
        self.admin.execute(f"create database {DATABASE}")
        self.db = psycopg.connect(self.url._replace(path=f"/{DATABASE}").geturl(), autocommit=True)
        before = statements(self.file)[0].replace("create extension if not exists hstore;", "")
        self.db.execute(before)

    def stream(self):
        for line in statements(self.file)[1]:
            self.db.execute(line)

    def spec(self, name):
        return SourceSpec(
            name=name,
            engine=self.engine,
            host=self.url.hostname,
            port=self.url.port,
            database=DATABASE,
            user=self.url.username,
            password=Secret(self.url.password),
            tables=tuple(SourceTable(schema="public", table=table) for table in PG_TABLES),
            signal_table="public.debezium_signal",
            partitions=1,
            heartbeat_ms=3000,
        )

    def cleanup(self, specs):
        self.db.close()
        for spec in specs:
            for _ in range(20):
                try:
                    self.admin.execute(
                        "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
                        " where slot_name = %s",
                        (spec.slot_name,),
                    )
                    break
                except psycopg.errors.ObjectInUse:
                    time.sleep(1)
        self.admin.execute(f"drop database if exists {DATABASE} with (force)")


class MariaDB:
    engine = Engine.MARIADB
    file = "mariadb"

    def __init__(self, url, kafka):
        self.url = urlsplit(url)
        self.kafka = kafka

    def connect(self, **more):
        return pymysql.connect(
            host=self.url.hostname,
            port=self.url.port,
            user=self.url.username,
            password=self.url.password or "",
            autocommit=True,
            **more,
        )

    def run(self, lines):
        with self.db.cursor() as cursor:
            for line in lines:
                cursor.execute(line)

    def prepare(self):
        self.db = self.connect()
        self.run([f"drop database if exists {DATABASE}", f"create database {DATABASE}"])
        self.run([f"use {DATABASE}", "set time_zone = '+00:00'"])
        self.run([one for one in statements(self.file)[0].split(";\n") if one.strip()])

    def stream(self):
        self.run(statements(self.file)[1])

    def spec(self, name):
        return SourceSpec(
            name=name,
            engine=self.engine,
            host=self.url.hostname,
            port=self.url.port,
            database=DATABASE,
            user=self.url.username,
            password=Secret(self.url.password or ""),
            tables=tuple(SourceTable(schema=DATABASE, table=table) for table in MARIA_TABLES),
            kafka_bootstrap=self.kafka,
            server_id=990_000 + sum(name.encode()) % 1000,
            signal_table=f"{DATABASE}.debezium_signal",
            partitions=1,
            heartbeat_ms=3000,
        )

    def cleanup(self, _specs):
        self.run([f"drop database {DATABASE}"])
        self.db.close()


def variants(config):
    """Our settings; Debezium's own with schemas off; and with schemas on, where nulls lie."""
    defaults = {key: value for key, value in config.items() if key not in DEFAULTS}
    return {
        "ours": config,
        "defaults": defaults,
        "schemas_on": defaults | SCHEMAS_ON | NULL_TRAP,
    }


def record(source, client, kafka, stamp):
    source.prepare()
    specs = []
    for variant in variants({}):
        spec = source.spec(f"{source.file}_{variant}_{stamp}")
        specs.append(spec)
        client.put(spec.connector, variants(connector_config(spec))[variant])
    try:
        for spec in specs:
            client.wait_running(spec.connector, 90)
        time.sleep(QUIET_SECONDS)
        source.stream()
        for spec, variant in zip(specs, variants({}), strict=True):
            save(f"{source.file}_{variant}", spec, consume(spec, kafka), stamp)
    finally:
        for spec in specs:
            print(client.status(spec.connector))  # noqa: T201  # progress of a script
            client.delete(spec.connector)
        source.cleanup(specs)


def consume(spec, kafka):
    consumer = KafkaConsumer(
        bootstrap_servers=kafka,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=QUIET_SECONDS * 1000,
        metadata_max_age_ms=2000,
    )
    consumer.subscribe(pattern=f"^(__debezium-heartbeat\\.)?{spec.prefix}(\\..*)?$")
    deadline = time.monotonic() + 40
    found = []
    for message in consumer:
        found.append(message)
        if time.monotonic() > deadline:
            break
    consumer.close()
    ordered = sorted(found, key=lambda one: (one.topic, one.partition, one.offset))
    kept = SCHEMAS_ON_KEPT if "schemas_on" in spec.name else len(ordered)
    return [one for one in ordered if one.offset < (NOISE_KEPT if noise(one, spec) else kept)]


def noise(message, spec):
    """Topics of which a few records tell all."""
    rows = spec.topic(SourceTable(schema="", table="")).rstrip(".")
    return message.topic.startswith("__") or message.topic.endswith(
        (".transaction", ".debezium_signal", rows)
    )


def save(name, spec, messages, stamp):
    lines = [json.dumps(described(one, spec, stamp), ensure_ascii=False) for one in messages]
    (HERE / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(name, len(lines))  # noqa: T201  # progress of a script


def described(message, spec, stamp):
    def text(raw):
        return None if raw is None else raw.decode().replace(f"_{stamp}", "")

    return {
        "topic": message.topic.replace(f"_{stamp}", ""),
        "partition": message.partition,
        "offset": message.offset,
        "timestamp": message.timestamp,
        "key": text(message.key),
        "value": text(message.value),
        "headers": [[name, text(value)] for name, value in message.headers],
    }


def main(path):
    stack = json.loads(Path(path).read_text(encoding="utf-8"))
    kafka = stack["kafka"]["url"]
    client = ConnectClient(stack["connect"]["url"], SystemClock())
    stamp = int(time.time())
    sources = [PostgreSQL(stack["postgres"]["url"]), MariaDB(stack["mariadb"]["url"], kafka)]
    chosen = sys.argv[2:] or ["postgresql", "mariadb"]
    for source in sources:
        if source.file in chosen:
            record(source, client, kafka, stamp)


if __name__ == "__main__":
    main(sys.argv[1])
