"""What people decide, as facts: the live one is closed, the new one added, none is changed.

`one_live_decision_per_pair` and `one_live_override` are the indexes that keep one in force. Locks
are the caller's business: identity, then golden rows by id, then these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from golden_records.store.rows import dumps, fetch, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.records import Override
    from golden_records.store.rows import Psycopg

CLOSE_PAIRS: Final = """
UPDATE hub.pair_decision d SET closed_at = clock_timestamp()
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(a bigint, b bigint)
WHERE (d.record_a, d.record_b) = (r.a, r.b) AND d.closed_at IS NULL
"""

PAIRS: Final = """
INSERT INTO hub.pair_decision (entity, record_a, record_b, verdict, actor, reason, decision_id)
SELECT %(entity)s, a, b, %(verdict)s, %(actor)s, %(reason)s, %(decision)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(a bigint, b bigint)
"""

CLOSE_OVERRIDES: Final = """
UPDATE hub.override SET closed_at = clock_timestamp(), closed_because = %(because)s
WHERE golden_id = %(golden_id)s AND attribute = ANY(%(attributes)s) AND closed_at IS NULL
"""

OVERRIDE: Final = """
INSERT INTO hub.override (golden_id, attribute, value, mode, actor, reason, base, set_at, until,
                          decision_id)
VALUES (%(golden_id)s, %(attribute)s, %(value)s::jsonb, %(mode)s, %(actor)s, %(reason)s,
        %(base)s::jsonb, %(set_at)s, %(until)s, %(decision)s)
"""

TOUCH: Final = """
UPDATE hub.golden SET touched = true WHERE id = ANY(%(ids)s) AND NOT touched
"""

CLOSE_CASE: Final = """
UPDATE hub.conflict
SET state = 'resolved', closed_at = clock_timestamp(), resolution = %(resolution)s
WHERE id = %(id)s AND closed_at IS NULL
"""

# Records linked by hand are not matched again, so nobody else would close their cases.
CLOSE_BETWEEN: Final = """
UPDATE hub.conflict
SET state = 'resolved', closed_at = clock_timestamp(), resolution = %(resolution)s
WHERE record_id = ANY(%(records)s) AND closed_at IS NULL
  AND (details ->> 'candidate')::uuid = ANY(%(goldens)s)
"""

SETTLE: Final = """
UPDATE hub.conflict SET state = 'pending', pending_until = %(until)s, resolution = %(resolution)s
WHERE id = %(id)s AND closed_at IS NULL
"""

DEFER: Final = """
UPDATE hub.conflict SET state = 'pending', pending_until = %(until)s
WHERE id = %(id)s AND closed_at IS NULL
"""

ASSIGN: Final = """
UPDATE hub.conflict
SET assignee = %(assignee)s,
    state = CASE WHEN state = 'pending' THEN state
                 WHEN %(assignee)s::text IS NULL THEN 'open' ELSE 'assigned' END
WHERE id = %(id)s AND closed_at IS NULL
"""

# DRIFTED is "decide again": the publisher leases PENDING rows only, and the resolver makes this one
# PENDING with what should go out now, closes it, or withdraws it.
RETRY: Final = """
UPDATE hub.publication
SET state = 'DRIFTED', attempts = 0, last_error = NULL, updated_at = clock_timestamp()
WHERE id = ANY(%(ids)s) AND state IN ('REJECTED', 'DRIFTED', 'PENDING')
  AND (leased_until IS NULL OR leased_until < %(now)s)
RETURNING id, golden_id
"""

MEMBER_IDS: Final = """
SELECT DISTINCT record_id FROM hub.link
WHERE golden_id = ANY(%(ids)s) AND state = 'MATCH' AND valid_to IS NULL ORDER BY 1
"""

# A transaction stamps its rows before it commits, hence the tolerance.
CHANGED: Final = """
SELECT what, name, how, at FROM (
  SELECT 'golden record' AS what, golden_id::text AS name,
         'version ' || version || ' (' || cause || ')' AS how, recorded_at AS at
  FROM hub.golden_version WHERE golden_id = ANY(%(ids)s)
  UNION ALL
  SELECT 'source record', s.system || ':' || s.key, 'changed', s.updated_at
  FROM hub.source_record s
  WHERE s.id IN (SELECT record_id FROM hub.link WHERE golden_id = ANY(%(ids)s))
  UNION ALL
  SELECT 'source record', s.system || ':' || s.key,
         CASE WHEN l.valid_to IS NULL THEN 'joined ' ELSE 'left ' END || l.golden_id,
         coalesce(l.valid_to, l.valid_from)
  FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
  WHERE l.golden_id = ANY(%(ids)s) AND l.state = 'MATCH'
  UNION ALL
  SELECT 'override', attribute,
         CASE WHEN closed_at IS NULL THEN 'set by ' || actor ELSE 'ended' END,
         coalesce(closed_at, set_at)
  FROM hub.override WHERE golden_id = ANY(%(ids)s)) c
WHERE at > %(since)s::timestamptz - interval '10 seconds'
ORDER BY at DESC LIMIT 20
"""


class PostgresDecisions:
    """`hub.services.stewardship.Facts` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def act_as(self, actor: str) -> None:
        """Say who acts in this transaction; the history of cases names him."""
        sql = "SELECT set_config('mdhub.actor', %(actor)s, true)"
        run(self._connection, sql, {"actor": actor})

    def moment(self) -> datetime:
        """Return the database's time, to compare with what it stamps."""
        found: datetime = tuples(self._connection, "SELECT clock_timestamp()")[0][0]
        return found

    def lock_case(self, case_id: int) -> bool:
        """Hold an open case; False where it was closed meanwhile."""
        sql = "SELECT id FROM hub.conflict WHERE id = %(id)s AND closed_at IS NULL FOR UPDATE"
        return bool(tuples(self._connection, sql, {"id": case_id}))

    def changed_since(self, golden_ids: Sequence[UUID], since: datetime) -> list[dict[str, Any]]:
        """Return what changed about golden records, their records, links and overrides."""
        parameters = {"ids": list(golden_ids), "since": since}
        return fetch(self._connection, CHANGED, parameters)

    def decide_pairs(
        self, entity: str, pairs: Sequence[tuple[int, int]], word: Mapping[str, object]
    ) -> None:
        """Write one verdict on pairs of records.

        `word` holds verdict, actor and reason, and the number of the decision where there is one.
        """
        ordered = sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})
        rows = [{"a": a, "b": b} for a, b in ordered]
        run_rows(self._connection, CLOSE_PAIRS, rows)
        run_rows(self._connection, PAIRS, rows, entity=entity, **{"decision": None, **word})

    def set_override(
        self, golden_id: UUID, override: Override, reason: str, decision: int | None = None
    ) -> None:
        """Put the value in force; the one before is closed."""
        self.end_overrides(golden_id, [override.attribute], "replaced")
        parameters = {
            "golden_id": golden_id,
            "attribute": override.attribute,
            "value": dumps(override.value),
            "mode": override.mode,
            "actor": override.actor,
            "reason": reason,
            "base": dumps(override.base),
            "set_at": override.set_at,
            "until": override.until,
            "decision": decision,
        }
        run(self._connection, OVERRIDE, parameters)

    def end_overrides(self, golden_id: UUID, attributes: Sequence[str], because: str) -> int:
        """Close what is in force of these attributes; return how many."""
        parameters = {"golden_id": golden_id, "attributes": list(attributes), "because": because}
        return run(self._connection, CLOSE_OVERRIDES, parameters)

    def touch(self, golden_ids: Sequence[UUID]) -> None:
        """Note that a person had to do with these: nothing merges them silently any more."""
        run(self._connection, TOUCH, {"ids": list(golden_ids)})

    def close_case(self, case_id: int, resolution: str) -> None:
        run(self._connection, CLOSE_CASE, {"id": case_id, "resolution": resolution})

    def settle_case(self, case_id: int, resolution: str, until: datetime) -> None:
        """Note a decision whose effect is awaited; the case is open again after `until`."""
        run(self._connection, SETTLE, {"id": case_id, "resolution": resolution, "until": until})

    def close_between(
        self, record_ids: Sequence[int], golden_ids: Sequence[UUID], resolution: str
    ) -> None:
        """Close identity cases of the records whose candidate is one of the golden records."""
        parameters = {"records": list(record_ids), "goldens": list(golden_ids)}
        run(self._connection, CLOSE_BETWEEN, {**parameters, "resolution": resolution})

    def defer_case(self, case_id: int, until: datetime) -> bool:
        return run(self._connection, DEFER, {"id": case_id, "until": until}) == 1

    def assign_case(self, case_id: int, assignee: str | None) -> bool:
        return run(self._connection, ASSIGN, {"id": case_id, "assignee": assignee}) == 1

    def member_ids(self, golden_ids: Sequence[UUID]) -> list[int]:
        rows = tuples(self._connection, MEMBER_IDS, {"ids": list(golden_ids)})
        return [row[0] for row in rows]

    def retry(self, publication_ids: Sequence[int], now: datetime) -> dict[int, UUID]:
        """Take rows off the way until they are decided again; return them with their records."""
        parameters = {"ids": list(publication_ids), "now": now}
        return dict(tuples(self._connection, RETRY, parameters))
