"""Golden records, their versions and their links.

Facts are added: a link that ends is closed, a passed version stays. `one_live_match_per_record`
and `one_golden_per_identity` are the indexes that keep identity whole, whatever the code does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from golden_records.domain.records import GoldenRecord, GoldenStatus, Override
from golden_records.store.rows import dumps, fetch, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from golden_records.ports import GoldenWrite, LinkWrite
    from golden_records.store.rows import Psycopg

READ = """
SELECT id, entity, status, version, attrs, lineage, merged_into, published, touched, identity
FROM hub.golden WHERE id = ANY(%(ids)s) ORDER BY id
"""

LOCK = READ + " FOR UPDATE"

WRITE = """
WITH r AS (
  SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id uuid, entity text, status text,
    merged_into uuid, version bigint, attrs jsonb, lineage jsonb, identity text, published boolean,
    touched boolean, next_effective_at timestamptz, cause text, new_version boolean)
), versions AS (
  INSERT INTO hub.golden_version (golden_id, version, entity, status, attrs, lineage, cause,
                                  policy_version)
  SELECT id, version, entity, status, attrs, lineage, cause, %(policy)s FROM r WHERE new_version
)
INSERT INTO hub.golden AS g (id, entity, status, merged_into, version, attrs, lineage, identity,
                             published, touched, policy_version, next_effective_at)
SELECT id, entity, status, merged_into, version, attrs, lineage, identity, published, touched,
       %(policy)s, next_effective_at
FROM r ORDER BY id
ON CONFLICT (id) DO UPDATE SET status = excluded.status, merged_into = excluded.merged_into,
  version = excluded.version, attrs = excluded.attrs, lineage = excluded.lineage,
  identity = excluded.identity, published = g.published OR excluded.published,
  touched = g.touched OR excluded.touched, policy_version = excluded.policy_version,
  next_effective_at = excluded.next_effective_at, updated_at = clock_timestamp()
"""

CLOSE_LINKS = """
UPDATE hub.link SET valid_to = clock_timestamp()
WHERE record_id = ANY(%(ids)s) AND valid_to IS NULL
"""

LINK = """
INSERT INTO hub.link (entity, record_id, golden_id, state, origin, probability, reasons,
                      policy_version, txn)
SELECT entity, record_id, golden_id, state, origin, probability, reasons, %(policy)s, %(txn)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(entity text, record_id bigint, golden_id uuid,
     state text, origin text, probability numeric, reasons jsonb)
"""

IDENTITIES = """
SELECT identity, id FROM hub.golden
WHERE entity = %(entity)s AND identity = ANY(%(identities)s) AND status = 'ACTIVE'
"""

OVERRIDES = """
SELECT golden_id, attribute, value, mode, actor, set_at, until, base
FROM hub.override WHERE golden_id = ANY(%(ids)s) AND closed_at IS NULL ORDER BY id
"""

DIFFERENT = """
SELECT record_a, record_b FROM hub.pair_decision
WHERE closed_at IS NULL AND verdict = 'DIFFERENT' AND record_a = ANY(%(ids)s)
UNION
SELECT record_a, record_b FROM hub.pair_decision
WHERE closed_at IS NULL AND verdict = 'DIFFERENT' AND record_b = ANY(%(ids)s)
"""

EVENT = """
INSERT INTO hub.identity_event (txn, entity, kind, actor, before, after, redirects)
VALUES (%(txn)s, %(entity)s, %(kind)s, %(actor)s, %(before)s::jsonb, %(after)s::jsonb,
        %(redirects)s::jsonb)
ON CONFLICT (txn) DO NOTHING
"""


class PostgresGoldens:
    """`golden_records.ports.Goldens` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def lock_identity(self, entity: str) -> None:
        sql = "SELECT pg_advisory_xact_lock(hub.identity_lock(%(entity)s))"
        run(self._connection, sql, {"entity": entity})

    def read(self, ids: Sequence[UUID]) -> dict[UUID, GoldenRecord]:
        rows = fetch(self._connection, READ, {"ids": list(ids)}) if ids else []
        return {row["id"]: _golden(row) for row in rows}

    def lock(self, ids: Sequence[UUID]) -> dict[UUID, GoldenRecord]:
        if not ids:
            return {}
        rows = fetch(self._connection, LOCK, {"ids": list(ids)})
        return {row["id"]: _golden(row) for row in rows}

    def write(self, rows: Sequence[GoldenWrite], policy_version: str) -> None:
        run_rows(self._connection, WRITE, (_row(row) for row in rows), policy=policy_version)

    def link(self, rows: Sequence[LinkWrite], policy_version: str, txn: UUID) -> None:
        ids = sorted({row.record_id for row in rows})
        run(self._connection, CLOSE_LINKS, {"ids": ids})
        written = (
            {
                "entity": row.entity,
                "record_id": row.record_id,
                "golden_id": row.golden_id,
                "state": row.state,
                "origin": row.origin,
                "probability": row.probability,
                "reasons": row.reasons,
            }
            for row in rows
        )
        run_rows(self._connection, LINK, written, policy=policy_version, txn=txn)

    def unlink(self, record_ids: Sequence[int], txn: UUID) -> None:
        run(self._connection, CLOSE_LINKS, {"ids": list(record_ids), "txn": txn})

    def by_identity(self, entity: str, identities: Sequence[str]) -> dict[str, UUID]:
        parameters = {"entity": entity, "identities": list(identities)}
        return dict(tuples(self._connection, IDENTITIES, parameters))

    def overrides(self, ids: Sequence[UUID]) -> dict[UUID, list[Override]]:
        found: dict[UUID, list[Override]] = {}
        for row in fetch(self._connection, OVERRIDES, {"ids": list(ids)}):
            found.setdefault(row.pop("golden_id"), []).append(Override(**row))
        return found

    def different(self, record_ids: Sequence[int]) -> set[tuple[int, int]]:
        return {(a, b) for a, b in tuples(self._connection, DIFFERENT, {"ids": list(record_ids)})}

    def record_event(self, event: Mapping[str, object]) -> None:
        body = {name: dumps(event[name]) for name in ("before", "after", "redirects")}
        run(self._connection, EVENT, {**event, **body})


def _golden(row: Mapping[str, Any]) -> GoldenRecord:
    return GoldenRecord(**{**row, "status": GoldenStatus(row["status"])})


def _row(write: GoldenWrite) -> dict[str, object]:
    golden = write.golden
    return {
        "id": golden.id,
        "entity": golden.entity,
        "status": str(golden.status),
        "merged_into": golden.merged_into,
        "version": golden.version,
        "attrs": golden.attrs,
        "lineage": write.lineage,
        "identity": golden.identity,
        "published": golden.published,
        "touched": golden.touched,
        "next_effective_at": write.next_effective_at,
        "cause": write.cause,
        "new_version": write.new_version,
    }
