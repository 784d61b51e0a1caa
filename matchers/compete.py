"""Competition among candidates: where a source holds each entity once, one match rules out others.

The pairs that may match form a graph in which every record matches at most one record of a clean
source. The chance of a pair is its share in all such matchings, each weighted by the odds of its
pairs; it is found by belief propagation: a rival counts as far as its own other end is not better
matched elsewhere. So the margin to the second best becomes part of the probability, and a record
whose nearest rival is taken is no rival any more. A side competes only where the other side's
source is clean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matchers.guard import ASKED
from matchers.spec import FieldKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from matchers.plan import Prepared
    from matchers.spec import MatchSpec

# Beyond this many bits odds are one or nothing; wider, the sums would lose the small rivals.
_FARTHEST = 30.0
_NOBODY = -1000.0
# What a steward's word weighs among rivals, in bits.
CERTAIN = 60.0
_EXCHANGES = 50
_SETTLED = 1e-6
# Some records always stay alone, however many seem to be matched.
_MOST_TAKEN = 0.9


@dataclass(frozen=True, slots=True)
class Rivals:
    """For every pair, up to two groups of pairs that exclude each other (-1: none)."""

    of_left: NDArray[np.int64]
    of_right: NDArray[np.int64]

    def competitive(self) -> bool:
        """True where any pair has rivals."""
        return bool((self.of_left >= 0).any() or (self.of_right >= 0).any())


def system_codes(prepared: Sequence[Prepared]) -> tuple[list[str], NDArray[np.int64]]:
    """The systems in order, and every record's number among them."""
    names = sorted({record.system for record in prepared})
    place = {name: spot for spot, name in enumerate(names)}
    return names, np.array([place[record.system] for record in prepared], dtype=np.int64)


def rivals(
    spec: MatchSpec,
    prepared: Sequence[Prepared],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> Rivals:
    """Group the pairs: those of one record with one clean system exclude each other.

    The record of the system that comes first counts as the left one, so that all pairs of two
    systems stand the same way round, whatever their records are called.
    """
    names, codes = system_codes(prepared)
    clean = np.array([spec.per_system(name) == 1 for name in names], dtype=bool)
    turned = codes[left] > codes[right]
    left, right = np.where(turned, right, left), np.where(turned, left, right)
    width = len(names)
    of_left = left.astype(np.int64) * width + codes[right]
    of_right = right.astype(np.int64) * width + codes[left]
    return Rivals(
        np.where(clean[codes[right]], of_left, -1), np.where(clean[codes[left]], of_right, -1)
    )


def rivals_decide(spec: MatchSpec) -> bool:
    """True where clusters are made of the weights after competition.

    That is so for free titles, which identify nothing: among variants the nearest is the match,
    near or not. Where there are names and identifiers, a pair stands for itself.
    """
    return bool(spec.duplicate_free) and any(item.kind is FieldKind.TITLE for item in spec.fields)


def links_after(
    spec: MatchSpec, weights: NDArray[np.float64], groups: Rivals
) -> NDArray[np.float64]:
    """The weights that clusters are made of where rivals decide.

    A pair between the two lines is a match where neither end has a rival within the margin: no
    other partner explains the likeness. What does have one stays between the lines, and so does
    what a guard holds for a person: a relative is one whether or not there is a nearer name.
    """
    bits = contested(weights, groups)
    review, match = (math.log2(chance / (1 - chance)) for chance in (spec.review, spec.match))
    clear = (bits >= review) & (_lead(bits, groups) >= spec.margin) & (weights != match + ASKED)
    result: NDArray[np.float64] = np.where(clear, np.maximum(bits, match), bits)
    return result


def links_among(
    spec: MatchSpec, prepared: Sequence[Prepared], links: Mapping[tuple[int, int], float]
) -> dict[tuple[int, int], float]:
    """The same for links between records by their numbers."""
    ends = np.array(list(links), dtype=np.int32).reshape(-1, 2)
    weights = np.fromiter(links.values(), dtype=float, count=len(links))
    found = links_after(spec, weights, rivals(spec, prepared, ends[:, 0], ends[:, 1]))
    return dict(zip(links, found.tolist(), strict=True))


def _lead(bits: NDArray[np.float64], groups: Rivals) -> NDArray[np.float64]:
    """Bits by which a pair lies above the nearest of its rivals, negative where it lies below."""
    bits = np.maximum(bits, _NOBODY)
    nearest = np.full(len(bits), _NOBODY)
    for group in (groups.of_left, groups.of_right):
        order = np.lexsort((-bits, group))
        ranked = np.append(bits[order], _NOBODY)
        first = np.flatnonzero(np.diff(group[order], prepend=-2))
        size = np.diff(first, append=len(order))
        second = np.where(size > 1, ranked[first + 1], _NOBODY)
        ahead = np.repeat(ranked[first], size)
        ahead[first] = second
        there = group[order] >= 0
        spots = order[there]
        nearest[spots] = np.maximum(nearest[spots], ahead[there])
    result: NDArray[np.float64] = bits - nearest
    return result


def headroom(chances: NDArray[np.float64], groups: Rivals) -> float:
    """Bits by which the odds of a pair rise because most records are matched somewhere.

    Under competition the alternative to "i matches j" is "neither is matched", so the odds are
    divided by the shares of unmatched records on both sides.
    """
    bits = 0.0
    for group in (groups.of_left, groups.of_right):
        there = group >= 0
        if there.any():
            taken = float(chances[there].sum()) / len(np.unique(group[there]))
            bits -= float(np.log2(1.0 - min(taken, _MOST_TAKEN)))
    return bits


def contested(weights: NDArray[np.float64], groups: Rivals) -> NDArray[np.float64]:
    """Weights in bits after competition; equal to the given ones where there is no rival."""
    _, free_left, free_right = exchanged(weights, groups)
    result: NDArray[np.float64] = weights + np.log2(free_left * free_right)
    return result


def exchanged(
    weights: NDArray[np.float64], groups: Rivals
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The odds of the pairs, and the chances that no rival takes their left and right records."""
    odds = np.exp2(np.clip(weights, -_FARTHEST, _FARTHEST))
    left, right = _Side(groups.of_left), _Side(groups.of_right)
    free_left = free_right = np.ones(len(weights))
    for _ in range(_EXCHANGES):
        before = free_left
        free_left = left.free(odds * free_right)
        free_right = right.free(odds * free_left)
        if float(np.abs(free_left - before).max(initial=0.0)) <= _SETTLED:
            break
    return odds, free_left, free_right


class _Side:
    """One end of the pairs, with the groups in which they exclude each other."""

    __slots__ = ("_group", "_there")

    def __init__(self, groups: NDArray[np.int64]) -> None:
        self._there = np.flatnonzero(groups >= 0)
        _, self._group = np.unique(groups[self._there], return_inverse=True)

    def free(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each pair the chance that none of its rivals takes its record, given their odds."""
        result = np.ones(len(odds))
        mine = odds[self._there]
        totals = np.bincount(self._group, weights=mine)
        result[self._there] = 1.0 / (1.0 + np.maximum(totals[self._group] - mine, 0.0))
        return result
