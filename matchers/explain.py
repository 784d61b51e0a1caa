"""Why a pair scored as it did: a waterfall of weights, as data and in words."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from matchers.blocking import keys
from matchers.compare.levels import MISSING
from matchers.score import discounted, scorer_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.score import PairScore, Scorer
    from matchers.spec import MatchSpec

_SHOWN_KEYS = 12


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """One step of the waterfall.

    `frequency` is how many records hold the shared value, None where the model counted none.
    `weight` is what counts; where others have said the place already, it is less than `alone`.
    """

    field: str
    left: str | None
    right: str | None
    comparator: str
    level: str
    weight: float
    alone: float
    frequency: int | None
    running: float


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """The whole story of one pair; `bound` says why the weight is not the last step."""

    left: str
    right: str
    outcome: str
    probability: float
    weight: float
    prior: float
    thresholds: tuple[float, float]
    fields: tuple[FieldExplanation, ...]
    bound: str | None
    candidates_via: tuple[str, ...]
    vetoes: tuple[str, ...]
    counterfactual: tuple[str, ...]
    model: str

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return asdict(self)

    def in_words(self) -> str:
        """For a steward: one line a field, strongest first."""
        lines = [
            (
                f"{self.left} and {self.right}: {self.outcome}, probability {self.probability:.3f}"
                f" ({self.weight:+.1f} bits; prior {self.prior:+.1f})."
            )
        ]
        strongest = sorted(self.fields, key=lambda item: (-abs(item.weight), item.field))
        lines += map(_sentence, strongest)
        lines += [f"Bound: {self.bound}."] if self.bound else []
        lines += [f"Veto: {veto} contradicts." for veto in self.vetoes]
        lines += [f"Would change it: {change}." for change in self.counterfactual]
        return "\n".join(lines)


def _sentence(step: FieldExplanation) -> str:
    held = f", held by {step.frequency} records" if step.frequency else ""
    return (
        f"{step.field}: {step.level} ({step.weight:+.1f} bits{held}):"
        f" {step.left or 'nothing'} / {step.right or 'nothing'}"
    )


def explain_pair(
    spec: MatchSpec, model: MatchModel, one: Prepared, other: Prepared
) -> PairExplanation:
    """Explain one pair, candidate or not: `candidates_via` is empty for a pair never proposed."""
    scorer = scorer_for(spec, model)
    score = scorer.score(one, other)
    shared = set(keys(spec, model, one)) & set(keys(spec, model, other))
    return PairExplanation(
        left=one.id,
        right=other.id,
        outcome=band(spec, score.probability),
        probability=score.probability,
        weight=score.weight,
        prior=scorer.prior,
        thresholds=(spec.review, spec.match),
        fields=_steps(scorer, score, (one, other), counted=model.records > 0),
        bound=scorer.guard.why(scorer.prior + math.fsum(score.bits), score.levels),
        candidates_via=tuple(sorted(shared))[:_SHOWN_KEYS],
        vetoes=score.vetoes,
        counterfactual=_counterfactual(spec, scorer, score, (one, other)),
        model=model.version,
    )


def band(spec: MatchSpec, chance: float) -> str:
    """What a chance alone would mean."""
    if chance >= spec.match:
        return "MATCH"
    return "REVIEW" if chance >= spec.review else "NEW"


def _steps(
    scorer: Scorer, score: PairScore, pair: tuple[Prepared, Prepared], *, counted: bool
) -> tuple[FieldExplanation, ...]:
    one, other = pair
    steps = []
    running = scorer.prior
    for spot, item in enumerate(scorer.comparisons):
        left, right = one.values[spot], other.values[spot]
        running += score.bits[spot]
        comparator = item.comparison.comparator
        level = score.levels[spot]
        steps.append(
            FieldExplanation(
                field=item.comparison.name,
                left=None if left is None else comparator.show(left),
                right=None if right is None else comparator.show(right),
                comparator=comparator.name,
                level="missing" if level == MISSING else comparator.levels[level].label,
                weight=round(score.bits[spot], 3),
                alone=round(item.bits(level, left, right), 3),
                frequency=item.frequency(left, right) if counted and level != MISSING else None,
                running=round(running, 3),
            )
        )
    return tuple(steps)


def _counterfactual(
    spec: MatchSpec, scorer: Scorer, score: PairScore, pair: tuple[Prepared, Prepared]
) -> tuple[str, ...]:
    """Single fields whose full agreement, or whose silence, would move the pair to another band."""
    one, other = pair
    alone = [
        item.bits(level, left, right)
        for item, level, left, right in zip(
            scorer.comparisons, score.levels, one.values, other.values, strict=True
        )
    ]
    now = band(spec, score.probability)
    vetoed = {item.comparison.name for item in scorer.comparisons} & set(score.vetoes)
    found = []
    for spot, item in enumerate(scorer.comparisons):
        name = item.comparison.name
        if vetoed - {name}:
            continue
        for words, level, bits in (
            (f"{name} in full agreement", 0, item.weights[0]),
            (f"{name} unknown", MISSING, 0.0),
        ):
            levels = [*score.levels[:spot], level, *score.levels[spot + 1 :]]
            chance = scorer.probability(
                _weight(scorer, levels, [*alone[:spot], bits, *alone[spot + 1 :]])
            )
            if band(spec, chance) != now:
                found.append(f"{words} would give {chance:.2f} = {band(spec, chance)}")
    return tuple(found)


def _weight(scorer: Scorer, levels: Sequence[int], bits: list[float]) -> float:
    """The weight that these levels would have."""
    discounted(bits, scorer.places)
    return scorer.guard.bounded(scorer.prior + math.fsum(bits), levels)
