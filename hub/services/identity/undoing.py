"""Undo: the inverse of an identity transaction, or the retraction of a decision.

Allowed while nothing later touches the same golden records: no decision that stands, no identity
transaction; else refused with the list of what came later. What a person did is put back as it
was, links of the engine included; what the engine did is undone by a person's word, so the engine
does not do it again. A transaction of the engine speaks of many records at once: what it moved
between golden records is undone, what it only linked stays (`hub.services.identity.newcomers`).
A record that a person let in (`hub.services.identity.founding`) waits again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from golden_records.domain.clusters import Decisions
from golden_records.domain.deletes import DECISIONS, WithheldState
from golden_records.domain.regrouping import (
    IdentityRefused,
    homes,
    leave,
    refuse_apart,
    regroup,
    taken_apart,
)
from golden_records.ports import LinkWrite
from hub.services.identity.carrying_out import Step, carry_out, manual, refuse_many
from hub.services.identity.newcomers import place, placed_link
from hub.services.identity.outcome import Done, Task, outcome, picture
from hub.services.identity.planning import Plan
from hub.services.identity.scene import refuse_by_reference, refuse_stale, see
from hub.services.identity.work import STEWARD, STEWARD_PRIORITY, Intent, Outcome
from hub.services.queries import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hub.services.identity.scene import Seen
    from hub.services.identity.work import Context, IdentityWork, Rows, Terms

UNDO: Final = "undo"
UNDO_KIND: Final = "UNDO"


class UndoRefused(IdentityRefused):
    """Something later builds on it; undo that first, or set it right by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What is to be undone: a person's decision, an identity transaction, or both in one."""

    entity: str
    goldens: tuple[UUID, ...]
    decision: Mapping[str, Any] | None
    event: Mapping[str, Any] | None

    @property
    def was(self) -> dict[int, UUID]:
        """Where each record was before the transaction, if it was anywhere."""
        return _homes(self.event["before"]) if self.event else {}

    @property
    def let_in(self) -> frozenset[int]:
        """Records that were in no golden record, where a person's word let them in."""
        if self.event is None or self.decision is None or _moved(self.event):
            return frozenset()
        return frozenset(_homes(self.event["after"]).keys() - self.was.keys())

    @property
    def body(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.decision["body"] if self.decision else {}
        return found


class Undoing:
    """The service that takes back."""

    def __init__(self, work: Callable[[], IdentityWork], context: Context) -> None:
        self._work = work
        self._context = context

    def transaction(self, txn: UUID, terms: Terms) -> Outcome:
        """Undo an identity transaction, whoever made it."""
        with self._work() as work:
            event = work.events.event(txn)
            if event is None:
                message = f"there is no identity transaction {txn}; `mdhub golden history` has them"
                raise NotFound(message, txn=str(txn))
            return self._undo(work, event, work.identity.decision_of_txn(txn), terms)

    def case(self, case_id: int, terms: Terms) -> Outcome:
        """Undo what a case was decided to be."""
        with self._work() as work:
            decision = work.identity.decision_of_case(case_id)
            if decision is None:
                raise NotFound(f"nothing was decided in case {case_id} that stands", case=case_id)
            _refuse_deletion(decision)
            event = work.events.event(decision["txn"]) if decision["txn"] else None
            return self._undo(work, event, decision, terms)

    def _undo(
        self,
        work: IdentityWork,
        event: Mapping[str, Any] | None,
        decision: Mapping[str, Any] | None,
        terms: Terms,
    ) -> Outcome:
        past = _past(event, decision)
        if event is not None and not past.let_in:
            refuse_by_reference(self._context, past.entity)
        if event is not None or (decision and decision["kind"] in {"SAME", "DIFFERENT"}):
            work.goldens.lock_identity(past.entity)
        seen = see(work, self._context, past.goldens)
        refuse_stale(work, seen, terms.expect)
        _refuse_undone(work, past)
        _refuse_later(work, past)
        came = self._carried_out(work, past, seen, terms)
        if not terms.dry_run:
            work.commit()
        return came

    def _carried_out(self, work: IdentityWork, past: _Past, seen: Seen, terms: Terms) -> Outcome:
        links, moves = ([], {}) if past.let_in else self._moves(work, past, seen, terms)
        clusters = seen.clusters()
        found = leave(clusters, past.let_in) if past.let_in else regroup(clusters, moves)
        intent = Intent(action=UNDO, goldens=tuple(str(g) for g in past.goldens))
        gone = sorted(moves.keys() | past.let_in)
        moved = [(seen.entity, *_key(seen, record_id)) for record_id in gone]
        task = Task(
            intent=intent,
            terms=terms,
            plan=Plan(seen=seen, moves=moves),
            found=found,
            dependants=work.identity.dependants(moved),
        )
        before = picture(work, task)
        txn = self._context.ids()
        number = self._decide(work, past, seen, (terms, txn if gone else None))
        self._take_back(work, past)
        refuse_apart(found, Decisions(work.goldens.pair_decisions(sorted(seen.stored))), seen.names)
        apart = taken_apart(found, past.was) if past.decision is None else []
        refuse_many(apart)
        step = Step(
            seen=seen,
            regrouping=found,
            links=links,
            txn=txn,
            decision=number,
            word=terms.word,
            action=UNDO,
            apart=apart,
            again=self._asking(work, past, task),
        )
        if links or gone:
            carry_out(work, self._context, step)
        work.marks.mark_records(step.again or (), cause=STEWARD, priority=STEWARD_PRIORITY)
        return outcome(work, self._context, task, Done(before, txn, number))

    def _moves(
        self, work: IdentityWork, past: _Past, seen: Seen, terms: Terms
    ) -> tuple[list[LinkWrite], dict[int, UUID]]:
        """Return how records are linked from now on, and those that change their golden record."""
        links = _links(work, past, seen, terms)
        moves = {
            link.record_id: link.golden_id
            for link in links
            if seen.stored[link.record_id].golden_id != link.golden_id
        }
        placed = place(work, self._context, seen, past.was, moves) if past.event else {}
        links += [placed_link(seen, i, home, terms.word) for i, home in sorted(placed.items())]
        return links, moves | placed

    def _decide(
        self, work: IdentityWork, past: _Past, seen: Seen, said: tuple[Terms, UUID | None]
    ) -> int:
        terms, txn = said
        undone = past.event["txn"] if past.event else None
        return work.identity.decide(
            {
                "entity": past.entity,
                "kind": UNDO_KIND,
                "actor": terms.word.actor,
                "reason": terms.word.reason,
                "approver": None,
                "policy": self._context.policy,
                "inputs": seen.inputs,
                "goldens": [str(golden_id) for golden_id in past.goldens],
                "body": {"undone": None if undone is None else str(undone)},
                "case_id": past.decision["case_id"] if past.decision else None,
                "txn": txn,
                "undoes": past.decision["id"] if past.decision else None,
            }
        )

    def _take_back(self, work: IdentityWork, past: _Past) -> None:
        """Let nothing that the decision brought about stand, and all that it ended stand again."""
        decision = past.decision
        if decision is None:
            return
        work.identity.take_back_pairs(decision["id"], past.body.get("retracted", ()))
        for move in past.body.get("moved_overrides", ()):
            _override_back(work, move)
        for row in work.identity.open_overrides(past.goldens):
            if row["decision_id"] == decision["id"]:
                work.identity.close_override(row["id"], "undone")
        for row in work.identity.replaced_overrides(decision["id"]):
            work.identity.copy_override(row["id"], row["golden_id"])
        for override_id, golden_id in past.body.get("released", ()):
            work.identity.copy_override(override_id, UUID(golden_id))
        if decision["case_id"] is not None:
            work.identity.open_case_again(decision["case_id"])

    def _asking(self, work: IdentityWork, past: _Past, task: Task) -> list[int]:
        """The records to be looked at again: the one that asked, else who moved or came, else all.

        The question is asked again from the same side, so it is one case and not two.
        """
        case_id = past.decision["case_id"] if past.decision else None
        row = work.queries.case(case_id, self._context.clock.now()) if case_id else None
        if row is not None and row["record_id"] is not None:
            return [row["record_id"]]
        stored, was = task.plan.seen.stored, past.was
        moved = {*task.plan.moves, *(i for i in stored if was and i not in was)}
        return sorted(moved or stored)


def _past(event: Mapping[str, Any] | None, decision: Mapping[str, Any] | None) -> _Past:
    named: set[str] = set(decision["goldens"]) if decision else set()
    if event is not None:
        everywhere = {*event["before"], *event["after"], *event["redirects"]}
        named |= everywhere if decision else _moved_between(event)
    entity = str((event or decision or {})["entity"])
    ids = tuple(sorted(UUID(name) for name in named))
    return _Past(entity=entity, goldens=ids, decision=decision, event=event)


def _moved_between(event: Mapping[str, Any]) -> set[str]:
    """The golden records between which a transaction moved records.

    The engine links and founds others as well; these stay, so they may have changed since.
    """
    was, now = _homes(event["before"]), _homes(event["after"])
    moved = _moved(event)
    if not moved:
        message = (
            f"transaction {event['txn']} took no record from another golden record;"
            " unlink what it linked instead"
        )
        raise UndoRefused(message, txn=str(event["txn"]))
    between = {str(home) for i in moved for home in (was[i], now[i])}
    return between | {*event["redirects"], *event["redirects"].values()}


def _moved(event: Mapping[str, Any]) -> list[int]:
    """The records that were in another golden record before."""
    was, now = _homes(event["before"]), _homes(event["after"])
    return [i for i, home in now.items() if was.get(i, home) != home]


def _homes(groups: Mapping[str, Sequence[int]]) -> dict[int, UUID]:
    return homes({UUID(name): ids for name, ids in groups.items()})


def _refuse_deletion(decision: Mapping[str, Any]) -> None:
    """A deletion is decided anew instead, by the command that looks whether it was applied."""
    if decision["kind"] not in DECISIONS.values():
        return
    rows = " ".join(str(row_id) for row_id in decision["body"]["withheld"])
    accepted = decision["kind"] == DECISIONS[WithheldState.RELEASED]
    message = (
        f"say `mdhub deletes {'discard' if accepted else 'release'} {rows}` instead;"
        " it takes this back while the deletion is not applied"
    )
    raise UndoRefused(message, decision=decision["id"])


def _refuse_undone(work: IdentityWork, past: _Past) -> None:
    decision = past.decision
    if decision is not None and decision["kind"] == UNDO_KIND:
        raise UndoRefused("an undo is not undone; do again what it undid", decision=decision["id"])
    if decision is not None and decision["undone_by"] is not None:
        message = f"decision {decision['id']} was undone already"
        raise UndoRefused(message, decision=decision["id"])
    if past.event is not None and (by := work.identity.undo_of(past.event["txn"])) is not None:
        message = f"transaction {past.event['txn']} was undone already, by {by['actor']}"
        raise UndoRefused(message, decision=by["id"])


def _refuse_later(work: IdentityWork, past: _Past) -> None:
    """Refuse with the list of what came later and still stands."""
    names = [str(golden_id) for golden_id in past.goldens]
    since = past.event["seq"] if past.event else 0
    number = past.decision["id"] if past.decision else 0
    later = [row for row in work.events.later(past.entity, since, names) if _stands(work, row)]
    if past.event is None and past.decision is not None:
        later = [row for row in later if row["recorded_at"] > past.decision["decided_at"]]
    lines = [f"transaction {row['txn']} ({row['kind']} by {row['actor']})" for row in later]
    known = {row["txn"] for row in later}
    for row in work.identity.later_decisions(past.entity, number, names):
        after = past.event is None or row["decided_at"] > past.event["recorded_at"]
        if after and row["txn"] not in known:
            lines.append(f"decision {row['id']} ({row['kind']} by {row['actor']})")
    if lines:
        message = f"this came later and builds on it: {'; '.join(lines)}"
        raise UndoRefused(message, later=lines)


def _stands(work: IdentityWork, event: Mapping[str, Any]) -> bool:
    """Whether an event is neither undone nor an undo: these two cancel each other out."""
    decision = work.identity.decision_of_txn(event["txn"])
    if decision is not None and decision["kind"] == UNDO_KIND:
        return False
    return work.identity.undo_of(event["txn"]) is None


def _links(work: IdentityWork, past: _Past, seen: Seen, terms: Terms) -> list[LinkWrite]:
    """Every link of the transaction as it was before it; those who were nowhere are left out."""
    if past.event is None:
        return []
    was = past.was
    rows: dict[int, Rows] = {}
    for row in work.identity.past_links(sorted(i for i in seen.stored if i in was)):
        rows.setdefault(row["record_id"], []).append(row)
    found = []
    for record_id, links in sorted(rows.items()):
        before = _before(links, past.event["txn"])
        if before is not None:
            found.append(_link(seen, record_id, before, (past, terms)))
    return found


def _before(links: Sequence[Mapping[str, Any]], txn: UUID) -> Mapping[str, Any] | None:
    """The link that the transaction's own took the place of; None where it wrote none."""
    for number, row in enumerate(links):
        if row["txn"] == txn:
            return links[number + 1]
    return None


def _link(
    seen: Seen, record_id: int, before: Mapping[str, Any], said: tuple[_Past, Terms]
) -> LinkWrite:
    past, terms = said
    if past.decision is None:
        return manual(seen, record_id, before["golden_id"], terms.word, UNDO)
    return LinkWrite(
        entity=seen.entity,
        record_id=record_id,
        golden_id=before["golden_id"],
        state="MATCH",
        origin=before["origin"],
        probability=before["probability"],
        reasons=before["reasons"],
    )


def _override_back(work: IdentityWork, move: Mapping[str, Any]) -> None:
    if move["to"] is not None:
        for row in work.identity.open_overrides([UUID(move["to"])]):
            if row["attribute"] == move["attribute"]:
                work.identity.close_override(row["id"], "undone")
    if not move["stays"]:
        work.identity.copy_override(move["id"], UUID(move["from"]))


def _key(seen: Seen, record_id: int) -> tuple[str, str]:
    record = seen.stored[record_id].record
    return record.system, record.key
