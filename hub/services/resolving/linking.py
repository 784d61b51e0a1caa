"""Plan the links of a batch, record by record, on clusters that change in memory as it goes.

Records are taken in the order of their ids, so the same batch gives the same links. Nothing is
written here but conflicts; the links are written once the golden rows are locked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.records import Conflict, ConflictKind
from golden_records.ports import LinkWrite
from hub.services.resolving.batch import IdentityPlan
from matchers import Constraints, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from golden_records.domain.records import GoldenRecord
    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import ChangedRecord
    from hub.services.resolving.by_matching import Scene
    from matchers import Decision

AMBIGUITY = (str(ConflictKind.AMBIGUOUS_MATCH), str(ConflictKind.POSSIBLE_DUPLICATE))
MANUAL = "MANUAL"


@dataclass(slots=True, kw_only=True)
class _Board:
    """Clusters as they stand while a batch is linked."""

    work: UnitOfWork
    scene: Scene
    plan: IdentityPlan = field(default_factory=IdentityPlan)
    golden_of: dict[int, UUID] = field(default_factory=dict)
    members: dict[UUID, list[int]] = field(default_factory=lambda: defaultdict(list))
    goldens: dict[UUID, GoldenRecord] = field(default_factory=dict)
    different: set[tuple[int, int]] = field(default_factory=set)

    def move(self, record_id: int, golden_id: UUID) -> None:
        self.leave(record_id)
        self.golden_of[record_id] = golden_id
        self.members[golden_id].append(record_id)

    def leave(self, record_id: int) -> None:
        golden_id = self.golden_of.pop(record_id, None)
        if golden_id is not None:
            self.members[golden_id].remove(record_id)

    def forbidden(self, record_id: int) -> frozenset[str]:
        """Golden ids that hold a record which a steward declared different from this one."""
        others = {b if a == record_id else a for a, b in self.different if record_id in {a, b}}
        return frozenset(str(self.golden_of[o]) for o in others if o in self.golden_of)

    def free(self, golden_id: UUID) -> bool:
        """Whether nobody outside has seen this golden record: its one member may leave it."""
        golden = self.goldens.get(golden_id)
        return golden is None or not (golden.published or golden.touched)


class Linker:
    """Turns decisions into links: the four cases of link states, redirects and conflicts."""

    def __init__(self, ids: Callable[[], UUID]) -> None:
        self._ids = ids

    def link(
        self, work: UnitOfWork, scene: Scene, records: Sequence[ChangedRecord]
    ) -> IdentityPlan:
        board = _board(work, scene)
        for record in sorted(records, key=lambda r: r.id):
            if record.deleted:
                self._delete(board, record)
            elif not (record.previous and record.previous.origin == MANUAL):
                self._link_one(board, record)
        work.conflicts.open(scene.batch.entity, board.plan.conflicts)
        work.conflicts.close_for_records(board.plan.settled, AMBIGUITY, "no longer ambiguous")
        return board.plan

    def _delete(self, board: _Board, record: ChangedRecord) -> None:
        if record.id in board.golden_of:
            board.leave(record.id)
            board.plan.unlinked.append(record.id)
        board.plan.settled.append(record.id)

    def _link_one(self, board: _Board, record: ChangedRecord) -> None:
        current = board.golden_of.get(record.id)
        groups = board.scene.groups(record.id, board.golden_of, board.members)
        if current is not None and board.members[current] != [record.id]:
            groups[current] = [m for m in board.members[current] if m != record.id]
        groups = {golden_id: ids for golden_id, ids in groups.items() if ids}
        constraints = Constraints(cannot=board.forbidden(record.id))
        decision = board.scene.decide(record.id, groups, constraints)
        target = next((g for g in groups if str(g) == decision.golden_id), None)
        if decision.outcome is Outcome.MATCH and target is not None:
            self._match(board, record, target, decision)
        elif decision.outcome is Outcome.REVIEW and target is not None:
            self._review(board, record, target, decision)
        else:
            self._new(board, record, decision)

    def _match(
        self, board: _Board, record: ChangedRecord, target: UUID, decision: Decision
    ) -> None:
        current = board.golden_of.get(record.id)
        board.plan.settled.append(record.id)
        if current == target:
            return
        if current is None:
            _relink(board, record.id, target, decision)
        elif board.members[current] == [record.id] and board.free(current):
            _relink(board, record.id, target, decision)
            _redirect(board, current, target)
        elif board.scene.batch.rules.entity.identity.auto_merge:
            self._merge(board, current, target, decision)
        else:
            self._case(board, record, target, decision, ConflictKind.POSSIBLE_DUPLICATE)

    def _merge(self, board: _Board, one: UUID, other: UUID, decision: Decision) -> None:
        """Merge into the older golden record; ids are UUIDv7, so the smaller one is older."""
        winner, loser = sorted((one, other))
        for member in list(board.members[loser]):
            _relink(board, member, winner, decision)
        _redirect(board, loser, winner)

    def _review(
        self, board: _Board, record: ChangedRecord, target: UUID, decision: Decision
    ) -> None:
        kind = ConflictKind.POSSIBLE_DUPLICATE
        if record.id not in board.golden_of:
            kind = ConflictKind.AMBIGUOUS_MATCH
            self._new(board, record, decision)
        if board.golden_of[record.id] != target:
            self._case(board, record, target, decision, kind)
        else:
            board.plan.settled.append(record.id)

    def _new(self, board: _Board, record: ChangedRecord, decision: Decision) -> None:
        """Open a golden record of its own, unless it already has one to itself."""
        board.plan.settled.append(record.id)
        current = board.golden_of.get(record.id)
        if current is not None and board.members[current] == [record.id]:
            return
        golden_id = self._ids()
        board.plan.created[golden_id] = None
        _relink(board, record.id, golden_id, decision)

    def _case(
        self,
        board: _Board,
        record: ChangedRecord,
        target: UUID,
        decision: Decision,
        kind: ConflictKind,
    ) -> None:
        if record.id in board.plan.settled:
            board.plan.settled.remove(record.id)
        conflict = Conflict(
            kind=kind,
            cause=f"{kind}/{record.system}/{record.key}",
            attribute=None,
            system=record.system,
            key=record.key,
            details={
                "candidate": str(target),
                "golden": str(board.golden_of[record.id]),
                "probability": round(decision.probability, 4),
                "reasons": list(decision.reasons),
            },
            outcome="steward",
        )
        board.plan.conflicts.append((record.id, conflict))


def _board(work: UnitOfWork, scene: Scene) -> _Board:
    ids = sorted(scene.heads)
    board = _Board(work=work, scene=scene, different=work.goldens.different(ids))
    for golden_id, group in scene.members.items():
        for head in group:
            board.golden_of[head.id] = golden_id
            board.members[golden_id].append(head.id)
    board.goldens = work.goldens.read(sorted(scene.members))
    return board


def _relink(board: _Board, record_id: int, golden_id: UUID, decision: Decision) -> None:
    """Move a record in memory and plan the link; a link planned before in this batch is void."""
    board.move(record_id, golden_id)
    board.plan.links = [link for link in board.plan.links if link.record_id != record_id]
    board.plan.links.append(_write(board, record_id, golden_id, decision))


def _redirect(board: _Board, loser: UUID, winner: UUID) -> None:
    """Redirect an emptied golden record; one that was never stored just never comes to be."""
    if loser in board.plan.created:
        del board.plan.created[loser]
    else:
        board.plan.merged[loser] = winner


def _write(board: _Board, record_id: int, golden_id: UUID, decision: Decision) -> LinkWrite:
    return LinkWrite(
        entity=board.scene.batch.entity,
        record_id=record_id,
        golden_id=golden_id,
        state="MATCH",
        origin="AUTO",
        probability=round(decision.probability, 6),
        reasons={"rule": str(decision.outcome), "reasons": list(decision.reasons)},
    )
