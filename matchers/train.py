"""Learning without labels: u from random pairs, m by EM over the whole pair space.

Pairs that share no blocking key count as non-matches, so the prior is the sum of the posteriors
divided by all pairs; letting u and the prior float over the candidates alone makes EM drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from matchers.candidates import Candidates, candidates
from matchers.compared import Compared, compared
from matchers.model import ComparisonModel, MatchModel, default_model, normalised
from matchers.plan import Prepared, plan
from matchers.score import Scorer
from matchers.terms import count_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.spec import MatchSpec

_RANDOM_PAIRS = 60_000
_ROUNDS = 12
_M_PRIOR = 30.0
_U_PRIOR = 5.0
_SETTLED = 1e-4
_MOST_MATCHED = 0.9


@dataclass(frozen=True, slots=True)
class _Space:
    """What EM works on: distinct level patterns of the candidates, how often each occurs."""

    patterns: NDArray[np.int8]
    counts: NDArray[np.int64]
    pairs: float


def train(
    spec: MatchSpec,
    prepared: Sequence[Prepared],
    seed: int = 0,
    blocked: Candidates | None = None,
) -> MatchModel:
    """A model of these records; the same records and seed give the same model."""
    model = with_terms(spec, default_model(spec), prepared)
    if len(prepared) < 2:  # noqa: PLR2004 - one record makes no pair
        return model
    model = _with_random(spec, model, prepared, seed)
    found = blocked or candidates(spec, model, prepared)
    scorer = Scorer(spec, model)
    cross = _comparable(spec, prepared, found)
    levels = compared(scorer, prepared, found.left[cross], found.right[cross])
    return _estimate(model, _space(spec, prepared, levels))


def with_terms(spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared]) -> MatchModel:
    """The model with a new snapshot of term frequencies."""
    tables = []
    for column, comparison in enumerate(plan(spec)):
        terms = comparison.comparator.terms
        values = (record.values[column] for record in prepared)
        tables.append(count_terms(terms(value) for value in values if value is not None))
    return replace(
        model,
        records=len(prepared),
        comparisons=tuple(
            replace(item, terms=table)
            for item, table in zip(model.comparisons, tables, strict=True)
        ),
    )


def _comparable(
    spec: MatchSpec, prepared: Sequence[Prepared], found: Candidates
) -> NDArray[np.bool_]:
    """False for pairs inside a source that holds each entity once: known non-matches."""
    names = sorted({record.system for record in prepared})
    codes = np.array([names.index(record.system) for record in prepared])
    clean = np.array([spec.per_system(name) == 1 for name in names])
    one, two = codes[found.left], codes[found.right]
    result: NDArray[np.bool_] = ~((one == two) & clean[one])
    return result


def _pair_space(spec: MatchSpec, prepared: Sequence[Prepared]) -> float:
    """How many pairs could match."""
    size = len(prepared)
    total = size * (size - 1) / 2
    for system in {record.system for record in prepared}:
        if spec.per_system(system) == 1:
            inside = sum(record.system == system for record in prepared)
            total -= inside * (inside - 1) / 2
    return max(total, 1.0)


def _with_random(
    spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared], seed: int
) -> MatchModel:
    """Take u out of random pairs, steadied by the prior where a level was hardly seen."""
    random = np.random.default_rng(seed)
    size = len(prepared)
    left = random.integers(0, size, _RANDOM_PAIRS, dtype=np.int32)
    right = random.integers(0, size, _RANDOM_PAIRS, dtype=np.int32)
    apart = left != right
    found = compared(Scorer(spec, model), prepared, left[apart], right[apart])
    items = []
    for column, item in enumerate(model.comparisons):
        seen = np.bincount(
            found.levels[:, column][found.levels[:, column] >= 0], minlength=len(item.u)
        )
        chances = seen + _U_PRIOR * np.array(item.u)
        items.append(replace(item, u=normalised(chances.tolist())))
    return replace(model, comparisons=tuple(items))


def _space(spec: MatchSpec, prepared: Sequence[Prepared], found: Compared) -> _Space:
    patterns, counts = np.unique(found.levels, axis=0, return_counts=True)
    return _Space(patterns, counts, _pair_space(spec, prepared))


def _estimate(start: MatchModel, space: _Space) -> MatchModel:
    """EM on m and the prior; falls back to the start where it drifts."""
    model = start
    expected = max(start.records / 4, 1.0)
    for _ in range(_ROUNDS):
        model = replace(model, prior=math.log2(expected / space.pairs))
        chances = _posterior(model, space)
        weights = chances * space.counts
        now = float(weights.sum())
        model = replace(model, comparisons=_maximise(start, model, space, weights))
        if abs(now - expected) <= _SETTLED * expected:
            break
        expected = min(max(now, 1.0), space.pairs * 0.5)
    model = replace(model, prior=math.log2(expected / space.pairs))
    return model if _sound(model, space) else _fallback(start, space)


def _posterior(model: MatchModel, space: _Space) -> NDArray[np.float64]:
    total = np.full(len(space.patterns), model.prior)
    for column, item in enumerate(model.comparisons):
        table = np.array([*np.log2(np.array(item.m) / np.array(item.u)), 0.0])
        total += table[space.patterns[:, column]]
    result: NDArray[np.float64] = 1.0 / (1.0 + np.exp2(-np.clip(total, -60, 60)))
    return result


def _maximise(
    start: MatchModel, model: MatchModel, space: _Space, weights: NDArray[np.float64]
) -> tuple[ComparisonModel, ...]:
    items = []
    for column, (prior, item) in enumerate(zip(start.comparisons, model.comparisons, strict=True)):
        levels = space.patterns[:, column]
        there = levels >= 0
        seen = np.bincount(levels[there], weights=weights[there], minlength=len(item.m))
        items.append(replace(item, m=normalised((seen + _M_PRIOR * np.array(prior.m)).tolist())))
    return tuple(items)


def _sound(model: MatchModel, space: _Space) -> bool:
    """The guard against drift: EM must not call nearly every candidate a match."""
    called = float((_posterior(model, space) * space.counts).sum())
    return called <= _MOST_MATCHED * float(space.counts.sum())


def _fallback(start: MatchModel, space: _Space) -> MatchModel:
    return replace(start, prior=math.log2(max(start.records / 4, 1.0) / space.pairs))
