"""How many events a second one worker takes from Kafka, by the chunk, with services that do little.

    python -m benchmarks.transport BOOTSTRAP [EVENTS]

Prints the rate with chunks handed over as they are, and with every value read as JSON too. The
figure is for comparing one machine with itself; nothing is asserted.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import uuid
from typing import TYPE_CHECKING

import orjson

from connectors.kafka.admin import KafkaAdmin
from connectors.kafka.producer import Producer
from golden_records.domain.feed import ApplyOutcome, ResolveOutcome, TopicSpec
from hub.clock import SystemClock
from streams.ports import StreamServices
from streams.settings import StreamSettings
from streams.worker import run_worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from golden_records.domain.feed import Chunk

EVENTS = 300_000
PARTITIONS = 4


class Counting:
    """Counts records, and asks for the worker's end after the last one."""

    def __init__(self, expected: int, *, decode: bool) -> None:
        self._expected, self._decode = expected, decode
        self.seen = self.chunks = 0
        self.began = self.ended = 0.0

    def apply(self, chunks: Sequence[Chunk]) -> ApplyOutcome:
        self.began = self.began or time.monotonic()
        for chunk in chunks:
            if self._decode:
                for record in chunk.records:
                    orjson.loads(record.value or b"null")
            self.seen += len(chunk)
            self.chunks += 1
        if self.seen >= self._expected:
            self.ended = time.monotonic()
            os.kill(os.getpid(), signal.SIGTERM)
        return ApplyOutcome()

    def resolve(self, *_shards: int) -> ResolveOutcome:
        return ResolveOutcome(taken=0, more=False)


class OneTopic:
    """The topic that was filled."""

    def __init__(self, name: str) -> None:
        self._name = name

    def current(self) -> frozenset[str]:
        return frozenset([self._name])


def fill(bootstrap: str, topic: str, events: int) -> None:
    """Write change events of ten columns, about 600 bytes each."""
    columns = {f"column_{number}": "value " * 4 for number in range(8)}
    with Producer(bootstrap) as producer:
        for number in range(events):
            after = {"id": number, "updated_at": 1_700_000_000_000 + number, **columns}
            event = {"before": None, "after": after, "op": "c", "source": {"lsn": number}}
            producer.send(topic, b'{"id":%d}' % number, orjson.dumps(event))


def measure(settings: StreamSettings, admin: KafkaAdmin, topic: str, counting: Counting) -> float:
    """Run one worker over the topic and return its events a second, from the first chunk on."""
    services = StreamServices(
        apply=counting,
        resolve=counting,
        topics=OneTopic(topic),
        admin=admin,
        clock=SystemClock(),
        jitter=random.SystemRandom().random,
    )
    run_worker(settings, services)
    return counting.seen / (counting.ended - counting.began)


def main() -> None:
    bootstrap = sys.argv[1]
    events = int(sys.argv[2]) if len(sys.argv) > 2 else EVENTS  # noqa: PLR2004
    topic = f"benchmark-{uuid.uuid4().hex[:8]}"
    with KafkaAdmin(bootstrap) as admin:
        admin.ensure({topic: TopicSpec(partitions=PARTITIONS)})
        fill(bootstrap, topic, events)
        for decode in (False, True):
            counting = Counting(events, decode=decode)
            prefix = f"{topic}-{'json' if decode else 'bytes'}"
            settings = StreamSettings(bootstrap=bootstrap, prefix=prefix)
            rate = measure(settings, admin, topic, counting)
            what = "values read as JSON" if decode else "values as bytes"
            print(f"{what}: {rate:,.0f} events/s in {counting.chunks} chunks")
        admin.delete([topic])


if __name__ == "__main__":
    main()
