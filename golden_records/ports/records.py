"""Marks and source records, as the resolver takes and writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.records import SourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A root to look at again: a dirty root, why, and since when."""

    id: int
    entity: str
    system: str
    root_key: str
    cause: str
    priority: int
    changed_at: datetime | None
    marked_at: datetime
    tag: str | None = None
    bits: int | None = None
    """The columns of a table that changed at `changed_at`, for `Mirror.changed_at` to read."""
    ours: bool | None = None
    """Whether a transaction of ours may have brought the change; None is not known."""


class Marks(Protocol):
    """The queue of dirty roots; state of a root, not a list of events."""

    def lock_shards(self, shards: Sequence[int]) -> list[int]:
        """Hold shards until the transaction ends; leave out those that another worker has."""
        ...

    def wait_for_shards(self) -> None:
        """Wait until nobody resolves, and keep everybody from it until the transaction ends."""
        ...

    def take(self, shards: Sequence[int], now: datetime, limit: int) -> list[Mark]:
        """Remove and return due marks of one entity, urgent first; a rollback brings them back.

        `limit` bounds the marks looked at; all other due marks of their roots come with them.
        """
        ...

    def put_back(self, marks: Sequence[tuple[Mark, datetime]]) -> None:
        """Store marks again, each to be due at its time."""
        ...

    def mark_records(self, record_ids: Sequence[int], *, cause: str, priority: int) -> None: ...

    def mark_members(self, golden_ids: Sequence[UUID], cause: str, priority: int) -> None:
        """Mark the live members of the golden records."""
        ...

    def mark_holding(self, entity: str, attribute: str, values: Sequence[str]) -> int:
        """Mark the records of an entity whose attribute holds one of these; return how many."""
        ...

    def mark_dependants(
        self, keys: Sequence[tuple[str, str, str]], golden_ids: Sequence[UUID]
    ) -> None:
        """Mark records that refer to any (entity, system, key) or to a member of these goldens."""
        ...

    def waiting(self, shards: Sequence[int], now: datetime) -> bool: ...

    def mark_effective(self, now: datetime) -> None:
        """Mark golden records a period of which has begun: a future value needs no event."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A source record with the golden record it is linked to, if any."""

    record: SourceRecord
    golden_id: UUID | None
    origin: str | None = None
    version: int = 1
    withheld: str | None = None
    """Why its deletion is withheld: its system does not have it any more."""


@dataclass(frozen=True, slots=True)
class RecordHead:
    """A live source record without its values; `version` tells whether kept values are its own."""

    id: int
    system: str
    version: int
    golden_id: UUID | None
    origin: str | None = None
    key: str = ""
    withheld: bool = False
    """Its system does not have it any more, so it takes nobody's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWrite:
    """A source record to insert (`id` None) or to update."""

    id: int | None
    key: str
    root_key: str
    raw: str
    """The attributes exactly as evaluated, as JSON text."""
    canonical: Mapping[str, object]
    changed_at: Mapping[str, str]
    deleted: bool
    shared: Mapping[str, object] = field(default_factory=dict)
    """Values that came back as the echo of a write: hub and system share them from now on."""


class SourceRecords(Protocol):
    """Source records, their references and their matching keys."""

    def by_id(self, ids: Sequence[int]) -> dict[int, StoredRecord]: ...

    def by_root(self, entity: str, system: str, roots: Sequence[str]) -> list[StoredRecord]: ...

    def insert(self, entity: str, system: str, rows: Sequence[RecordWrite]) -> dict[str, int]:
        """Insert and return the new ids by record key."""
        ...

    def update(self, rows: Sequence[RecordWrite]) -> None: ...

    def write_bases(self, bases: Mapping[int, Mapping[str, object]]) -> None: ...

    def members(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[StoredRecord]]:
        """Live members (MATCH) of the golden records, in a fixed order."""
        ...

    def heads(self, ids: Sequence[int]) -> dict[int, RecordHead]: ...

    def member_heads(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[RecordHead]]:
        """Live members (MATCH) of the golden records without their values, in a fixed order."""
        ...

    def write_references(
        self, rows: Sequence[tuple[int, str, str, str, str]], record_ids: Sequence[int]
    ) -> None:
        """Replace the references of the records: (record, name, entity, system, key)."""
        ...

    def resolve_references(
        self, keys: Sequence[tuple[str, str, str]]
    ) -> dict[tuple[str, str, str], UUID]:
        """Lock the crosswalk keys shared, then find their golden records and hold them."""
        ...

    def resolved(self, record_ids: Sequence[int]) -> dict[int, dict[str, UUID]]:
        """Return the golden record behind each reference of the records, where there is one."""
        ...

    def lock_crosswalk(self, keys: Sequence[tuple[str, str, str]]) -> None:
        """Lock crosswalk keys that appear or move, in one order."""
        ...

    def keys_of(
        self, golden_ids: Sequence[str], systems: Sequence[str]
    ) -> dict[tuple[str, str], str]:
        """Return the key by which each system knows each golden record: the oldest one's."""
        ...

    def write_keys(self, keys: Mapping[int, Collection[int]]) -> None:
        """Make these the matching keys of the records, by their codes."""
        ...

    def nearest(
        self, record_ids: Sequence[int], *, caps: tuple[int, int, int], most: int
    ) -> dict[int, list[int]]:
        """Return up to `most` candidates a record, those that share most first.

        `caps` are the largest blocks by the kind of key, as a code's lowest two bits tell it.
        """
        ...

    def sharing(
        self, record_ids: Sequence[int], others: Collection[int], caps: tuple[int, int, int]
    ) -> list[int]:
        """Return those of the records that `nearest` might give one of the others."""
        ...
