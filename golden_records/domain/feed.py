"""The feed as the hub takes it: chunks of records of one partition, and what became of them.

A chunk is what a worker is handed at once. Its records are in offset order; offsets may be
missing (compaction, transactions) and that is never an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """One record as it lies in Kafka, not decoded.

    `value` is None for a tombstone. `timestamp_ms` is Kafka's, milliseconds since the epoch.
    """

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp_ms: int
    offset: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records of one partition, in offset order, at least one."""

    topic: str
    partition: int
    records: Sequence[FeedRecord]

    @property
    def first_offset(self) -> int:
        return self.records[0].offset

    @property
    def last_offset(self) -> int:
        return self.records[-1].offset

    def __len__(self) -> int:
        return len(self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRecord:
    """A record that was set aside, and why; the quarantine table holds it already."""

    topic: str
    partition: int
    record: FeedRecord
    error: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOutcome:
    """What one committed apply transaction asks for.

    `hints` counts new marks by shard. They are sent after the commit and may be lost, as may the
    copies of `quarantined`: the tables are the truth.
    """

    hints: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    quarantined: Sequence[QuarantinedRecord] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveOutcome:
    """What one pass over a shard did: roots taken, and whether more were waiting."""

    taken: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """What a topic has when it is created.

    An existing topic with fewer partitions is widened only where `may_widen` says so: more
    partitions send a key elsewhere, which ends the order of that key's changes in the feed.
    """

    partitions: int
    may_widen: bool = False
    configs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
