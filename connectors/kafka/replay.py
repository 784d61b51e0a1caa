"""Reads a range of offsets of one partition again, in chunks, outside any consumer group.

For replay, backfill and inspection. Nothing is committed, so the workers' positions are untouched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]

from connectors.kafka.errors import KafkaUnavailableError, kafka_errors
from golden_records.domain.feed import Chunk, FeedRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetRange:
    """Offsets of one partition from `start` up to, and without, `stop`; None means its end now."""

    topic: str
    partition: int
    start: int = 0
    stop: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayLimits:
    """How much one chunk holds, and how many seconds of silence are too many."""

    records: int = 5_000
    patience: float = 30.0
    fetch_bytes: int = 8 * MEBIBYTE


DEFAULT_LIMITS = ReplayLimits()


class _Polled(Protocol):
    """The part of the client's record that is read here."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int
    offset: int


def replay(
    bootstrap: str, wanted: OffsetRange, limits: ReplayLimits = DEFAULT_LIMITS
) -> Iterator[Chunk]:
    """Yield what is still there of the range, in order; expired or compacted offsets are skipped.

    `stop` beyond the partition's end is cut to the end at the time of the first read. Raises
    `TopicMissingError`, or `KafkaUnavailableError` when nothing comes for `patience` seconds.
    """
    at = TopicPartition(wanted.topic, wanted.partition)
    facts = {"topic": wanted.topic, "partition": wanted.partition}
    with kafka_errors("Connecting to Kafka", bootstrap=bootstrap):
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap.split(","),
            client_id="mdhub-replay",
            group_id=None,
            bootstrap_timeout_ms=int(limits.patience * 1000),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=limits.fetch_bytes,
            max_poll_records=limits.records,
        )
    try:
        with kafka_errors("Reading the feed again", **facts):
            consumer.assign([at])
            low, stop = _bounds(consumer, at, wanted)
            consumer.seek(at, max(low, wanted.start))
            yield from _chunks(consumer, at, stop, limits.patience)
    finally:
        consumer.close()


def _bounds(consumer: KafkaConsumer, at: TopicPartition, wanted: OffsetRange) -> tuple[int, int]:
    low = consumer.beginning_offsets([at])[at]
    high = consumer.end_offsets([at])[at]
    return low, high if wanted.stop is None else min(wanted.stop, high)


def _chunks(
    consumer: KafkaConsumer, at: TopicPartition, stop: int, patience: float
) -> Iterator[Chunk]:
    # By position, not by records seen: the last offsets may hold none (transaction markers).
    while (position := consumer.position(at)) < stop:
        polled = consumer.poll(timeout_ms=int(patience * 1000)).get(at, [])
        records = _records(polled, stop)
        if records:
            yield Chunk(at.topic, at.partition, records)
        if not polled and consumer.position(at) == position:
            raise KafkaUnavailableError(
                f"Nothing came from {at.topic}[{at.partition}] at {position} for {patience:.0f} s;"
                " check that Kafka runs, then start again from that offset.",
                topic=at.topic,
                partition=at.partition,
                offset=position,
            )


def _records(polled: Sequence[_Polled], stop: int) -> list[FeedRecord]:
    return [
        FeedRecord(one.key, one.value, one.headers, one.timestamp, one.offset)
        for one in polled
        if one.offset < stop
    ]
