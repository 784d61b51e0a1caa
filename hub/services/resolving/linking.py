"""Plan the links of a batch, record by record, on clusters that change in memory as it goes.

Records are taken in the order of their ids, those of creators first, so the same batch gives the
same links. What becomes of a record is decided by `golden_records.domain.identity.plan_links`; here
is what it depends on, read under the identity lock. Only cases are written here; links wait for the
golden rows' locks.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from golden_records.domain.catalogue import Phase
from golden_records.domain.clusters import LinkPolicy
from golden_records.domain.identity import plan_links
from golden_records.domain.linkplan import Situation
from golden_records.domain.records import Conflict, ConflictKind
from hub.services.resolving.board import Board

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from golden_records.domain.clusters import GoldenFacts
    from golden_records.domain.linkplan import Candidate
    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Batch, ChangedRecord, IdentityPlan
    from hub.services.resolving.board import Case
    from hub.services.resolving.scene import Scene

CASES: Final = (
    str(ConflictKind.AMBIGUOUS_MATCH),
    str(ConflictKind.POSSIBLE_DUPLICATE),
    str(ConflictKind.MANUAL_LINK_CONTRADICTED),
    str(ConflictKind.CREATION_HELD),
)
REMATCH: Final = "rematch"
REMATCH_PRIORITY: Final = 3


class Linker:
    """Carries out link plans: the cases of link states, merges, redirects and conflicts."""

    def __init__(self, ids: Callable[[], UUID]) -> None:
        self._ids = ids

    def link(
        self, work: UnitOfWork, scene: Scene, records: Sequence[ChangedRecord]
    ) -> IdentityPlan:
        board = self._board(work, scene, records)
        policy = link_policy(work, scene.batch)
        cases: dict[int, Conflict] = {}
        may_create = policy.existence.may_create
        for record in sorted(records, key=lambda r: (not may_create(r.system), r.id)):
            situation = situation_of(board, scene, record)
            case = board.carry_out(record.id, plan_links(situation, policy))
            if case is not None:
                cases[record.id] = conflict_of(scene.batch, record, case, situation.candidates)
        plan = board.plan(scene.batch.entity)
        _settle(work, scene.batch.entity, cases, records)
        _look_again(work, scene.batch, plan, records)
        _let_join(work, scene, board, plan)
        return plan

    def _board(self, work: UnitOfWork, scene: Scene, records: Sequence[ChangedRecord]) -> Board:
        """Read what links depend on: nothing of it changes while the identity lock is held."""
        board = Board(
            ids=self._ids,
            heads=scene.heads,
            known=work.goldens.known_outside(list(scene.members)),
            decisions=scene.decisions,
        )
        rows = work.goldens.live_links([record.id for record in records])
        homes = {record.previous.golden_id for record in records if record.previous}
        asking = work.goldens.asking(sorted(home for home in homes if home))
        board.begin([*rows, *asking])
        return board


def link_policy(work: UnitOfWork, batch: Batch) -> LinkPolicy:
    """What the entity allows; nothing of it was published while none of its systems is LIVE.

    From then on a record that says something else stays: a customer who moves and marries is no
    other one, and systems that agreed hold the golden values without a write of ours.
    """
    identity = batch.rules.entity.identity
    phases = work.registry.phases()
    loading = not any(
        phase is Phase.LIVE for (_, entity), phase in phases.items() if entity == batch.entity
    )
    return LinkPolicy(
        auto_merge=identity.auto_merge,
        loading=loading,
        auto_unlink=loading,
        max_per_system=identity.max_per_system,
        duplicate_free=identity.duplicate_free,
        existence=batch.rules.entity.existence,
    )


def situation_of(board: Board, scene: Scene, record: ChangedRecord) -> Situation:
    """What the record's links depend on, as things stand on the board."""
    links = tuple(board.links[record.id].values())
    if record.deleted:
        return Situation(
            record_id=record.id, system=record.system, key=record.key, links=links, deleted=True
        )
    home = board.home(record.id)
    asked = board.asking(record.id)
    candidates = tuple(
        candidate
        for candidate in scene.candidates_of(record.id, board.home, board.members)
        if candidate.outcome == "veto" or candidate.golden_id not in asked
    )
    goldens = {
        golden_id: board.facts(golden_id)
        for golden_id in {c.golden_id for c in candidates} | board.friends(record.id)
    }
    if home is not None:
        goldens[home] = board.facts(home)
    return Situation(
        record_id=record.id,
        system=record.system,
        key=record.key,
        candidates=candidates,
        links=links,
        goldens=goldens,
        decisions=board.relevant(record.id, goldens.values()),
        agreeing=_agreeing(scene, record, candidates, goldens),
    )


def _agreeing(
    scene: Scene,
    record: ChangedRecord,
    candidates: Sequence[Candidate],
    goldens: dict[UUID, GoldenFacts],
) -> frozenset[frozenset[UUID]] | None:
    """The pairs of golden records that match each other too, where the record matches several."""
    matches = [c.golden_id for c in candidates if c.outcome == "match"]
    home = next((g for g, facts in goldens.items() if _holds(facts, record.id)), None)
    concerned = sorted({*matches, *([home] if home is not None else [])})
    if len(concerned) < 2:  # noqa: PLR2004 - a pair needs two
        return None
    members = {g: [m.record_id for m in goldens[g].members] for g in concerned}
    return frozenset(
        frozenset(pair)
        for pair in combinations(concerned, 2)
        if scene.agree(record.id, members[pair[0]], members[pair[1]])
    )


def _holds(golden: GoldenFacts, record_id: int) -> bool:
    return any(member.record_id == record_id for member in golden.members)


# --- cases ----------------------------------------------------------------------------------------


def conflict_of(
    batch: Batch, record: ChangedRecord, case: Case, candidates: Sequence[Candidate]
) -> Conflict:
    """The case that a record's plan asks for, as people see it."""
    asked, home = case.asked, case.home
    chance = {c.golden_id: c.probability for c in candidates}
    others = [golden_id for golden_id in asked.goldens if golden_id != home]
    best = max(others, key=lambda g: (chance.get(g, 0.0), str(g)), default=home)
    details = {
        "goldens": [str(golden_id) for golden_id in asked.goldens],
        "duplicates": [[str(mark.a), str(mark.b)] for mark in case.duplicates],
        "probability": round(chance.get(best, 0.0), 4) if best is not None else 0.0,
        "reasons": list(asked.reasons),
    }
    named = {"golden": home, "candidate": best}
    if asked.kind is ConflictKind.CREATION_HELD:
        details["held"] = f"{record.system}:{record.key}"
    found = Conflict(
        kind=asked.kind,
        cause=asked.cause,
        attribute=None,
        system=record.system,
        key=record.key,
        details={**{n: str(g) for n, g in named.items() if g is not None}, **details},
        outcome="steward",
    )
    return batch.rules.stakes.put(found, record.attrs)


def _settle(
    work: UnitOfWork, entity: str, cases: dict[int, Conflict], records: Sequence[ChangedRecord]
) -> None:
    """Open what is asked, one open case per cause; close what these records need no more."""
    for kind in CASES:
        over = [r.id for r in records if r.id not in cases or str(cases[r.id].kind) != kind]
        if over:
            work.conflicts.close_for_records(over, (kind,), "no longer ambiguous")
    work.conflicts.open(entity, sorted(cases.items()))


def _look_again(
    work: UnitOfWork, batch: Batch, plan: IdentityPlan, records: Sequence[ChangedRecord]
) -> None:
    """Mark records whose open case names a golden record that is another one now.

    A record that was only looked at again and stayed where it was touches nobody, so two records
    with a case about each other come to rest.
    """
    changed = {
        record.previous.golden_id
        for record in records
        if record.previous and record.id in batch.changed
    }
    concerned = (changed | plan.regrouped()) - plan.created.keys() - {None}
    waiting = work.conflicts.about(sorted(g for g in concerned if g), CASES)
    again = sorted(set(waiting) - {record.id for record in records})
    if again:
        work.marks.mark_records(again, cause=REMATCH, priority=REMATCH_PRIORITY)


def _let_join(work: UnitOfWork, scene: Scene, board: Board, plan: IdentityPlan) -> None:
    """Look again at records that wait and are near one that has a home now, or says more."""
    told = [i for i in {*plan.moved, *scene.batch.changed} if board.home(i) is not None]
    near = {other for i in told for other in scene.candidates.get(i, ())}
    waiting = sorted(i for i in near if i in board.heads and board.home(i) is None)
    if waiting:
        work.marks.mark_records(waiting, cause=REMATCH, priority=REMATCH_PRIORITY)
