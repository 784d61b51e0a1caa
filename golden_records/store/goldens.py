"""Golden records, their versions and their links.

Facts are added: a link that ends is closed, a passed version stays. `one_live_match_per_record`
and `one_golden_per_identity` are the indexes that keep identity whole, whatever the code does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from golden_records.domain.clusters import PairDecision
from golden_records.domain.linkplan import LinkRow
from golden_records.domain.records import (
    GoldenRecord,
    GoldenStatus,
    LinkOrigin,
    LinkState,
    Override,
)
from golden_records.ports import Turn
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

CLOSE_PAIRS = """
UPDATE hub.link l SET valid_to = clock_timestamp()
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(record_id bigint, golden_id uuid)
WHERE (l.record_id, l.golden_id) = (r.record_id, r.golden_id) AND l.valid_to IS NULL
"""

CLOSE_REPLACED = """
UPDATE hub.link l SET valid_to = clock_timestamp()
FROM jsonb_to_recordset(%(rows)s::jsonb)
     AS r(record_id bigint, golden_id uuid, state text, origin text)
WHERE l.record_id = r.record_id AND l.valid_to IS NULL
  AND (l.golden_id = r.golden_id
       OR r.state = 'MATCH' AND (l.state = 'MATCH' OR r.origin <> 'AUTO' AND l.origin = 'AUTO'))
"""

LIVE_LINKS = """
SELECT record_id, golden_id, state, origin FROM hub.link
WHERE record_id = ANY(%(ids)s) AND valid_to IS NULL
ORDER BY record_id, state DESC, id
"""

ASKING = """
SELECT record_id, golden_id, state, origin FROM hub.link
WHERE golden_id = ANY(%(ids)s) AND state = 'POSSIBLE_MATCH' AND valid_to IS NULL
ORDER BY record_id, id
"""

REDIRECT = """
WITH r AS (
  SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(loser uuid, winner uuid)
), closed AS (
  UPDATE hub.link l SET valid_to = clock_timestamp() FROM r
  WHERE l.golden_id = r.loser AND l.valid_to IS NULL AND l.state <> 'MATCH'
  RETURNING l.*, r.winner
)
INSERT INTO hub.link (entity, record_id, golden_id, state, origin, probability, reasons,
                      policy_version, txn)
SELECT DISTINCT ON (record_id, winner) entity, record_id, winner, state, origin, probability,
       reasons, %(policy)s, %(txn)s::uuid
FROM closed c
WHERE origin <> 'AUTO' AND NOT EXISTS (
  SELECT FROM hub.link o
  WHERE (o.record_id, o.golden_id) = (c.record_id, c.winner) AND o.valid_to IS NULL)
ORDER BY record_id, winner, id
"""

# Redirects that led to a loser lead to its winner: a path has one step.
COMPACT = """
UPDATE hub.golden g SET merged_into = r.winner
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(loser uuid, winner uuid)
WHERE g.merged_into = r.loser AND g.status = 'MERGED'
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

END_OVERRIDES = """
UPDATE hub.override o
SET closed_at = clock_timestamp(), closed_because = 'its lifetime was over: ' || o.mode
FROM jsonb_to_recordset(%(rows)s::jsonb)
     AS r(golden_id uuid, attribute text, set_at timestamptz)
WHERE (o.golden_id, o.attribute, o.set_at) = (r.golden_id, r.attribute, r.set_at)
  AND o.closed_at IS NULL
"""

KNOWN_OUTSIDE = """
SELECT id, published, touched FROM hub.golden WHERE id = ANY(%(ids)s)
"""

# "Same" goes on through third records; "different" is asked of all that is reached.
PAIR_DECISIONS = """
WITH RECURSIVE near(id) AS (
  SELECT unnest(%(ids)s::bigint[])
  UNION
  SELECT CASE WHEN d.record_a = near.id THEN d.record_b ELSE d.record_a END
  FROM near JOIN hub.pair_decision d ON near.id IN (d.record_a, d.record_b)
  WHERE d.closed_at IS NULL AND d.verdict = 'SAME'
)
SELECT DISTINCT d.record_a, d.record_b, d.verdict = 'SAME'
FROM hub.pair_decision d
WHERE d.closed_at IS NULL
  AND (d.record_a IN (SELECT id FROM near) OR d.record_b IN (SELECT id FROM near))
ORDER BY 1, 2
"""

ANY_DECISION = """
SELECT EXISTS (SELECT FROM hub.pair_decision WHERE closed_at IS NULL)
"""

TURN = """
WITH before AS (SELECT keyed FROM hub.identity_turn WHERE entity = %(entity)s)
INSERT INTO hub.identity_turn AS t (entity, turn, keyed) VALUES (%(entity)s, 1, %(keyed)s::bigint[])
ON CONFLICT (entity) DO UPDATE SET turn = t.turn + 1, keyed = excluded.keyed
RETURNING turn, (SELECT keyed FROM before)
"""

DIFFERENT = """
SELECT record_a, record_b FROM hub.pair_decision
WHERE closed_at IS NULL AND verdict = 'DIFFERENT' AND record_a = ANY(%(ids)s)
UNION
SELECT record_a, record_b FROM hub.pair_decision
WHERE closed_at IS NULL AND verdict = 'DIFFERENT' AND record_b = ANY(%(ids)s)
"""

EVENT = """
INSERT INTO hub.identity_event (txn, entity, kind, actor, reason, before, after, redirects)
VALUES (%(txn)s, %(entity)s, %(kind)s, %(actor)s, %(reason)s, %(before)s::jsonb, %(after)s::jsonb,
        %(redirects)s::jsonb)
ON CONFLICT (txn) DO NOTHING
"""


class PostgresGoldens:
    """`golden_records.ports.Goldens` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def lock_identity(self, entity: str, keyed: Sequence[int] | None = None) -> Turn:
        sql = "SELECT pg_advisory_xact_lock(hub.identity_lock(%(entity)s))"
        run(self._connection, sql, {"entity": entity})
        parameters = {"entity": entity, "keyed": None if keyed is None else list(keyed)}
        number, before = tuples(self._connection, TURN, parameters)[0]
        return Turn(number, None if before is None else frozenset(before))

    def identity_turn(self, entity: str) -> int:
        sql = "SELECT turn FROM hub.identity_turn WHERE entity = %(entity)s"
        rows = tuples(self._connection, sql, {"entity": entity})
        return int(rows[0][0]) if rows else 0

    def read(self, ids: Sequence[UUID]) -> dict[UUID, GoldenRecord]:
        rows = tuples(self._connection, READ, {"ids": list(ids)}) if ids else []
        return {row[0]: _golden(row) for row in rows}

    def lock(self, ids: Sequence[UUID]) -> dict[UUID, GoldenRecord]:
        if not ids:
            return {}
        rows = tuples(self._connection, LOCK, {"ids": list(ids)})
        return {row[0]: _golden(row) for row in rows}

    def write(self, rows: Sequence[GoldenWrite], policy_version: str) -> None:
        run_rows(self._connection, WRITE, (_row(row) for row in rows), policy=policy_version)

    def link(self, rows: Sequence[LinkWrite], policy_version: str, txn: UUID) -> None:
        written = [
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
        ]
        run_rows(self._connection, CLOSE_REPLACED, written)
        run_rows(self._connection, LINK, written, policy=policy_version, txn=txn)

    def close_links(self, rows: Sequence[tuple[int, UUID]]) -> None:
        pairs = ({"record_id": record_id, "golden_id": g} for record_id, g in rows)
        run_rows(self._connection, CLOSE_PAIRS, pairs)

    def live_links(self, record_ids: Sequence[int]) -> list[LinkRow]:
        rows = tuples(self._connection, LIVE_LINKS, {"ids": list(record_ids)})
        return [_link_row(*row) for row in rows]

    def asking(self, golden_ids: Sequence[UUID]) -> list[LinkRow]:
        rows = tuples(self._connection, ASKING, {"ids": list(golden_ids)})
        return [_link_row(*row) for row in rows]

    def redirect(self, merged: Mapping[UUID, UUID], policy_version: str, txn: UUID) -> None:
        rows = [{"loser": loser, "winner": winner} for loser, winner in merged.items()]
        run_rows(self._connection, REDIRECT, rows, policy=policy_version, txn=txn)
        run_rows(self._connection, COMPACT, rows)

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

    def end_overrides(self, ended: Sequence[tuple[UUID, Override]]) -> None:
        rows = (
            {"golden_id": golden_id, "attribute": o.attribute, "set_at": o.set_at}
            for golden_id, o in ended
        )
        run_rows(self._connection, END_OVERRIDES, rows)

    def known_outside(self, ids: Sequence[UUID]) -> dict[UUID, tuple[bool, bool]]:
        rows = tuples(self._connection, KNOWN_OUTSIDE, {"ids": list(ids)})
        return {golden_id: (published, touched) for golden_id, published, touched in rows}

    def pair_decisions(self, record_ids: Sequence[int]) -> list[PairDecision]:
        if not tuples(self._connection, ANY_DECISION)[0][0]:
            return []
        rows = tuples(self._connection, PAIR_DECISIONS, {"ids": list(record_ids)})
        return [PairDecision(a, b, same) for a, b, same in rows]

    def different(self, record_ids: Sequence[int]) -> set[tuple[int, int]]:
        return {(a, b) for a, b in tuples(self._connection, DIFFERENT, {"ids": list(record_ids)})}

    def record_event(self, event: Mapping[str, object]) -> None:
        body = {name: dumps(event[name]) for name in ("before", "after", "redirects")}
        run(self._connection, EVENT, {**event, **body})


def _link_row(record_id: int, golden_id: UUID, state: str, origin: str) -> LinkRow:
    return LinkRow(
        record_id=record_id,
        golden_id=golden_id,
        state=LinkState(state),
        origin=LinkOrigin(origin),
    )


def _golden(row: tuple[Any, ...]) -> GoldenRecord:
    """The golden record of a row in the order of `READ`."""
    golden_id, entity, status, version, attrs, lineage, merged_into, published, touched, same = row
    return GoldenRecord(
        id=golden_id,
        entity=entity,
        status=GoldenStatus(status),
        version=version,
        attrs=attrs,
        lineage=lineage,
        merged_into=merged_into,
        published=published,
        touched=touched,
        identity=same,
    )


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
