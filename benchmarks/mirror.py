"""How many events a second one worker applies to a mirror of ten columns, marks included.

Usage: python -m benchmarks.mirror POSTGRES_URL [EVENTS] [CHUNK]
It makes a database of its own and drops it again.
"""

from __future__ import annotations

import sys
import time
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg

from connectors.mirror.mirrors import Mirrors
from golden_records.domain.catalogue import Catalogue, Engine, EntityMapping, System
from golden_records.domain.rowchange import ColumnContract, Op, Position, RowChange, TableContract

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TYPES = ("bigint", "text", "text", "text", "numeric", "integer", "boolean", "timestamptz")
NAMES = ("id", "name", "email", "city", "credit", "group_id", "active", "written", "note", "phone")

HUB = """
CREATE SCHEMA hub;
CREATE TABLE hub.source_record (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity text, system text, key text, root_key text, attrs jsonb, deleted boolean,
  UNIQUE (entity, system, key));
CREATE TABLE hub.dirty_root (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shard smallint NOT NULL, entity text NOT NULL, system text NOT NULL, root_key text NOT NULL,
  cause text NOT NULL, priority smallint NOT NULL DEFAULT 1, changed_at timestamptz, tag text,
  bits bigint, ours boolean,
  due_at timestamptz NOT NULL DEFAULT now(),
  marked_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON hub.dirty_root (shard, priority, id);
CREATE FUNCTION hub.shard_of(entity text, system text, root_key text, shards integer)
  RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT mod(hashtextextended(entity || '/' || system || '/' || root_key, 0)
             & 9223372036854775807, shards::bigint)::smallint $$;
"""

CONTRACT = TableContract(
    system="erp",
    schema="public",
    table="party",
    topic="erp.public.party",
    columns=tuple(
        ColumnContract(name=name, type=kind, source_type=kind)
        for name, kind in zip(NAMES, (*TYPES, "text", "text"), strict=True)
    ),
    key=("id",),
)

MAPPING = EntityMapping(
    system="erp",
    entity="customer",
    sql="SELECT id AS key, name, email, city, credit, phone FROM erp.party WHERE active",
)


def catalogue() -> Catalogue:
    """One system with one mapping."""
    system = System(name="erp", engine=Engine.POSTGRESQL, secret="")
    return Catalogue(
        version="benchmark",
        name="benchmark",
        systems={"erp": system},
        tables=(),
        entities={},
        mappings=(MAPPING,),
        plans=(),
        lanes=(),
    )


def changes(count: int, keys: int, start: int) -> Iterator[RowChange]:
    """Changes of new rows, or of scattered ones of `keys` rows, with rising positions."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(start, start + count):
        row = n if keys == 0 else n * 7919 % keys
        values = (
            *(row, f"Name {n}", f"n{n}@example.test", "Town", Decimal(n % 1000) / 100),
            *(n % 7, True, now, "a note of some length", f"+41 44 {n:07d}"),
        )
        yield RowChange(
            system="erp",
            table="party",
            op=Op.UPDATE,
            key=(row,),
            values=values,
            position=Position(1, n + 1),
            topic="erp.public.party",
            partition=0,
            offset=n,
            source_ts=now,
        )


def run(
    conn: psycopg.Connection[Any], mirrors: Mirrors, feed: Sequence[RowChange], chunk: int
) -> tuple[float, int]:
    """Seconds for the whole feed, a commit after each chunk; and the changes applied."""
    marking = frozenset({("erp", "customer")})
    applied = 0
    began = time.perf_counter()
    for at in range(0, len(feed), chunk):
        outcome = mirrors.apply(conn, feed[at : at + chunk], marking)
        conn.commit()
        applied += outcome.counts["erp", "party"].applied
    return time.perf_counter() - began, applied


def measure(url: str, events: int, chunk: int) -> None:
    """Insert every row, change scattered ones, and get everything once more."""
    with psycopg.connect(url) as conn:
        conn.execute(HUB)
        mirrors = Mirrors(catalogue(), {("erp", "party"): CONTRACT}, 32)
        mirrors.install(conn)
        conn.commit()
        inserts = list(changes(events, 0, 0))
        updates = list(changes(events, events, events))
        feeds = {"inserts": inserts, "updates": updates, "redelivered": updates}
        for name, feed in feeds.items():
            seconds, applied = run(conn, mirrors, feed, chunk)
            rate = len(feed) / seconds
            print(f"{name:12} {rate:9,.0f} events/s  ({applied:,} applied, chunks of {chunk:,})")
            mirrors.analyze(conn, "erp")
            conn.commit()


def main() -> None:
    """Run in a database that is made for it."""
    url, *rest = sys.argv[1:]
    events, chunk = (*(int(part) for part in rest), *(100_000, 2_000)[len(rest) :])
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            measure(psycopg.conninfo.make_conninfo(url, dbname=name), events, chunk)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    main()
