"""What identity operations need of a transaction, and how they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from hub.services.cases import StewardWork, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.clock import Clock
    from golden_records.domain.clusters import PairDecision
    from hub.services.resolving.batch import Rules
    from hub.services.resolving.by_matching import Matchings

Rows = list[dict[str, Any]]

STEWARD = "steward"
STEWARD_PRIORITY = 0


class IdentityFacts(Protocol):
    """Decisions as facts, and what operations read and write beside links and golden rows."""

    def decide(self, row: Mapping[str, object]) -> int: ...

    def decision(self, decision_id: int) -> dict[str, Any] | None: ...

    def decision_of_txn(self, txn: UUID) -> dict[str, Any] | None: ...

    def undo_of(self, txn: UUID) -> dict[str, Any] | None: ...

    def decision_of_case(self, case_id: int) -> dict[str, Any] | None: ...

    def later_decisions(self, entity: str, decision_id: int, goldens: Sequence[str]) -> Rows: ...

    def live_pairs(self, verdict: str, ones: Sequence[int], others: Sequence[int]) -> Rows: ...

    def decided(self, rows: Rows) -> list[PairDecision]: ...

    def close_pairs(self, ids: Sequence[int]) -> None: ...

    def take_back_pairs(self, decision_id: int, revived: Sequence[int]) -> None: ...

    def past_links(self, record_ids: Sequence[int]) -> Rows: ...

    def open_overrides(self, golden_ids: Sequence[UUID]) -> Rows: ...

    def close_override(self, override_id: int, because: str) -> bool: ...

    def copy_override(self, override_id: int, golden_id: UUID) -> bool: ...

    def replaced_overrides(self, decision_id: int) -> Rows: ...

    def uncompact(self, restored: UUID, winner: UUID) -> None: ...

    def dependants(self, keys: Sequence[tuple[str, str, str]]) -> Rows: ...

    def held(self, golden_ids: Sequence[UUID], dependants: Sequence[UUID]) -> Rows: ...

    def cases_about(
        self, entity: str, golden_ids: Sequence[UUID], record_ids: Sequence[int]
    ) -> Rows: ...

    def repoint_cases(self, entity: str, loser: UUID, winner: UUID) -> int: ...

    def open_case_again(self, case_id: int) -> None: ...

    def case_decided_by(self, case_id: int, decision_id: int) -> None: ...

    def causes_decided_by(self, entity: str, causes: Sequence[str], decision_id: int) -> None: ...

    def propose(self, row: Mapping[str, object]) -> int: ...


class IdentityHistory(Protocol):
    """The identity events that were recorded."""

    def event(self, txn: UUID) -> dict[str, Any] | None: ...

    def later(self, entity: str, seq: int, goldens: Sequence[str]) -> Rows: ...


class IdentityWork(StewardWork, Protocol):
    """A transaction that also reaches decisions and identity events."""

    @property
    def identity(self) -> IdentityFacts: ...

    @property
    def events(self) -> IdentityHistory: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stays the same from decision to decision."""

    rules: Mapping[str, Rules]
    policy: str
    clock: Clock
    ids: Callable[[], UUID]
    matchings: Matchings


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """The second person's word on a proposal, the case that it is, and what its author saw."""

    word: Word
    case: int
    expect: str

    @property
    def approver(self) -> str:
        return self.word.actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an operation is asked for: by whom, on what was seen, and whether for a look only."""

    word: Word
    expect: str | None = None
    dry_run: bool = False
    approved: Approved | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An operation as it was asked for; it is kept whole where somebody must approve it first.

    `goldens` are golden ids or SYSTEM:ENTITY:KEY, `records` members of the first by SYSTEM:KEY.
    `into` is a golden id, `new`, or `restore`. `keeps` tells who has an override afterwards:
    `moved`, `both`, or, where nothing is said, `remaining`.
    """

    action: str
    goldens: tuple[str, ...]
    records: tuple[str, ...] = ()
    into: str | None = None
    keeps: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    retract: bool = False

    def arguments(self) -> dict[str, object]:
        """The intent as JSON."""
        return {
            "action": self.action,
            "goldens": list(self.goldens),
            "records": list(self.records),
            "into": self.into,
            "keeps": dict(self.keeps),
            "retract": self.retract,
        }


def intent_of(arguments: Mapping[str, Any]) -> Intent:
    """Read an intent as it was kept."""
    return Intent(
        action=arguments["action"],
        goldens=tuple(arguments["goldens"]),
        records=tuple(arguments["records"]),
        into=arguments["into"],
        keeps=arguments["keeps"],
        retract=arguments["retract"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an operation did, or would do: golden records with what changes, and what follows."""

    action: str
    kind: str
    entity: str
    done: bool
    expect: str
    txn: UUID | None = None
    decision: int | None = None
    proposal: int | None = None
    approval: Sequence[str] = ()
    goldens: Rows = field(default_factory=list)
    redirects: Mapping[str, str] = field(default_factory=dict)
    restored: Sequence[UUID] = ()
    created: Sequence[UUID] = ()
    cases: Rows = field(default_factory=list)
    overrides: Rows = field(default_factory=list)
    dependants: Rows = field(default_factory=list)
    writes: Rows = field(default_factory=list)
    held: Rows = field(default_factory=list)
    """What targets hold that refers to a golden record that was taken apart: for a person."""
    components: Sequence[Sequence[str]] = ()
    """What remains, where evidence no longer connects it."""
    different: int = 0
    """Pairs of records that can never meet again."""
    at: datetime | None = None
