"""The one event of an identity transaction: who was where before and after, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.regrouping import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Batch, IdentityPlan

    Groups = dict[UUID, list[int]]

MATCH = "MATCH"


def identity_event(
    work: UnitOfWork, batch: Batch, plan: IdentityPlan, txn: UUID
) -> dict[str, object] | None:
    """Return the event of the plan, to be recorded with it; None where nobody moves.

    Must be asked before the plan is carried out: members that the plan did not need are read here.
    """
    if not plan.moved:
        return None
    before, after = (plan.before, plan.after) if plan.before or plan.after else _read(work, plan)
    before = {g: ids for g, ids in before.items() if ids}
    after = {g: ids for g, ids in after.items() if ids}
    return {
        "txn": txn,
        "entity": batch.entity,
        "kind": str(kind_of(before, after, plan.merged)),
        "actor": plan.actor,
        "reason": plan.reason,
        "before": _named(before),
        "after": _named(after),
        "redirects": {str(loser): str(winner) for loser, winner in plan.merged.items()},
    }


def _read(work: UnitOfWork, plan: IdentityPlan) -> tuple[Groups, Groups]:
    """Identity by reference plans without members: read those of the golden records concerned."""
    left = dict(plan.closed)
    joined = {link.record_id: link.golden_id for link in plan.links if link.state == MATCH}
    concerned = sorted((set(left.values()) | set(joined.values())) - plan.created.keys())
    heads = work.sources.member_heads(concerned)
    before = {g: sorted({head.id for head in members}) for g, members in heads.items()}
    for record_id, golden_id in left.items():
        before[golden_id] = sorted({record_id, *before[golden_id]})
    after = {g: [i for i in ids if left.get(i) != g] for g, ids in before.items()}
    for record_id, golden_id in joined.items():
        after[golden_id] = sorted({record_id, *after.get(golden_id, ())})
    return before, after


def _named(groups: Mapping[UUID, list[int]]) -> dict[str, list[int]]:
    return {str(golden_id): ids for golden_id, ids in sorted(groups.items())}
