"""Look-alikes: how far what records share proves anything, where most have no partner at all.

EM makes the sum of all chances agree with its own prior, so it cannot see that the nearest
strangers of records without a partner pass for matches. The records that surely have theirs show
how near strangers come: beside each match stands the best of all others in that source, weighed as
if the match were gone. So many such strangers are to be expected above any weight, for each record
without a partner. Where a higher line would find the matches better for it, the prior is lowered by
as much. Both sources must say so: the records of one that have a partner may well be those that
have many look-alikes, in a trade that the other source keeps too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from matchers.compared import totals, vetoed
from matchers.compete import exchanged, rivals, system_codes
from matchers.score import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from matchers.compared import Compared
    from matchers.compete import Rivals
    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec

    Floats = NDArray[np.float64]

# A match of so many bits is a sure one; of fewer sure ones than this nothing is concluded.
_SURE = 5.0
_ENOUGH = 20
# What F1 must gain for the line to move.
_WORTH = 0.01
_NOBODY = -1000.0
# A lower prior makes rivals count less, so what it changes is asked again.
_ROUNDS, _SETTLED = 10, 0.1


@dataclass(frozen=True, slots=True)
class Beside:
    """For each record of one source: its nearest in another, and the best stranger beside that.

    `pair` names the two sources, whichever of them is asked.
    """

    pair: tuple[int, int]
    nearest: Floats
    stranger: Floats


def charged(
    spec: MatchSpec,
    model: MatchModel,
    prepared: Sequence[Prepared],
    pairs: tuple[NDArray[np.int32], NDArray[np.int32]],
    found: Compared,
) -> MatchModel:
    """The model with its prior lowered by what its look-alikes pass for."""
    groups = rivals(spec, prepared, *pairs)
    if not groups.competitive():
        return model
    scorer = Scorer(spec, model)
    weights = totals(scorer, found)
    weights[vetoed(scorer, found)] = _NOBODY
    names, codes = system_codes(prepared)
    total = 0.0
    for _ in range(_ROUNDS):
        bits = charge(spec, beside(weights - total, groups, codes, len(names)))
        total += bits
        if bits < _SETTLED:
            break
    return replace(model, prior=model.prior - total) if total else model


def charge(spec: MatchSpec, sides: Sequence[Beside]) -> float:
    """Bits by which the match line lies too low, in whichever pair of sources it does least."""
    review, match = (math.log2(chance / (1 - chance)) for chance in (spec.review, spec.match))
    told: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for side in sides:
        if np.count_nonzero(side.nearest >= _SURE) >= _ENOUGH:
            said = misfit(side, review), best_line(side, review, match)
            told.setdefault(side.pair, []).append(said)
    lines = [min(said)[1] for said in told.values()]
    return max(0.0, min(lines, default=match) - match)


def misfit(side: Beside, line: float) -> float:
    """How unlike the nearest below the line, which are strangers, are to those beside matches.

    The largest distance of the two distributions; one where there is nothing to compare.
    """
    here = side.nearest[side.nearest < line]
    there = side.stranger[(side.nearest >= _SURE) & (side.stranger < line)]
    if not len(here) or not len(there):
        return 1.0
    spots = np.union1d(here, there)
    shares = (
        np.searchsorted(np.sort(one), spots, side="right") / len(one) for one in (here, there)
    )
    return float(np.abs(np.subtract(*shares)).max())


def best_line(side: Beside, lowest: float, now: float) -> float:
    """The weight above which matches are found best by F1, as far as the strangers tell.

    It is where it stands `now` unless another one finds them noticeably better.

    What lies below the lowest line are strangers: that many times as often as beside the matches
    they are expected above it too. Of few some are chance: they count less their own deviation.
    """
    here, strangers = np.sort(side.nearest), np.sort(side.stranger[side.nearest >= _SURE])
    few, many = int((strangers < lowest).sum()), int((here < lowest).sum())
    if not few or many == len(here):
        return now
    nearest = here[many:][::-1]
    above = len(strangers) - np.searchsorted(strangers, nearest)
    mistaken = many / few * np.maximum(above - np.sqrt(above), 0.0)
    found = np.arange(1, len(nearest) + 1)
    true = found - mistaken
    f1 = 2 * true / (found + max(float(true.max()), 1.0))
    last = len(f1) - 1 - int(np.argmax(f1[::-1]))
    today = max(int((nearest >= now).sum()) - 1, 0)
    if f1[last] < f1[today] + _WORTH:
        return now
    return float(nearest[last + 1]) if last + 1 < len(nearest) else lowest


def beside(weights: Floats, groups: Rivals, codes: NDArray[np.int64], width: int) -> list[Beside]:
    """What every source that has rivals in another says, one after the other."""
    odds, free_left, free_right = exchanged(weights, groups)
    bits = weights + np.log2(free_left * free_right)
    found: list[Beside] = []
    for group, elsewhere in ((groups.of_left, free_right), (groups.of_right, free_left)):
        there = np.flatnonzero(group >= 0)
        labels, mine = np.unique(group[there], return_inverse=True)
        nearest, stranger = _both(
            mine,
            bits[there],
            weights[there] + np.log2(elsewhere[there]),
            odds[there] * elsewhere[there],
        )
        own, other = codes[labels // width], labels % width
        found += _by_source(own * width + other, width, nearest, stranger)
    return found


def _both(
    mine: NDArray[np.int64], bits: Floats, alone: Floats, odds: Floats
) -> tuple[Floats, Floats]:
    """The best of each group, and the best of the others once the odds of that one are gone."""
    order = np.lexsort((-bits, mine))
    top = order[np.flatnonzero(np.diff(mine[order], prepend=-1))]
    left = np.bincount(mine, weights=odds)[mine] - odds - odds[top][mine]
    without = alone - np.log2(1.0 + np.maximum(left, 0.0))
    without[top] = _NOBODY
    stranger = np.full(len(top), _NOBODY)
    np.maximum.at(stranger, mine, without)
    return bits[top], stranger


def _by_source(
    ways: NDArray[np.int64], width: int, nearest: Floats, stranger: Floats
) -> Iterator[Beside]:
    for way in np.unique(ways).tolist():
        own, other = divmod(way, width)
        chosen = ways == way
        yield Beside((min(own, other), max(own, other)), nearest[chosen], stranger[chosen])
