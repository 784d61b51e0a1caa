"""The decision about one record: MATCH, REVIEW or NEW, with its reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matchers.plan import Prepared
    from matchers.score import PairScore
    from matchers.spec import MatchSpec

# One pair counts at most this many bits in a cluster's average, in either direction.
STRONGEST = 10.0
WEAKEST = -6.0
# How much the best pair counts beside the average of all pairs: a record that strayed far from
# its entity's older versions may still be near to one of them.
_BEST_PAIR = 0.125


class Outcome(StrEnum):
    """What becomes of a record."""

    MATCH = "MATCH"
    REVIEW = "REVIEW"
    NEW = "NEW"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A golden record among the candidates: its members' scores against the record.

    `systems` counts the members per system. Members that were never scored (they share no key)
    belong in `unscored`; each counts as a weak disagreement.
    """

    golden_id: str
    scores: Sequence[PairScore]
    systems: Mapping[str, int] = field(default_factory=dict)
    unscored: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """A steward's word about this record, as golden ids; it outranks every score."""

    must: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Alternative:
    """One cluster's standing."""

    golden_id: str
    probability: float
    weight: float
    exact: int
    barred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome; `reasons` are stable words (rule names), `alternatives` best first."""

    outcome: Outcome
    golden_id: str | None
    probability: float
    reasons: tuple[str, ...]
    alternatives: tuple[Alternative, ...] = ()


NO_CONSTRAINTS = Constraints()


def blended(total: float, known: int, best: float, pairs: int) -> float:
    """Average link with a share for the best pair; pairs never compared count as WEAKEST."""
    average = (total + (pairs - known) * WEAKEST) / pairs
    return (1.0 - _BEST_PAIR) * average + _BEST_PAIR * best


def linkage(scores: Sequence[PairScore], unscored: int = 0) -> float:
    """The link between a record and a cluster, from bounded bits."""
    bounded = [min(max(score.weight, WEAKEST), STRONGEST) for score in scores]
    best = max(bounded, default=WEAKEST)
    return blended(math.fsum(bounded), len(bounded), best, len(bounded) + unscored)


def _chance(weight: float) -> float:
    return 1.0 / (1.0 + math.exp2(-min(max(weight, -60.0), 60.0)))


def _standing(
    spec: MatchSpec, record: Prepared, cluster: Cluster, constraints: Constraints
) -> Alternative:
    weight = linkage(cluster.scores, cluster.unscored)
    barred = [f"veto:{veto}" for score in cluster.scores for veto in score.vetoes]
    if cluster.golden_id in constraints.cannot:
        barred.append("cannot-link")
    most = spec.per_system(record.system)
    if most is not None and cluster.systems.get(record.system, 0) >= most:
        barred.append("system-full")
    free = not all(score.vetoes for score in cluster.scores)
    chance = _mean_chance(cluster, weight) if free else 0.0
    exact = max([score.exact for score in cluster.scores], default=0)
    return Alternative(cluster.golden_id, chance, weight, exact, tuple(sorted(set(barred))))


def _mean_chance(cluster: Cluster, weight: float) -> float:
    """The calibrated chance of the only pair, or that of the average of several."""
    return cluster.scores[0].probability if len(cluster.scores) == 1 else _chance(weight)


def _order(item: Alternative) -> tuple[float, int, str]:
    return (-item.weight, -item.exact, item.golden_id)


def decide(
    spec: MatchSpec,
    record: Prepared,
    clusters: Sequence[Cluster],
    constraints: Constraints = NO_CONSTRAINTS,
) -> Decision:
    """Choose among the candidate clusters.

    The order is total (weight, exact identifiers, golden id), so the same input gives the same
    outcome whatever order it comes in. Two clusters above the match line are never chosen between
    silently: they, and a lead smaller than the margin, go to REVIEW.
    """
    standings = sorted(
        (_standing(spec, record, cluster, constraints) for cluster in clusters), key=_order
    )
    alternatives = tuple(standings)
    if constraints.must:
        return _commanded(constraints, alternatives)
    free = [item for item in standings if not item.barred]
    if not free or free[0].probability < spec.review:
        return _refused(spec, alternatives)
    best = free[0]
    reasons = _doubts(spec, best, free[1:], alternatives)
    outcome = Outcome.REVIEW if reasons else Outcome.MATCH
    return Decision(
        outcome, best.golden_id, best.probability, reasons or ("above-match-line",), alternatives
    )


def _commanded(constraints: Constraints, alternatives: tuple[Alternative, ...]) -> Decision:
    if len(constraints.must) > 1 or constraints.must & constraints.cannot:
        return Decision(Outcome.REVIEW, None, 1.0, ("contradicting-decisions",), alternatives)
    return Decision(Outcome.MATCH, min(constraints.must), 1.0, ("must-link",), alternatives)


def _refused(spec: MatchSpec, alternatives: tuple[Alternative, ...]) -> Decision:
    """No free candidate is good enough; one that only a full system bars is worth a look."""
    for item in alternatives:
        if item.barred == ("system-full",) and item.probability >= spec.match:
            return Decision(
                Outcome.REVIEW, item.golden_id, item.probability, item.barred, alternatives
            )
    best = max((item.probability for item in alternatives if not item.barred), default=0.0)
    reasons = ("no-candidates",) if not alternatives else ("below-review-line",)
    return Decision(Outcome.NEW, None, best, reasons, alternatives)


def _doubts(
    spec: MatchSpec,
    best: Alternative,
    others: list[Alternative],
    alternatives: tuple[Alternative, ...],
) -> tuple[str, ...]:
    doubts = []
    if best.probability < spec.match:
        doubts.append("below-match-line")
    if any(best.weight - other.weight < spec.margin for other in others):
        doubts.append("margin-too-small")
    if any(other.probability >= spec.match for other in others):
        doubts.append("several-matches")
    if any(
        item.barred == ("system-full",) and item.weight > best.weight + spec.margin
        for item in alternatives
    ):
        doubts.append("better-cluster-full")
    return tuple(doubts)
