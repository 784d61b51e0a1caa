"""What is known while one batch is matched: candidates, their clusters, and scores of pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from golden_records.domain.linkplan import Candidate
from golden_records.ports import RecordHead
from matchers import Cluster, block_caps, decide, score_pairs
from matchers.decide import linkage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from golden_records.domain.clusters import Member, PairDecision
    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Batch, ChangedRecord
    from matchers import Alternative, MatchModel, MatchSpec, PairScore, Prepared

LARGEST_BLOCK: Final = 50
"""A key that more records share finds nobody: they still meet through its finer combinations."""
LARGEST_CLUSTER_SCORED: Final = 30
LARGEST_CLUSTER_COMPARED: Final = 8
"""Members of each side whose pairs tell whether two golden records match each other."""
FULL: Final = "system-full"
VETO: Final = "veto:"


@dataclass(slots=True, kw_only=True)
class Scene:
    """Everything that scoring one batch needs; what is scored is scored once."""

    spec: MatchSpec
    model: MatchModel
    batch: Batch
    prepared: dict[int, Prepared] = field(default_factory=dict)
    candidates: dict[int, list[int]] = field(default_factory=dict)
    heads: dict[int, RecordHead] = field(default_factory=dict)
    members: dict[UUID, list[RecordHead]] = field(default_factory=dict)
    scores: dict[tuple[int, int], PairScore] = field(default_factory=dict)
    """By pairs of record ids, the smaller first: a score has no direction."""
    decisions: Sequence[PairDecision] = ()

    def see(self, work: UnitOfWork, live: Sequence[int]) -> None:
        """Read where the candidates belong, and who else belongs there.

        What was scored of a record that somebody else changed since the last look is forgotten.
        """
        before = self.heads
        near = {other for found in self.candidates.values() for other in found}
        self.heads = work.sources.heads(sorted(near.union(live)))
        self.members = {}
        self._see_members(work)
        self._forget({i for i, head in self.heads.items() if _moved_on(before.get(i), head)})

    def _forget(self, changed: set[int]) -> None:
        for record_id in changed:
            self.prepared.pop(record_id, None)
        if changed:
            kept = {pair: score for pair, score in self.scores.items() if changed.isdisjoint(pair)}
            self.scores = kept

    def know(self, work: UnitOfWork, records: Sequence[ChangedRecord]) -> None:
        """Read what people decided, with the records that they spoke of; the lock must be held."""
        ids = {record.id for record in records}
        self.decisions = work.goldens.pair_decisions(sorted(ids | self.heads.keys()))
        spoken = {i for pair in self.decisions for i in (pair.a, pair.b)} | ids
        missing = sorted(spoken - self.heads.keys())
        if missing:
            self.heads.update(work.sources.heads(missing))
            self._see_members(work)
        for record in records:
            if record.id not in self.heads:
                self.heads[record.id] = RecordHead(
                    record.id, record.system, 0, None, key=record.key
                )

    def _see_members(self, work: UnitOfWork) -> None:
        goldens = {head.golden_id for head in self.heads.values() if head.golden_id is not None}
        found = work.sources.member_heads(list(goldens - self.members.keys()))
        self.members.update(found)
        for group in found.values():
            for head in group:
                self.heads[head.id] = head

    # --- scores ---

    def score_all(self, live: Iterable[int]) -> None:
        """Score the records with the clusters of their candidates."""
        self._score(
            (record_id, other)
            for record_id in live
            for other in self._near(record_id)
            if other != record_id and other in self.prepared
        )

    def _near(self, record_id: int) -> set[int]:
        near = set()
        for candidate in self.candidates.get(record_id, ()):
            head = self.heads.get(candidate)
            near.add(candidate)
            if head is not None and head.golden_id is not None:
                group = self.members[head.golden_id]
                near.update(member.id for member in group[:LARGEST_CLUSTER_SCORED])
        return near

    def _score(self, pairs: Iterable[tuple[int, int]]) -> None:
        named = {(a, b) if a < b else (b, a) for a, b in pairs}
        wanted = sorted(named.difference(self.scores))
        if wanted:
            prepared = [(self.prepared[a], self.prepared[b]) for a, b in wanted]
            found = score_pairs(self.spec, self.model, prepared)
            self.scores.update(zip(wanted, found, strict=True))

    def _pair(self, one: int, other: int) -> PairScore:
        return self.scores[(one, other) if one < other else (other, one)]

    # --- what they mean ---

    def candidates_of(
        self,
        record_id: int,
        home_of: Callable[[int], UUID | None],
        members: Mapping[UUID, Mapping[int, Member]],
    ) -> tuple[Candidate, ...]:
        """Judge the record against the clusters of its candidates as they stand, and its own."""
        groups: dict[UUID, list[int]] = {}
        for near in (record_id, *self.candidates.get(record_id, ())):
            golden_id = home_of(near)
            if golden_id is not None and golden_id not in groups:
                others = (i for i in members[golden_id] if i != record_id and i in self.prepared)
                groups[golden_id] = list(others)[:LARGEST_CLUSTER_SCORED]
        named = [(str(golden_id), others) for golden_id, others in groups.items() if others]
        if not named:
            return ()
        self._score((record_id, m) for _, others in named for m in others)
        clusters = [
            Cluster(
                golden_id=name,
                scores=[self._pair(record_id, m) for m in others],
                systems=self._systems(others),
            )
            for name, others in named
        ]
        found = decide(self.spec, self.prepared[record_id], clusters)
        return judged(self.spec, found.alternatives)

    def _systems(self, members: Sequence[int]) -> dict[str, int]:
        """How many each system has; not what it has deleted, though the deletion is withheld."""
        found: dict[str, int] = {}
        for member in members:
            head = self.heads.get(member)
            if head is None or not head.withheld:
                system = self.prepared[member].system
                found[system] = found.get(system, 0) + 1
        return found

    def agree(self, bridge: int, ones: Sequence[int], others: Sequence[int]) -> bool:
        """Tell whether two clusters match each other, on average and with no veto at all.

        The record that bridges them counts with either; the lesser average decides.
        """
        left = self._few(ones, bridge)
        right = self._few(others, bridge)
        between = self._between(left, right)
        if not between:
            return True
        if any(score.vetoes for score in between):
            return False
        joined = self._between([bridge], right), self._between(left, [bridge])
        return min(linkage([*between, *more]) for more in joined) >= _bits(self.spec.match)

    def _few(self, ids: Sequence[int], bridge: int) -> list[int]:
        known = [i for i in ids if i in self.prepared and i != bridge]
        return known[:LARGEST_CLUSTER_COMPARED]

    def _between(self, ones: Sequence[int], others: Sequence[int]) -> list[PairScore]:
        pairs = [(a, b) for a in ones for b in others]
        self._score(pairs)
        return [self._pair(*pair) for pair in pairs]


def largest_blocks(spec: MatchSpec) -> tuple[int, int, int]:
    """The largest blocks in which candidates are looked for, by the kind of key."""
    return block_caps(min(spec.block_cap, LARGEST_BLOCK))


def _moved_on(before: RecordHead | None, now: RecordHead) -> bool:
    return before is not None and before.version != now.version


def judged(spec: MatchSpec, alternatives: Sequence[Alternative]) -> tuple[Candidate, ...]:
    """Say of each alternative whether it matches, may match, or is vetoed; leave out the rest.

    Only a veto on what would else be worth a look is worth being kept. How many records of a
    system a golden record may hold is the link plan's business. A match is only a possible one
    where the next best is too near, or where a clearly better one is full.
    """
    vetoed = [_vetoes(item) for item in alternatives]
    free = [item for item, vetoes in zip(alternatives, vetoed, strict=True) if not vetoes]
    matches = [item for item in free if item.probability >= spec.match]
    doubt = _doubt(spec, matches[0], free) if len(matches) == 1 else None
    found, worth = [], _bits(spec.review)
    for item, vetoes in zip(alternatives, vetoed, strict=True):
        if vetoes:
            if item.weight >= worth:
                found.append(_candidate(item, "veto", vetoes))
        elif item.probability >= spec.match:
            reasons = (doubt,) if doubt else ("above-match-line",)
            found.append(_candidate(item, "review" if doubt else "match", reasons))
        elif item.probability >= spec.review:
            found.append(_candidate(item, "review", ("below-match-line",)))
    return tuple(found)


def _doubt(spec: MatchSpec, best: Alternative, free: Sequence[Alternative]) -> str | None:
    others = [item for item in free if item is not best]
    if FULL in best.barred:
        return None
    if any(FULL in item.barred and item.weight > best.weight + spec.margin for item in others):
        return "better-cluster-full"
    if any(not item.barred and best.weight - item.weight < spec.margin for item in others):
        return "margin-too-small"
    return None


def _vetoes(item: Alternative) -> tuple[str, ...]:
    return tuple([reason for reason in item.barred if reason.startswith(VETO)])


def _candidate(
    item: Alternative,
    outcome: Literal["match", "review", "veto"],
    reasons: tuple[str, ...],
) -> Candidate:
    return Candidate(
        golden_id=UUID(item.golden_id),
        outcome=outcome,
        probability=item.probability,
        reasons=reasons,
    )


def _bits(chance: float) -> float:
    """The weight of the chance: its log-odds to the base of two."""
    return math.log2(chance / (1.0 - chance))
