"""A worker whose services write down what they were given; run as a process by the tests.

One JSON object on the command line: bootstrap, prefix, topics, out (a file to append to), and
optionally delay (seconds that each transaction takes) and settings (of `StreamSettings`).
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import time
from typing import TYPE_CHECKING

from connectors.kafka.admin import KafkaAdmin
from golden_records.domain.feed import ApplyOutcome, QuarantinedRecord, ResolveOutcome
from hub.clock import SystemClock
from streams.ports import StreamServices
from streams.settings import StreamSettings
from streams.worker import run_worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from golden_records.domain.feed import Chunk


class Journal:
    """Appends lines with one write each, so that they outlive a kill -9."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def note(self, **facts: object) -> None:
        os.write(self._file, json.dumps(facts).encode() + b"\n")


class JournalApply:
    def __init__(self, journal: Journal, delay: float, shards: int) -> None:
        self._journal, self._delay, self._shards = journal, delay, shards

    def apply(self, chunks: Sequence[Chunk]) -> ApplyOutcome:
        time.sleep(self._delay)
        applied = [
            [chunk.topic, chunk.partition, chunk.first_offset, chunk.last_offset, len(chunk)]
            for chunk in chunks
        ]
        self._journal.note(applied=applied)
        bad = [
            QuarantinedRecord(
                topic=chunk.topic,
                partition=chunk.partition,
                record=record,
                error="DecodeError",
                message="not JSON",
            )
            for chunk in chunks
            for record in chunk.records
            if record.value == b"bad"
        ]
        return ApplyOutcome(hints=dict.fromkeys(range(self._shards), 1), quarantined=bad)


class JournalResolve:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def resolve(self, shard: int) -> ResolveOutcome:
        self._journal.note(resolved=shard)
        return ResolveOutcome(taken=0, more=False)

    def owns(self, shard: int) -> bool:
        return True


class FixedTopics:
    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = frozenset(topics)

    def current(self) -> frozenset[str]:
        return self._topics


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    order = json.loads(sys.argv[1])
    settings = StreamSettings(
        bootstrap=order["bootstrap"], prefix=order["prefix"], **order.get("settings", {})
    )
    journal = Journal(order["out"])
    journal.note(started=os.getpid())
    with KafkaAdmin(settings.bootstrap) as admin:
        services = StreamServices(
            apply=JournalApply(journal, order.get("delay", 0.0), settings.shards),
            resolve=JournalResolve(journal),
            topics=FixedTopics(order["topics"]),
            admin=admin,
            clock=SystemClock(),
            jitter=random.random,
        )
        code = run_worker(settings, services)
    journal.note(stopped=code)
    return code


if __name__ == "__main__":
    sys.exit(main())
