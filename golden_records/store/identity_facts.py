"""Decisions as facts, and what identity operations read and write beside links and golden rows.

Nothing is overwritten: what is taken back is closed, and what comes back is a new row. Locks are
the caller's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from golden_records.domain.clusters import PairDecision
from golden_records.store.rows import dumps, fetch, run, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from golden_records.store.rows import Psycopg

    Rows = list[dict[str, Any]]

DECIDE: Final = """
INSERT INTO hub.decision (entity, kind, actor, reason, approver, policy_version, inputs, goldens,
                          body, case_id, txn, undoes)
VALUES (%(entity)s, %(kind)s, %(actor)s, %(reason)s, %(approver)s, %(policy)s, %(inputs)s,
        %(goldens)s::jsonb, %(body)s::jsonb, %(case_id)s, %(txn)s, %(undoes)s)
RETURNING id
"""

DECISION: Final = """
SELECT d.id, d.entity, d.kind, d.actor, d.reason, d.approver, d.policy_version, d.inputs, d.goldens,
       d.body, d.case_id, d.txn, d.undoes, d.decided_at, u.id AS undone_by
FROM hub.decision d LEFT JOIN hub.decision u ON u.undoes = d.id
"""

OF_CASE: Final = (
    DECISION
    + """
WHERE d.case_id = %(case_id)s AND d.undoes IS NULL AND u.id IS NULL
ORDER BY d.id DESC LIMIT 1
"""
)

# An undo and what it undid cancel each other out, also where no decision but the engine was undone.
# Whether a record is deleted is said of the record, wherever it belongs.
LATER_DECISIONS: Final = (
    DECISION
    + """
WHERE d.entity = %(entity)s AND d.id > %(id)s AND d.goldens ?| %(goldens)s::text[]
  AND d.kind NOT IN ('UNDO', 'ACCEPT_DELETION', 'REFUSE_DELETION') AND u.id IS NULL
ORDER BY d.id
"""
)

UNDO_OF: Final = (
    DECISION
    + """
WHERE d.kind = 'UNDO' AND d.body ->> 'undone' = %(txn)s::text
ORDER BY d.id LIMIT 1
"""
)

# A record's links before now, the newest first, with where each golden record stands today.
PAST: Final = """
SELECT l.record_id, l.golden_id, l.id, l.txn, l.origin, l.probability::float AS probability,
       l.reasons, g.status, g.merged_into
FROM hub.link l JOIN hub.golden g ON g.id = l.golden_id
WHERE l.record_id = ANY(%(ids)s) AND l.state = 'MATCH'
ORDER BY l.record_id, l.id DESC
"""

DIFFERENT: Final = """
SELECT id, record_a, record_b, verdict FROM hub.pair_decision
WHERE closed_at IS NULL AND verdict = %(verdict)s
  AND (record_a = ANY(%(ones)s) AND record_b = ANY(%(others)s)
       OR record_a = ANY(%(others)s) AND record_b = ANY(%(ones)s))
ORDER BY id
"""

CLOSE_PAIRS: Final = """
UPDATE hub.pair_decision SET closed_at = clock_timestamp()
WHERE id = ANY(%(ids)s) AND closed_at IS NULL
"""

CLOSE_PAIRS_OF: Final = """
UPDATE hub.pair_decision SET closed_at = clock_timestamp()
WHERE decision_id = %(decision)s AND closed_at IS NULL
"""

REVIVE_PAIRS: Final = """
INSERT INTO hub.pair_decision (entity, record_a, record_b, verdict, actor, reason, decision_id)
SELECT entity, record_a, record_b, verdict, actor, reason, decision_id
FROM hub.pair_decision d WHERE id = ANY(%(ids)s) AND NOT EXISTS (
  SELECT FROM hub.pair_decision o WHERE o.closed_at IS NULL
    AND (o.record_a, o.record_b) = (d.record_a, d.record_b))
"""

OPEN_OVERRIDES: Final = """
SELECT id, golden_id, attribute, value, decision_id FROM hub.override
WHERE golden_id = ANY(%(ids)s) AND closed_at IS NULL ORDER BY id
"""

CLOSE_OVERRIDE: Final = """
UPDATE hub.override SET closed_at = clock_timestamp(), closed_because = %(because)s
WHERE id = %(id)s AND closed_at IS NULL
"""

COPY_OVERRIDE: Final = """
INSERT INTO hub.override (golden_id, attribute, value, mode, actor, reason, base, set_at, until,
                          decision_id)
SELECT %(golden)s, attribute, value, mode, actor, reason, base, set_at, until, decision_id
FROM hub.override o WHERE id = %(id)s AND NOT EXISTS (
  SELECT FROM hub.override l WHERE l.golden_id = %(golden)s AND l.attribute = o.attribute
    AND l.closed_at IS NULL)
"""

REPLACED: Final = """
SELECT DISTINCT ON (o.attribute) o.id, o.attribute, o.golden_id
FROM hub.override o JOIN hub.override n
  ON n.golden_id = o.golden_id AND n.attribute = o.attribute AND n.decision_id = %(decision)s
 AND o.id < n.id
WHERE o.closed_because = 'replaced' AND o.closed_at <= n.set_at + interval '1 hour'
  AND NOT EXISTS (SELECT FROM hub.override b WHERE b.golden_id = o.golden_id
                  AND b.attribute = o.attribute AND b.id > o.id AND b.id < n.id)
ORDER BY o.attribute, o.id DESC
"""

UNCOMPACT: Final = """
UPDATE hub.golden g SET merged_into = %(restored)s
WHERE g.status = 'MERGED' AND g.merged_into = %(winner)s AND g.id <> %(restored)s
  AND EXISTS (SELECT FROM hub.identity_event e
              WHERE e.redirects <> '{}'::jsonb
                AND e.redirects @> jsonb_build_object(g.id::text, %(restored)s::text))
"""

# Cases that name a golden record which is another one now, in whatever place of their details.
REPOINT_CASES: Final = """
UPDATE hub.conflict c
SET details = replace(details::text, %(loser)s, %(winner)s)::jsonb
WHERE closed_at IS NULL AND entity = %(entity)s AND details::text LIKE '%%' || %(loser)s || '%%'
"""

DEPENDANTS: Final = """
SELECT DISTINCT s.id AS record_id, s.entity, s.system, s.key, r.name AS reference,
       r.system AS parent_system, r.key AS parent_key, l.golden_id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS k(entity text, system text, key text)
JOIN hub.reference r ON (r.entity, r.system, r.key) = (k.entity, k.system, k.key)
JOIN hub.source_record s ON s.id = r.record_id AND NOT s.deleted
LEFT JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
ORDER BY s.entity, s.system, s.key
"""

# What targets hold that names these golden records: their own rows of them, and rows of other
# golden records whose values refer to them.
HELD: Final = """
SELECT p.target, p.entity, p.target_key AS key, p.attribute_group AS "group", p.state, p.golden_id,
       'is' AS how
FROM hub.publication p
WHERE p.golden_id = ANY(%(ids)s) AND p.target_key <> ''
UNION ALL
SELECT p.target, p.entity, p.target_key, p.attribute_group, p.state, p.golden_id, 'refers'
FROM hub.publication p
WHERE p.golden_id = ANY(%(dependants)s) AND p.target_key <> ''
ORDER BY 7, 1, 2, 3, 4
"""

CASES: Final = """
SELECT id, kind, attribute, system, key, golden_id, record_id, assignee, details
FROM hub.conflict
WHERE closed_at IS NULL AND entity = %(entity)s
  AND (golden_id = ANY(%(ids)s) OR record_id = ANY(%(records)s)
       OR details -> 'goldens' ?| %(names)s::text[])
ORDER BY id
"""

OPEN_CASE_AGAIN: Final = """
UPDATE hub.conflict SET state = 'open', pending_until = NULL, resolution = NULL, decision_id = NULL
WHERE id = %(id)s AND closed_at IS NULL
"""

DECIDED_CASE: Final = """
UPDATE hub.conflict SET decision_id = %(decision)s WHERE id = %(id)s
"""

DECIDED_CAUSES: Final = """
UPDATE hub.conflict SET decision_id = %(decision)s
WHERE entity = %(entity)s AND cause = ANY(%(causes)s) AND closed_at IS NULL
"""

PROPOSE: Final = """
INSERT INTO hub.conflict (entity, golden_id, kind, cause, details, outcome, exposure, state)
VALUES (%(entity)s, %(golden)s, 'approval', %(cause)s, %(details)s::jsonb, 'approval',
        %(exposure)s, 'open')
ON CONFLICT (entity, cause) WHERE closed_at IS NULL DO NOTHING
RETURNING id
"""

PROPOSED: Final = """
SELECT id FROM hub.conflict
WHERE entity = %(entity)s AND cause = %(cause)s AND closed_at IS NULL
"""


class PostgresIdentityFacts:
    """`hub.services.identity.work.IdentityFacts` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    # --- decisions ---

    def decide(self, row: Mapping[str, object]) -> int:
        """Add a decision; return its number."""
        written = {**row, "goldens": dumps(row["goldens"]), "body": dumps(row["body"])}
        return int(tuples(self._connection, DECIDE, written)[0][0])

    def decision(self, decision_id: int) -> dict[str, Any] | None:
        rows = fetch(self._connection, DECISION + " WHERE d.id = %(id)s", {"id": decision_id})
        return rows[0] if rows else None

    def decision_of_txn(self, txn: UUID) -> dict[str, Any] | None:
        rows = fetch(
            self._connection, DECISION + " WHERE d.txn = %(txn)s ORDER BY d.id", {"txn": txn}
        )
        return rows[0] if rows else None

    def undo_of(self, txn: UUID) -> dict[str, Any] | None:
        """Return the decision that undid an identity transaction."""
        rows = fetch(self._connection, UNDO_OF, {"txn": txn})
        return rows[0] if rows else None

    def decision_of_case(self, case_id: int) -> dict[str, Any] | None:
        """Return what a case was decided to be last, if that still stands."""
        rows = fetch(self._connection, OF_CASE, {"case_id": case_id})
        return rows[0] if rows else None

    def later_decisions(self, entity: str, decision_id: int, goldens: Sequence[str]) -> Rows:
        """Return the decisions that stand and were made later about any of the golden records."""
        parameters = {"entity": entity, "id": decision_id, "goldens": list(goldens)}
        return fetch(self._connection, LATER_DECISIONS, parameters)

    # --- pairs of records ---

    def live_pairs(self, verdict: str, ones: Sequence[int], others: Sequence[int]) -> Rows:
        """Return live pair decisions of one verdict across two sets of records."""
        parameters = {"verdict": verdict, "ones": list(ones), "others": list(others)}
        return fetch(self._connection, DIFFERENT, parameters)

    def decided(self, rows: Rows) -> list[PairDecision]:
        return [PairDecision(r["record_a"], r["record_b"], r["verdict"] == "SAME") for r in rows]

    def close_pairs(self, ids: Sequence[int]) -> None:
        if ids:
            run(self._connection, CLOSE_PAIRS, {"ids": list(ids)})

    def take_back_pairs(self, decision_id: int, revived: Sequence[int]) -> None:
        """Close what a decision said of pairs; let what it had closed stand again."""
        run(self._connection, CLOSE_PAIRS_OF, {"decision": decision_id})
        if revived:
            run(self._connection, REVIVE_PAIRS, {"ids": list(revived)})

    # --- links and overrides ---

    def past_links(self, record_ids: Sequence[int]) -> Rows:
        """Return the MATCH links of the records, live and closed, the newest of each first."""
        return fetch(self._connection, PAST, {"ids": list(record_ids)})

    def open_overrides(self, golden_ids: Sequence[UUID]) -> Rows:
        return fetch(self._connection, OPEN_OVERRIDES, {"ids": list(golden_ids)})

    def close_override(self, override_id: int, because: str) -> bool:
        parameters = {"id": override_id, "because": because}
        return run(self._connection, CLOSE_OVERRIDE, parameters) == 1

    def copy_override(self, override_id: int, golden_id: UUID) -> bool:
        """Put the same value in force for a golden record that has none of the attribute."""
        parameters = {"id": override_id, "golden": golden_id}
        return run(self._connection, COPY_OVERRIDE, parameters) == 1

    def replaced_overrides(self, decision_id: int) -> Rows:
        """Return the overrides that those of the decision took the place of."""
        return fetch(self._connection, REPLACED, {"decision": decision_id})

    # --- redirects ---

    def uncompact(self, restored: UUID, winner: UUID) -> None:
        """Let what had been merged into a golden record that is itself again redirect to it."""
        run(self._connection, UNCOMPACT, {"restored": restored, "winner": winner})

    # --- what depends ---

    def dependants(self, keys: Sequence[tuple[str, str, str]]) -> Rows:
        """Return the records that refer to (entity, system, key), with their golden records."""
        rows = [{"entity": e, "system": s, "key": k} for e, s, k in keys]
        return fetch(self._connection, DEPENDANTS, {"rows": dumps(rows)})

    def held(self, golden_ids: Sequence[UUID], dependants: Sequence[UUID]) -> Rows:
        """Return what targets hold of the golden records, and of what refers to them."""
        parameters = {"ids": list(golden_ids), "dependants": list(dependants)}
        return fetch(self._connection, HELD, parameters)

    # --- cases ---

    def cases_about(
        self, entity: str, golden_ids: Sequence[UUID], record_ids: Sequence[int]
    ) -> Rows:
        names = [str(golden_id) for golden_id in golden_ids]
        parameters = {"entity": entity, "ids": list(golden_ids), "names": names}
        return fetch(self._connection, CASES, {**parameters, "records": list(record_ids)})

    def repoint_cases(self, entity: str, loser: UUID, winner: UUID) -> int:
        """Let open cases that name a merged golden record name its winner."""
        parameters = {"entity": entity, "loser": str(loser), "winner": str(winner)}
        return run(self._connection, REPOINT_CASES, parameters)

    def open_case_again(self, case_id: int) -> None:
        run(self._connection, OPEN_CASE_AGAIN, {"id": case_id})

    def case_decided_by(self, case_id: int, decision_id: int) -> None:
        run(self._connection, DECIDED_CASE, {"id": case_id, "decision": decision_id})

    def causes_decided_by(self, entity: str, causes: Sequence[str], decision_id: int) -> None:
        """Let the open cases with these causes say which decision closes them."""
        parameters = {"entity": entity, "causes": list(causes), "decision": decision_id}
        run(self._connection, DECIDED_CAUSES, parameters)

    def propose(self, row: Mapping[str, object]) -> int:
        """Open a case that waits for approval; the same proposal again is the same case."""
        written = {**row, "details": dumps(row["details"])}
        found = tuples(self._connection, PROPOSE, written)
        if not found:
            parameters = {"entity": row["entity"], "cause": row["cause"]}
            found = tuples(self._connection, PROPOSED, parameters)
        return int(found[0][0])
