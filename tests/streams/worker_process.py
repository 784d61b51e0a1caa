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
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.kafka.admin import KafkaAdmin
from golden_records.domain.errors import TerminalError, TransientError
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
    """Values that are words make it fail: "terminal", "crash", or "transient" (three times)."""

    def __init__(self, journal: Journal, delay: float, shards: int) -> None:
        self._journal, self._delay, self._shards = journal, delay, shards
        self._transient_failures = 3

    def _obey(self, chunks: Sequence[Chunk]) -> None:
        words = {record.value for chunk in chunks for record in chunk.records}
        if b"terminal" in words:
            raise TerminalError("The test asked for it.")
        if b"crash" in words:
            raise ZeroDivisionError
        if b"transient" in words and self._transient_failures:
            self._transient_failures -= 1
            self._journal.note(failed="transient")
            raise TransientError

    def apply(self, chunks: Sequence[Chunk]) -> ApplyOutcome:
        self._obey(chunks)
        applied = [
            [chunk.topic, chunk.partition, chunk.first_offset, chunk.last_offset, len(chunk)]
            for chunk in chunks
        ]
        self._journal.note(applied=applied)
        # As if committed: a kill from here on means a second delivery.
        time.sleep(self._delay)
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

    def resolve(self, *shards: int) -> ResolveOutcome:
        for shard in shards:
            self._journal.note(resolved=shard)
        return ResolveOutcome(taken=0, more=False)


class ListedTopics:
    """Reads the topics from a file if there is one, so that a test can change them."""

    def __init__(self, topics: Sequence[str], path: str | None) -> None:
        self._topics, self._path = frozenset(topics), path

    def current(self) -> frozenset[str]:
        if self._path and Path(self._path).exists():
            return frozenset(Path(self._path).read_text(encoding="utf-8").split())
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
            topics=ListedTopics(order["topics"], order.get("topics_file")),
            admin=admin,
            clock=SystemClock(),
            jitter=random.random,
        )
        code = run_worker(settings, services)
    journal.note(stopped=code)
    return code


if __name__ == "__main__":
    sys.exit(main())
