"""A record that waits gets its golden record, by a person's word: one of its own, or another's.

It takes the way of what the engine links, so values, history, the event and the way out follow at
once; the link is the person's, and the engine never changes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.records import LinkState
from golden_records.domain.reference import identity_of
from golden_records.ports import LinkWrite
from hub.services.cases import DecisionRefused
from hub.services.identity.carrying_out import SAME, StewardBatch
from hub.services.identity.work import STEWARD_PRIORITY
from hub.services.resolving.batch import IdentityPlan
from hub.services.resolving.by_matching import MOST_CANDIDATES, match_spec
from hub.services.resolving.enqueue import enqueue
from hub.services.resolving.linking import REMATCH
from hub.services.resolving.merge import merge
from hub.services.resolving.scene import largest_blocks

if TYPE_CHECKING:
    from uuid import UUID

    from golden_records.domain.catalogue import Entity
    from golden_records.ports import StoredRecord
    from hub.services.cases import Case, Word
    from hub.services.identity.work import Context, IdentityWork

ACCEPT: Final = "ACCEPT"


@dataclass(frozen=True, slots=True)
class _Home:
    """Where the record goes: a golden record that is there, or a new one with its identity."""

    golden_id: UUID
    known: bool
    identity: str | None


def found(
    work: IdentityWork, context: Context, case: Case, word: Word, target: UUID | None = None
) -> UUID:
    """Link the waiting record of the case; the identity lock must be held. Return its home."""
    stored = case.waiting
    if stored is None:
        raise DecisionRefused("the record does not wait any more", case=case.id)
    home = _home(work, context, stored, target)
    record = stored.record
    members = sorted(s.record.id for s in work.sources.members([home.golden_id])[home.golden_id])
    possible = work.goldens.live_links([record.id])
    plan = IdentityPlan(
        links=[_link(stored, home.golden_id, word, case)],
        closed=[
            (record.id, row.golden_id)
            for row in possible
            if row.state is LinkState.POSSIBLE_MATCH and row.golden_id != home.golden_id
        ],
        moved={record.id: (record.system, record.key)},
        created={} if home.known else {home.golden_id: home.identity},
        before={home.golden_id: members},
        after={home.golden_id: sorted([*members, record.id])},
        actor=word.actor,
        reason=word.reason,
    )
    txn = context.ids()
    _decide(work, context, case, (home.golden_id, txn, word, target is not None))
    rules = context.rules[case.entity]
    batch = StewardBatch(rules=rules, now=context.clock.now(), marks=[], why="accept")
    resolved = merge(work, batch, plan, policy=context.policy, txn=txn)
    enqueue(work, batch, resolved)
    again = _neighbours(work, rules.entity, record.id, home)
    work.marks.mark_records(again, cause=REMATCH, priority=STEWARD_PRIORITY)
    return home.golden_id


def _decide(
    work: IdentityWork, context: Context, case: Case, said: tuple[UUID, UUID, Word, bool]
) -> None:
    """Add the decision, and let the case say which it was."""
    home, txn, word, same = said
    decision = work.identity.decide(
        {
            "entity": case.entity,
            "kind": SAME if same else ACCEPT,
            "actor": word.actor,
            "reason": word.reason,
            "approver": None,
            "policy": context.policy,
            "inputs": case.inputs,
            "goldens": [str(home)],
            "body": {},
            "case_id": case.id,
            "txn": txn,
            "undoes": None,
        }
    )
    work.identity.case_decided_by(case.id, decision)


def _home(work: IdentityWork, context: Context, stored: StoredRecord, target: UUID | None) -> _Home:
    record = stored.record
    entity = context.rules[record.entity].entity
    if target is not None:
        return _Home(target, known=True, identity=None)
    if entity.identity.mode is IdentityMode.MATCHING:
        return _Home(context.ids(), known=False, identity=None)
    resolved = work.sources.resolved([record.id]).get(record.id, {})
    components = identity_of(entity, record.attrs, resolved)
    if components is None:
        raise DecisionRefused("what the record refers to is not known any more", record=record.key)
    identity = orjson.dumps(components).decode()
    there = work.goldens.by_identity(record.entity, [identity]).get(identity)
    return _Home(there or context.ids(), known=there is not None, identity=identity)


def _link(stored: StoredRecord, golden_id: UUID, word: Word, case: Case) -> LinkWrite:
    said = {"rule": "steward", "actor": word.actor, "reason": word.reason, "case": case.id}
    return LinkWrite(
        entity=stored.record.entity,
        record_id=stored.record.id,
        golden_id=golden_id,
        state="MATCH",
        origin="MANUAL",
        probability=None,
        reasons=said,
    )


def _neighbours(work: IdentityWork, entity: Entity, record_id: int, home: _Home) -> list[int]:
    """What waits and may belong to the same golden record, with the record itself."""
    if home.identity is not None:
        return sorted({record_id, *work.conflicts.waiting_for(entity.name, [home.identity])})
    caps = largest_blocks(match_spec(entity))
    near = work.sources.nearest([record_id], caps=caps, most=MOST_CANDIDATES)
    heads = work.sources.heads(near.get(record_id, []))
    return sorted({record_id, *(head.id for head in heads.values() if head.golden_id is None)})
