"""Stewards' operations on identity: each is one transaction, and its preview the same, rolled back.

Lock, plan, refuse what may not be, ask for a second person where the policy does, write the
decision, carry it out, say what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.domain.approval import Act, needs_approval
from golden_records.domain.clusters import Decisions
from golden_records.domain.regrouping import IdentityRefused, homes, refuse_apart, regroup
from hub.services.identity.carrying_out import (
    DIFFERENT,
    SAME,
    Step,
    carry_out,
    manual,
    override_moves,
    refuse_many,
)
from hub.services.identity.outcome import Done, Task, outcome, picture
from hub.services.identity.planning import PLANNERS
from hub.services.identity.proposals import Proposal, propose, settle
from hub.services.identity.scene import hold_identity, refuse_stale
from hub.services.identity.work import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.regrouping import Regrouping
    from golden_records.ports import LinkWrite
    from hub.services.identity.planning import Plan
    from hub.services.identity.work import Context, IdentityWork, Intent, Rows, Terms

TAKEN_APART: Final = frozenset({"unlink", "unmerge", "move"})
MERGE: Final = "merge"


class GoldenOperations:
    """The service of identity operations."""

    def __init__(self, work: Callable[[], IdentityWork], context: Context) -> None:
        self._work = work
        self._context = context

    def run(self, intent: Intent, terms: Terms) -> Outcome:
        """Carry the intent out, or propose it; with `dry_run` only say what would happen.

        Raises StaleDecision where `expect` is not the hash of what is there now.
        """
        with self._work() as work:
            task = self._plan(work, intent, terms)
            because = () if terms.approved else self._asks(task)
            if because and not terms.dry_run:
                came = self._proposed(work, task, because)
            else:
                came = self._carried_out(work, task, because)
            if not terms.dry_run:
                work.commit()
        return came

    # --- before anything is written ---

    def _plan(self, work: IdentityWork, intent: Intent, terms: Terms) -> Task:
        ids = hold_identity(work, self._context, intent.goldens)
        plan = PLANNERS[intent.action](work, self._context, intent, ids)
        refuse_stale(work, plan.seen, terms.expect)
        found = regroup(plan.seen.clusters(), plan.moves)
        retracted = self._retracted(work, intent, plan, found)
        moved = [plan.seen.stored[i].record for i in sorted(plan.moves)]
        keys = [(plan.seen.entity, record.system, record.key) for record in moved]
        task = Task(
            intent=intent,
            terms=terms,
            plan=plan,
            found=found,
            retracted=retracted,
            dependants=work.identity.dependants(keys),
        )
        refuse_many(task.apart)
        return task

    def _retracted(
        self, work: IdentityWork, intent: Intent, plan: Plan, found: Regrouping
    ) -> tuple[int, ...]:
        """Return the pair decisions that end; refuse to bring together what was set apart (I3)."""
        was = homes(found.before)
        groups = [list(ids) for ids in found.after.values()]
        rows = [r for ids in groups for r in work.identity.live_pairs(DIFFERENT, ids, ids)]
        closed = [r for r in rows if was.get(r["record_a"]) != was.get(r["record_b"])]
        live = work.goldens.pair_decisions(sorted(plan.seen.stored))
        if intent.retract:
            gone = {(r["record_a"], r["record_b"]) for r in closed}
            live = [d for d in live if d.same or (d.a, d.b) not in gone]
        refuse_apart(found, Decisions(live), plan.seen.names)
        ended = closed if intent.retract else []
        if plan.source is not None:
            ended = ended + _parted_same(work, plan)
        return tuple(row["id"] for row in ended)

    def _asks(self, task: Task) -> tuple[str, ...]:
        approval = self._context.rules[task.plan.seen.entity].entity.approval
        joined = max((len(ids) for ids in task.found.after.values()), default=0)
        act = Act(
            joined=joined if task.intent.action == MERGE else 0,
            dependants=len(task.dependants) if task.intent.action in TAKEN_APART else 0,
        )
        return needs_approval(approval, act)

    def _proposed(self, work: IdentityWork, task: Task, because: Sequence[str]) -> Outcome:
        seen, intent = task.plan.seen, task.intent
        proposal = Proposal(
            entity=seen.entity,
            action=intent.action,
            arguments=intent.arguments(),
            goldens=sorted(seen.goldens),
            expect=seen.token,
            because=because,
            word=task.terms.word,
        )
        return Outcome(
            action=intent.action,
            kind=task.kind,
            entity=seen.entity,
            done=False,
            expect=seen.token,
            approval=because,
            proposal=propose(work, proposal),
        )

    # --- writing ---

    def _carried_out(self, work: IdentityWork, task: Task, because: Sequence[str]) -> Outcome:
        seen, found = task.plan.seen, task.found
        before = picture(work, task)
        overrides = override_moves(seen, work, found, task.intent.keeps)
        txn = self._context.ids()
        decision = self._decide(work, task, txn, overrides)
        work.identity.close_pairs(task.retracted)
        step = Step(
            seen=seen,
            regrouping=found,
            links=self._links(task),
            txn=txn,
            decision=decision,
            word=task.terms.word,
            action=task.intent.action,
            apart=task.apart,
            overrides=overrides,
        )
        carry_out(work, self._context, step)
        if task.terms.approved:
            settle(work, self._context, seen.entity, task.terms.approved)
        return outcome(work, self._context, task, Done(before, txn, decision, because))

    def _links(self, task: Task) -> list[LinkWrite]:
        wanted = {**task.plan.confirmed, **task.plan.moves}
        return [
            manual(task.plan.seen, record_id, golden_id, task.terms.word)
            for record_id, golden_id in sorted(wanted.items())
        ]

    def _decide(
        self, work: IdentityWork, task: Task, txn: UUID, overrides: Sequence[Mapping[str, object]]
    ) -> int:
        terms, seen = task.terms, task.plan.seen
        return work.identity.decide(
            {
                "entity": seen.entity,
                "kind": task.intent.action.upper(),
                "actor": terms.word.actor,
                "reason": terms.word.reason,
                "approver": terms.approved.approver if terms.approved else None,
                "policy": self._context.policy,
                "inputs": seen.inputs,
                "goldens": [str(golden_id) for golden_id in task.goldens],
                "body": {
                    **task.intent.arguments(),
                    "retracted": list(task.retracted),
                    "moved_overrides": list(overrides),
                },
                "case_id": terms.approved.case if terms.approved else None,
                "txn": txn,
                "undoes": None,
            }
        )


def _parted_same(work: IdentityWork, plan: Plan) -> Rows:
    """What was declared the same and is taken apart; IdentityRefused where others still say so."""
    members = {s.record.id for s in plan.seen.members[plan.source]} if plan.source else set()
    moved, rest = sorted(plan.moves), sorted(members - plan.moves.keys())
    rows = work.identity.live_pairs(SAME, moved, rest)
    gone = {(row["record_a"], row["record_b"]) for row in rows}
    live = [d for d in work.goldens.pair_decisions(moved + rest) if (d.a, d.b) not in gone]
    same = Decisions(live)
    for record_id in moved:
        if same.same(record_id, rest):
            name = plan.seen.names[record_id]
            message = (
                f"{name} was declared the same as a record that is elsewhere, and that the same as"
                " one that remains; undo one of these decisions first"
            )
            raise IdentityRefused(message, record=name)
    return rows
