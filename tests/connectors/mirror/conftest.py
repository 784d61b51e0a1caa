"""A database with the hub's two tables that the mirror uses, and a feed to write tests with."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from connectors.mirror.mirrors import Mirrors
from golden_records.domain.catalogue import Catalogue, Engine, EntityMapping, System
from golden_records.domain.rowchange import (
    STREAM,
    ColumnContract,
    Op,
    Position,
    RowChange,
    TableContract,
)

HUB = """
CREATE SCHEMA hub;
CREATE TABLE hub.source_record (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entity text NOT NULL, system text NOT NULL,
  key text NOT NULL, root_key text NOT NULL, attrs jsonb NOT NULL,
  changed_at jsonb NOT NULL DEFAULT '{}', base jsonb NOT NULL DEFAULT '{}',
  deleted boolean NOT NULL DEFAULT false, first_seen_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL, UNIQUE (entity, system, key));
CREATE INDEX ON hub.source_record (entity, system, root_key);
CREATE TABLE hub.dirty_root (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, shard smallint NOT NULL,
  entity text NOT NULL, system text NOT NULL, root_key text NOT NULL, cause text NOT NULL,
  priority smallint NOT NULL DEFAULT 1, changed_at timestamptz, tag text,
  bits bigint, ours boolean,
  due_at timestamptz NOT NULL DEFAULT now(),
  marked_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON hub.dirty_root (shard, priority, id);
CREATE FUNCTION hub.shard_of(entity text, system text, root_key text, shards integer)
  RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT mod(hashtextextended(entity || '/' || system || '/' || root_key, 0)
             & 9223372036854775807, shards::bigint)::smallint $$;
"""

START = datetime(2026, 1, 1, tzinfo=UTC)


class Feed:
    """Makes row changes with rising positions and offsets, like one source's log."""

    def __init__(self, contracts: dict[tuple[str, str], TableContract]) -> None:
        self.contracts = contracts
        self.lsn = 100
        self.offset = 0

    def change(self, table: str, op: Op, values: tuple[Any, ...] | None, **over: Any) -> RowChange:
        (contract,) = (c for (_, name), c in self.contracts.items() if name == table)
        self.lsn += 1
        self.offset += 1
        key = over.pop("key", None)
        if key is None and values is not None:
            key = tuple(values[at] for at in contract.key_positions)
        facts: dict[str, Any] = {
            "position": Position(1, self.lsn, rank=STREAM),
            "offset": self.offset,
            "source_ts": START + timedelta(seconds=self.lsn),
            **over,
        }
        return RowChange(
            system=contract.system,
            table=table,
            op=op,
            key=key or (),
            values=values,
            topic=contract.topic,
            partition=0,
            **facts,
        )

    def put(self, table: str, *values: Any, **over: Any) -> RowChange:
        return self.change(table, Op.UPDATE, values, **over)

    def delete(self, table: str, *key: Any, **over: Any) -> RowChange:
        return self.change(table, Op.DELETE, None, key=key, **over)

    def truncate(self, table: str, **over: Any) -> RowChange:
        return self.change(table, Op.TRUNCATE, None, **over)


def make_contract(
    table: str, columns: dict[str, str], key: tuple[str, ...] = ("id",), system: str = "erp"
) -> TableContract:
    return TableContract(
        system=system,
        schema="public",
        table=table,
        topic=f"{system}.public.{table}",
        columns=tuple(
            ColumnContract(name=name, type=kind, source_type=kind) for name, kind in columns.items()
        ),
        key=key,
    )


def make_catalogue(*mappings: EntityMapping, version: str = "v1") -> Catalogue:
    names = {mapping.system for mapping in mappings} | {"erp"}
    return Catalogue(
        version=version,
        name="test",
        systems={n: System(name=n, engine=Engine.POSTGRESQL, secret=n) for n in names},
        tables=(),
        entities={},
        mappings=mappings,
        plans=(),
        lanes=(),
    )


class World:
    """Mirrors with a feed on a connection, everything in one transaction that is rolled back."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        tables: dict[str, dict[str, str]],
        mappings: dict[str, str],
        **options: Any,
    ) -> None:
        record = options.get("record", {})
        keys = options.get("keys", {})
        every = options.get("every_root", {})
        self.conn = conn
        self.contracts = {
            ("erp", name): make_contract(name, columns, keys.get(name, ("id",)))
            for name, columns in tables.items()
        }
        self.catalogue = make_catalogue(
            *(
                EntityMapping(
                    system="erp",
                    entity=entity,
                    sql=sql,
                    record=record.get(entity, ()),
                    every_root=every.get(entity, frozenset()),
                    source_file=f"systems/erp/{entity}.sql",
                )
                for entity, sql in mappings.items()
            ),
            version=options.get("version", uuid.uuid4().hex),
        )
        self.mirrors = Mirrors(self.catalogue, self.contracts, options.get("shards", 8))
        self.feed = Feed(self.contracts)
        self.marking = frozenset(("erp", entity) for entity in mappings)
        if options.get("install", True):
            self.mirrors.install(conn)

    def apply(self, *changes: RowChange):
        return self.mirrors.apply(self.conn, changes, self.marking)

    def marks(self, entity: str) -> set[str]:
        """Take the marks of an entity away and return their root keys."""
        rows = self.conn.execute(
            "DELETE FROM hub.dirty_root WHERE entity = %s RETURNING root_key", (entity,)
        )
        return {row[0] for row in rows}

    def store(self, entity: str) -> None:
        """Store what the mapping yields now, as a resolver would."""
        self.mirrors.mark_all(self.conn, "erp", entity, cause="test", priority=9)
        found = self.mirrors.evaluate(self.conn, "erp", entity, sorted(self.marks(entity)))
        for record in found.records:
            self.save(entity, record)

    def save(self, entity: str, record: Any) -> None:
        self.conn.execute(
            "INSERT INTO hub.source_record"
            " (entity, system, key, root_key, attrs, deleted, first_seen_at, updated_at)"
            " VALUES (%s, 'erp', %s, %s, %s, %s, now(), now())"
            " ON CONFLICT (entity, system, key) DO UPDATE"
            " SET attrs = coalesce(excluded.attrs, source_record.attrs),"
            " deleted = excluded.deleted",
            (
                entity,
                record.key,
                record.root_key,
                Jsonb(record.attrs or {}, dumps=_dumps),
                record.attrs is None,
            ),
        )

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        names = ", ".join(columns) if columns else "*"
        return self.conn.execute(f"SELECT {names} FROM mirror_erp.{table} ORDER BY 1").fetchall()


def _dumps(value: Any) -> str:
    return json.dumps(value, default=float)


@pytest.fixture(scope="session")
def database(postgres_url):
    """A database of its own, with the hub's tables."""
    name = f"mirror_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    url = psycopg.conninfo.make_conninfo(postgres_url, dbname=name)
    with psycopg.connect(url) as conn:
        conn.execute(HUB)
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def conn(database):
    """A connection whose work is rolled back."""
    connection = psycopg.connect(database)
    yield connection
    connection.rollback()
    connection.close()


@pytest.fixture
def world(conn):
    """Builds a World on the connection."""

    def build(tables: dict[str, dict[str, str]], mappings: dict[str, str], **options: Any) -> World:
        return World(conn, tables, mappings, **options)

    return build


@pytest.fixture
def world_class():
    """For tests that bring connections of their own and commit."""
    return World
