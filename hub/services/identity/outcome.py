"""An operation on its way, and what came, or would come, of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.regrouping import kind_of
from hub.services.identity import preview
from hub.services.identity.evidence import connected
from hub.services.identity.work import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from golden_records.domain.regrouping import Regrouping
    from hub.services.identity.planning import Plan
    from hub.services.identity.preview import Picture
    from hub.services.identity.work import Context, IdentityWork, Intent, Rows, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An operation on its way: what was asked for, what is planned, and what follows from it."""

    intent: Intent
    terms: Terms
    plan: Plan
    found: Regrouping
    retracted: tuple[int, ...] = ()
    """Pair decisions that end with it."""
    dependants: Rows = field(default_factory=list)

    @property
    def goldens(self) -> list[UUID]:
        """Everything that the operation concerns, created ones included."""
        return sorted({*self.plan.seen.goldens, *self.found.created})

    @property
    def kind(self) -> str:
        return str(kind_of(self.found.before, self.found.after, self.found.merged))

    @property
    def apart(self) -> list[tuple[int, int]]:
        return self.found.parted() if self.plan.source is not None else []


@dataclass(frozen=True, slots=True)
class Done:
    """What was carried out, and how things stood before."""

    before: Picture
    txn: UUID
    decision: int
    approval: Sequence[str] = ()


def picture(work: IdentityWork, task: Task) -> Picture:
    """Look at everything that the operation concerns."""
    seen = task.plan.seen
    return preview.take_picture(work, seen.entity, task.goldens, sorted(seen.stored))


def outcome(work: IdentityWork, context: Context, task: Task, done: Done) -> Outcome:
    """Say what changed, by looking again in the same transaction."""
    seen, found, dry = task.plan.seen, task.found, task.terms.dry_run
    before, after = done.before, picture(work, task)
    return Outcome(
        action=task.intent.action,
        kind=task.kind,
        entity=seen.entity,
        done=not dry,
        expect=seen.token,
        txn=None if dry else done.txn,
        decision=None if dry else done.decision,
        approval=done.approval,
        goldens=preview.changed_goldens(before, after),
        redirects={str(loser): str(winner) for loser, winner in found.merged.items()},
        restored=sorted(found.restored),
        created=sorted(found.created),
        cases=preview.changed_cases(before, after),
        overrides=preview.changed_overrides(before, after),
        dependants=task.dependants,
        writes=preview.due_writes(work, task.goldens),
        held=_held(work, task),
        components=_components(work, context, task),
        different=len(task.apart),
    )


def _held(work: IdentityWork, task: Task) -> Rows:
    """What targets hold that names a golden record which was taken apart."""
    source = task.plan.source
    if source is None:
        return []
    seen = task.plan.seen
    keys = [(seen.entity, s.record.system, s.record.key) for s in seen.members[source]]
    rows = work.identity.dependants(keys)
    dependants = sorted({row["golden_id"] for row in rows if row["golden_id"] is not None})
    return work.identity.held([source], dependants)


def _components(work: IdentityWork, context: Context, task: Task) -> list[list[str]]:
    """What remains in groups, where evidence connects it no more; else nothing."""
    source = task.plan.source
    if source is None:
        return []
    rest = work.sources.members([source])[source]
    names = {s.record.id: f"{s.record.system}:{s.record.key}" for s in rest}
    groups = connected(work, context.matchings, task.plan.seen.entity, rest)
    return [[names[i] for i in group] for group in groups] if len(groups) > 1 else []
