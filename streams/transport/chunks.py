"""Cuts what was fetched of one partition into chunks, and carries one to an agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from golden_records.domain.feed import Chunk, FeedRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.transport.ledger import Ticket

#: What a record costs in memory beside its key and value; measured, rounded up.
RECORD_OVERHEAD = 400


class FetchedRecord(Protocol):
    """The part of the client's record that is read here."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int
    offset: int
    serialized_key_size: int
    serialized_value_size: int


@dataclass(frozen=True, slots=True)
class ChunkLimits:
    """Where a chunk ends: at either of these."""

    records: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Consecutive fetched records of one partition, and their size in memory, about."""

    records: Sequence[FetchedRecord]
    size: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """The value of the one message that Faust sees for a chunk."""

    ticket: Ticket
    records: Sequence[FetchedRecord]

    @property
    def partition(self) -> tuple[str, int]:
        return self.ticket.partition

    @property
    def count(self) -> int:
        return len(self.records)

    def chunk(self) -> Chunk:
        """Build the domain's chunk; costs about a microsecond a record, so do it in a thread."""
        topic, partition = self.partition
        return Chunk(
            topic,
            partition,
            [
                FeedRecord(
                    record.key, record.value, record.headers, record.timestamp, record.offset
                )
                for record in self.records
            ],
        )


def cut(records: Sequence[FetchedRecord], limits: ChunkLimits) -> Iterator[Cut]:
    """Cut records, in order, so that no chunk exceeds the limits unless it is one record."""
    start = size = 0
    for index, record in enumerate(records):
        weight = (
            max(record.serialized_key_size, 0)
            + max(record.serialized_value_size, 0)
            + RECORD_OVERHEAD
        )
        if index > start and (index - start >= limits.records or size + weight > limits.bytes):
            yield Cut(records[start:index], size)
            start, size = index, 0
        size += weight
    if size:
        yield Cut(records[start:], size)
