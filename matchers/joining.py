"""Why records are one thing: the order in which they came together, and where it is weakest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from matchers.decide import linkage
from matchers.score import score_pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.score import PairScore
    from matchers.spec import MatchSpec

    Scores = Mapping[frozenset[str], PairScore]


@dataclass(frozen=True, slots=True)
class Edge:
    """Two records of a cluster; `said` where a person put them together, whatever they score."""

    left: str
    right: str
    weight: float
    probability: float
    said: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A record in its turn: its link to all that were there before, and the nearest of them."""

    record: str
    link: float | None
    nearest: Edge | None


@dataclass(frozen=True, slots=True)
class ClusterExplanation:
    """A cluster's story.

    `weakest` is the edge without which it falls in two: the weakest of those that hold it together
    as strongly as can be. `contrary` are the pairs that, alone, nobody would take for the same.
    """

    order: tuple[Joined, ...]
    weakest: Edge | None
    contrary: tuple[Edge, ...]
    model: str


def explain_cluster(
    spec: MatchSpec,
    model: MatchModel,
    members: Sequence[Prepared],
    came: Mapping[str, Any],
    said: Collection[frozenset[str]] = (),
) -> ClusterExplanation:
    """Explain a cluster under this model; `came` ranks the records, ties go by their links.

    `said` are the pairs that people declared the same.
    """
    pairs = list(combinations(sorted(members, key=lambda item: item.id), 2))
    scores = {
        frozenset((score.left, score.right)): score for score in score_pairs(spec, model, pairs)
    }
    edges = [_edge(score, said) for score in scores.values()]
    return ClusterExplanation(
        order=tuple(_order(members, came, scores, said)),
        weakest=_weakest(edges),
        contrary=tuple(
            sorted(
                (edge for edge in edges if edge.probability < spec.review and not edge.said),
                key=lambda edge: (edge.weight, edge.left, edge.right),
            )
        ),
        model=model.version,
    )


def _edge(score: PairScore, said: Collection[frozenset[str]]) -> Edge:
    ends = sorted((score.left, score.right))
    together = frozenset(ends) in said
    return Edge(ends[0], ends[1], score.weight, score.probability, said=together)


def _order(
    members: Sequence[Prepared],
    came: Mapping[str, Any],
    scores: Scores,
    said: Collection[frozenset[str]],
) -> list[Joined]:
    """By their rank; among those that came at once, always the one that is linked best."""
    left = sorted(member.id for member in members)
    order: list[Joined] = []
    while left:
        first = min(came[record] for record in left)
        turn = [record for record in left if came[record] == first]
        there = [item.record for item in order]
        found = _first(turn, scores) if not order else _next(turn, there, scores, said)
        order.append(found)
        left.remove(found.record)
    return order


def _first(turn: Sequence[str], scores: Scores) -> Joined:
    """The one from which the strongest edge of the first comers starts."""
    best = max(
        combinations(turn, 2),
        key=lambda pair: scores[frozenset(pair)].weight,
        default=(turn[0],),
    )
    return Joined(best[0], None, None)


def _next(
    turn: Sequence[str],
    there: Sequence[str],
    scores: Scores,
    said: Collection[frozenset[str]],
) -> Joined:
    def link(record: str) -> float:
        return linkage([scores[frozenset((record, other))] for other in there])

    record = max(turn, key=link)
    near = (_edge(scores[frozenset((record, other))], said) for other in there)
    return Joined(record, link(record), max(near, key=_strength))


def _strength(edge: Edge) -> tuple[bool, float, str, str]:
    return (edge.said, edge.weight, edge.left, edge.right)


def _weakest(edges: Sequence[Edge]) -> Edge | None:
    """The last edge that a greedy spanning tree needs."""
    head: dict[str, str] = {}

    def find(record: str) -> str:
        while head.get(record, record) != record:
            record = head[record]
        return record

    last = None
    for edge in sorted(edges, key=_strength, reverse=True):
        one, other = find(edge.left), find(edge.right)
        if one != other:
            head[other] = one
            last = edge
    return last
