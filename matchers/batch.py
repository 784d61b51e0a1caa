"""Matching of a whole table: the initial load, and what incremental work must agree with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matchers.candidates import Candidates, candidates
from matchers.cluster import Agglomeration
from matchers.compared import bits, compared, vetoed
from matchers.decide import WEAKEST
from matchers.plan import prepare
from matchers.score import Scorer
from matchers.train import train

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec, Record


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """A candidate pair above the floor of interest."""

    left: str
    right: str
    weight: float
    probability: float


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Clusters of record ids (singletons too), the pairs that mattered, the pairs for a person."""

    clusters: tuple[tuple[str, ...], ...]
    pairs: tuple[ScoredPair, ...]
    model: MatchModel
    review: tuple[ScoredPair, ...]
    stats: Mapping[str, float]


def match_batch(
    spec: MatchSpec,
    records: Sequence[Record],
    model: MatchModel | None = None,
    must_link: Sequence[tuple[str, str]] = (),
    cannot_link: Sequence[tuple[str, str]] = (),
) -> BatchResult:
    """Match all records with each other; the order of the records does not count."""
    prepared = sorted((prepare(spec, record) for record in records), key=lambda item: item.id)
    learnt = model or train(spec, prepared)
    found = candidates(spec, learnt, prepared)
    weights, barred = _weights(spec, learnt, prepared, found)
    number = {item.id: spot for spot, item in enumerate(prepared)}
    cannot = {_ordered(number[one], number[two]) for one, two in cannot_link}
    must = {_ordered(number[one], number[two]) for one, two in must_link}
    close = np.flatnonzero((weights > WEAKEST) & ~barred)
    edges = {
        (int(found.left[spot]), int(found.right[spot])): float(weights[spot]) for spot in close
    }
    cannot |= {(int(found.left[spot]), int(found.right[spot])) for spot in np.flatnonzero(barred)}
    clusters = Agglomeration(spec, [item.system for item in prepared], cannot - must).run(
        edges, must, line=float(np.log2(spec.match / (1 - spec.match)))
    )
    return _result(spec, prepared, clusters, (learnt, edges, found))


def _ordered(one: int, two: int) -> tuple[int, int]:
    return (one, two) if one < two else (two, one)


def _weights(
    spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared], found: Candidates
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    scorer = Scorer(spec, model)
    levels = compared(scorer, prepared, found.left, found.right)
    return scorer.prior + bits(scorer, levels).sum(axis=1), vetoed(scorer, levels)


def _result(
    spec: MatchSpec,
    prepared: Sequence[Prepared],
    clusters: list[list[int]],
    work: tuple[MatchModel, dict[tuple[int, int], float], Candidates],
) -> BatchResult:
    model, edges, found = work
    scorer = Scorer(spec, model)
    home = {member: label for label, members in enumerate(clusters) for member in members}
    pairs, review = [], []
    for (one, two), weight in sorted(edges.items()):
        chance = scorer.probability(weight)
        if chance < spec.review / 4:
            continue
        pair = ScoredPair(prepared[one].id, prepared[two].id, weight, chance)
        pairs.append(pair)
        if home[one] != home[two] and chance >= spec.review:
            review.append(pair)
    return BatchResult(
        clusters=tuple(tuple(prepared[member].id for member in members) for members in clusters),
        pairs=tuple(pairs),
        model=model,
        review=tuple(review),
        stats={
            "records": len(prepared),
            "candidates": len(found.left),
            "block_cap": found.cap,
            "hot_blocks": found.hot,
            "stranded": found.stranded,
        },
    )
