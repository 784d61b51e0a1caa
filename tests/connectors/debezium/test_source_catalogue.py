"""Reading the catalogues of real databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
import pytest

from connectors.debezium.catalogue import contracts_of
from connectors.debezium.errors import SourceUnreachableError
from connectors.debezium.preflight import preflight
from connectors.debezium.source_catalogue import read_catalogue
from connectors.debezium.source_spec import Engine, Secret, SourceSpec, SourceTable

GOLDEN = Path(__file__).parent / "golden"
SCRATCH = "mdhub_catalogue_test"


def spec(engine, url, database, *tables):
    parts = urlsplit(url)
    return SourceSpec(
        name="erp",
        engine=engine,
        host=parts.hostname,
        port=parts.port,
        database=database,
        user=unquote(parts.username),
        password=Secret("unused"),
        tables=tuple(SourceTable(schema=schema, table=table) for schema, table in tables),
    )


def password(url):
    return unquote(urlsplit(url).password or "")


@pytest.fixture
def erp(empty_database):
    snapshot = (GOLDEN / "postgresql.sql").read_text(encoding="utf-8").split("-- stream")[0]
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(snapshot.replace("create extension if not exists hstore;", ""))
    return empty_database


@pytest.mark.postgres
def test_postgresql_describes_its_tables_keys_and_types(erp):
    tables = [("public", name) for name in ("customers", "customers_full", "prices", "events")]
    source = spec(Engine.POSTGRESQL, erp, urlsplit(erp).path[1:], *tables)
    catalogue = read_catalogue(source, password(erp))
    customers, full, prices, events = contracts_of(source, catalogue)
    types = {column.name: column.type for column in customers.columns}
    assert types["amount"] == "numeric"
    assert customers.column("amount").source_type == "numeric(12,2)"
    assert (types["level"], types["amounts"], types["bits"]) == ("text", "numeric[]", "text")
    assert (types["ts3"], types["tz"], types["raw"]) == ("timestamp", "timetz", "jsonb")
    assert customers.column("notes").has_default
    assert not customers.column("name").nullable
    assert (customers.whole_rows, full.whole_rows) == (False, True)
    assert prices.key == ("list", "sku", "valid_from")
    assert events.key == ("id", "at")
    assert any("amounts" in one.subject for one in preflight(source, catalogue))


@pytest.mark.postgres
def test_a_source_that_refuses_the_login_is_named_without_its_password(erp):
    source = spec(Engine.POSTGRESQL, erp, "postgres", ("public", "customers"))
    with pytest.raises(SourceUnreachableError, match="erp") as caught:
        read_catalogue(replace(source, user="nobody_at_all"), "s3cret-word")
    assert "s3cret-word" not in str(caught.value)


@pytest.fixture
def shop(mariadb_url):
    parts = urlsplit(mariadb_url)
    connection = pymysql.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username),
        password=password(mariadb_url),
        autocommit=True,
    )
    snapshot = (GOLDEN / "mariadb.sql").read_text(encoding="utf-8").split("-- stream")[0]
    with connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {SCRATCH}")
        cursor.execute(f"create database {SCRATCH}")
        cursor.execute(f"use {SCRATCH}")
        for statement in snapshot.split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        yield mariadb_url
        cursor.execute(f"drop database {SCRATCH}")
    connection.close()


@pytest.mark.stack
def test_mariadb_describes_its_tables_keys_and_types(shop):
    source = spec(Engine.MARIADB, shop, SCRATCH, (SCRATCH, "prices"), (SCRATCH, "names"))
    catalogue = read_catalogue(source, password(shop))
    prices, names = contracts_of(source, catalogue)
    types = {column.name: column.type for column in prices.columns}
    assert (types["big"], types["med"], types["flag"]) == ("numeric", "integer", "smallint")
    assert (types["b1"], types["b12"], types["j"]) == ("boolean", "numeric", "jsonb")
    assert (types["t"], types["dt"], types["ts"]) == ("interval", "timestamp", "timestamptz")
    assert prices.column("big").unsigned
    assert prices.column("cur").has_default
    assert not prices.column("d").has_default
    assert names.key == ("sku", "lang")
    assert prices.whole_rows
