"""Source records and their links as the resolver reads and writes them.

`attrs` is what the mapping yielded, kept as it came, so that PostgreSQL can compare it with the
next evaluation; `canonical` is what everything else works with.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from orjson import Fragment

from golden_records.domain.records import SourceRecord
from golden_records.ports import RecordHead, StoredRecord
from golden_records.store.rows import dumps, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from golden_records.ports import RecordWrite
    from golden_records.store.rows import Psycopg

READ = """
SELECT s.id, s.entity, s.system, s.key, s.root_key, s.canonical, s.changed_at, s.base, s.deleted,
       s.version, l.golden_id, l.origin, w.why
FROM hub.source_record s
LEFT JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
LEFT JOIN hub.withheld_delete w ON w.record_id = s.id AND w.closed_at IS NULL
"""

BY_ID = READ + " WHERE s.id = ANY(%(ids)s)"

BY_ROOT = (
    READ
    + """
WHERE s.entity = %(entity)s AND s.system = %(system)s AND s.root_key = ANY(%(roots)s)
"""
)

MEMBERS = """
SELECT s.id, s.entity, s.system, s.key, s.root_key, s.canonical, s.changed_at, s.base, s.deleted,
       s.version, l.golden_id, l.origin, w.why
FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
LEFT JOIN hub.withheld_delete w ON w.record_id = s.id AND w.closed_at IS NULL
WHERE l.golden_id = ANY(%(ids)s) AND l.state = 'MATCH' AND l.valid_to IS NULL AND NOT s.deleted
ORDER BY l.golden_id, s.id
"""

HEADS = """
SELECT s.id, s.system, s.version, l.golden_id, l.origin, s.key, w.why IS NOT NULL
FROM hub.source_record s
LEFT JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
LEFT JOIN hub.withheld_delete w ON w.record_id = s.id AND w.closed_at IS NULL
WHERE s.id = ANY(%(ids)s) AND NOT s.deleted
"""

MEMBER_HEADS = """
SELECT s.id, s.system, s.version, l.golden_id, l.origin, s.key, w.why IS NOT NULL
FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
LEFT JOIN hub.withheld_delete w ON w.record_id = s.id AND w.closed_at IS NULL
WHERE l.golden_id = ANY(%(ids)s) AND l.state = 'MATCH' AND l.valid_to IS NULL AND NOT s.deleted
ORDER BY l.golden_id, s.id
"""

INSERT = """
INSERT INTO hub.source_record (entity, system, key, root_key, attrs, canonical, changed_at, base,
                               deleted)
SELECT %(entity)s, %(system)s, key, root_key, attrs, canonical, changed_at, shared, false
FROM jsonb_to_recordset(%(rows)s::jsonb)
     AS r(key text, root_key text, attrs jsonb, canonical jsonb, changed_at jsonb, shared jsonb)
RETURNING key, id
"""

UPDATE = """
UPDATE hub.source_record s
SET attrs = r.attrs, canonical = r.canonical, changed_at = r.changed_at, deleted = r.deleted,
    root_key = r.root_key, version = s.version + 1, updated_at = clock_timestamp(),
    base = s.base || r.shared
FROM jsonb_to_recordset(%(rows)s::jsonb)
     AS r(id bigint, root_key text, attrs jsonb, canonical jsonb, changed_at jsonb, deleted boolean,
          shared jsonb)
WHERE s.id = r.id
"""

BASES = """
UPDATE hub.source_record s SET base = r.base
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, base jsonb)
WHERE s.id = r.id
"""


class PostgresRecords:
    """The part of `golden_records.ports.SourceRecords` that concerns the records themselves."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def by_id(self, ids: Sequence[int]) -> dict[int, StoredRecord]:
        if not ids:
            return {}
        rows = tuples(self._connection, BY_ID, {"ids": list(ids)})
        return {row[0]: _stored(row) for row in rows}

    def by_root(self, entity: str, system: str, roots: Sequence[str]) -> list[StoredRecord]:
        parameters = {"entity": entity, "system": system, "roots": list(roots)}
        return [_stored(row) for row in tuples(self._connection, BY_ROOT, parameters)]

    def members(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[StoredRecord]]:
        found: dict[UUID, list[StoredRecord]] = {golden_id: [] for golden_id in golden_ids}
        if found:
            for row in tuples(self._connection, MEMBERS, {"ids": list(golden_ids)}):
                stored = _stored(row)
                if stored.golden_id is not None:
                    found[stored.golden_id].append(stored)
        return found

    def heads(self, ids: Sequence[int]) -> dict[int, RecordHead]:
        rows = tuples(self._connection, HEADS, {"ids": list(ids)}) if ids else []
        return {row[0]: RecordHead(*row) for row in rows}

    def member_heads(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[RecordHead]]:
        found: dict[UUID, list[RecordHead]] = {golden_id: [] for golden_id in golden_ids}
        if found:
            for row in tuples(self._connection, MEMBER_HEADS, {"ids": list(golden_ids)}):
                found[row[3]].append(RecordHead(*row))
        return found

    def insert(self, entity: str, system: str, rows: Sequence[RecordWrite]) -> dict[str, int]:
        if not rows:
            return {}
        parameters = {"entity": entity, "system": system, "rows": dumps([_row(r) for r in rows])}
        return dict(tuples(self._connection, INSERT, parameters))

    def update(self, rows: Sequence[RecordWrite]) -> None:
        run_rows(self._connection, UPDATE, (_row(row) for row in rows))

    def write_bases(self, bases: Mapping[int, Mapping[str, object]]) -> None:
        rows = ({"id": record_id, "base": base} for record_id, base in sorted(bases.items()))
        run_rows(self._connection, BASES, rows)


def _row(write: RecordWrite) -> dict[str, object]:
    return {
        "id": write.id,
        "key": write.key,
        "root_key": write.root_key,
        "attrs": Fragment(write.raw),
        "canonical": write.canonical,
        "changed_at": write.changed_at,
        "deleted": write.deleted,
        "shared": write.shared,
    }


def _stored(row: tuple[Any, ...]) -> StoredRecord:
    """The record of a row in the order of `READ`."""
    record_id, entity, system, key, root_key, canonical, changed_at, base, deleted, *rest = row
    version, golden_id, origin, withheld = rest
    record = SourceRecord(
        id=record_id,
        entity=entity,
        system=system,
        key=key,
        root_key=root_key,
        attrs=canonical,
        changed_at={name: _time(at) for name, at in changed_at.items()},
        base=base,
        deleted=deleted,
    )
    return StoredRecord(
        record=record, golden_id=golden_id, origin=origin, version=version, withheld=withheld
    )


@lru_cache(maxsize=10_000)
def _time(text: str) -> datetime:
    """A record's attributes share few times, and so do records that came together."""
    return datetime.fromisoformat(text)
