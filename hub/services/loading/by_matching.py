"""Identity by matching for a whole entity: clusters of all records at once.

What stays in doubt after clustering (pairs that may match, vetoed pairs that else would) is decided
record by record as a later change would: each such record is looked at against the clusters of the
records before it, by the same link plans, with the same cases. A cluster without a record of a
system that may create opens no golden record: its records are looked at last, and wait.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from golden_records.domain.identity import plan_links
from golden_records.domain.records import LinkState
from golden_records.ports import LoadedLink, RecordHead
from hub.services.loading.intake import PART, changed_record
from hub.services.resolving.board import Board
from hub.services.resolving.by_matching import match_record
from hub.services.resolving.linking import conflict_of, link_policy, situation_of
from hub.services.resolving.scene import Scene
from matchers import key_codes, match_prepared, prepare
from matchers.score import scorer_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.records import Conflict
    from golden_records.ports import UnitOfWork
    from hub.services.loading.intake import Intake
    from hub.services.resolving.batch import ChangedRecord
    from hub.services.resolving.by_matching import Matching
    from matchers import BatchResult, Prepared

MATCH: Final = str(LinkState.MATCH)
JOINED: Final = {"rule": MATCH, "reasons": ["above-match-line"]}
FIRST: Final[Mapping[str, object]] = {"rule": MATCH, "reasons": []}
MOST_NEIGHBOURS: Final = 12


@dataclass(slots=True, kw_only=True)
class ByMatching:
    """Finds the clusters of everything that is taken in, and the cases about them."""

    intake: Intake
    matching: Matching
    ids: Callable[[], UUID]
    prepared: list[Prepared] = field(default_factory=list)
    heads: dict[int, RecordHead] = field(default_factory=dict)
    exposures: dict[int, object] = field(default_factory=dict)

    def take(self, work: UnitOfWork, advance: Callable[[int], None]) -> None:
        """Take in every record, with its keys."""
        for records in self.intake.parts(work):
            self._take(work, records)
            advance(len(records))

    def identify(self, work: UnitOfWork) -> None:
        """Keep the links of everything that was taken in."""
        found = match_prepared(self.matching.spec, self.prepared, self.matching.model)
        homes = self._homes(found)
        doubts = Doubts.of(self, found, homes)
        extra = doubts.decide(work)
        work.bulk.keep_links(self._links(found, doubts.homes))
        work.bulk.keep_links(extra)

    def _take(self, work: UnitOfWork, records: Sequence[ChangedRecord]) -> None:
        spec, model = self.matching.spec, self.matching.model
        exposure = self.intake.batch.rules.entity.exposure
        found: dict[int, Collection[int]] = {}
        for record in records:
            item = prepare(spec, match_record(spec, record.id, record.system, record.attrs))
            self.prepared.append(item)
            found[record.id] = key_codes(spec, model, item)
            self.heads[record.id] = RecordHead(record.id, record.system, 1, None, key=record.key)
            if exposure and record.attrs.get(exposure) is not None:
                self.exposures[record.id] = record.attrs[exposure]
        work.bulk.keep_keys(found)

    def _homes(self, found: BatchResult) -> dict[int, UUID]:
        groups = sorted(sorted(map(int, members)) for members in found.clusters)
        may_create = self.intake.batch.rules.entity.existence.may_create
        homes: dict[int, UUID] = {}
        for members in groups:
            if any(may_create(self.heads[record_id].system) for record_id in members):
                homes.update(dict.fromkeys(members, self.ids()))
        return homes

    def _links(self, found: BatchResult, homes: Mapping[int, UUID]) -> Iterator[LoadedLink]:
        best: dict[int, float] = defaultdict(float)
        for pair in found.pairs:
            one, other = int(pair.left), int(pair.right)
            if one in homes and homes[one] == homes.get(other):
                best[one] = max(best[one], pair.probability)
                best[other] = max(best[other], pair.probability)
        opened: set[UUID] = set()
        for record_id in sorted(homes):
            first = homes[record_id] not in opened
            opened.add(homes[record_id])
            yield LoadedLink(
                record_id=record_id,
                golden_id=homes[record_id],
                state=MATCH,
                probability=0.0 if first else round(best[record_id], 6),
                reasons=FIRST if first else JOINED,
            )


@dataclass(slots=True, kw_only=True)
class Doubts:
    """The records that need a look of their own, with all that the look depends on."""

    load: ByMatching
    homes: dict[int, UUID]
    near: dict[int, list[int]]
    """Records in doubt, with the earlier ones that they share a doubt with."""

    @classmethod
    def of(cls, load: ByMatching, found: BatchResult, homes: dict[int, UUID]) -> Doubts:
        near: dict[int, set[int]] = defaultdict(set)
        scorer = scorer_for(load.matching.spec, load.matching.model)
        for pair in (*found.pairs, *found.barred):
            one, other = sorted((int(pair.left), int(pair.right)))
            together = one in homes and homes[one] == homes.get(other)
            if not together and scorer.probability(pair.weight) >= scorer.review:
                near[other].add(one)
                if one not in homes:
                    near[one].add(other)
        return cls(load=load, homes=homes, near={i: sorted(o) for i, o in near.items()})

    def decide(self, work: UnitOfWork) -> list[LoadedLink]:
        """Plan their links; open the cases; return the links that are no MATCH."""
        batch = self.load.intake.batch
        scene, board = self._scene(), self._board()
        policy = link_policy(work, batch)
        cases: dict[int, Conflict] = {}

        def look(record_id: int) -> None:
            record = self._record(record_id)
            situation = situation_of(board, scene, record)
            case = board.carry_out(record_id, plan_links(situation, policy))
            cases.pop(record_id, None)
            if case is not None:
                cases[record_id] = conflict_of(batch, record, case, situation.candidates)

        waiting = self._waiting()
        for record_id in sorted(self.near.keys() - waiting):
            look(record_id)
        _settle_waiting(board, waiting, look)
        found = sorted(cases.items())
        for first in range(0, len(found), PART):
            work.conflicts.open(batch.entity, found[first : first + PART])
        return list(self._settle(board))

    def _waiting(self) -> set[int]:
        return self.load.heads.keys() - self.homes.keys()

    def _involved(self) -> list[int]:
        named = set(self.near).union(*self.near.values()) if self.near else set()
        goldens = {self.homes[record_id] for record_id in named if record_id in self.homes}
        members = {i for i, golden_id in self.homes.items() if golden_id in goldens}
        return sorted(members | self._waiting())

    def _scene(self) -> Scene:
        matching = self.load.matching
        involved = set(self._involved())
        prepared = {int(p.id): p for p in self.load.prepared if int(p.id) in involved}
        return Scene(
            spec=matching.spec,
            model=matching.model,
            batch=self.load.intake.batch,
            prepared=prepared,
            candidates={i: near[:MOST_NEIGHBOURS] for i, near in self.near.items()},
        )

    def _board(self) -> Board:
        heads = {
            i: RecordHead(i, head.system, 1, self.homes.get(i), "AUTO", head.key)
            for i in self._involved()
            for head in (self.load.heads[i],)
        }
        board = Board(ids=self.load.ids, heads=heads, known={})
        board.begin([])
        return board

    def _record(self, record_id: int) -> ChangedRecord:
        head, exposure = self.load.heads[record_id], self.load.intake.batch.rules.entity.exposure
        attrs = {exposure: self.load.exposures.get(record_id)} if exposure else {}
        return changed_record(record_id, head.system, head.key, head.key, attrs)

    def _settle(self, board: Board) -> Iterator[LoadedLink]:
        """Take over whom the records belong to now; yield what else was said of them."""
        for record_id, rows in board.links.items():
            for golden_id, row in rows.items():
                if row.state is LinkState.MATCH:
                    self.homes[record_id] = golden_id
                    continue
                said = board.said[record_id, golden_id]
                yield LoadedLink(
                    record_id=record_id,
                    golden_id=golden_id,
                    state=str(row.state),
                    probability=round(said.probability, 6),
                    reasons={"rule": str(row.state), "reasons": list(said.reasons)},
                )


def _settle_waiting(board: Board, waiting: set[int], look: Callable[[int], None]) -> None:
    """Look at what waits until none of it joins any more: who joins may bring others."""
    while waiting:
        for record_id in sorted(waiting):
            look(record_id)
        joined = {record_id for record_id in waiting if board.home(record_id) is not None}
        if not joined:
            return
        waiting -= joined
