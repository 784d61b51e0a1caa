"""What becomes of a record's links: the plan for one record that is new or says something else.

1. Nothing matches: a golden record of its own.
2. All matches are one golden record: linked to it.
3. Matches in several: merged if policy and facts allow (`clusters.joinable`), else POSSIBLE_MATCH
   to each, POSSIBLE_DUPLICATE between them, and one case. Never a silent merge of two that are
   known outside.
4. Only possible matches: POSSIBLE_MATCH to each and a case.
5. A veto or a steward's "different": NO_MATCH, with the reason.
6. Too many candidates (a hot block): a case, and none of them is linked.

A record that would open a golden record, and whose system may not create, waits in its place: it
belongs to none, and a case asks a person.

In 3, 4 and 6 the record has a provisional golden record of its own, so that what refers to it does
not hang. A record alone in a golden record that nobody outside knows starts anew each time; that
golden record then redirects. A record whose home still matches, or may match, stays there; one that
no longer matches leaves by itself if policy allows (while loading) and nobody outside knows the
home, else it is a case. Manual and imported links are never changed; if the data contradict one,
that is a case.

Planning again after the plan was carried out yields no action but the same case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

from golden_records.domain.clusters import (
    Decisions,
    GoldenFacts,
    LinkPolicy,
    Member,
    PairDecision,
    full,
    ids,
    joinable,
    winner,
)
from golden_records.domain.linkplan import (
    Action,
    AlreadyLinked,
    Candidate,
    CloseLink,
    CreateGolden,
    LinkPlan,
    LinkRow,
    MarkDuplicate,
    MergeGoldens,
    OpenCase,
    SetLink,
    Situation,
    accept,
    reject,
)
from golden_records.domain.records import ConflictKind, LinkOrigin, LinkState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

__all__ = [
    "AlreadyLinked", "Candidate", "CloseLink", "CreateGolden", "GoldenFacts", "LinkPlan",
    "LinkPolicy", "LinkRow", "MarkDuplicate", "Member", "MergeGoldens", "OpenCase",
    "PairDecision", "SetLink", "Situation", "accept", "plan_links", "reject",
]  # fmt: skip

SAID_SAME: Final = "decided-same"
SAID_DIFFERENT: Final = "decided-different"
SYSTEM_FULL: Final = "system-full"
NO_LONGER: Final = "no-longer-matches"
HOT_BLOCK: Final = "hot-block"


@dataclass(frozen=True, slots=True)
class _Aim:
    """How things should stand."""

    home: UUID | None
    possible: tuple[Candidate, ...] = ()
    merges: tuple[MergeGoldens, ...] = ()
    duplicates: tuple[MarkDuplicate, ...] = ()
    case: ConflictKind | None = None
    reasons: tuple[str, ...] = ()
    waits: bool = False
    """For a system that may create: the record has no home."""


def plan_links(situation: Situation, policy: LinkPolicy) -> LinkPlan:
    """Plan what must change; nothing where all is as it should be."""
    if situation.deleted:
        gone = [CloseLink(golden_id=r.golden_id, state=r.state) for r in situation.links]
        return LinkPlan(actions=tuple(gone), home=None)
    view = _View(situation, policy)
    current = view.current
    if current is not None and current.origin is not LinkOrigin.AUTO:
        return _contradicted(view, current)
    aim = _allowed(view, _hot(view) if situation.hot and not view.decided else _aim(view))
    return LinkPlan(actions=tuple(_actions(view, aim)), home=aim.home)


class _View:
    """The situation, with the candidates sorted by what may be done with them."""

    def __init__(self, situation: Situation, policy: LinkPolicy) -> None:
        self.situation = situation
        self.policy = policy
        self.me = Member(record_id=situation.record_id, system=situation.system)
        self.decisions = Decisions(situation.decisions)
        rows = situation.links
        self.current = next((row for row in rows if row.state is LinkState.MATCH), None)
        self.rejected = {
            row.golden_id
            for row in rows
            if row.state is LinkState.NO_MATCH and row.origin is LinkOrigin.MANUAL
        }
        self.decided = False
        self.matches: dict[UUID, Candidate] = {}
        self.reviews: dict[UUID, Candidate] = {}
        self.refused: dict[UUID, Candidate] = {}
        for candidate in sorted(situation.candidates, key=_by_rank):
            self._sort(candidate)
        self._add_decided()

    def golden(self, golden_id: UUID) -> GoldenFacts:
        return self.situation.goldens.get(golden_id) or GoldenFacts(id=golden_id)

    def others(self, golden_id: UUID) -> list[int]:
        return [i for i in ids(self.golden(golden_id)) if i != self.me.record_id]

    def barred(self, golden_id: UUID) -> bool:
        return self.decisions.different([self.me.record_id], self.others(golden_id))

    def join(self, golden_ids: Sequence[UUID]) -> _Aim | None:
        """Everything in one golden record, if that may be."""
        goldens = [self.golden(golden_id) for golden_id in sorted(set(golden_ids))]
        allowed = joinable(
            goldens,
            self.me,
            decisions=self.decisions,
            policy=self.policy,
            agreeing=self.situation.agreeing,
        )
        if not allowed:
            return None
        home = winner(goldens).id
        return _Aim(home, merges=tuple(_merge(home, g.id) for g in goldens if g.id != home))

    def _sort(self, candidate: Candidate) -> None:
        golden_id = candidate.golden_id
        home = self.current is not None and self.current.golden_id == golden_id
        if golden_id in self.rejected:
            return
        if self.barred(golden_id):
            self.refused[golden_id] = replace(candidate, reasons=(SAID_DIFFERENT,))
        elif candidate.outcome == "veto":
            self.refused[golden_id] = candidate
        elif candidate.outcome == "match" and (home or not self._full(golden_id)):
            self.matches[golden_id] = candidate
        else:
            full_up = (SYSTEM_FULL,) if candidate.outcome == "match" else ()
            self.reviews[golden_id] = replace(candidate, reasons=candidate.reasons + full_up)

    def _full(self, golden_id: UUID) -> bool:
        return full(self.golden(golden_id), self.me, self.policy)

    def _add_decided(self) -> None:
        """A steward's "same" outranks every score, but not a "different" or a rejection."""
        decided = {
            golden_id: Candidate(
                golden_id=golden_id, outcome="match", probability=1.0, reasons=(SAID_SAME,)
            )
            for golden_id in sorted(self.situation.goldens)
            if golden_id not in self.rejected
            and not self.barred(golden_id)
            and self.decisions.same(self.me.record_id, self.others(golden_id))
        }
        if decided:
            self.decided = True
            self.matches, self.reviews = decided, {}
            for golden_id in decided:
                self.refused.pop(golden_id, None)


def _by_rank(candidate: Candidate) -> tuple[float, UUID]:
    return (-candidate.probability, candidate.golden_id)


def _merge(home: UUID, loser: UUID) -> MergeGoldens:
    return MergeGoldens(winner=home, loser=loser)


def _allowed(view: _View, aim: _Aim) -> _Aim:
    """Wait instead of opening a golden record that the system may not open."""
    if aim.home is not None or view.policy.existence.may_create(view.situation.system):
        return aim
    return replace(aim, waits=True, case=ConflictKind.CREATION_HELD)


def _aim(view: _View) -> _Aim:
    current = view.current
    if current is None:
        return _unattached(view, None)
    home = current.golden_id
    if view.golden(home).free:
        return _unattached(view, home)
    return _attached(view, home)


def _unattached(view: _View, own: UUID | None) -> _Aim:
    """A record without a home, or alone in one (`own`) that nobody knows."""
    matches = [golden_id for golden_id in view.matches if golden_id != own]
    mine = [own] if own is not None else []
    if len(matches) == 1:
        return _Aim(matches[0], merges=tuple(_merge(matches[0], loser) for loser in mine))
    if matches:
        pairs = combinations(sorted(matches), 2)
        return view.join(matches + mine) or _Aim(
            own,
            possible=tuple(view.matches[golden_id] for golden_id in matches),
            duplicates=tuple(MarkDuplicate(a=a, b=b) for a, b in pairs),
            case=ConflictKind.AMBIGUOUS_MATCH,
        )
    possible = tuple(c for golden_id, c in view.reviews.items() if golden_id != own)
    return _Aim(own, possible, case=ConflictKind.AMBIGUOUS_MATCH if possible else None)


def _attached(view: _View, home: UUID) -> _Aim:
    """A record in a golden record with others, or in one that is known outside."""
    alone = not view.others(home)
    matches = [golden_id for golden_id in view.matches if golden_id != home]
    reviews = [golden_id for golden_id in view.reviews if golden_id != home]
    if not alone and home not in view.matches and home not in view.reviews:
        return _leaving(view, home)
    if home in view.reviews and matches:
        possible = tuple(view.matches[golden_id] for golden_id in matches)
        return _Aim(home, possible, case=ConflictKind.AMBIGUOUS_MATCH)
    if matches:
        return view.join([home, *matches]) or _duplicates(home, matches)
    if alone and reviews:
        return _duplicates(home, reviews)
    return _Aim(home)


def _leaving(view: _View, home: UUID) -> _Aim:
    """The record says nothing any more that its home's members say."""
    forced = view.barred(home) or home in view.rejected
    if forced or (view.policy.auto_unlink and not view.golden(home).known_outside):
        return _unattached(view, None)
    others = {**view.matches, **view.reviews}
    reasons = (NO_LONGER,)
    return _Aim(home, tuple(others.values()), case=ConflictKind.AMBIGUOUS_MATCH, reasons=reasons)


def _duplicates(home: UUID, others: Sequence[UUID]) -> _Aim:
    pairs = [sorted((home, other)) for other in sorted(others)]
    marks = tuple(MarkDuplicate(a=a, b=b) for a, b in pairs)
    return _Aim(home, duplicates=marks, case=ConflictKind.POSSIBLE_DUPLICATE)


def _hot(view: _View) -> _Aim:
    home = view.current.golden_id if view.current else None
    return _Aim(home, case=ConflictKind.AMBIGUOUS_MATCH, reasons=(HOT_BLOCK,))


def _contradicted(view: _View, current: LinkRow) -> LinkPlan:
    """Leave a manual link alone; say so if the data speak against it."""
    home = current.golden_id
    against = home in view.refused or view.barred(home)
    elsewhere = [golden_id for golden_id in view.matches if golden_id != home]
    wrong = against or (elsewhere and home not in view.matches and bool(view.others(home)))
    aim = _Aim(home, case=ConflictKind.MANUAL_LINK_CONTRADICTED if wrong else None)
    case = [_case(view, aim, (home, *elsewhere))] if wrong else []
    return LinkPlan(actions=tuple(case), home=home)


def _actions(view: _View, aim: _Aim) -> list[Action]:
    """Only what differs from how things stand, in an order that can be carried out."""
    actions: list[Action] = list(aim.merges)
    if aim.home is None and not aim.waits:
        actions.append(CreateGolden(provisional=aim.case is not None))
    lost = {merge.loser for merge in aim.merges}
    wanted = _wanted(view, aim)
    standing = {row.golden_id: row for row in view.situation.links if row.golden_id not in lost}
    actions += [
        CloseLink(golden_id=row.golden_id, state=row.state)
        for row in standing.values()
        if row.origin is LinkOrigin.AUTO and row.golden_id not in wanted
    ]
    actions += [
        link
        for golden_id, link in wanted.items()
        if golden_id not in standing or golden_id is None
        or (standing[golden_id].state is not link.state
            and standing[golden_id].origin is LinkOrigin.AUTO)
    ]  # fmt: skip
    actions += aim.duplicates
    if aim.case is not None:
        goldens = {c.golden_id for c in aim.possible} | {d.a for d in aim.duplicates}
        goldens |= {d.b for d in aim.duplicates}
        actions.append(_case(view, aim, tuple(sorted(goldens))))
    return actions


def _wanted(view: _View, aim: _Aim) -> dict[UUID | None, SetLink]:
    """The record's links as they should be, by golden record."""
    found = view.matches.get(aim.home) if aim.home is not None else None
    moved = view.current is not None and view.current.golden_id in {m.loser for m in aim.merges}
    wanted: dict[UUID | None, SetLink] = {
        c.golden_id: SetLink(
            golden_id=c.golden_id,
            state=LinkState.NO_MATCH,
            probability=c.probability,
            reasons=c.reasons,
        )
        for c in view.refused.values()
    }
    for c in aim.possible:
        wanted[c.golden_id] = SetLink(
            golden_id=c.golden_id,
            state=LinkState.POSSIBLE_MATCH,
            probability=c.probability,
            reasons=c.reasons,
        )
    if not aim.waits and (not moved or found is not None):
        wanted[aim.home] = SetLink(
            golden_id=aim.home,
            state=LinkState.MATCH,
            probability=found.probability if found else 0.0,
            reasons=found.reasons if found else (),
        )
    return wanted


def _case(view: _View, aim: _Aim, goldens: tuple[UUID, ...]) -> OpenCase:
    kind = aim.case or ConflictKind.AMBIGUOUS_MATCH
    situation = view.situation
    said = [reason for c in aim.possible for reason in c.reasons]
    return OpenCase(
        kind=kind,
        cause=f"{kind.value}/{situation.system}/{situation.key}",
        reasons=aim.reasons + tuple(dict.fromkeys(said)),
        goldens=goldens,
    )
