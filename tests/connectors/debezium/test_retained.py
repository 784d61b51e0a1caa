"""Whether a source still has what its connector has not read."""

from __future__ import annotations

import uuid
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
import pytest

from connectors.debezium.errors import SourceUnreachableError
from connectors.debezium.retained import retained
from connectors.debezium.source_spec import Engine, Secret, SourceSpec


def spec(engine, url, **changed):
    parts = urlsplit(url)
    facts = {"host": parts.hostname, "port": parts.port} | changed
    return SourceSpec(
        name="erp", engine=engine, database=parts.path[1:], user=unquote(parts.username),
        password=Secret("unused"), tables=(), **facts,
    )  # fmt: skip


def password(url):
    return unquote(urlsplit(url).password or "")


@pytest.mark.postgres
def test_a_slot_keeps_what_is_unread_and_one_that_is_gone_has_lost_it(empty_database):
    slot = f"kept_{uuid.uuid4().hex[:8]}"
    source = spec(Engine.POSTGRESQL, empty_database, slot=slot)
    with psycopg.connect(empty_database, autocommit=True) as session:
        session.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (slot,))
        session.execute("CREATE TABLE t AS SELECT FROM generate_series(1, 1000)")
        found = retained(source, password(empty_database), {})
        assert found.whole
        assert found.behind > 0
        assert found.problem is None
        session.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
    found = retained(source, password(empty_database), {})
    assert not found.whole
    assert f"{slot} is gone" in found.problem


@pytest.mark.stack
def test_a_binary_log_keeps_what_is_unread_and_one_that_was_purged_has_lost_it(mariadb_url):
    source = spec(Engine.MARIADB, mariadb_url)
    parts = urlsplit(mariadb_url)
    with (
        pymysql.connect(
            host=parts.hostname, port=parts.port, user=parts.username,
            password=password(mariadb_url),
        ) as session,
        session.cursor() as cursor,
    ):  # fmt: skip
        cursor.execute("SHOW BINARY LOGS")
        name, size, *_ = cursor.fetchall()[-1]
    found = retained(source, password(mariadb_url), {"file": name, "pos": size - 10})
    assert found.whole
    assert found.behind >= 10
    found = retained(source, password(mariadb_url), {"file": "gone-bin.000001", "pos": 4})
    assert not found.whole
    assert "purged gone-bin.000001" in found.problem
    assert retained(source, password(mariadb_url), {}).whole, "nothing was read yet"


@pytest.mark.postgres
def test_a_source_that_lets_nobody_in_is_said_by_name_and_without_the_password(empty_database):
    source = replace(spec(Engine.POSTGRESQL, empty_database), user="nobody_at_all")
    with pytest.raises(SourceUnreachableError, match="erp at 127") as caught:
        retained(source, "s3cret-word", {})
    assert "s3cret-word" not in str(caught.value)
