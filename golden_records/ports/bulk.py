"""The initial load: whole entities in one transaction, by COPY and statements over all rows.

Rows pass through temporary tables that live as long as the transaction: `staged_record` holds what
the mappings yield, `loaded_record` what was accepted of it, `loaded_link` whom it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.records import SourceRecord
    from golden_records.ports.goldens import GoldenWrite


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRecord:
    """A record as its mapping yields it, with its attributes as PostgreSQL wrote them."""

    system: str
    key: str
    root_key: str
    attrs: Mapping[str, object]
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRecord:
    """A record that was accepted, under its new id."""

    id: int
    staged: StagedRecord
    canonical: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedLink:
    """A link of a loaded record; MATCH says which golden record it belongs to."""

    record_id: int
    golden_id: UUID
    state: str
    probability: float | None
    reasons: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedGroup:
    """The members of one golden record, in the order of their ids; None: they wait."""

    golden_id: UUID | None
    members: Sequence[tuple[SourceRecord, str]]
    """Each with its attributes as evaluated."""


class Bulk(Protocol):
    """What one load does in its transaction; a rollback leaves no trace."""

    def begin(self, entity: str) -> bool:
        """Wait for another load to end; False where the entity has records already."""
        ...

    def repeated(self) -> list[tuple[str, str, str, int]]:
        """Return (system, root key, key, times) of keys that a mapping yields several times."""
        ...

    def staged(self, size: int) -> Iterator[list[StagedRecord]]:
        """Yield everything that is staged, by system and key."""
        ...

    def ids(self, count: int) -> list[int]:
        """Return new record ids, ascending."""
        ...

    def keep(self, rows: Sequence[LoadedRecord]) -> None: ...

    def keep_keys(self, keys: Mapping[int, Collection[int]]) -> None:
        """Keep the codes of matching keys, to be stored by `write_keys`."""
        ...

    def keep_references(self, rows: Sequence[tuple[int, str, str, str, str]]) -> None: ...

    def keep_links(self, rows: Iterable[LoadedLink]) -> None: ...

    def groups(self, entity: str, changed_at: datetime, size: int) -> Iterator[list[LoadedGroup]]:
        """Yield accepted records by golden record, about `size` records at a time."""
        ...

    def write_records(
        self,
        rows: Iterable[tuple[SourceRecord, str]],
        bases: Mapping[int, Mapping[str, object]],
    ) -> None: ...

    def write_goldens(self, rows: Sequence[GoldenWrite], policy_version: str) -> None: ...

    def write_links(self, entity: str, policy_version: str, txn: UUID) -> None: ...

    def write_keys(self) -> None: ...

    def hold_references(self) -> None:
        """Wait for whoever is resolving references, and let nobody begin until the end."""
        ...

    def mark_waiting(self, entity: str, systems: Sequence[str]) -> int:
        """Mark all records that refer to records of the entity by the systems' keys."""
        ...

    def analyze(self) -> None:
        """Gather statistics of the tables that were filled."""
        ...
