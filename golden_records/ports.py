"""What the services need from the outside, as Protocols.

A unit of work is one PostgreSQL transaction; everything reached through it happens in that
transaction or not at all. Nothing here commits but `UnitOfWork.commit`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Self
    from uuid import UUID

    from golden_records.domain.catalogue import Phase
    from golden_records.domain.clusters import PairDecision
    from golden_records.domain.echo import Acknowledgement, LedgerEntry
    from golden_records.domain.feed import Chunk, FeedRecord
    from golden_records.domain.linkplan import LinkRow
    from golden_records.domain.records import Conflict, GoldenRecord, Override, SourceRecord
    from golden_records.domain.rowchange import RowChange


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRecord:
    """A record of the feed that could not be decoded, whole, with the reason."""

    topic: str
    partition: int
    record: FeedRecord
    error: str
    message: str
    system: str = ""
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What a chunk decoded to: every record is a change, bad, or ignored for a named reason."""

    changes: Sequence[RowChange]
    bad: Sequence[BadRecord]
    ignored: Mapping[tuple[str, str], int]
    """Records that carry no row change, by (system, table or reason)."""


class Decoder(Protocol):
    """From bytes to row changes; never raises for bad data."""

    def decode(self, chunk: Chunk) -> Decoded: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCounts:
    """What became of the changes of one table; received = applied + duplicate + stale."""

    received: int
    applied: int
    duplicate: int
    stale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorOutcome:
    """Counts by (system, table) and the number of new marks by shard."""

    counts: Mapping[tuple[str, str], TableCounts]
    hints: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """A record as its mapping yields it now, where that differs from what is stored."""

    key: str
    root_key: str
    attrs: Mapping[str, object] | None
    """None: the record was stored and did not come back."""
    known_id: int | None
    raw: str | None = None
    """The attributes as PostgreSQL wrote them, to be stored and compared with next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What differs, and the root keys whose evaluation alone raised, with the error."""

    records: Sequence[Evaluated]
    failed: Mapping[str, str] = field(default_factory=dict)


class Mirror(Protocol):
    """Mirror tables and the mappings that read them."""

    def apply(
        self, changes: Sequence[RowChange], marking: frozenset[tuple[str, str]]
    ) -> MirrorOutcome:
        """Apply changes in their order and mark what they touch of the pairs in `marking`."""
        ...

    def evaluate(self, system: str, entity: str, keys: Sequence[str]) -> Evaluation: ...

    def mark_all(self, system: str, entity: str, *, cause: str, priority: int) -> int: ...

    def analyze(self, system: str) -> None: ...

    def sample(self, system: str, entity: str, limit: int) -> list[Mapping[str, object]]:
        """Return the attributes of some records as their mapping yields them now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCount:
    """Counts of one table out of one chunk; received is the sum of the others."""

    system: str
    table: str
    received: int = 0
    applied: int = 0
    duplicate: int = 0
    stale: int = 0
    quarantined: int = 0
    ignored: int = 0


class FeedLog(Protocol):
    """What came in and what became of it."""

    def count(self, counts: Iterable[FeedCount]) -> None: ...

    def set_aside(self, bad: Sequence[BadRecord]) -> None:
        """Store records whole for replay; the same record set aside twice is one row."""
        ...

    def set_aside_root(self, mark: Mark, error: str, message: str) -> None: ...

    def open_quarantine(self) -> int: ...


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


class Marks(Protocol):
    """The queue of dirty roots; state of a root, not a list of events."""

    def lock_shard(self, shard: int) -> bool:
        """Hold the shard until the transaction ends; False when another worker has it."""
        ...

    def take(self, shard: int, now: datetime, limit: int) -> list[Mark]:
        """Remove and return marks of one entity, urgent ones first; a rollback brings them back."""
        ...

    def put_back(self, marks: Sequence[Mark], due_at: datetime) -> None: ...

    def mark_records(self, record_ids: Sequence[int], *, cause: str, priority: int) -> None: ...

    def mark_dependants(
        self, keys: Sequence[tuple[str, str, str]], golden_ids: Sequence[UUID]
    ) -> None:
        """Mark records that refer to any (entity, system, key) or to a member of these goldens."""
        ...

    def waiting(self, shard: int, now: datetime) -> bool: ...

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


@dataclass(frozen=True, slots=True)
class RecordHead:
    """A live source record without its values; `version` tells whether kept values are its own."""

    id: int
    system: str
    version: int
    golden_id: UUID | None
    origin: str | None = None
    key: str = ""


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

    def write_keys(self, entity: str, keys: Mapping[int, Sequence[str]]) -> None: ...

    def candidates(
        self, entity: str, record_ids: Sequence[int], cap: int
    ) -> dict[int, dict[int, tuple[str, ...]]]:
        """Records that share a key: record → candidate → shared keys; keys over `cap` left out."""
        ...


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


class Goldens(Protocol):
    """Golden records, their versions and links."""

    def lock_identity(self, entity: str) -> int:
        """Hold the right to link records of the entity; return the number of this turn.

        Whoever read `identity_turn` and gets the next number here knows that nobody committed a
        change of links or matching keys in between.
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

        What a person said about a loser holds for the winner from now on.
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

    def open(self, entity: str, found: Sequence[tuple[int, Conflict]]) -> None:
        """Open conflicts of records (record id, conflict)."""
        ...

    def close_for_records(
        self, record_ids: Sequence[int], kinds: Sequence[str], resolution: str
    ) -> None: ...

    def about(self, golden_ids: Sequence[UUID], kinds: Sequence[str]) -> list[int]:
        """Return the records whose open cases of these kinds name any of the golden records."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationWrite:
    """What a target should hold of one golden record and attribute group."""

    target: str
    entity: str
    golden_id: UUID
    target_key: str
    group: str
    lane: str
    lane_class: str
    golden_version: int
    desired: Mapping[str, object]
    seen: Mapping[str, object] | None
    parameters: Mapping[str, object]
    due_at: datetime
    cause_at: datetime | None


class Publications(Protocol):
    """The state queue to the targets, seen from the resolver."""

    def want(self, rows: Sequence[PublicationWrite], now: datetime) -> None:
        """Upsert by (target, entity, golden, key, group); never re-sends what is under way."""
        ...

    def satisfied(self, rows: Sequence[PublicationWrite], now: datetime) -> None:
        """Close what the target is seen to hold as desired."""
        ...

    def withdraw(self, golden_ids: Sequence[UUID]) -> None: ...


class Ledger(Protocol):
    """Our own writes that no echo has closed yet."""

    def open_entries(
        self, target: str, entity: str, keys: Sequence[str]
    ) -> dict[str, list[LedgerEntry]]: ...

    def settle(self, acknowledgements: Sequence[Acknowledgement], now: datetime) -> None:
        """Close what was echoed or overtaken, and keep what still waits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A publication in the hands of one worker until its lease ends or it is finished."""

    id: int
    ledger_id: int
    target: str
    entity: str
    golden_id: UUID
    target_key: str
    group: str
    lane: str
    lane_class: str
    golden_version: int
    desired: Mapping[str, object]
    seen: Mapping[str, object] | None
    parameters: Mapping[str, object]
    fence: int
    attempts: int
    cause_at: datetime | None
    last_values: Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How an attempt ended: the publication's next state and the ledger entry's."""

    lease: Lease
    state: str
    outcome: str
    ledger_state: str
    sent: bool
    closed: bool
    due_at: datetime | None = None
    message: str | None = None
    last_values: Sequence[object] = ()


class Leases(Protocol):
    """The state queue, worked off; several publishers may share it."""

    def lease(self, target: str, now: datetime, span: timedelta, limit: int) -> list[Lease]:
        """Take due rows and write their ledger entries; commit before anything is sent."""
        ...

    def finish(self, attempts: Sequence[Attempt], now: datetime) -> None: ...

    def look_again(self, before: datetime, now: datetime) -> int:
        """Make rows due whose write found no echo since `before`."""
        ...

    def expire(self, before: datetime, now: datetime) -> int: ...


class WriteOutcome(StrEnum):
    """What a target did with a write."""

    WRITTEN = "written"
    ALREADY = "already"
    CONFLICT = "conflict"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The outcome, with what the target holds where it was read."""

    outcome: WriteOutcome
    observed: Mapping[str, object] | None = None
    message: str | None = None


class Target(Protocol):
    """A system that decided values are written to."""

    def write(self, lease: Lease, now: datetime) -> WriteResult:
        """Lock, compare, write and read back in one transaction at the target; never raises."""
        ...


class Registry(Protocol):
    """Phases of (system, entity) pairs and the switches of the systems."""

    def marking(self) -> frozenset[tuple[str, str]]:
        """Pairs past LOADING; held for share, so a change of phase waits for this transaction."""
        ...

    def phases(self) -> dict[tuple[str, str], Phase]: ...

    def model_version(self, entity: str) -> str | None:
        """Return the version of the active matching model, if any was activated."""
        ...

    def model(self, entity: str) -> str | None:
        """Return the active matching model as JSON text."""
        ...

    def activate_model(self, entity: str, version: str, body: str) -> None: ...

    def live_systems(self) -> frozenset[str]:
        """Systems that are switched on; all others are in dry run."""
        ...

    def set_phase(self, system: str, entity: str, phase: Phase) -> None: ...


class UnitOfWork(Protocol):
    """One transaction; leaving it without `commit` rolls everything back."""

    @property
    def mirror(self) -> Mirror: ...

    @property
    def feed(self) -> FeedLog: ...

    @property
    def marks(self) -> Marks: ...

    @property
    def sources(self) -> SourceRecords: ...

    @property
    def goldens(self) -> Goldens: ...

    @property
    def conflicts(self) -> Conflicts: ...

    @property
    def publications(self) -> Publications: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def leases(self) -> Leases: ...

    @property
    def registry(self) -> Registry: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def savepoint(self) -> AbstractContextManager[object]:
        """A nested transaction: left by an exception it undoes only itself."""
        ...

    def commit(self) -> None: ...
