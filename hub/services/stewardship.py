"""Stewards' decisions: facts written under the locks that everybody takes, then marks.

Order: identity lock of the entity where links change, crosswalk keys, golden rows by id, and only
then the facts are read again, compared with what the steward saw, and written. Values follow from
the facts: the members are marked with cause `steward`, and the resolver merges them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from golden_records.domain.records import Approval
from hub.services.case_desk import CaseDesk
from hub.services.cases import (
    CONTRADICTED,
    Case,
    DecisionRefused,
    Word,
    crosswalk,
    decidable,
    freed,
    one,
    pairs,
    two,
    within,
)
from hub.services.giving import Decided, Given, decide, give
from hub.services.identity.joining import join, retracted_by
from hub.services.identity.work import (
    STEWARD,
    STEWARD_PRIORITY,
    Approved,
    IdentityWork,
)
from hub.services.queries import NotFound, find_golden

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from hub.services.overriding import Lifetime

RETRY_PRIORITY = 1
AGREEMENT = timedelta(days=1)
"""How long systems may take to agree on what a steward decided."""


class Stewardship(CaseDesk):
    """The stewardship service; each decision is one transaction."""

    def cases(self, wanted: dict[str, object]) -> list[dict[str, Any]]:
        """`wanted` holds states, kind, entity, assignee and limit."""
        with self._work() as work:
            return work.queries.cases(self._context.clock.now(), wanted)

    def case(self, case_id: int) -> Case:
        """Return the case as it stands, to be decided on."""
        with self._work() as work:
            seen_at = work.decisions.moment()
            case = self._read(work, case_id)
            links = work.queries.members(sorted(case.goldens))
            return replace(case, seen_at=seen_at, links=links)

    def same(
        self, case_id: int, expected: str, word: Word, candidate: UUID | None = None
    ) -> Decided:
        """Make one golden record of the two, with all their records linked by hand.

        `candidate` names one of several. Where a manual link is contradicted, it is confirmed.
        """
        with self._work() as work:
            work.decisions.act_as(word.actor)
            case = self._identity_case(work, case_id, expected)
            if case.row["kind"] == CONTRADICTED:
                self._decide_pairs(work, case, "SAME", within(case), word)
                return self._done(work, case, [one(case)], f"same, {word}")
            sides = two(case, candidate)
            kept = join(work, self._context, case, sides, word)
            return self._done(work, case, [kept], f"same, {word}")

    def different(
        self, case_id: int, expected: str, word: Word, candidate: UUID | None = None
    ) -> Decided:
        """Hold two golden records apart: no record of one may join the other, whatever it scores.

        The pairs of all their records are written, so that no third record bridges them. Where a
        manual link is contradicted, the record is let go from its golden record.
        """
        with self._work() as work:
            work.decisions.act_as(word.actor)
            case = self._identity_case(work, case_id, expected)
            if case.row["kind"] == CONTRADICTED:
                self._decide_pairs(work, case, "DIFFERENT", within(case), word)
                return self._let_go(work, case, word)
            mine, theirs = two(case, candidate)
            if mine == theirs:
                message = "the records are in one golden record already, so they cannot be apart"
                raise DecisionRefused(message, case=case_id)
            self._decide_pairs(work, case, "DIFFERENT", pairs(case, (mine, theirs)), word)
            return self._done(work, case, [mine, theirs], f"different, {word}")

    def choose(
        self, case_id: int, expected: str, wanted: tuple[str, Lifetime], word: Word
    ) -> Decided:
        """Let one system's value stand, with all attributes that survive together with it.

        The case stays until the systems agree; if they do not within a day, it is open again.
        """
        system, life = wanted
        with self._work() as work:
            work.decisions.act_as(word.actor)
            case = self._value_case(work, case_id, expected)
            values = self._values_of(case, system)
            given = Given(
                golden_id=one(case), values=values, said=(word, life), case=case, system=system
            )
            return self._settle(work, given, f"{system} chosen, {word}")

    def refuse(self, case_id: int, expected: str, word: Word) -> Decided:
        """Keep a proposed value out: the owner's value goes back to the system."""
        with self._work() as work:
            work.decisions.act_as(word.actor)
            case = self._value_case(work, case_id, expected)
            decidable(case, "refuse")
            work.decisions.refuse_case(case.id)
            return self._awaited(work, case, f"refused, {word}")

    def overrule(
        self, case_id: int, expected: str, wanted: tuple[object, Lifetime], word: Word
    ) -> Decided:
        """Let a value stand that a person gives; the case stays until the systems agree."""
        value, life = wanted
        with self._work() as work:
            work.decisions.act_as(word.actor)
            case = self._value_case(work, case_id, expected)
            values = {case.row["attribute"]: value}
            given = Given(golden_id=one(case), values=values, said=(word, life), case=case)
            return self._settle(work, given, f"value given, {word}")

    def approve(self, case_id: int, expected: str, word: Word, *, approved: bool = True) -> Decided:
        """Let a raise through, or keep it out, for as long as just these values are proposed."""
        with self._work() as work:
            case = self._read(work, case_id)
            decidable(case, "approve")
            case = self._locked(work, case, expected)
            approval = Approval(
                id=0,
                group=case.row["details"]["group"],
                values=case.row["details"]["proposed"],
                approved=approved,
                actor=word.actor,
            )
            said = {"reason": word.reason, "policy": self._context.policy}
            work.raises.decide(one(case), approval, said)
            verdict = "raise approved" if approved else "raise refused"
            return self._done(work, case, [one(case)], f"{verdict}, {word}")

    def override(
        self,
        name: str,
        wanted: dict[str, object],
        word: Word,
        life: Lifetime,
        approved: Approved | None = None,
    ) -> Decided:
        """Set values of a golden record, case or none."""
        with self._work() as work:
            work.decisions.act_as(word.actor)
            golden_id = _resolved(work, name)
            given = Given(
                golden_id=golden_id[0], values=wanted, said=(word, life), approved=approved
            )
            asked = give(work, self._context, given)
            marked = [] if asked.proposal else self._mark(work, golden_id)
            work.commit()
        return replace(asked, resolution=f"override {word}", marked=marked)

    def release(self, name: str, attribute: str, word: Word) -> Decided:
        """End an override; the sources' value comes back with the next merge."""
        with self._work() as work:
            work.decisions.act_as(word.actor)
            golden_id = _resolved(work, name)
            entity = work.goldens.lock(golden_id)[golden_id[0]].entity
            rows = work.identity.open_overrides(golden_id)
            held = [r["id"] for r in rows if r["attribute"] == attribute]
            if not held:
                raise NotFound(f"{name} has no override of {attribute}", name=name)
            body = {"attribute": attribute, "released": [[i, str(golden_id[0])] for i in held]}
            what = (entity, "RELEASE", word)
            decision = decide(work, self._context, what, golden_id, body)
            work.decisions.end_overrides(golden_id[0], [attribute], f"ended {word}")
            marked = self._mark(work, golden_id)
            work.commit()
        return Decided(
            case=None,
            resolution=f"released {word}",
            goldens=golden_id,
            marked=marked,
            decision=decision,
        )

    def history(self, case_id: int) -> list[dict[str, Any]]:
        """Return every state that the case had, by whom, the oldest first."""
        with self._work() as work:
            found = work.queries.case_events(case_id)
        _found(bool(found), case_id)
        return found

    def defer(self, case_id: int, until: datetime, actor: str) -> None:
        """Put an open case off; it is open again by itself."""
        with self._work() as work:
            work.decisions.act_as(actor)
            _found(work.decisions.defer_case(case_id, until), case_id)
            work.commit()

    def assign(self, case_id: int, assignee: str | None, actor: str) -> None:
        with self._work() as work:
            work.decisions.act_as(actor)
            _found(work.decisions.assign_case(case_id, assignee), case_id)
            work.commit()

    def retry(self, publication_ids: Sequence[int]) -> dict[int, UUID]:
        """Have publications decided again from the golden records as they are now.

        What was stored is never sent again: the rows are out of the publisher's reach until the
        resolver has looked at the golden record. Rows that wait for their echo are left alone.
        """
        with self._work() as work:
            taken = work.decisions.retry(publication_ids, self._context.clock.now())
            members = work.decisions.member_ids(sorted(set(taken.values())))
            work.marks.mark_records(members, cause="retry", priority=RETRY_PRIORITY)
            work.commit()
        return taken

    # --- reading under locks ---

    def _identity_case(self, work: IdentityWork, case_id: int, expected: str) -> Case:
        """Under the identity lock nobody else links, so the members stay as they are read."""
        case = self._read(work, case_id)
        decidable(case, "same")
        work.goldens.lock_identity(case.entity)
        case = self._read(work, case_id)
        if self._context.rules[case.entity].referred:
            work.sources.lock_crosswalk(crosswalk(case))
        return self._locked(work, case, expected)

    def _value_case(self, work: IdentityWork, case_id: int, expected: str) -> Case:
        case = self._read(work, case_id)
        decidable(case, "override")
        return self._locked(work, case, expected)

    # --- writing ---

    def _decide_pairs(
        self,
        work: IdentityWork,
        case: Case,
        verdict: str,
        found: Sequence[tuple[int, int]],
        word: Word,
    ) -> None:
        ended = retracted_by(work, verdict, found)
        what = (case.entity, verdict, word)
        decision = decide(
            work, self._context, what, sorted(case.goldens), {"retracted": ended}, case
        )
        said = {"verdict": verdict, "actor": word.actor, "reason": word.reason}
        work.decisions.decide_pairs(case.entity, found, {**said, "decision": decision})
        work.identity.case_decided_by(case.id, decision)

    def _let_go(self, work: IdentityWork, case: Case, word: Word) -> Decided:
        """Leave the record to the engine; marked alone, it is the one that leaves."""
        link = freed(case, word)
        work.goldens.link([link], self._context.policy, self._context.ids())
        resolution = f"different, {word}"
        work.decisions.touch([link.golden_id])
        work.decisions.close_case(case.id, resolution)
        work.marks.mark_records([link.record_id], cause=STEWARD, priority=STEWARD_PRIORITY)
        work.commit()
        return Decided(
            case=case.id, resolution=resolution, goldens=[link.golden_id], marked=[link.record_id]
        )

    def _values_of(self, case: Case, system: str) -> dict[str, object]:
        attribute = case.row["attribute"]
        said = [m.record for m in case.members[one(case)] if m.record.system == system]
        said = [record for record in said if record.attrs.get(attribute) is not None]
        named = [record for record in said if record.key == case.row["key"]]
        if not said or (len(said) > 1 and not named):
            systems = sorted({m.record.system for m in case.members[one(case)]})
            message = f"{system} says nothing, or several things, about {attribute}; members are of"
            raise DecisionRefused(f"{message} {', '.join(systems)}", system=system)
        record = (named or said)[0]
        names = self._together(case.entity, attribute)
        return {name: record.attrs[name] for name in names if name in record.attrs}

    def _together(self, entity: str, attribute: str) -> tuple[str, ...]:
        groups = self._context.rules[entity].entity.survivorship
        return next((g.attributes for g in groups if attribute in g.attributes), (attribute,))

    def _settle(self, work: IdentityWork, given: Given, resolution: str) -> Decided:
        """Decide a case of values; what is proposed leaves the case as it is."""
        asked = give(work, self._context, given)
        if asked.proposal is None and given.case is not None:
            if asked.decision is not None:
                work.identity.case_decided_by(given.case.id, asked.decision)
            return replace(self._awaited(work, given.case, resolution), decision=asked.decision)
        work.commit()
        return replace(asked, resolution=f"proposed, {given.said[0]}")

    def _awaited(self, work: IdentityWork, case: Case, resolution: str) -> Decided:
        """The engine closes a case of values when they agree; closed now, it would open it anew."""
        until = self._context.clock.now() + AGREEMENT
        work.decisions.settle_case(case.id, resolution, until)
        marked = self._mark(work, [one(case)])
        work.commit()
        return Decided(case=case.id, resolution=resolution, goldens=[one(case)], marked=marked)


def _resolved(work: IdentityWork, name: str) -> list[UUID]:
    found = work.queries.way(find_golden(work.queries, name))[-1:]
    if not found:
        raise NotFound(f"there is no golden record {name}", name=name)
    return found


def _found(found: bool, case_id: int) -> None:  # noqa: FBT001 - an outcome, not a switch
    if not found:
        message = f"there is no open case {case_id}; see `mdhub case list`"
        raise NotFound(message, case=case_id)
