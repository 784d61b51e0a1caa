"""The feed: decoding it, mirroring it, and keeping count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from golden_records.domain.drift import Misfit
    from golden_records.domain.feed import Chunk, FeedRecord
    from golden_records.domain.rowchange import RowChange
    from golden_records.ports.records import Mark


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
    misfits: Sequence[Misfit] = ()
    """What of it shows that a table has another shape than its contract."""


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

    def changed_at(self, system: str, entity: str, marks: Sequence[Mark]) -> Mapping[str, datetime]:
        """Return when attributes of a root last changed, as far as its marks tell."""
        ...

    def stage(self, system: str, entity: str) -> Mapping[str, str]:
        """Evaluate every root into `staged_record`; return the bad root keys with the errors."""
        ...

    def mark_differing(self, system: str, entity: str, *, cause: str, priority: int) -> int:
        """Mark the roots that yield something else now than what is in `staged_record`."""
        ...

    def mark_all(self, system: str, entity: str, *, cause: str, priority: int) -> int: ...

    def readers(self, system: str, table: str) -> list[str]:
        """Return the entities whose mappings read a table, in order."""
        ...

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
