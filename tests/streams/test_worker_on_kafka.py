"""Whole workers, as processes, on a real Kafka: nothing is lost, and commits are exact."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest

from connectors.kafka.admin import KafkaAdmin
from connectors.kafka.producer import Producer
from connectors.kafka.replay import OffsetRange, replay
from golden_records.domain.feed import TopicSpec

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

PROGRAM = Path(__file__).with_name("worker_process.py")
ROOT = PROGRAM.parents[2]


class Line:
    """One run of the feed: a topic, its workers, and what they wrote down."""

    def __init__(self, bootstrap, folder):
        self.bootstrap, self.folder = bootstrap, folder
        self.prefix = f"line-{uuid.uuid4().hex[:8]}"
        self.feed = f"{self.prefix}.feed"
        self.group = f"{self.prefix}.hub"
        self.admin = KafkaAdmin(bootstrap)
        self.admin.ensure({self.feed: TopicSpec(partitions=4)})
        self.workers = []

    def produce(self, values, **kwargs):
        with Producer(self.bootstrap) as producer:
            for number, value in enumerate(values):
                producer.send(self.feed, b"%d" % number, value, **kwargs)

    def start(self, **order):
        settings = {"session_timeout": 6, "drain_timeout": 3} | order.pop("settings", {})
        number = len(self.workers)
        order = {
            "bootstrap": self.bootstrap,
            "prefix": self.prefix,
            "topics": [self.feed],
            "out": str(self.journal(number)),
            "settings": settings,
        } | order
        with (self.folder / f"{number}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, str(PROGRAM), json.dumps(order)],
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def journal(self, number):
        return self.folder / f"{number}.journal"

    def notes(self, number=None):
        numbers = range(len(self.workers)) if number is None else [number]
        paths = [self.journal(one) for one in numbers if self.journal(one).exists()]
        lines = itertools.chain.from_iterable(path.read_text().splitlines() for path in paths)
        return [json.loads(line) for line in lines]

    def applied(self, number=None):
        """How often each (partition, offset) was applied."""
        ranges = itertools.chain.from_iterable(
            note["applied"] for note in self.notes(number) if "applied" in note
        )
        return Counter(
            (partition, offset)
            for _topic, partition, first, last, _count in ranges
            for offset in range(first, last + 1)
        )

    def resolved(self, number=None):
        return {note["resolved"] for note in self.notes(number) if "resolved" in note}

    def committed(self):
        committed = self.admin.committed(self.group)
        return {part: offset for (topic, part), offset in committed.items() if topic == self.feed}

    def ends(self):
        return {part: end for (_, part), end in self.admin.end_offsets([self.feed]).items()}

    def everything(self):
        return {(part, offset) for part, end in self.ends().items() for offset in range(end)}

    def is_done(self):
        return self.committed() == {part: end for part, end in self.ends().items() if end}

    def close(self):
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
        self.admin.close()


@pytest.fixture
def line(kafka_bootstrap, tmp_path):
    made = Line(kafka_bootstrap, tmp_path)
    yield made
    made.close()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def stop(worker):
    """SIGTERM, and the seconds until it ended."""
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    code = worker.wait(15)
    return code, time.monotonic() - began


def test_a_killed_worker_loses_nothing_and_its_successor_goes_on(line, record_property):
    total = 200_000
    line.produce(itertools.repeat(b"v" * 100, total))
    first = line.start(delay=0.5)
    wait_for(line.applied)
    line.start(delay=0.5)
    wait_for(lambda: line.applied(1))
    before = len(line.applied(0))
    wait_for(lambda: len(line.applied(0)) > before)
    # Now its newest batch is noted down as committed, and not acked yet.
    first.kill()
    assert not line.is_done()
    wait_for(line.is_done, 90)
    applied = line.applied()
    assert set(applied) == line.everything()
    redelivered = applied.total() - total
    record_property("redelivered", redelivered)
    assert 0 < redelivered < total / 4


def test_a_stopped_worker_leaves_exactly_what_it_applied(line):
    line.produce(itertools.repeat(b"v" * 100, 60_000))
    worker = line.start(delay=0.3)
    wait_for(lambda: len(line.applied()) > 10_000)
    code, seconds = stop(worker)
    assert (code, seconds < 15) == (0, True)
    applied = line.applied()
    reached = {}
    for part, offset in applied:
        reached[part] = max(reached.get(part, 0), offset + 1)
    assert 0 < len(applied) < 60_000
    assert line.committed() == reached
    line.start()
    wait_for(line.is_done)
    assert set(line.applied()) == line.everything()
    assert set(line.applied().values()) == {1}


def test_a_worker_that_joins_causes_no_second_delivery(line):
    line.produce(itertools.repeat(b"v" * 100, 100_000))
    line.start(delay=0.5)
    wait_for(line.applied)
    line.start(delay=0.5)
    wait_for(line.is_done, 90)
    assert line.applied(0)
    assert line.applied(1)
    assert set(line.applied()) == line.everything()
    assert set(line.applied().values()) == {1}


@pytest.mark.parametrize("word", [b"terminal", b"crash"])
def test_a_failure_that_time_does_not_heal_ends_the_worker_unacked(line, word):
    line.produce([word])
    worker = line.start()
    assert worker.wait(30) == 1
    assert not line.committed()
    assert "The apply loop failed" in (line.folder / "0.log").read_text()


def test_a_transient_failure_is_tried_again_in_place(line):
    line.produce([b"transient", b"fine"])
    line.start(settings={"backoff_first": 0.01})
    wait_for(line.is_done)
    assert sum("failed" in note for note in line.notes()) == 3
    assert set(line.applied()) == line.everything()


def test_a_worker_can_be_stopped_while_a_failure_persists(line):
    line.produce([b"transient"])
    worker = line.start(settings={"backoff_first": 1_000, "backoff_limit": 1_000})
    wait_for(lambda: any("failed" in note for note in line.notes()))
    code, seconds = stop(worker)
    assert (code, seconds < 5) == (0, True)
    assert not line.committed()


def test_what_is_set_aside_is_copied_with_its_origin(line):
    line.produce([b"bad"], headers=[("source", b"erp")])
    line.start()
    wait_for(line.is_done)
    topic = f"{line.prefix}.quarantine"
    wait_for(lambda: line.admin.end_offsets([topic]) == {(topic, 0): 1})
    (chunk,) = replay(line.bootstrap, OffsetRange(topic=topic, partition=0))
    (copy,) = chunk.records
    headers = dict(copy.headers)
    assert (copy.key, copy.value, headers["source"]) == (b"0", b"bad", b"erp")
    assert headers["hub.topic"] == line.feed.encode()
    assert headers["hub.offset"] == b"0"
    assert headers["hub.error"] == b"DecodeError"


def test_hints_reach_the_shards_of_other_workers(line):
    settings = {"sweep_interval": 3_600}
    line.start(settings=settings)
    line.start(settings=settings)
    hints = f"{line.prefix}.hints"

    def both_are_ready():
        logs = [(line.folder / f"{one}.log").read_text() for one in (0, 1)]
        return all("Worker ready" in log for log in logs) and hints in logs[1]

    wait_for(both_are_ready)
    time.sleep(2)
    line.produce([b"change"] * 20)
    wait_for(lambda: line.resolved() == set(range(16)), 20)
    assert line.resolved(0)
    assert line.resolved(1)
    assert not line.resolved(0) & line.resolved(1)


def test_the_sweep_looks_at_every_shard_without_any_hint(line):
    line.start(settings={"sweep_interval": 0.2})
    wait_for(lambda: line.resolved() == set(range(16)), 20)


def test_a_worker_asks_to_be_started_again_when_the_topics_change(line, tmp_path):
    worker = line.start(topics_file=str(tmp_path / "topics"), settings={"topics_interval": 0.2})
    wait_for(lambda: any("started" in note for note in line.notes()))
    time.sleep(1)
    (tmp_path / "topics").write_text(f"{line.feed} {line.prefix}.another")
    assert worker.wait(30) == 75
