"""Matching of a whole table: the initial load, and what incremental work must agree with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matchers.candidates import candidates
from matchers.cluster import Agglomeration
from matchers.compared import compared, totals, vetoed
from matchers.compete import contested, rivals
from matchers.decide import WEAKEST
from matchers.model import default_model
from matchers.plan import prepare
from matchers.reach import reach
from matchers.score import Scorer
from matchers.train import comparable, evidence, train, with_terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from matchers.candidates import Candidates
    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec, Record
    from matchers.train import Evidence

_SAMPLE = 2000


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """A candidate pair above the floor of interest."""

    left: str
    right: str
    weight: float
    probability: float


@dataclass(frozen=True, slots=True)
class Join:
    """Two groups that became one, and the link in bits at which they did."""

    link: float
    one: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Clusters of record ids (singletons too), and how they came about.

    `pairs` are all that took part in clustering; `review` those for a person; `joins` the merges
    in their order, also those below the match line where a floor was asked for; `barred` the pairs
    that a veto or a clean source keeps apart, and that would else be worth a look.
    """

    clusters: tuple[tuple[str, ...], ...]
    pairs: tuple[ScoredPair, ...]
    model: MatchModel
    review: tuple[ScoredPair, ...]
    stats: Mapping[str, float]
    joins: tuple[Join, ...] = ()
    barred: tuple[ScoredPair, ...] = ()


@dataclass(frozen=True, slots=True)
class _Table:
    """The prepared records and their scored pairs, by record number.

    `edges` weigh each pair on its own; `lone` after competition with its rivals (see `compete`),
    which is what its probability is said from.
    """

    spec: MatchSpec
    prepared: Sequence[Prepared]
    edges: dict[tuple[int, int], float]
    lone: dict[tuple[int, int], float]
    vetoed: set[tuple[int, int]]
    barred: tuple[ScoredPair, ...]


def match_batch(
    spec: MatchSpec,
    records: Sequence[Record],
    model: MatchModel | None = None,
    must_link: Sequence[tuple[str, str]] = (),
    cannot_link: Sequence[tuple[str, str]] = (),
) -> BatchResult:
    """Match all records with each other; the order of the records does not count."""
    prepared = [prepare(spec, record) for record in records]
    return match_prepared(spec, prepared, model, must_link, cannot_link)


def match_prepared(
    spec: MatchSpec,
    prepared: Sequence[Prepared],
    model: MatchModel | None = None,
    must_link: Sequence[tuple[str, str]] = (),
    cannot_link: Sequence[tuple[str, str]] = (),
) -> BatchResult:
    """Match records that are in normal form already."""
    prepared = sorted(prepared, key=lambda item: item.id)
    frequencies = model or with_terms(spec, default_model(spec), prepared)
    found = candidates(spec, frequencies, prepared)
    seen = evidence(spec, frequencies, prepared, found)
    learnt = model or train(spec, prepared, seen=seen)
    apart = ~comparable(spec, prepared, found)
    inside = (found.left[apart], found.right[apart])
    table = _score(spec, learnt, prepared, seen, inside)
    number = {item.id: spot for spot, item in enumerate(prepared)}
    must = {_ordered(number[one], number[two]) for one, two in must_link}
    cannot = {_ordered(number[one], number[two]) for one, two in cannot_link} | table.vetoed
    group = Agglomeration(spec, [item.system for item in prepared], cannot - must)
    clusters = group.run(table.edges, must, line=float(np.log2(spec.match / (1 - spec.match))))
    return _result(table, learnt, (clusters, group.joins), found)


def _ordered(one: int, two: int) -> tuple[int, int]:
    return (one, two) if one < two else (two, one)


def _score(
    spec: MatchSpec,
    model: MatchModel,
    prepared: Sequence[Prepared],
    seen: Evidence,
    inside: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> _Table:
    left, right = seen.left, seen.right
    scorer = Scorer(spec, model)
    weights = totals(scorer, seen.found)
    barred = vetoed(scorer, seen.found)
    kept_apart = _worth_a_look(scorer, prepared, (left[barred], right[barred]), weights[barred])
    weights[barred] = -np.inf
    close = np.flatnonzero(weights > WEAKEST)
    refused = np.flatnonzero(barred)
    pairs = list(zip(left[close].tolist(), right[close].tolist(), strict=True))
    lone = contested(weights, rivals(spec, prepared, left, right))[close]
    return _Table(
        spec,
        prepared,
        dict(zip(pairs, weights[close].tolist(), strict=True)),
        dict(zip(pairs, lone.tolist(), strict=True)),
        set(zip(left[refused].tolist(), right[refused].tolist(), strict=True)),
        (*kept_apart, *_inside_clean(scorer, prepared, inside)),
    )


def _worth_a_look(
    scorer: Scorer,
    prepared: Sequence[Prepared],
    pairs: tuple[NDArray[np.int32], NDArray[np.int32]],
    weights: NDArray[np.float64],
) -> tuple[ScoredPair, ...]:
    """Those of the pairs that may match by what they say."""
    close = np.flatnonzero(weights > WEAKEST)
    told = zip(
        pairs[0][close].tolist(), pairs[1][close].tolist(), weights[close].tolist(), strict=True
    )
    found = (
        ScoredPair(prepared[one].id, prepared[two].id, weight, scorer.probability(weight))
        for one, two, weight in told
    )
    return tuple(pair for pair in found if pair.probability >= scorer.review)


def _inside_clean(
    scorer: Scorer,
    prepared: Sequence[Prepared],
    inside: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> tuple[ScoredPair, ...]:
    """Pairs inside a source that holds each entity once: never linked, but perhaps a mistake."""
    weights = totals(scorer, compared(scorer, prepared, *inside))
    return _worth_a_look(scorer, prepared, inside, weights)


def _result(
    table: _Table,
    model: MatchModel,
    outcome: tuple[list[list[int]], list[tuple[float, tuple[int, ...], tuple[int, ...]]]],
    found: Candidates,
) -> BatchResult:
    clusters, joins = outcome
    ids = [item.id for item in table.prepared]
    scorer = Scorer(table.spec, model)

    def pair(one: int, two: int) -> ScoredPair:
        weight = table.edges[one, two]
        chance = scorer.probability(table.lone[one, two])
        return ScoredPair(ids[one], ids[two], weight, chance)

    pairs = tuple(pair(one, two) for one, two in sorted(table.edges))
    return BatchResult(
        clusters=tuple(tuple(ids[member] for member in members) for members in clusters),
        pairs=pairs,
        model=model,
        review=_review(table, pairs, clusters),
        stats={
            "records": len(ids),
            "candidates": len(found.left),
            "block_cap": found.cap,
            "hot_blocks": len(found.hot),
            "stranded": found.stranded,
            "estimated_recall": _reach(table, model, found),
        },
        joins=tuple(
            Join(link, tuple(ids[spot] for spot in one), tuple(ids[spot] for spot in other))
            for link, one, other in joins
        ),
        barred=table.barred,
    )


def _reach(table: _Table, model: MatchModel, found: Candidates) -> float:
    """Blocking recall estimated on a sample of the pairs above the match line."""
    if found.cap >= len(table.prepared):
        return 1.0
    sure = [pair for pair, weight in sorted(table.edges.items()) if weight >= 0.0]
    step = max(len(sure) // _SAMPLE, 1)
    pairs = [(table.prepared[one], table.prepared[two]) for one, two in sure[::step]]
    return reach(table.spec, model, pairs, found.hot)


def _review(
    table: _Table, pairs: Sequence[ScoredPair], clusters: list[list[int]]
) -> tuple[ScoredPair, ...]:
    """Likely pairs that ended up apart, but for those that a full cluster rules out clearly."""
    spec, prepared = table.spec, table.prepared
    home = {prepared[spot].id: label for label, group in enumerate(clusters) for spot in group}
    system = {item.id: item.system for item in prepared}
    holds = [Counter(prepared[spot].system for spot in group) for group in clusters]
    best: dict[str, float] = {}
    for pair in pairs:
        if home[pair.left] == home[pair.right]:
            for end in (pair.left, pair.right):
                best[end] = max(best.get(end, WEAKEST), pair.weight)

    def full(one: str, other: str) -> bool:
        """The other's cluster has no room for one, and is clearly nearer to what fills it."""
        most = spec.per_system(system[one])
        taken = most is not None and holds[home[other]][system[one]] >= most
        return taken and best.get(other, WEAKEST) >= weight + spec.margin

    found = []
    for pair in pairs:
        weight = pair.weight
        if pair.probability < spec.review or home[pair.left] == home[pair.right]:
            continue
        if not full(pair.left, pair.right) and not full(pair.right, pair.left):
            found.append(pair)
    return tuple(found)
