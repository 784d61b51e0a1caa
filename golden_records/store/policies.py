"""Policies: bundles, steps, and the sweeps after an activation.

The policy is held by an advisory lock, not by its row: whoever waits for the row of a version that
another transaction retires is answered with no row at all, and sharers could starve a taker. Here
a taker queues, and what is read after the lock is read by a later statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from golden_records.domain.policy import FrozenReport, PolicyFact, PolicyState
from golden_records.ports import Sweep
from golden_records.store.rows import dumps, fetch, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from golden_records.store.rows import Psycopg

SWEEP_PRIORITY: Final = 7
"""After live changes and backfill."""
GOLDENS, RECORDS, IDENTITY, MAPPING = "goldens", "records", "identity", "mapping"
KEYS: Final = "keys"
WAITING: Final = "waiting"
CAUSES: Final = {GOLDENS: "policy", RECORDS: "policy", IDENTITY: "rematch", WAITING: "rematch"}

HOLD = """
SELECT pg_advisory_xact_lock_shared(hashtextextended('hub.policy', 0));
SELECT version FROM hub.catalogue WHERE active
"""

ACTIVE = "SELECT version FROM hub.catalogue WHERE active"

ADD = """
INSERT INTO hub.catalogue (version, name, files, active)
VALUES (%(version)s, %(name)s, %(files)s::jsonb, false)
ON CONFLICT (version) DO NOTHING
"""

SWITCH = """
UPDATE hub.catalogue SET active = true, activated_at = clock_timestamp()
WHERE version = %(version)s
"""

NOTE = """
INSERT INTO hub.policy_fact (version, state, actor, reason, base, figures, at)
VALUES (%(version)s, %(state)s, %(actor)s, %(reason)s, %(base)s, %(figures)s::jsonb, %(at)s)
"""

FACTS = """
SELECT version, state, actor, reason, base, figures, at FROM hub.policy_fact
WHERE (%(version)s::text IS NULL OR version = %(version)s) AND state <> 'reported' ORDER BY id
"""

# A report is a fact about a version, but no step of its life.
REPORT = """
INSERT INTO hub.policy_fact (version, state, actor, reason, base, figures, at)
VALUES (%(version)s, 'reported', %(actor)s, %(reason)s, %(base)s, %(figures)s::jsonb, %(at)s)
"""

REPORTS = """
SELECT version, actor, reason, base, figures, at FROM hub.policy_fact
WHERE state = 'reported' AND (%(version)s::text IS NULL OR version = %(version)s)
ORDER BY id DESC LIMIT 1
"""

BEGIN = """
INSERT INTO hub.policy_sweep (version, kind, entity, system, upto_golden, upto_record)
SELECT %(version)s, r.kind, r.entity, r.system,
       (SELECT id FROM hub.golden g WHERE g.entity = r.entity ORDER BY id DESC LIMIT 1),
       (SELECT max(id) FROM hub.source_record)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(kind text, entity text, system text)
"""

WAIT = """
INSERT INTO hub.policy_wait (target, entity, attribute_group, version)
SELECT target, entity, attribute_group, %(version)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(target text, entity text, attribute_group text)
ON CONFLICT (target, entity, attribute_group)
DO UPDATE SET version = excluded.version, since = clock_timestamp()
"""

NEXT = """
SELECT id, kind, entity, system FROM hub.policy_sweep
WHERE finished_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

# One member is enough: its mark takes the golden record along.
MARK_GOLDENS = """
WITH s AS (SELECT * FROM hub.policy_sweep WHERE id = %(id)s),
part AS (
  SELECT g.id FROM hub.golden g, s
  WHERE g.entity = s.entity AND g.id <= s.upto_golden
    AND g.id > coalesce(s.last_golden, '00000000-0000-0000-0000-000000000000')
  ORDER BY g.id LIMIT %(most)s
), member AS (
  SELECT r.entity, r.system, r.root_key
  FROM part CROSS JOIN LATERAL (
    SELECT c.entity, c.system, c.root_key
    FROM hub.link l JOIN hub.source_record c ON c.id = l.record_id AND NOT c.deleted
    WHERE l.golden_id = part.id AND l.state = 'MATCH' AND l.valid_to IS NULL
    ORDER BY c.id LIMIT 1) r
), marked AS (
  INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause, priority)
  SELECT DISTINCT hub.shard_of(entity, system, root_key, %(shards)s), entity, system, root_key,
         'policy', %(priority)s::smallint
  FROM member RETURNING 1
)
UPDATE hub.policy_sweep w
SET last_golden = (SELECT id FROM part ORDER BY id DESC LIMIT 1),
    marked = w.marked + (SELECT count(*) FROM marked),
    finished_at = CASE WHEN (SELECT count(*) FROM part) < %(most)s THEN clock_timestamp() END
WHERE w.id = %(id)s
RETURNING (SELECT count(*) FROM part)
"""

# What the mapping said is forgotten, so that the record is read and made canonical anew.
MARK_RECORDS = """
WITH s AS (SELECT * FROM hub.policy_sweep WHERE id = %(id)s),
part AS (
  SELECT r.id, r.entity, r.system, r.root_key FROM hub.source_record r, s
  WHERE r.entity = s.entity AND NOT r.deleted AND r.id > s.last_record AND r.id <= s.upto_record
    AND (NOT %(waiting)s
         OR EXISTS (SELECT FROM hub.conflict c WHERE c.record_id = r.id
                    AND c.kind = 'creation_held' AND c.closed_at IS NULL)
         OR EXISTS (SELECT FROM hub.withheld_delete w WHERE w.record_id = r.id
                    AND w.why = 'owner' AND w.closed_at IS NULL))
  ORDER BY r.id LIMIT %(most)s
), forgotten AS (
  UPDATE hub.source_record r SET attrs = '{}'::jsonb FROM part
  WHERE r.id = part.id AND %(forget)s
), marked AS (
  INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause, priority)
  SELECT DISTINCT hub.shard_of(entity, system, root_key, %(shards)s), entity, system, root_key,
         %(cause)s, %(priority)s::smallint
  FROM part RETURNING 1
)
UPDATE hub.policy_sweep w
SET last_record = coalesce((SELECT max(id) FROM part), w.last_record),
    marked = w.marked + (SELECT count(*) FROM marked),
    finished_at = CASE WHEN (SELECT count(*) FROM part) < %(most)s THEN clock_timestamp() END
WHERE w.id = %(id)s
RETURNING (SELECT count(*) FROM part)
"""

PART = """
WITH s AS (SELECT * FROM hub.policy_sweep WHERE id = %(id)s),
part AS (
  SELECT r.id FROM hub.source_record r, s
  WHERE r.entity = s.entity AND NOT r.deleted AND r.id > s.last_record AND r.id <= s.upto_record
  ORDER BY r.id LIMIT %(most)s
)
UPDATE hub.policy_sweep w
SET last_record = coalesce((SELECT max(id) FROM part), w.last_record),
    finished_at = CASE WHEN (SELECT count(*) FROM part) < %(most)s THEN clock_timestamp() END
WHERE w.id = %(id)s
RETURNING (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM part)
"""

FINISH = "UPDATE hub.policy_sweep SET finished_at = clock_timestamp() WHERE id = %(id)s"

RELEASE = """
DELETE FROM hub.policy_wait w
WHERE NOT EXISTS (SELECT FROM hub.policy_sweep s
                  WHERE s.entity = w.entity AND s.finished_at IS NULL)
  AND NOT EXISTS (SELECT FROM hub.dirty_root d
                  WHERE d.entity = w.entity AND d.cause IN ('policy', 'rematch'))
"""

SWEEPING = """
SELECT (SELECT count(*) FROM hub.policy_sweep WHERE finished_at IS NULL),
       (SELECT count(*) FROM hub.dirty_root WHERE cause IN ('policy', 'rematch')),
       (SELECT count(*) FROM hub.policy_wait)
"""

STATES = """
SELECT DISTINCT ON (version) version, state FROM hub.policy_fact
WHERE state <> 'reported' ORDER BY version, id DESC
"""


class PostgresPolicies:
    """`golden_records.ports.Policies` on one connection."""

    def __init__(self, connection: Psycopg, shards: int) -> None:
        self._connection = connection
        self._shards = shards

    def hold(self) -> str | None:
        cursor = self._connection.execute(HOLD)
        cursor.nextset()
        row = cursor.fetchone()
        return row[0] if row else None

    def take(self) -> str | None:
        run(
            self._connection,
            "SELECT pg_advisory_xact_lock(hashtextextended('hub.policy', 0))",
        )
        return self.active()

    def active(self) -> str | None:
        rows = tuples(self._connection, ACTIVE)
        return rows[0][0] if rows else None

    def add(self, version: str, name: str, files: Mapping[str, str]) -> None:
        run(self._connection, ADD, {"version": version, "name": name, "files": dumps(files)})

    def versions(self, beginning: str) -> list[str]:
        sql = "SELECT version FROM hub.catalogue WHERE starts_with(version, %(beginning)s)"
        return [row[0] for row in tuples(self._connection, sql, {"beginning": beginning})]

    def files(self, version: str) -> Mapping[str, str] | None:
        sql = "SELECT files FROM hub.catalogue WHERE version = %(version)s"
        rows = tuples(self._connection, sql, {"version": version})
        return rows[0][0] if rows else None

    def note(self, facts: Sequence[PolicyFact]) -> None:
        for fact in facts:
            run(
                self._connection,
                NOTE,
                {
                    "version": fact.version,
                    "state": str(fact.state),
                    "actor": fact.actor,
                    "reason": fact.reason,
                    "base": fact.base,
                    "figures": dumps(fact.figures),
                    "at": fact.at,
                },
            )

    def facts(self, version: str | None = None) -> list[PolicyFact]:
        return [_fact(row) for row in fetch(self._connection, FACTS, {"version": version})]

    def keep_report(self, report: FrozenReport) -> None:
        written = {
            "version": report.version,
            "actor": report.actor,
            "reason": report.reason,
            "base": report.base,
            "figures": dumps(report.figures),
            "at": report.at,
        }
        run(self._connection, REPORT, written)

    def last_report(self, version: str | None = None) -> FrozenReport | None:
        rows = fetch(self._connection, REPORTS, {"version": version})
        return FrozenReport(**rows[0]) if rows else None

    def switch(self, version: str) -> None:
        run(self._connection, "UPDATE hub.catalogue SET active = false WHERE active")
        run(self._connection, SWITCH, {"version": version})

    def begin_sweeps(self, version: str, sweeps: Sequence[Sweep]) -> None:
        rows = ({"kind": s.kind, "entity": s.entity, "system": s.system} for s in sweeps)
        run_rows(self._connection, BEGIN, rows, version=version)

    def wait_lanes(self, version: str, lanes: Sequence[tuple[str, str, str]]) -> None:
        rows = ({"target": t, "entity": e, "attribute_group": g} for t, e, g in lanes)
        run_rows(self._connection, WAIT, rows, version=version)

    def step(self, most: int) -> tuple[int, Sweep | None]:
        found = fetch(self._connection, NEXT)
        if not found:
            return 0, None
        sweep = Sweep(**found[0])
        if sweep.kind in {MAPPING, KEYS}:
            return 0, sweep
        parameters = {
            "id": sweep.id,
            "most": most,
            "shards": self._shards,
            "priority": SWEEP_PRIORITY,
        }
        if sweep.kind == GOLDENS:
            return int(tuples(self._connection, MARK_GOLDENS, parameters)[0][0]), sweep
        more = {
            "forget": sweep.kind == RECORDS,
            "waiting": sweep.kind == WAITING,
            "cause": CAUSES[sweep.kind],
        }
        return int(tuples(self._connection, MARK_RECORDS, parameters | more)[0][0]), sweep

    def part(self, sweep: Sweep, most: int) -> list[int]:
        parameters = {"id": sweep.id, "most": most}
        return list(tuples(self._connection, PART, parameters)[0][0])

    def finish(self, sweep: Sweep) -> None:
        run(self._connection, FINISH, {"id": sweep.id})

    def release_lanes(self) -> int:
        return run(self._connection, RELEASE)

    def sweeping(self) -> dict[str, int]:
        names = ("sweeps", "marks", "lanes")
        return dict(zip(names, tuples(self._connection, SWEEPING)[0], strict=True))

    def due(self, now: datetime) -> list[PolicyFact]:
        scheduled = [v for v, state in self.states().items() if state is PolicyState.SCHEDULED]
        facts = [self.facts(version)[-1] for version in scheduled]
        return [fact for fact in facts if str(fact.figures["at"]) <= now.isoformat()]

    def states(self) -> dict[str, PolicyState]:
        return {version: PolicyState(state) for version, state in tuples(self._connection, STATES)}


def _fact(row: Mapping[str, Any]) -> PolicyFact:
    return PolicyFact(**{**row, "state": PolicyState(row["state"])})
