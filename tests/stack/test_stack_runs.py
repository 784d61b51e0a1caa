"""The real servers: started, crashed, replaced, stopped."""

from __future__ import annotations

import contextlib
import json

import httpx
import psutil
import psycopg
import pymysql
import pytest
from kafka import KafkaConsumer  # type: ignore[import-untyped]

from config.settings import Settings
from hub.clock import SystemClock
from hub.stack.account import short_dir
from hub.stack.model import SERVICE_NAMES
from hub.stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.enable_socket, pytest.mark.timeout(420)]

CLOCK = SystemClock()
SECONDS_TO_CAPTURE = 90.0


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    settings = Settings().model_copy(
        update={
            "state_dir": tmp_path_factory.mktemp("stack"),
            "postgres_url": None,
            "kafka_bootstrap": None,
            "connect_url": None,
            "mariadb_url": None,
        }
    )
    stack = Stack(settings)
    try:
        stack.up()
        yield stack
    finally:
        stack.reset()


def _processes_of(stack: Stack) -> list[int]:
    needles = (str(stack.settings.state_dir), str(short_dir(stack.settings.state_dir)))
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if process.status() != psutil.STATUS_ZOMBIE and any(n in line for n in needles):
                found.append(process.pid)
    return found


def test_all_four_servers_answer_and_say_their_version(local):
    info = local.status()
    assert {one.name: one.state for one in info.services} == dict.fromkeys(SERVICE_NAMES, "running")
    assert all(one.version for one in info.services)


def test_servers_listen_on_the_loopback_only(local):
    for one in local.status().services:
        listening = {
            connection.laddr.ip.removeprefix("::ffff:")
            for connection in psutil.Process(one.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}


def test_a_second_up_keeps_the_running_servers(local):
    before = [one.pid for one in local.status().services]
    assert [one.pid for one in local.up().services] == before


def test_a_killed_broker_is_replaced_on_its_port_with_its_data(local):
    before = local.status().kafka
    local.kill("kafka")
    assert local.status().kafka.state == "stopped"
    after = local.up().kafka
    assert after.state == "running"
    assert after.pid != before.pid
    assert after.port == before.port


def test_a_killed_database_keeps_what_was_committed(local):
    url = local.status().postgres_url
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("CREATE TABLE kept (n int)")
        session.execute("INSERT INTO kept VALUES (1)")
    local.kill("postgres")
    assert local.start("postgres").state == "running"
    with psycopg.connect(url) as session:
        assert session.execute("SELECT n FROM kept").fetchall() == [(1,)]


def _changes(bootstrap: str, topic: str) -> list[dict]:
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
    )
    with contextlib.closing(consumer):
        consumer.subscribe([topic])
        deadline = CLOCK.monotonic() + SECONDS_TO_CAPTURE
        while CLOCK.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=500).values():
                return [json.loads(record.value) for record in records]
    return []


def _register(connect_url: str, name: str, config: dict[str, str]) -> None:
    answer = httpx.put(f"{connect_url}/connectors/{name}/config", json=config, timeout=60)
    assert answer.is_success, answer.text


def test_debezium_captures_a_row_of_postgresql(local):
    info = local.up()
    with psycopg.connect(info.postgres_url, autocommit=True) as session:
        session.execute("CREATE TABLE captured (id int PRIMARY KEY, name text)")
        session.execute("INSERT INTO captured VALUES (1, 'Zoë')")
        password = psycopg.conninfo.conninfo_to_dict(info.postgres_url)["password"]
    config = {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "plugin.name": "pgoutput",
        "database.hostname": "127.0.0.1",
        "database.port": str(info.postgres.port),
        "database.user": "postgres",
        "database.password": password,
        "database.dbname": "postgres",
        "topic.prefix": "pg",
        "table.include.list": "public.captured",
        "publication.autocreate.mode": "filtered",
    }
    _register(info.connect_url, "pg", config)
    captured = _changes(info.kafka_bootstrap, "pg.public.captured")
    assert captured[0]["after"] == {"id": 1, "name": "Zoë"}


def test_debezium_captures_a_row_of_mariadb(local):
    info = local.up()
    assert info.mariadb_url
    password = info.mariadb_url.split(":")[2].split("@")[0]
    with (
        contextlib.closing(
            pymysql.connect(
                host="127.0.0.1",
                port=info.mariadb.port,
                user="root",
                password=password,
                autocommit=True,
            )
        ) as session,
        session.cursor() as cursor,
    ):
        cursor.execute("CREATE DATABASE shop")
        cursor.execute("CREATE TABLE shop.captured (id int PRIMARY KEY, name varchar(20))")
        cursor.execute("INSERT INTO shop.captured VALUES (1, 'Zoë')")
    config = {
        "connector.class": "io.debezium.connector.mariadb.MariaDbConnector",
        "database.hostname": "127.0.0.1",
        "database.port": str(info.mariadb.port),
        "database.user": "root",
        "database.password": password,
        "database.server.id": "4711",
        "topic.prefix": "shop",
        "database.include.list": "shop",
        "schema.history.internal.kafka.bootstrap.servers": info.kafka_bootstrap,
        "schema.history.internal.kafka.topic": "shop-schema-history",
    }
    _register(info.connect_url, "shop", config)
    captured = _changes(info.kafka_bootstrap, "shop.shop.captured")
    assert captured[0]["after"] == {"id": 1, "name": "Zoë"}


def test_down_leaves_no_process_and_up_uses_the_same_ports(tmp_path):
    settings = Settings().model_copy(
        update={"state_dir": tmp_path / "state", "kafka_bootstrap": None, "postgres_url": None}
    )
    stack = Stack(settings)
    try:
        first = stack.up(frozenset({"postgres", "kafka"}))
        assert first.connect.state != "running"
        assert len(_processes_of(stack)) >= 2
        stack.down()
        assert _processes_of(stack) == []
        again = stack.up(frozenset({"postgres"}))
        assert again.postgres.port == first.postgres.port
    finally:
        stack.reset()
    assert _processes_of(stack) == []
