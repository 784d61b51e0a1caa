"""Matching of a whole table: the initial load, and what incremental work must agree with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matchers.candidates import candidates
from matchers.cluster import Agglomeration
from matchers.coded import Table, prepare_all
from matchers.compared import totals, vetoed, weighed
from matchers.compete import CERTAIN, contested, links_after, rivals, rivals_decide
from matchers.decide import STRONGEST, WEAKEST, blended
from matchers.model import default_model
from matchers.presume import presumed
from matchers.reach import reach
from matchers.score import Scorer
from matchers.train import comparable, evidence, train, with_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from matchers.candidates import Candidates
    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec, Record
    from matchers.train import Evidence

_SAMPLE = 2000
# Far enough below WEAKEST that what is cut counts for nothing among rivals either.
_FLOOR = WEAKEST - 6.0


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
    which is what its probability is said from; of `links` the clusters are made.
    """

    spec: MatchSpec
    prepared: Sequence[Prepared]
    edges: dict[tuple[int, int], float]
    lone: dict[tuple[int, int], float]
    links: dict[tuple[int, int], float]
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
    prepared = list(prepare_all(spec, records))
    return match_prepared(spec, prepared, model, must_link, cannot_link)


def match_prepared(
    spec: MatchSpec,
    prepared: Sequence[Prepared],
    model: MatchModel | None = None,
    must_link: Sequence[tuple[str, str]] = (),
    cannot_link: Sequence[tuple[str, str]] = (),
) -> BatchResult:
    """Match records that are in normal form already."""
    prepared = Table(sorted(prepared, key=lambda item: item.id))
    declared = spec
    spec = model.presuming(spec) if model else presumed(spec, prepared)
    frequencies = model or with_terms(spec, default_model(spec), prepared)
    found = candidates(spec, frequencies, prepared)
    learnt, seen = model, None
    if learnt is None:
        seen = evidence(spec, frequencies, prepared, found)
        learnt = train(declared, prepared, seen=seen)
    number = {item.id: spot for spot, item in enumerate(prepared)}
    must = {_ordered(number[one], number[two]) for one, two in must_link}
    cannot = {_ordered(number[one], number[two]) for one, two in cannot_link}
    said = dict.fromkeys(cannot, -CERTAIN) | dict.fromkeys(must, CERTAIN)
    table = _score(spec, learnt, prepared, (found, seen), said)
    outcome = _clustered(spec, table, must, (cannot | table.vetoed) - must)
    return _result(table, learnt, outcome, found)


def _clustered(
    spec: MatchSpec,
    table: _Table,
    must: set[tuple[int, int]],
    cannot: set[tuple[int, int]],
) -> tuple[list[list[int]], list[tuple[float, tuple[int, ...], tuple[int, ...]]]]:
    """Cluster what can join at all: a link is never stronger than its strongest pair."""
    line = float(np.log2(spec.match / (1 - spec.match)))
    ends = {end for pair, weight in table.links.items() if weight >= line for end in pair}
    live = sorted(ends.union(*must))
    place = {number: spot for spot, number in enumerate(live)}

    def among(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        return ((place[a], place[b]) for a, b in pairs if a in place and b in place)

    edges = {
        (place[a], place[b]): weight
        for (a, b), weight in table.links.items()
        if a in place and b in place
    }
    systems = [table.prepared[number].system for number in live]
    group = Agglomeration(spec, systems, among(cannot))
    joined = [[live[spot] for spot in members] for members in group.run(edges, among(must), line)]
    joins = [
        (link, tuple(live[spot] for spot in one), tuple(live[spot] for spot in other))
        for link, one, other in group.joins
    ]
    alone = [[number] for number in range(len(table.prepared)) if number not in place]
    return sorted(joined + alone), joins


def _ordered(one: int, two: int) -> tuple[int, int]:
    return (one, two) if one < two else (two, one)


def _score(
    spec: MatchSpec,
    model: MatchModel,
    prepared: Sequence[Prepared],
    candidate: tuple[Candidates, Evidence | None],
    said: Mapping[tuple[int, int], float],
) -> _Table:
    found, seen = candidate
    chosen = comparable(spec, prepared, found)
    left, right = found.left[chosen], found.right[chosen]
    inside = (found.left[~chosen], found.right[~chosen])
    scorer = Scorer(spec, model)
    if seen is not None and len(seen.left) == len(left):
        weights, barred = totals(scorer, seen.found), vetoed(scorer, seen.found)
    else:
        told = weighed(scorer, prepared, (left, right), _FLOOR)
        weights, barred = told.weights, told.barred
    kept_apart = _worth_a_look(scorer, prepared, (left[barred], right[barred]), weights[barred])
    weights[barred] = -np.inf
    close = np.flatnonzero(weights > WEAKEST)
    refused = np.flatnonzero(barred)
    pairs = list(zip(left[close].tolist(), right[close].tolist(), strict=True))
    groups, sure = rivals(spec, prepared, left, right), weights
    if said:
        sure = _as_said(said, prepared, (left, right), weights)
    lone = contested(sure, groups)[close]
    links = links_after(spec, sure, groups)[close] if rivals_decide(spec) else weights[close]
    return _Table(
        spec,
        prepared,
        dict(zip(pairs, weights[close].tolist(), strict=True)),
        dict(zip(pairs, lone.tolist(), strict=True)),
        dict(zip(pairs, links.tolist(), strict=True)),
        set(zip(left[refused].tolist(), right[refused].tolist(), strict=True)),
        (*kept_apart, *_inside_clean(scorer, prepared, inside)),
    )


def _as_said(
    said: Mapping[tuple[int, int], float],
    prepared: Sequence[Prepared],
    pairs: tuple[NDArray[np.int32], NDArray[np.int32]],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The weights with those of a steward's word put in: what is no match is no rival either."""
    size = len(prepared)
    told = {one * size + two: weight for (one, two), weight in said.items()}
    numbers = pairs[0].astype(np.int64) * size + pairs[1]
    result = weights.copy()
    for spot in np.flatnonzero(np.isin(numbers, list(told))).tolist():
        result[spot] = told[int(numbers[spot])]
    return result


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
    weights = weighed(scorer, prepared, inside, _FLOOR).weights
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
    """Likely pairs between clusters whose link is in doubt, as `decide` sees it.

    A pair alone is no question: what the rest of its clusters says has answered it. Nor is one
    that a full cluster rules out clearly. Of the pairs that exclude each other the likeliest
    alone: whoever looks at it sees its rivals.
    """
    spec, prepared = table.spec, table.prepared
    home = {prepared[spot].id: label for label, group in enumerate(clusters) for spot in group}
    system = {item.id: item.system for item in prepared}
    holds = [Counter(prepared[spot].system for spot in group) for group in clusters]
    weights = [table.links[spot] for spot in sorted(table.edges)]
    told = zip(pairs, weights, strict=True)
    doubtful = _doubtful(spec, told, home, [len(group) for group in clusters])
    best: dict[str, float] = {}
    for pair, weight in zip(pairs, weights, strict=True):
        if home[pair.left] == home[pair.right]:
            for end in (pair.left, pair.right):
                best[end] = max(best.get(end, WEAKEST), weight)

    def full(one: str, other: str, weight: float) -> bool:
        """The other's cluster has no room for one, and is clearly nearer to what fills it."""
        most = spec.per_system(system[one])
        taken = most is not None and holds[home[other]][system[one]] >= most
        return taken and best.get(other, WEAKEST) >= weight + spec.margin

    found = []
    for pair, weight in zip(pairs, weights, strict=True):
        one, other = pair.left, pair.right
        if pair.probability < spec.review or _between(home, pair) not in doubtful:
            continue
        if not full(one, other, weight) and not full(other, one, weight):
            found.append(pair)
    return _likeliest(spec, system, found)


def _likeliest(
    spec: MatchSpec, system: Mapping[str, str], pairs: list[ScoredPair]
) -> tuple[ScoredPair, ...]:
    """One pair of a record with each source that holds every entity once."""
    asked: set[tuple[str, str]] = set()
    found = []
    for pair in sorted(pairs, key=lambda pair: (-pair.probability, pair.left, pair.right)):
        ends = {
            (end, system[other])
            for end, other in ((pair.left, pair.right), (pair.right, pair.left))
            if spec.per_system(system[other]) == 1
        }
        if asked.isdisjoint(ends):
            asked |= ends
            found.append(pair)
    return tuple(sorted(found, key=lambda pair: (pair.left, pair.right)))


def _between(home: Mapping[str, int], pair: ScoredPair) -> tuple[int, int]:
    return _ordered(home[pair.left], home[pair.right])


def _doubtful(
    spec: MatchSpec,
    pairs: Iterable[tuple[ScoredPair, float]],
    home: Mapping[str, int],
    sizes: Sequence[int],
) -> set[tuple[int, int]]:
    """Pairs of clusters whose link reaches the review line."""
    links: dict[tuple[int, int], tuple[float, int, float]] = {}
    for pair, weight in pairs:
        one, other = _between(home, pair)
        if one != other:
            bits = min(max(weight, WEAKEST), STRONGEST)
            total, known, best = links.get((one, other), (0.0, 0, WEAKEST))
            links[one, other] = (total + bits, known + 1, max(best, bits))
    line = float(np.log2(spec.review / (1 - spec.review)))
    return {
        (one, other)
        for (one, other), (total, known, best) in links.items()
        if blended(total, known, best, sizes[one] * sizes[other]) >= line
    }
