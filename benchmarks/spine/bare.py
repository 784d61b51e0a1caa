"""A worker whose services do nothing: what Faust and the transport alone cost.

python -m benchmarks.spine.bare BOOTSTRAP PREFIX TOPIC...
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

from connectors.kafka.admin import KafkaAdmin
from golden_records.domain.feed import ApplyOutcome, ResolveOutcome
from hub.clock import SystemClock
from streams.ports import StreamServices
from streams.settings import StreamSettings
from streams.worker import run_worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from golden_records.domain.feed import Chunk


class Nothing:
    """Touches every record, and that is all."""

    bytes = 0

    def apply(self, chunks: Sequence[Chunk]) -> ApplyOutcome:
        for chunk in chunks:
            for record in chunk.records:
                self.bytes += len(record.value or b"")
        return ApplyOutcome()

    def resolve(self, *_shards: int) -> ResolveOutcome:
        return ResolveOutcome(taken=0, more=False)


class Topics:
    """The topics of the command line."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def current(self) -> frozenset[str]:
        return self._names


def main() -> int:
    bootstrap, prefix, *topics = sys.argv[1:]
    nothing = Nothing()
    services = StreamServices(
        apply=nothing,
        resolve=nothing,
        topics=Topics(topics),
        admin=KafkaAdmin(bootstrap),
        clock=SystemClock(),
        jitter=random.SystemRandom().random,
    )
    return run_worker(StreamSettings(bootstrap=bootstrap, prefix=prefix), services)


if __name__ == "__main__":
    sys.exit(main())
