"""The initial load on one connection: temporary tables, COPY, and a statement for all rows."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, LiteralString

import orjson

from golden_records.domain.records import SourceRecord
from golden_records.ports import LoadedGroup, StagedRecord
from golden_records.store.rows import dumps, run, tuples

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.ports import GoldenWrite, LoadedLink, LoadedRecord
    from golden_records.store.rows import Psycopg

LOAD_LOCK: Final = "SELECT pg_advisory_xact_lock(7301)"

ANY_RECORD: Final = """
SELECT EXISTS (SELECT FROM hub.source_record WHERE entity = %(entity)s)
    OR EXISTS (SELECT FROM hub.golden WHERE entity = %(entity)s)
"""

TABLES: Final = """
CREATE TEMPORARY TABLE staged_record
  (system text, key text, root_key text, attrs jsonb) ON COMMIT DROP;
CREATE TEMPORARY TABLE loaded_record
  (id bigint, system text, key text, root_key text, attrs text, canonical text) ON COMMIT DROP;
CREATE TEMPORARY TABLE loaded_link
  (record_id bigint, golden_id uuid, state text, probability numeric, reasons jsonb)
  ON COMMIT DROP;
CREATE TEMPORARY TABLE loaded_key (key bigint, record_id bigint) ON COMMIT DROP
"""

REPEATED: Final = """
SELECT system, min(root_key), key, count(*) FROM staged_record
GROUP BY system, key HAVING count(*) > 1 ORDER BY system, key
"""

STAGED: Final = """
SELECT system, key, root_key, attrs::text FROM staged_record ORDER BY system, key
"""

IDS: Final = """
SELECT nextval(pg_get_serial_sequence('hub.source_record', 'id')) FROM generate_series(1, %(n)s)
"""

GROUPS: Final = """
SELECT l.golden_id, r.id, r.system, r.key, r.root_key, r.attrs, r.canonical
FROM loaded_record r LEFT JOIN loaded_link l ON l.record_id = r.id AND l.state = 'MATCH'
ORDER BY l.golden_id, r.id
"""

LINKS: Final = """
INSERT INTO hub.link (entity, record_id, golden_id, state, origin, probability, reasons,
                      policy_version, txn)
SELECT %(entity)s, record_id, golden_id, state, 'AUTO', probability, reasons, %(policy)s, %(txn)s
FROM loaded_link ORDER BY record_id
"""

# Sorted as the primary key is, so that the index grows at one place at a time.
KEYS: Final = """
INSERT INTO hub.match_key (key, record_id)
SELECT DISTINCT key, record_id FROM loaded_key ORDER BY key, record_id
"""

# Whoever resolves a reference has written it first, so this lock comes before or after all of it.
HOLD: Final = "LOCK TABLE hub.reference IN SHARE ROW EXCLUSIVE MODE"

MARK_WAITING: Final = """
INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause)
SELECT DISTINCT hub.shard_of(s.entity, s.system, s.root_key, %(shards)s), s.entity, s.system,
       s.root_key, 'reference'
FROM hub.reference r JOIN hub.source_record s ON s.id = r.record_id
WHERE r.entity = %(entity)s AND r.system = ANY(%(systems)s) AND NOT s.deleted
"""

COPY_LOADED: Final = "COPY loaded_record (id, system, key, root_key, attrs, canonical) FROM STDIN"
COPY_LINKS: Final = (
    "COPY loaded_link (record_id, golden_id, state, probability, reasons) FROM STDIN"
)
COPY_KEYS: Final = "COPY loaded_key (key, record_id) FROM STDIN"
COPY_REFERENCES: Final = "COPY hub.reference (record_id, name, entity, system, key) FROM STDIN"
COPY_RECORDS: Final = """
COPY hub.source_record (id, entity, system, key, root_key, attrs, canonical, changed_at, base)
FROM STDIN
"""
COPY_GOLDENS: Final = """
COPY hub.golden (id, entity, status, version, attrs, lineage, identity, policy_version,
                 next_effective_at) FROM STDIN
"""
COPY_VERSIONS: Final = """
COPY hub.golden_version (golden_id, version, entity, status, attrs, lineage, cause,
                         policy_version) FROM STDIN
"""
ANALYZE: Final = (
    "ANALYZE hub.source_record, hub.link, hub.golden, hub.golden_version, hub.reference,"
    " hub.match_key"
)


class PostgresBulk:
    """`golden_records.ports.Bulk` on one connection."""

    def __init__(self, connection: Psycopg, shards: int) -> None:
        self._connection = connection
        self._shards = shards

    def begin(self, entity: str) -> bool:
        run(self._connection, LOAD_LOCK)
        if tuples(self._connection, ANY_RECORD, {"entity": entity})[0][0]:
            return False
        run(self._connection, TABLES)
        return True

    def repeated(self) -> list[tuple[str, str, str, int]]:
        return [(s, root, key, n) for s, root, key, n in tuples(self._connection, REPEATED)]

    def staged(self, size: int) -> Iterator[list[StagedRecord]]:
        for rows in self._stream("staged", STAGED, size):
            yield [
                StagedRecord(
                    system=system,
                    key=key,
                    root_key=root,
                    attrs=json.loads(raw, parse_float=Decimal),
                    raw=raw,
                )
                for system, key, root, raw in rows
            ]

    def ids(self, count: int) -> list[int]:
        return sorted(row[0] for row in tuples(self._connection, IDS, {"n": count}))

    def keep(self, rows: Sequence[LoadedRecord]) -> None:
        self._copy(
            COPY_LOADED,
            (
                (r.id, r.staged.system, r.staged.key, r.staged.root_key, r.staged.raw,
                 dumps(r.canonical))
                for r in rows
            ),
        )  # fmt: skip

    def keep_keys(self, keys: Mapping[int, Collection[int]]) -> None:
        self._copy(COPY_KEYS, ((key, i) for i, found in keys.items() for key in found))

    def keep_references(self, rows: Sequence[tuple[int, str, str, str, str]]) -> None:
        self._copy(COPY_REFERENCES, rows)

    def keep_links(self, rows: Iterable[LoadedLink]) -> None:
        self._copy(
            COPY_LINKS,
            (
                (row.record_id, row.golden_id, row.state, row.probability, dumps(row.reasons))
                for row in rows
            ),
        )

    def groups(self, entity: str, changed_at: datetime, size: int) -> Iterator[list[LoadedGroup]]:
        run(self._connection, "ANALYZE loaded_record, loaded_link")
        rest: list[tuple[Any, ...]] = []
        for rows in self._stream("groups", GROUPS, size):
            rest += rows
            cut = _whole(rest)
            if cut:
                yield _grouped(entity, changed_at, rest[:cut])
                rest = rest[cut:]
        if rest:
            yield _grouped(entity, changed_at, rest)

    def write_records(
        self,
        rows: Iterable[tuple[SourceRecord, str]],
        bases: Mapping[int, Mapping[str, object]],
    ) -> None:
        self._copy(COPY_RECORDS, (_record_row(r, raw, bases.get(r.id, {})) for r, raw in rows))

    def write_goldens(self, rows: Sequence[GoldenWrite], policy_version: str) -> None:
        told = [(row, dumps(row.golden.attrs), dumps(row.lineage)) for row in rows]
        self._copy(COPY_GOLDENS, (_golden_row(*each, policy_version) for each in told))
        self._copy(COPY_VERSIONS, (_version_row(*each, policy_version) for each in told))

    def write_links(self, entity: str, policy_version: str, txn: UUID) -> None:
        run(self._connection, LINKS, {"entity": entity, "policy": policy_version, "txn": txn})

    def write_keys(self) -> None:
        run(self._connection, KEYS)

    def hold_references(self) -> None:
        run(self._connection, HOLD)

    def mark_waiting(self, entity: str, systems: Sequence[str]) -> int:
        parameters = {"entity": entity, "systems": list(systems), "shards": self._shards}
        return run(self._connection, MARK_WAITING, parameters)

    def analyze(self) -> None:
        run(self._connection, ANALYZE)

    def _copy(self, statement: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def _stream(
        self, name: str, statement: LiteralString, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Read by a cursor on the server; other statements may run between two parts."""
        with self._connection.cursor(name=name) as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(size):
                yield rows


def _whole(rows: Sequence[tuple[Any, ...]]) -> int:
    """How many rows belong to groups that are complete: the last may go on."""
    last = rows[-1][0]
    if last is None:
        return len(rows)
    return next(spot for spot, row in enumerate(rows) if row[0] == last)


def _grouped(
    entity: str, changed_at: datetime, rows: Sequence[tuple[Any, ...]]
) -> list[LoadedGroup]:
    return [
        LoadedGroup(
            golden_id=golden_id,
            members=[_member(entity, changed_at, row) for row in members],
        )
        for golden_id, members in groupby(rows, key=itemgetter(0))
    ]


def _member(entity: str, changed_at: datetime, row: tuple[Any, ...]) -> tuple[SourceRecord, str]:
    _, record_id, system, key, root_key, raw, canonical = row
    attrs = orjson.loads(canonical)
    record = SourceRecord(
        id=record_id,
        entity=entity,
        system=system,
        key=key,
        root_key=root_key,
        attrs=attrs,
        changed_at=dict.fromkeys(attrs, changed_at),
    )
    return record, raw


def _record_row(record: SourceRecord, raw: str, base: Mapping[str, object]) -> tuple[object, ...]:
    times = {name: at.isoformat() for name, at in record.changed_at.items()}
    texts = (raw, dumps(record.attrs), dumps(times), dumps(base))
    return (record.id, record.entity, record.system, record.key, record.root_key, *texts)


def _golden_row(write: GoldenWrite, attrs: str, lineage: str, policy: str) -> tuple[object, ...]:
    golden = write.golden
    texts = (attrs, lineage, golden.identity, policy)
    return (golden.id, golden.entity, str(golden.status), golden.version, *texts,
            write.next_effective_at)  # fmt: skip


def _version_row(write: GoldenWrite, attrs: str, lineage: str, policy: str) -> tuple[object, ...]:
    golden = write.golden
    texts = (attrs, lineage, write.cause, policy)
    return (golden.id, golden.version, golden.entity, str(golden.status), *texts)
