"""Make one golden record of a case's two: the steward's word that they are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.clusters import Decisions
from golden_records.domain.regrouping import refuse_apart, regroup
from hub.services.cases import pairs
from hub.services.identity.carrying_out import (
    DIFFERENT,
    SAME,
    Step,
    carry_out,
    manual,
    override_moves,
)
from hub.services.identity.scene import Seen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from hub.services.cases import Case, Word
    from hub.services.identity.work import Context, IdentityWork


def join(
    work: IdentityWork, context: Context, case: Case, sides: tuple[UUID, UUID], word: Word
) -> UUID:
    """Link every record of both, by hand, to the one that targets know, else the older; return it.

    What an earlier word set apart between the two ends here; a third record's word does not.
    """
    ids = sorted(set(sides))
    seen = Seen(
        entity=case.entity,
        goldens={golden_id: case.goldens[golden_id] for golden_id in ids},
        members={golden_id: case.members[golden_id] for golden_id in ids},
        overrides={golden_id: case.overrides.get(golden_id, ()) for golden_id in ids},
        at=work.decisions.moment(),
    )
    winner = min(seen.goldens.values(), key=lambda g: (not g.published, g.id)).id
    moves = {s.record.id: winner for g in ids if g != winner for s in seen.members[g]}
    found = regroup(seen.clusters(), moves)
    together = pairs(case, sides)
    said = {(min(pair), max(pair)) for pair in together}
    live = work.goldens.pair_decisions(sorted(seen.stored))
    kept = [d for d in live if d.same or (d.a, d.b) not in said]
    refuse_apart(found, Decisions(kept), seen.names)
    overrides = override_moves(seen, work, found, {})
    txn = context.ids()
    decision = work.identity.decide(
        {
            "entity": case.entity,
            "kind": SAME,
            "actor": word.actor,
            "reason": word.reason,
            "approver": None,
            "policy": context.policy,
            "inputs": case.inputs,
            "goldens": [str(golden_id) for golden_id in sorted(case.goldens)],
            "body": {
                "retracted": retracted_by(work, SAME, together),
                "moved_overrides": overrides,
            },
            "case_id": case.id,
            "txn": txn,
            "undoes": None,
        }
    )
    links = [manual(seen, record_id, winner, word) for record_id in sorted(seen.stored)]
    step = Step(
        seen=seen,
        regrouping=found,
        links=links,
        txn=txn,
        decision=decision,
        word=word,
        action="same",
        together=together,
        overrides=overrides,
    )
    carry_out(work, context, step)
    work.identity.case_decided_by(case.id, decision)
    return winner


def retracted_by(work: IdentityWork, verdict: str, found: Sequence[tuple[int, int]]) -> list[int]:
    """Return the pair decisions of the other verdict that end where this one is said."""
    other = DIFFERENT if verdict == SAME else SAME
    ones, others = sorted({a for a, _ in found}), sorted({b for _, b in found})
    said = {(min(pair), max(pair)) for pair in found}
    rows = work.identity.live_pairs(other, ones, others) if found else []
    return [row["id"] for row in rows if (row["record_a"], row["record_b"]) in said]
