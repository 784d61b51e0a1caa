"""Carry a regrouping out: one transaction, by the resolver's own merge, values and all.

What people move takes the way of what the engine moves (`hub.services.resolving.merge`), so golden
values, conflicts, history, the event and the way out follow at once and by the same code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from golden_records.domain.regrouping import IdentityRefused, homes
from golden_records.ports import LinkWrite
from hub.services.identity.work import STEWARD_PRIORITY
from hub.services.resolving.batch import Batch, IdentityPlan
from hub.services.resolving.enqueue import enqueue
from hub.services.resolving.linking import REMATCH
from hub.services.resolving.merge import merge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from golden_records.domain.regrouping import Regrouping
    from hub.services.cases import Word
    from hub.services.identity.scene import Seen
    from hub.services.identity.work import Context, IdentityWork

PAIRS_MOST: Final = 2500
"""Pairs of records that one decision may write; two larger clusters need another look first."""
DIFFERENT: Final = "DIFFERENT"
SAME: Final = "SAME"


@dataclass(slots=True, kw_only=True)
class StewardBatch(Batch):
    """A batch that no mark asked for."""

    why: str

    def cause(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to carry out, under the locks of `seen`.

    `links` are how moved and confirmed records are linked from now on; `apart` and `together` are
    pairs of records that the decision speaks of.
    """

    seen: Seen
    regrouping: Regrouping
    links: Sequence[LinkWrite]
    txn: UUID
    decision: int
    word: Word
    action: str
    apart: Sequence[tuple[int, int]] = ()
    together: Sequence[tuple[int, int]] = ()
    overrides: Sequence[Mapping[str, object]] = field(default=())
    """Who has which override afterwards: rows of `override_moves`."""
    again: Sequence[int] | None = None
    """The members to be matched again; None is all of them."""


def carry_out(work: IdentityWork, context: Context, step: Step) -> list[int]:
    """Write everything that follows; return the records that are looked at again."""
    said = {"actor": step.word.actor, "reason": step.word.reason, "decision": step.decision}
    entity = step.seen.entity
    work.decisions.decide_pairs(entity, step.apart, {"verdict": DIFFERENT, **said})
    work.decisions.decide_pairs(entity, step.together, {"verdict": SAME, **said})
    for move in step.overrides:
        _move_override(work, move)
    found = step.regrouping
    work.decisions.touch(sorted(step.seen.goldens))
    for golden_id in sorted(found.restored):
        winner = step.seen.goldens[golden_id].merged_into
        if winner is not None:
            work.identity.uncompact(golden_id, winner)
    _merge(work, context, step)
    work.decisions.touch(sorted(found.created))
    for loser, winner in found.merged.items():
        work.identity.repoint_cases(entity, loser, winner)
    return _look_again(work, step)


def manual(
    seen: Seen, record_id: int, golden_id: UUID, word: Word, rule: str = "steward"
) -> LinkWrite:
    """Return a link that the engine never changes."""
    return LinkWrite(
        entity=seen.entity,
        record_id=record_id,
        golden_id=golden_id,
        state="MATCH",
        origin="MANUAL",
        probability=None,
        reasons={"rule": rule, "actor": word.actor, "reason": word.reason},
    )


def override_moves(
    seen: Seen, work: IdentityWork, found: Regrouping, keeps: Mapping[str, str]
) -> list[dict[str, object]]:
    """Plan whose the overrides are afterwards.

    A loser's go to its winner, where that has none of its own. Of a golden record that is taken
    apart they stay with what remains; `keeps` names those that go with what moves, or to both.
    """
    rows = work.identity.open_overrides(sorted(seen.goldens))
    held = {(row["golden_id"], row["attribute"]) for row in rows}
    moves: list[dict[str, object]] = []
    for row in rows:
        golden_id, attribute = row["golden_id"], row["attribute"]
        side = keeps.get(attribute, "remaining")
        to = found.merged.get(golden_id)
        if to is None and side != "remaining":
            to = _destination(found, golden_id)
        if to is None:
            continue
        taken = (to, attribute) in held
        moves.append(
            {
                "id": row["id"],
                "attribute": attribute,
                "from": str(golden_id),
                "to": None if taken else str(to),
                "stays": side == "both" and golden_id not in found.merged,
            }
        )
        held.add((to, attribute))
    return moves


def refuse_many(pairs: Sequence[tuple[int, int]]) -> None:
    """Refuse a decision that would have to write more pairs than one may."""
    if len(pairs) > PAIRS_MOST:
        raise IdentityRefused(f"{len(pairs)} pairs of records are too many for one decision")


def _destination(found: Regrouping, golden_id: UUID) -> UUID | None:
    home = homes(found.after)
    went = {home[r] for r in found.before.get(golden_id, ()) if home.get(r, golden_id) != golden_id}
    return min(went, default=None)


def _move_override(work: IdentityWork, move: Mapping[str, object]) -> None:
    override_id = int(str(move["id"]))
    if not move["stays"]:
        work.identity.close_override(override_id, "merged" if move["to"] is None else "moved")
    if move["to"] is not None:
        work.identity.copy_override(override_id, UUID(str(move["to"])))


def _merge(work: IdentityWork, context: Context, step: Step) -> None:
    found, seen = step.regrouping, step.seen
    home = homes(found.after)
    was = homes(found.before)
    moved = [record_id for record_id, golden_id in home.items() if was.get(record_id) != golden_id]
    left = sorted(was.keys() - home.keys())
    records = {record_id: seen.stored[record_id].record for record_id in moved + left}
    plan = IdentityPlan(
        links=list(step.links),
        closed=[(record_id, was[record_id]) for record_id in left],
        moved={i: (record.system, record.key) for i, record in records.items()},
        created=dict.fromkeys(sorted(found.created)),
        merged=dict(found.merged),
        before={g: list(ids) for g, ids in found.before.items()},
        after={g: list(ids) for g, ids in found.after.items()},
        restored=set(found.restored),
        actor=step.word.actor,
        reason=step.word.reason,
    )
    rules = context.rules[seen.entity]
    batch = StewardBatch(rules=rules, now=context.clock.now(), marks=[], why=step.action)
    resolved = merge(work, batch, plan, policy=context.policy, txn=step.txn)
    enqueue(work, batch, resolved)
    if rules.referred:
        work.marks.mark_dependants([], sorted(found.before.keys() | found.after.keys()))


def _look_again(work: IdentityWork, step: Step) -> list[int]:
    """Mark records with a case about what has changed, and the members: the engine settles those.

    A record that is linked by hand is not matched again, so its cases are closed here.
    """
    ids = sorted(step.seen.stored if step.again is None else step.again)
    concerned = [*step.seen.goldens, *step.regrouping.created]
    manual_now = [link.record_id for link in step.links if link.origin != "AUTO"]
    resolution = f"{step.action}, {step.word}"
    work.decisions.close_between(manual_now, concerned, resolution)
    waiting = work.identity.cases_about(step.seen.entity, concerned, ids)
    again = sorted({row["record_id"] for row in waiting if row["record_id"] is not None} | set(ids))
    work.marks.mark_records(again, cause=REMATCH, priority=STEWARD_PRIORITY)
    return again
