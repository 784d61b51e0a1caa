"""Learning without labels.

First u comes from random pairs and m from EM over the whole pair space: pairs that share no key
count as non-matches, so the prior is the sum of the posteriors divided by all pairs (letting
everything float over the candidates from the start makes EM drift). From there a second EM runs
over the candidates alone and learns what near misses look like: branches of one company, variants
of one product, members of one household. A guard compares the two and keeps the first where the
second drifts. Sources declared clean add competition (see `compete`) and known non-matches, which
also tell the words that set variants apart (see `contrast`). What people decided steadies both EMs
(see `labels`); it is no condition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from matchers.candidates import Candidates, candidates
from matchers.coded import NOTHING, table_of
from matchers.compare.product import CONTRAST
from matchers.compared import compared, discount_places
from matchers.compete import Rivals, contested, headroom, rivals, system_codes
from matchers.contrast import with_contrast
from matchers.guard import group_members
from matchers.labels import Known, known_pairs, within_reach
from matchers.lookalikes import charged
from matchers.model import ComparisonModel, MatchModel, default_model, normalised
from matchers.plan import Prepared, plan
from matchers.presume import presumed
from matchers.score import Scorer, place_columns
from matchers.terms import TermCounter, count_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from matchers.compared import Compared
    from matchers.labels import Label
    from matchers.spec import MatchSpec
    from matchers.terms import TermTable

_RANDOM_PAIRS = 60_000
MOST_PAIRS = 600_000
_ROUNDS = 12
_REFINING = 30
_M_PRIOR = 30.0
_U_PRIOR = 5.0
_HOLD = 0.2
_SETTLED = 1e-4
_MOST_MATCHED = 0.9
_FAR_OFF = 2.0


@dataclass(frozen=True, slots=True)
class _Space:
    """What EM works on: levels of the candidates that could match, their rivals, all pairs.

    `held`: pairs that a guard holds count as no match. Else the members of households would teach
    that matches often differ in the name, which is what the guard stands against.
    `known` are labels, and `spots` the rows that they are about.
    """

    levels: NDArray[np.int8]
    rivals: Rivals
    pairs: float
    places: tuple[int, ...]
    held: NDArray[np.bool_]
    known: Known | None = None
    spots: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Candidate pairs of record numbers, compared; `share` of all where they are a sample.

    `model` is what they were compared with: its terms are those of the table.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    found: Compared
    model: MatchModel
    share: float = 1.0


def train(
    spec: MatchSpec,
    prepared: Sequence[Prepared],
    seed: int = 0,
    seen: Evidence | None = None,
    labels: Sequence[Label] = (),
) -> MatchModel:
    """A model of these records; the same records, labels and seed give the same model."""
    prepared = table_of(prepared)
    declared, spec = spec, presumed(spec, prepared)
    model = with_terms(spec, default_model(spec), prepared)
    model = replace(model, presumed=tuple(sorted(spec.duplicate_free - declared.duplicate_free)))
    if len(prepared) < 2:  # noqa: PLR2004 - one record makes no pair
        return model
    found = seen or evidence(spec, model, prepared, candidates(spec, model, prepared))
    model = _with_random(spec, replace(found.model, presumed=model.presumed), prepared, seed)
    plain = _estimate(model, _guarded(spec, model, _space(spec, prepared, found)))
    plain = charged(spec, plain, prepared, (found.left, found.right), found.found)
    known = known_pairs(spec, prepared, labels)
    if known is None:
        return plain
    space = _labelled(spec, Scorer(spec, model), prepared, (found, known))
    taught = _estimate(model, _guarded(spec, model, space))
    taught = charged(spec, taught, prepared, (found.left, found.right), found.found)
    return within_reach(plain, taught, known.decisions)


def with_terms(spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared]) -> MatchModel:
    """The model with a new snapshot of term frequencies."""
    tables = []
    columns = table_of(prepared).columns if len(prepared) else [NOTHING] * len(plan(spec))
    for comparison, column in zip(plan(spec), columns, strict=True):
        told = map(comparison.comparator.terms, column.values)
        tables.append(count_terms(zip(told, column.times(), strict=True)))
    return _with_tables(spec, model, len(prepared), tables)


def recounted(spec: MatchSpec, model: MatchModel, prepared: Iterable[Prepared]) -> MatchModel:
    """The same as `with_terms` of very many records that come one by one."""
    comparisons = plan(spec)
    counters = [TermCounter() for _ in comparisons]
    records = 0
    for record in prepared:
        records += 1
        for counter, comparison, value in zip(counters, comparisons, record.values, strict=True):
            if value is not None:
                counter.add(comparison.comparator.terms(value))
    return _with_tables(spec, model, records, [counter.table() for counter in counters])


def _with_tables(
    spec: MatchSpec, model: MatchModel, records: int, tables: Sequence[TermTable]
) -> MatchModel:
    """Every comparison with its table; contrasting words are learnt, not counted, and stay."""
    return replace(
        model,
        records=records,
        comparisons=tuple(
            item if comparison.comparator is CONTRAST else replace(item, terms=table)
            for comparison, item, table in zip(plan(spec), model.comparisons, tables, strict=True)
        ),
    )


def comparable(
    spec: MatchSpec, prepared: Sequence[Prepared], found: Candidates
) -> NDArray[np.bool_]:
    """False for pairs inside a source that holds each entity once: known non-matches."""
    names, codes = system_codes(prepared)
    clean = np.array([spec.per_system(name) == 1 for name in names], dtype=bool)
    one, two = codes[found.left], codes[found.right]
    result: NDArray[np.bool_] = ~((one == two) & clean[one])
    return result


def evidence(
    spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared], found: Candidates
) -> Evidence:
    """Compare the candidates that could match, of very many a sample.

    Of the model only the frequencies count; what the known non-matches tell is added to them.
    """
    chosen = comparable(spec, prepared, found)
    left, right = found.left[chosen], found.right[chosen]
    step = max(-(-len(left) // MOST_PAIRS), 1)
    if step > 1:
        sample = left % step == 0
        left, right = left[sample], right[sample]
    model = with_contrast(spec, model, prepared, (found.left[~chosen], found.right[~chosen]))
    seen = compared(Scorer(spec, model), prepared, left, right)
    return Evidence(left, right, seen, model, 1 / step)


def _space(spec: MatchSpec, prepared: Sequence[Prepared], known: Evidence) -> _Space:
    total = _pair_space(spec, prepared) * known.share
    left, right, levels = known.left, known.right, known.found.levels
    groups = rivals(spec, prepared, left, right)
    nobody = np.zeros(len(levels), dtype=bool)
    return _Space(levels, groups, total, place_columns(plan(spec)), nobody)


def _guarded(spec: MatchSpec, start: MatchModel, space: _Space) -> _Space:
    """The space with the pairs held that the first chances give reason to hold."""
    expected = replace(start, prior=math.log2(_expected(start) / space.pairs))
    chances = _posterior(expected, space)
    return replace(space, held=group_members(plan(spec), space.levels, chances))


def _labelled(
    spec: MatchSpec,
    scorer: Scorer,
    prepared: Sequence[Prepared],
    told: tuple[Evidence, Known],
) -> _Space:
    """The space with the labels in it; decided pairs that are no candidates are added."""
    seen, known = told
    wide = len(prepared)
    mine = known.left.astype(np.int64) * wide + known.right
    theirs = seen.left.astype(np.int64) * wide + seen.right
    extra = ~np.isin(mine, theirs)
    left = np.concatenate([seen.left, known.left[extra]])
    right = np.concatenate([seen.right, known.right[extra]])
    more = compared(scorer, prepared, known.left[extra], known.right[extra])
    levels = np.concatenate([seen.found.levels, more.levels])
    pairs = left.astype(np.int64) * wide + right
    order = np.argsort(pairs)
    return replace(
        _space(spec, prepared, seen),
        levels=levels,
        held=np.zeros(len(levels), dtype=bool),
        rivals=rivals(spec, prepared, left, right),
        known=known,
        spots=order[np.searchsorted(pairs, mine, sorter=order)],
    )


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
        seen = _counted(found.levels[:, column], None, len(item.u))
        items.append(replace(item, u=normalised((seen + _U_PRIOR * np.array(item.u)).tolist())))
    return replace(model, comparisons=tuple(items))


def _counted(
    levels: NDArray[np.int8], weights: NDArray[np.float64] | None, width: int
) -> NDArray[np.float64]:
    """Weight per level; missing is not counted."""
    return np.bincount(levels + 1, weights=weights, minlength=width + 1)[1:].astype(float)


def _estimate(start: MatchModel, space: _Space) -> MatchModel:
    """Both EMs and the guards; falls back to the start where even the first one drifts."""
    model, chances = _over_all_pairs(start, space)
    if float(chances.sum()) > _MOST_MATCHED * len(chances):
        return replace(start, prior=math.log2(_expected(start) / space.pairs))
    refined, later = _over_candidates(start, model, space)
    before, after = float(chances.sum()), float(later.sum())
    return refined if before / _FAR_OFF <= after <= before * _FAR_OFF else model


def _expected(start: MatchModel) -> float:
    """How many matches to begin with."""
    return max(start.records / 4, 1.0)


def _over_all_pairs(start: MatchModel, space: _Space) -> tuple[MatchModel, NDArray[np.float64]]:
    expected = _expected(start)
    model = replace(start, prior=math.log2(expected / space.pairs))
    chances = _posterior(model, space)
    for _ in range(_ROUNDS):
        now = min(max(float(chances.sum()), 1.0), space.pairs / 2)
        model = replace(
            model,
            prior=math.log2(now / space.pairs),
            comparisons=_matched(start, model, space, chances),
        )
        chances = _posterior(model, space)
        if abs(now - expected) <= _SETTLED * expected:
            break
        expected = now
    return model, chances


def _over_candidates(
    start: MatchModel, model: MatchModel, space: _Space
) -> tuple[MatchModel, NDArray[np.float64]]:
    """Free EM from a settled start; u is held back towards the random pairs."""
    size = len(space.levels)
    chances = _posterior(model, space)
    for _ in range(_REFINING):
        share = min(max(float(chances.sum()), 1.0) / max(size, 2), 0.5)
        items = _matched(start, model, space, chances)
        near = _near_misses(start, space, 1.0 - chances)
        model = replace(
            model,
            prior=math.log2(share / (1 - share)) + headroom(chances, space.rivals),
            comparisons=tuple(replace(one, u=u) for one, u in zip(items, near, strict=True)),
        )
        later = _posterior(model, space)
        settled = float(np.abs(later - chances).sum()) <= _SETTLED * float(later.sum())
        chances = later
        if settled:
            break
    return model, chances


def _posterior(model: MatchModel, space: _Space) -> NDArray[np.float64]:
    parts = np.empty(space.levels.shape)
    for column, item in enumerate(model.comparisons):
        table = np.array([*np.log2(np.array(item.m) / np.array(item.u)), 0.0])
        parts[:, column] = table[space.levels[:, column]]
    discount_places(parts, space.places)
    total = model.prior + parts.sum(axis=1)
    if space.rivals.competitive():
        total = contested(total, space.rivals)
    result: NDArray[np.float64] = 1.0 / (1.0 + np.exp2(-np.clip(total, -60, 60)))
    result[space.held] = 0.0
    if space.known is not None:
        told = result[space.spots]
        result[space.spots] = told + space.known.weight * (space.known.truth - told)
    return result


def _matched(
    start: MatchModel, model: MatchModel, space: _Space, chances: NDArray[np.float64]
) -> tuple[ComparisonModel, ...]:
    """The M step for m, steadied by the informative priors."""
    items = []
    for column, (prior, item) in enumerate(zip(start.comparisons, model.comparisons, strict=True)):
        seen = _counted(space.levels[:, column], chances, len(item.m))
        items.append(replace(item, m=normalised((seen + _M_PRIOR * np.array(prior.m)).tolist())))
    return tuple(items)


def _near_misses(
    start: MatchModel, space: _Space, weights: NDArray[np.float64]
) -> list[tuple[float, ...]]:
    found = []
    for column, item in enumerate(start.comparisons):
        seen = _counted(space.levels[:, column], weights, len(item.u))
        steady = seen + _M_PRIOR * np.array(item.u)
        near = (1 - _HOLD) * steady / steady.sum() + _HOLD * np.array(item.u)
        found.append(normalised(near.tolist()))
    return found
