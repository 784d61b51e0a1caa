"""How good a result is: against the truth where it is known, and label-free."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matchers.batch import BatchResult, ScoredPair

Pair = tuple[str, str]
_BUCKETS = ((1, "1"), (2, "2"), (3, "3"), (5, "4-5"), (10, "6-10"), (math.inf, "more"))


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairwise precision, recall and F1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Pairs whose probability lies in a tenth: how many, what was said, what was true."""

    pairs: int
    said: float
    true: float


def ordered(one: str, other: str) -> Pair:
    """The pair with its smaller id first."""
    return (one, other) if one < other else (other, one)


def quality(hits: float, found: float, true: float) -> Quality:
    """From (weighted) counts of pairs; nothing found is perfect precision and no recall."""
    precision = hits / found if found else 1.0
    recall = hits / true if true else 1.0
    total = precision + recall
    return Quality(precision, recall, 2 * precision * recall / total if total else 0.0)


def pairs_of(clusters: Iterable[Sequence[str]]) -> set[Pair]:
    """All pairs inside clusters."""
    return {
        ordered(one, other)
        for members in clusters
        for spot, one in enumerate(members)
        for other in members[spot + 1 :]
    }


def at_default(result: BatchResult, truth: set[Pair]) -> Quality:
    """The final clusters against the truth; what is in review counts as apart."""
    found = pairs_of(result.clusters)
    return quality(len(found & truth), len(found), len(truth))


def at_best(result: BatchResult, truth: set[Pair]) -> tuple[Quality, float]:
    """The best F1 over all cuts of the joins, and the link in bits to cut at."""
    best, cut = quality(0, 0, len(truth)), 0.0
    hits = found = 0
    lowest = float("inf")
    for join in result.joins:
        lowest = min(lowest, join.link)
        found += len(join.one) * len(join.other)
        hits += sum(ordered(one, other) in truth for one in join.one for other in join.other)
        now = quality(hits, found, len(truth))
        if now.f1 > best.f1:
            best, cut = now, lowest
    return best, cut


def b_cubed(clusters: Sequence[Sequence[str]], entity: dict[str, str]) -> Quality:
    """B-cubed over records (Bagga and Baldwin 1998)."""
    sizes = Counter(entity.values())
    precision = recall = 0.0
    for members in clusters:
        for name, count in Counter(entity[member] for member in members).items():
            precision += count * count / len(members)
            recall += count * count / sizes[name]
    total = max(len(entity), 1)
    precision, recall = precision / total, recall / total
    both = precision + recall
    return Quality(precision, recall, 2 * precision * recall / both if both else 0.0)


def entities(records: Iterable[str], truth: Iterable[Pair]) -> dict[str, str]:
    """The entity of every record: connected by true pairs, named by the smallest id."""
    head = {record: record for record in records}

    def find(record: str) -> str:
        while head[record] != record:
            head[record] = head[head[record]]
            record = head[record]
        return record

    for one, other in truth:
        left, right = ordered(find(one), find(other))
        head[right] = left
    return {record: find(record) for record in head}


def calibration(pairs: Iterable[ScoredPair], truth: set[Pair]) -> tuple[CalibrationBin, ...]:
    """Ten bins of probability; empty ones are left out."""
    said: dict[int, list[tuple[float, bool]]] = {}
    for pair in pairs:
        spot = min(int(pair.probability * 10), 9)
        said.setdefault(spot, []).append(
            (pair.probability, ordered(pair.left, pair.right) in truth)
        )
    return tuple(
        CalibrationBin(
            len(items),
            sum(chance for chance, _ in items) / len(items),
            sum(true for _, true in items) / len(items),
        )
        for _, items in sorted(said.items())
    )


def bucketed(sizes: Mapping[int, int]) -> dict[str, int]:
    """How many clusters are how large, out of a count by number of members."""
    found: Counter[str] = Counter()
    for members, clusters in sizes.items():
        found[next(name for most, name in _BUCKETS if members <= most)] += clusters
    return {name: found[name] for _, name in _BUCKETS}


def review_share(result: BatchResult) -> float:
    """Pairs for a person out of all pairs that reach a decision (review line and above)."""
    matched = sum(len(members) * (len(members) - 1) // 2 for members in result.clusters)
    waiting = len(result.review)
    return waiting / (matched + waiting) if matched + waiting else 0.0


def agreement(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> float:
    """B-cubed F1 of one clustering taken as the truth for another."""
    named = {member: min(members) for members in other for member in members}
    return b_cubed(one, named).f1
