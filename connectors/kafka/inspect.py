"""Looks into the feed: what is in a partition, and how far the workers are behind."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from connectors.kafka.replay import OffsetRange, ReplayLimits, replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connectors.kafka.admin import KafkaAdmin
    from golden_records.domain.feed import FeedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """One partition as the group sees it; `committed` is None before its first commit."""

    topic: str
    partition: int
    low: int
    high: int
    committed: int | None

    @property
    def behind(self) -> int:
        """How many offsets are still to be read."""
        return self.high - max(self.low, self.committed or 0)


def lags(admin: KafkaAdmin, group: str, topics: Iterable[str]) -> list[Lag]:
    """List the group's lag, partition by partition."""
    committed = admin.committed(group)
    return [
        Lag(
            topic=topic,
            partition=partition,
            low=marks.low,
            high=marks.high,
            committed=committed.get((topic, partition)),
        )
        for (topic, partition), marks in sorted(admin.watermarks(topics).items())
    ]


def look(bootstrap: str, wanted: OffsetRange, *, count: int) -> Iterator[FeedRecord]:
    """Yield the first so many records of the range, as they lie."""
    chunks = replay(bootstrap, wanted, ReplayLimits(records=min(count, 500)))
    return islice((record for chunk in chunks for record in chunk.records), count)
