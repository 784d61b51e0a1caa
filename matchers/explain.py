"""Why a pair scored as it did: a waterfall of weights, as data and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from matchers.blocking import keys
from matchers.compare.levels import MISSING
from matchers.score import scorer_for

if TYPE_CHECKING:
    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.score import ComparisonScorer, PairScore, Scorer
    from matchers.spec import MatchSpec

_SHOWN_KEYS = 12


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """One step of the waterfall; `frequency` is how many records hold the shared value."""

    field: str
    left: str | None
    right: str | None
    comparator: str
    level: str
    weight: float
    frequency: int | None
    running: float


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """The whole story of one pair."""

    left: str
    right: str
    outcome: str
    probability: float
    weight: float
    prior: float
    thresholds: tuple[float, float]
    fields: tuple[FieldExplanation, ...]
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
    steps = _steps(scorer, score, one, other)
    shared = set(keys(spec, model, one)) & set(keys(spec, model, other))
    return PairExplanation(
        left=one.id,
        right=other.id,
        outcome=_band(spec, score.probability),
        probability=score.probability,
        weight=score.weight,
        prior=scorer.prior,
        thresholds=(spec.review, spec.match),
        fields=steps,
        candidates_via=tuple(sorted(shared))[:_SHOWN_KEYS],
        vetoes=score.vetoes,
        counterfactual=_counterfactual(spec, scorer, score),
        model=model.version,
    )


def _band(spec: MatchSpec, chance: float) -> str:
    if chance >= spec.match:
        return "MATCH"
    return "REVIEW" if chance >= spec.review else "NEW"


def _steps(
    scorer: Scorer, score: PairScore, one: Prepared, other: Prepared
) -> tuple[FieldExplanation, ...]:
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
                frequency=item.frequency(left, right) if level != MISSING else None,
                running=round(running, 3),
            )
        )
    return tuple(steps)


def _counterfactual(spec: MatchSpec, scorer: Scorer, score: PairScore) -> tuple[str, ...]:
    """Single fields whose full agreement, or whose silence, would move the pair to another band."""
    now = _band(spec, score.probability)
    found = [f"without the contradiction in {veto}" for veto in score.vetoes]
    for spot, item in enumerate(scorer.comparisons):
        found += _changes(spec, scorer, (item, score, spot), now)
    return tuple(found)


def _changes(
    spec: MatchSpec,
    scorer: Scorer,
    place: tuple[ComparisonScorer, PairScore, int],
    now: str,
) -> list[str]:
    item, score, spot = place
    name = item.comparison.name
    without = score.weight - score.bits[spot]
    found = []
    for words, weight in (
        (f"{name} in full agreement", without + item.weights[0]),
        (f"{name} unknown", without),
    ):
        chance = scorer.probability(weight)
        if _band(spec, chance) != now and not score.vetoes:
            found.append(f"{words} would give {chance:.2f} = {_band(spec, chance)}")
    return found
