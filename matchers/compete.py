"""Competition among candidates: where a source holds each entity once, one match rules out others.

For a pair of records i, j whose sources are both clean the chance is
o(i,j) / (1 + sum of o over i's candidates + sum over j's candidates - o(i,j)) with o the odds of
the pair alone: the margin to the second best becomes part of the probability. A side competes
only where the other side's source is clean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.plan import Prepared
    from matchers.spec import MatchSpec

_FARTHEST = 50.0
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
    """Group the pairs: those of one record with one clean system exclude each other."""
    names, codes = system_codes(prepared)
    clean = np.array([spec.per_system(name) == 1 for name in names], dtype=bool)
    width = len(names)
    of_left = left.astype(np.int64) * width + codes[right]
    of_right = right.astype(np.int64) * width + codes[left]
    return Rivals(
        np.where(clean[codes[right]], of_left, -1), np.where(clean[codes[left]], of_right, -1)
    )


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
    odds = np.exp2(np.clip(weights, -_FARTHEST, _FARTHEST))
    others = np.zeros(len(weights))
    for group in (groups.of_left, groups.of_right):
        there = np.flatnonzero(group >= 0)
        if len(there):
            totals = np.bincount(group[there], weights=odds[there])
            others[there] += np.maximum(totals[group[there]] - odds[there], 0.0)
    result: NDArray[np.float64] = weights - np.log2(1.0 + others)
    return result
