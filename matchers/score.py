"""Fellegi-Sunter weights of pairs, in bits, one by one or by the million."""

from __future__ import annotations

import bisect
import math
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, Final, NamedTuple

from matchers.compare.levels import MISSING
from matchers.guard import Guard
from matchers.plan import Comparison, Prepared, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matchers.compare.levels import Strength, Value
    from matchers.model import ComparisonModel, MatchModel
    from matchers.spec import MatchSpec

# A value of an identifying attribute that more records hold than this is a placeholder.
GENERIC = 20
RAREST, _COMMONEST = 6.0, -8.0
_FARTHEST = 60.0
_SAID_NOTHING: Final = (MISSING, 0.0)


class PairScore(NamedTuple):
    """The weight of one pair: `weight` in bits of log-odds, prior included.

    A tuple, as millions are made. `levels` and `bits` hold one entry per comparison of the plan;
    level -1 is missing, and missing adds nothing. `vetoes` names the exclusive attributes that
    contradict.
    """

    left: str
    right: str
    weight: float
    probability: float
    levels: tuple[int, ...]
    bits: tuple[float, ...]
    vetoes: tuple[str, ...] = ()
    exact: int = 0


# Where somebody lives is said several times over: a street has one postcode, a postcode one city.
# The strongest agreement of these comparators counts in full, every further one half of the last.
_PLACES = frozenset(("street", "postcode", "place"))


def place_columns(comparisons: Sequence[Comparison]) -> tuple[int, ...]:
    """The comparisons that say where; fewer than two are nothing to discount."""
    found = tuple(spot for spot, item in enumerate(comparisons) if item.comparator.name in _PLACES)
    return found if len(found) > 1 else ()


def discounted(bits: list[float], columns: tuple[int, ...]) -> None:
    """Discount repeated agreement on the place, in the list itself."""
    agreeing = [spot for spot in columns if bits[spot] > 0.0]
    if len(agreeing) > 1:
        share = 1.0
        for spot in sorted(agreeing, key=lambda spot: (-bits[spot], spot)):
            bits[spot] *= share
            share /= 2


class ComparisonScorer:
    """One comparison with its weights and frequencies ready."""

    __slots__ = (
        "_agreed",
        "_compare",
        "_frequency",
        "_generic",
        "_terms",
        "comparison",
        "weights",
    )

    def __init__(self, comparison: Comparison, model: ComparisonModel) -> None:
        """Look everything up once."""
        comparator = comparison.comparator
        self.comparison = comparison
        self.weights = tuple(math.log2(m / u) for m, u in zip(model.m, model.u, strict=True))
        self._frequency = tuple(level.frequency for level in comparator.levels)
        self._compare = comparator.compare
        self._agreed = comparator.agreed
        self._terms = model.terms
        self._generic = frozenset(
            term
            for term, count in model.terms.counts.items()
            if comparator.identifying and count > GENERIC
        )

    def generic(self, value: Value) -> bool:
        """Held by so many records that it identifies nobody."""
        return bool(self._generic) and not self._generic.isdisjoint(
            self.comparison.comparator.terms(value)
        )

    def told(self, one: Value | None, other: Value | None) -> tuple[int, float]:
        """The agreement level with its bits; MISSING where either side says nothing."""
        if one is None or other is None:
            return _SAID_NOTHING
        if self._generic and (self.generic(one) or self.generic(other)):
            return _SAID_NOTHING
        level = self._compare(one, other, self._terms)
        return level, self.bits(level, one, other)

    def judged(self, ones: Iterable[Value], others: Iterable[Value]) -> Iterator[int]:
        """The levels of pairs of values that are there and say something."""
        return map(self._compare, ones, others, repeat(self._terms))

    def keys(self, value: Value) -> list[tuple[str, Strength]]:
        """The value's blocking keys."""
        return self.comparison.comparator.keys(value, self._terms)

    def bits(self, level: int, one: Value | None, other: Value | None) -> float:
        """The level's weight, corrected by how common the shared value is."""
        if level == MISSING:
            return 0.0
        weight = self.weights[level]
        share = self._frequency[level]
        return weight + share * self.surprise(one, other) if share else weight

    def frequency(self, one: Value, other: Value) -> int | None:
        """How many records hold the rarest term that both values share."""
        return min(map(self._terms.count, self._agreed(one, other)), default=None)

    def surprise(self, one: Value, other: Value) -> float:
        """Bits for the rarity of what both values share."""
        shared = self._agreed(one, other)
        if not shared:
            return 0.0
        told = sum(map(self._terms.surprise, shared))
        return min(max(told, _COMMONEST), RAREST)


class Scorer:
    """A model compiled for scoring."""

    __slots__ = (
        "_calibration",
        "_chances",
        "_identifying",
        "_tell",
        "_vetoes",
        "comparisons",
        "guard",
        "places",
        "prior",
        "review",
    )

    def __init__(self, spec: MatchSpec, model: MatchModel) -> None:
        """Raise ModelMismatchError where the model was made for other fields."""
        model.fits(spec)
        self.comparisons = tuple(
            ComparisonScorer(comparison, learnt)
            for comparison, learnt in zip(plan(spec), model.comparisons, strict=True)
        )
        plain = [item.comparison for item in self.comparisons]
        self.places = place_columns(plain)
        self.guard = Guard(spec, model, plain)
        self._tell = tuple(item.told for item in self.comparisons)
        self._vetoes = [
            (spot, len(item.weights) - 1, item.comparison.name)
            for spot, item in enumerate(self.comparisons)
            if contradicts(item.comparison, len(item.weights) - 1)
        ]
        self._identifying = [s for s, item in enumerate(plain) if item.comparator.identifying]
        self.review = spec.review
        self.prior = model.prior
        self._calibration = [bits for bits, _ in model.calibration]
        self._chances = [chance for _, chance in model.calibration]

    def probability(self, weight: float) -> float:
        """The calibrated chance of a match; monotone in the weight."""
        points = self._calibration
        if not points:
            bounded = min(max(weight, -_FARTHEST), _FARTHEST)
            return 1.0 / (1.0 + math.exp2(-bounded))
        spot = bisect.bisect_right(points, weight)
        if spot in {0, len(points)}:
            return self._chances[0 if spot == 0 else -1]
        low, high = points[spot - 1], points[spot]
        part = (weight - low) / (high - low)
        return self._chances[spot - 1] * (1 - part) + self._chances[spot] * part

    def weigh(self, one: Prepared, other: Prepared) -> tuple[float, bool]:
        """Weight and veto alone: the hot path of incremental matching."""
        levels, bits = self._told(one, other)
        barred = any(levels[spot] == last for spot, last, _ in self._vetoes)
        return self.guard.bounded(self.prior + math.fsum(bits), levels), barred

    def score(self, one: Prepared, other: Prepared) -> PairScore:
        """Score one pair; symmetric in its arguments but for the names of the sides."""
        levels, bits = self._told(one, other)
        weight = self.guard.bounded(self.prior + math.fsum(bits), levels)
        vetoes = tuple([name for spot, last, name in self._vetoes if levels[spot] == last])
        chance = 0.0 if vetoes else self.probability(weight)
        exact = [levels[spot] for spot in self._identifying].count(0)
        return PairScore(
            one.id, other.id, weight, chance, tuple(levels), tuple(bits), vetoes, exact
        )

    def _told(self, one: Prepared, other: Prepared) -> tuple[list[int], list[float]]:
        """Level and bits of every comparison, with the discount on places."""
        levels: list[int] = []
        bits: list[float] = []
        for told, left, right in zip(self._tell, one.values, other.values, strict=True):
            level, weight = told(left, right)
            levels.append(level)
            bits.append(weight)
        discounted(bits, self.places)
        return levels, bits


def contradicts(comparison: Comparison, level: int) -> bool:
    """An exclusive attribute with two values that are no spelling of each other."""
    return comparison.exclusive and level == len(comparison.comparator.levels) - 1


@lru_cache(maxsize=32)
def _compiled(spec: MatchSpec, _version: str, holder: _ByVersion) -> Scorer:
    return Scorer(spec, holder.model)


class _ByVersion:
    """A model that compares by its version, so that the cache need not compare tables."""

    __slots__ = ("model",)

    def __init__(self, model: MatchModel) -> None:
        self.model = model

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByVersion) and self.model.version == other.model.version

    def __hash__(self) -> int:
        return hash(self.model.version)


def scorer_for(spec: MatchSpec, model: MatchModel) -> Scorer:
    """The compiled model, kept between calls."""
    return _compiled(spec, model.version, _ByVersion(model))


def score_pairs(
    spec: MatchSpec, model: MatchModel, pairs: Sequence[tuple[Prepared, Prepared]]
) -> list[PairScore]:
    """Score the given pairs in their order."""
    scorer = scorer_for(spec, model)
    return [scorer.score(one, other) for one, other in pairs]
