"""Speed of matching: one record at a time against many, and whole tables."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING

from benchmarks.matching.population import PERSON, People
from matchers import IncrementalMatcher, default_model, match_batch, prepare, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matchers import MatchModel, Record

_SAMPLE = 20_000


def megabytes() -> float:
    """The most memory held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def trained(records: Sequence[Record]) -> MatchModel:
    """A model of a sample, as the hub trains."""
    return train(PERSON, [prepare(PERSON, record) for record in records[:_SAMPLE]])


def incremental(existing: int, arriving: int = 5000) -> None:
    """Records one by one against `existing` ones, index and clusters kept up."""
    records = list(People().records(existing + arriving))
    matcher = IncrementalMatcher(PERSON, trained(records))
    started = time.perf_counter()
    for record in records[:existing]:
        matcher.put(record)
    loading = time.perf_counter() - started
    spent = []
    for record in records[existing:]:
        begin = time.perf_counter()
        matcher.put(record)
        spent.append(time.perf_counter() - begin)
    spent.sort()
    half, most = spent[len(spent) // 2], spent[int(len(spent) * 0.99)]
    print(
        f"incremental against {existing:,}: p50 {half * 1e3:.3f} ms, p99 {most * 1e3:.2f} ms,"
        f" {len(spent) / sum(spent):,.0f} records/s; filling {existing / loading:,.0f} records/s;"
        f" {megabytes():,.0f} MB"
    )


def batch(count: int) -> None:
    """A whole table, training included."""
    records = list(People().records(count))
    started = time.perf_counter()
    result = match_batch(PERSON, records)
    spent = time.perf_counter() - started
    print(
        f"batch of {count:,}: {spent:.1f} s, {result.stats['candidates']:,.0f} candidates,"
        f" {len(result.clusters):,} clusters, {megabytes():,.0f} MB"
    )


def untrained(count: int = 2000) -> None:
    """The default model alone, as a hub has it on its first day."""
    records = list(People().records(count))
    started = time.perf_counter()
    match_batch(PERSON, records, model=default_model(PERSON))
    print(f"untrained batch of {count:,}: {time.perf_counter() - started:.1f} s")
