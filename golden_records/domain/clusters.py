"""What may stand together: goldens with their members, steward's pair decisions, and bounds.

"Different" holds for whole clusters: pairs declared the same form classes, and two classes with a
"different" pair between them are never in one golden record, also not through a third record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from golden_records.domain.records import LinkOrigin
from golden_records.domain.rulebook import Existence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A record that a golden record holds."""

    record_id: int
    system: str
    origin: LinkOrigin = LinkOrigin.AUTO
    withheld: bool = False
    """Its system has deleted it and the deletion waits: it takes nobody's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenFacts:
    """An ACTIVE golden record as linking sees it."""

    id: UUID
    members: tuple[Member, ...] = ()
    published: bool = False
    touched: bool = False

    @property
    def known_outside(self) -> bool:
        """Whether a target or a person has seen it."""
        return self.published or self.touched

    @property
    def manual(self) -> bool:
        """Whether a person or an import put a record here; the engine must not move that."""
        return any(member.origin is not LinkOrigin.AUTO for member in self.members)

    @property
    def free(self) -> bool:
        """Whether its one record may leave as if it had never been linked."""
        return len(self.members) <= 1 and not self.known_outside and not self.manual


@dataclass(frozen=True, slots=True)
class PairDecision:
    """A steward's word about two records."""

    a: int
    b: int
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPolicy:
    """What an entity allows the engine.

    `loading` allows merging as `auto_merge` does: nothing has been published yet. `auto_unlink`
    lets a record leave that no longer matches; else it is a case. `largest` bounds what a merge
    may make. Records of other systems than `existence` lets create open no golden record.
    """

    auto_merge: bool = False
    loading: bool = False
    auto_unlink: bool = True
    max_per_system: int | None = None
    duplicate_free: frozenset[str] = frozenset()
    largest: int = 100
    existence: Existence = field(default_factory=Existence)

    def most(self, system: str) -> int | None:
        """How many members of the system a golden record may have."""
        return 1 if system in self.duplicate_free else self.max_per_system


@dataclass(slots=True)
class Decisions:
    """Pair decisions, closed over "same"."""

    pairs: Sequence[PairDecision]
    _parent: dict[int, int] = field(default_factory=dict)
    _apart: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for pair in self.pairs:
            if pair.same:
                a, b = sorted((self.root(pair.a), self.root(pair.b)))
                self._parent[b] = a
        for pair in self.pairs:
            if not pair.same:
                a, b = self.root(pair.a), self.root(pair.b)
                self._apart |= {(a, b), (b, a)}

    def root(self, record_id: int) -> int:
        while (parent := self._parent.get(record_id, record_id)) != record_id:
            record_id = parent
        return record_id

    def same(self, one: int, others: Iterable[int]) -> bool:
        """Whether a steward put the record together with any of the others."""
        mine = self.root(one)
        return any(self.root(other) == mine for other in others if other != one)

    def different(self, ones: Iterable[int], others: Iterable[int]) -> bool:
        """Whether a steward set any of the ones apart from any of the others."""
        if not self._apart:
            return False
        theirs = {self.root(other) for other in others}
        return any((self.root(one), other) in self._apart for one in ones for other in theirs)


def joinable(
    goldens: Sequence[GoldenFacts],
    newcomer: Member,
    *,
    decisions: Decisions,
    policy: LinkPolicy,
    agreeing: frozenset[frozenset[UUID]] | None,
) -> bool:
    """Tell whether the engine may make one golden record of these, with the newcomer in it.

    Never two that are known outside or hold manual links; without `auto_merge` all but one must
    be free. `agreeing` are the pairs that matching found to match, None where it did not look.
    """
    if sum(g.known_outside or g.manual for g in goldens) > 1:
        return False
    if not (policy.auto_merge or policy.loading) and sum(not g.free for g in goldens) > 1:
        return False
    pairs = list(combinations(goldens, 2))
    if agreeing is not None and any(frozenset({a.id, b.id}) not in agreeing for a, b in pairs):
        return False
    if any(decisions.different(ids(a), ids(b)) for a, b in pairs):
        return False
    return _fits(goldens, newcomer, policy)


def ids(golden: GoldenFacts) -> list[int]:
    """The ids of its members."""
    return [member.record_id for member in golden.members]


def winner(goldens: Sequence[GoldenFacts]) -> GoldenFacts:
    """The one that survives: known outside or manual, else the oldest; ids are UUIDv7."""
    return min(goldens, key=lambda g: (not (g.known_outside or g.manual), g.id))


def full(golden: GoldenFacts, newcomer: Member, policy: LinkPolicy) -> bool:
    """Whether the golden record holds as many records of the newcomer's system as it may."""
    most = policy.most(newcomer.system)
    held = [m for m in golden.members if m.record_id != newcomer.record_id and not m.withheld]
    return most is not None and sum(m.system == newcomer.system for m in held) >= most


def _fits(goldens: Sequence[GoldenFacts], newcomer: Member, policy: LinkPolicy) -> bool:
    members: Mapping[int, str] = {
        member.record_id: member.system for golden in goldens for member in golden.members
    } | {newcomer.record_id: newcomer.system}
    if len(members) > policy.largest:
        return False
    gone = {m.record_id for golden in goldens for m in golden.members if m.withheld}
    counts = Counter(system for record_id, system in members.items() if record_id not in gone)
    bounds = {system: policy.most(system) for system in counts}
    return all(most is None or counts[system] <= most for system, most in bounds.items())
