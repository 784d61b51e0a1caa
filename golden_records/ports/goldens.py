"""Golden records, their links and their conflicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.clusters import PairDecision
    from golden_records.domain.linkplan import LinkRow
    from golden_records.domain.records import Conflict, GoldenRecord, Override


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWrite:
    """A live link to open, closing what it replaces first.

    That is the record's other link to the same golden record; for a MATCH also the MATCH before
    it, and where a person made it every link that the engine made.
    """

    entity: str
    record_id: int
    golden_id: UUID
    state: str
    origin: str
    probability: float | None
    reasons: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenWrite:
    """A golden record as it should now be stored; `new_version` also writes history."""

    golden: GoldenRecord
    lineage: Mapping[str, object]
    cause: str
    next_effective_at: datetime | None
    new_version: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the identity lock of an entity."""

    number: int
    keyed_before: frozenset[int] | None
    """The records whose matching keys the turn before wrote; None where it did not say."""


class Goldens(Protocol):
    """Golden records, their versions and links."""

    def lock_identity(self, entity: str, keyed: Sequence[int] | None = None) -> Turn:
        """Hold the right to link records of the entity; `keyed` says whose keys were written.

        Whoever read `identity_turn` and gets the next number here knows that nobody committed a
        change of links or matching keys in between; who gets the one after that knows by
        `keyed_before`, if it is told, which records have other keys now.
        """
        ...

    def identity_turn(self, entity: str) -> int:
        """Return the number of the last committed turn of the identity lock."""
        ...

    def lock(self, ids: Sequence[UUID]) -> dict[UUID, GoldenRecord]:
        """Lock in ascending order of id and return as they are after the locks."""
        ...

    def read(self, ids: Sequence[UUID]) -> dict[UUID, GoldenRecord]:
        """Return golden records as they are, without a lock."""
        ...

    def write(self, rows: Sequence[GoldenWrite], policy_version: str) -> None: ...

    def link(self, rows: Sequence[LinkWrite], policy_version: str, txn: UUID) -> None: ...

    def unlink(self, record_ids: Sequence[int], txn: UUID) -> None: ...

    def close_links(self, rows: Sequence[tuple[int, UUID]]) -> None:
        """Close live links by (record, golden record)."""
        ...

    def live_links(self, record_ids: Sequence[int]) -> list[LinkRow]:
        """Return the live links of the records in every state."""
        ...

    def asking(self, golden_ids: Sequence[UUID]) -> list[LinkRow]:
        """Return the live possible matches of any record with the golden records."""
        ...

    def redirect(self, merged: Mapping[UUID, UUID], policy_version: str, txn: UUID) -> None:
        """Let go what is linked to losers (loser → winner) but by MATCH.

        What a person said about a loser holds for the winner from now on, and what redirected to
        a loser redirects to its winner.
        """
        ...

    def by_identity(self, entity: str, identities: Sequence[str]) -> dict[str, UUID]: ...

    def overrides(self, ids: Sequence[UUID]) -> dict[UUID, list[Override]]: ...

    def end_overrides(self, ended: Sequence[tuple[UUID, Override]]) -> None:
        """Close overrides whose lifetime is over, unless another one replaced them."""
        ...

    def known_outside(self, ids: Sequence[UUID]) -> dict[UUID, tuple[bool, bool]]:
        """Return whether each was published and whether a person touched it."""
        ...

    def pair_decisions(self, record_ids: Sequence[int]) -> list[PairDecision]:
        """Return what people said about the records and all that they declared the same."""
        ...

    def different(self, record_ids: Sequence[int]) -> set[tuple[int, int]]:
        """Pairs declared different with an end among the records, smaller id first."""
        ...

    def record_event(self, event: Mapping[str, object]) -> None: ...


class Conflicts(Protocol):
    """Open conflicts: one per cause."""

    def reconcile(
        self, entity: str, found: Mapping[UUID, Sequence[Conflict]], kinds: Sequence[str]
    ) -> None:
        """Open what is new; resolve what of these kinds was open and is not found again."""
        ...

    def wake(self, now: datetime) -> None:
        """Open what waited until now."""
        ...

    def close_ended(self, ended: Sequence[tuple[UUID, str, str]]) -> None:
        """Close what is about golden records that are no more: (id, state, resolution)."""
        ...

    def close_causes(self, entity: str, causes: Sequence[str], resolution: str) -> None: ...

    def open_for(self, entity: str, found: Sequence[tuple[UUID | None, Conflict]]) -> None:
        """Open conflicts about golden records, or about none, and leave all others alone."""
        ...

    def refused(self, entity: str, golden_ids: Sequence[UUID]) -> set[str]:
        """Return the causes of the golden records' proposals that a person refused."""
        ...

    def open(self, entity: str, found: Sequence[tuple[int, Conflict]]) -> None:
        """Open conflicts of records (record id, conflict)."""
        ...

    def close_for_records(
        self, record_ids: Sequence[int], kinds: Sequence[str], resolution: str
    ) -> None: ...

    def waiting_for(self, entity: str, identities: Sequence[str]) -> list[int]:
        """Return the records that may not open golden records with these identities, and wait."""
        ...

    def about(self, golden_ids: Sequence[UUID], kinds: Sequence[str]) -> list[int]:
        """Return the records whose open cases of these kinds name any of the golden records."""
        ...
