"""The values of link planning: what it takes, what it yields, and a person's two words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from golden_records.domain.errors import TerminalError
from golden_records.domain.records import LinkOrigin, LinkState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.clusters import GoldenFacts, PairDecision
    from golden_records.domain.records import ConflictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A live link of a record."""

    record_id: int
    golden_id: UUID
    state: LinkState
    origin: LinkOrigin = LinkOrigin.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What matching says about the record and one golden record's other members."""

    golden_id: UUID
    outcome: Literal["match", "review", "veto"]
    probability: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that the links of one record depend on.

    `goldens` holds the candidates' and the current one. `agreeing` are the pairs of them that
    matching found to match, None where it did not look. `hot`: a block was too large to look at.
    """

    record_id: int
    system: str
    key: str
    candidates: Sequence[Candidate] = ()
    links: Sequence[LinkRow] = ()
    goldens: Mapping[UUID, GoldenFacts] = field(default_factory=dict)
    decisions: Sequence[PairDecision] = ()
    agreeing: frozenset[frozenset[UUID]] | None = None
    hot: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGolden:
    """Open a golden record; links and duplicates with `golden_id` None mean this one."""

    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLink:
    """Open a live link, in place of any other of the same record and golden record."""

    golden_id: UUID | None
    state: LinkState
    probability: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseLink:
    """End a live link."""

    golden_id: UUID
    state: LinkState


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeGoldens:
    """Move everything of the loser to the winner; the loser redirects for ever."""

    winner: UUID
    loser: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDuplicate:
    """Note that two golden records may be one thing."""

    a: UUID
    b: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Ask a person; one open case per cause."""

    kind: ConflictKind
    cause: str
    reasons: tuple[str, ...]
    goldens: tuple[UUID, ...]


Action: TypeAlias = CreateGolden | SetLink | CloseLink | MergeGoldens | MarkDuplicate | OpenCase


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """Actions in the order in which they must be carried out.

    `home` is the golden record that the record belongs to afterwards, None for the created one,
    or for none at all where the record is deleted or waits for a system that may create.
    """

    actions: tuple[Action, ...]
    home: UUID | None


class AlreadyLinked(TerminalError):
    """The record belongs to a golden record already; unlink it there first."""


def accept(links: Sequence[LinkRow], golden_id: UUID) -> tuple[SetLink, ...]:
    """A person says that the record belongs there; AlreadyLinked, with the first, if elsewhere.

    The other possible matches stay open, so that they can still be rejected one by one.
    """
    for row in links:
        manual = row.origin is LinkOrigin.MANUAL and row.state is LinkState.MATCH
        if manual and row.golden_id != golden_id:
            message = f"the record belongs to {row.golden_id} by a person's word; unlink it first"
            raise AlreadyLinked(message, golden_id=str(row.golden_id))
    return (SetLink(golden_id=golden_id, state=LinkState.MATCH, probability=1.0),)


def reject(links: Sequence[LinkRow], golden_id: UUID) -> tuple[SetLink, ...]:
    """A person says that the record does not belong there; AlreadyLinked where it does."""
    for row in links:
        if row.golden_id == golden_id and row.state is LinkState.MATCH:
            message = f"the record belongs to {golden_id}; unlink it instead"
            raise AlreadyLinked(message, golden_id=str(golden_id))
    return (SetLink(golden_id=golden_id, state=LinkState.NO_MATCH),)
