"""Pairs that people decided: known matches and known non-matches beside what is learnt without.

A label moves the chance of its pair, which counts once in training as every pair does, so people
who only ever see doubtful pairs do not make doubt look usual. The pairs of one decision weigh as
much together as one pair: a word about two large clusters is still one word. However many there
are, they move no weight of a level, nor the prior, by more than `most_bits`.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from matchers.model import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.model import ComparisonModel, MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec

MOST_BITS = 3.0
"""What all decisions together may move a weight by; half of it is reached at `_HALF_WAY`."""
_HALF_WAY = 50
_STEPS = 12


@dataclass(frozen=True, slots=True)
class Label:
    """A decided pair of record ids; pairs with the same `decision` were decided in one act."""

    left: str
    right: str
    same: bool
    decision: str


@dataclass(frozen=True, slots=True)
class Known:
    """Labels as arrays: pairs of record numbers (left < right), what they are, what they weigh."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    truth: NDArray[np.float64]
    weight: NDArray[np.float64]
    decisions: int


def usable_labels(
    spec: MatchSpec, prepared: Sequence[Prepared], labels: Sequence[Label]
) -> list[Label]:
    """Those that training can learn from, one a pair.

    Left out are pairs of records that are not there, and pairs inside a source that is declared to
    hold each entity once: what is declared stands.
    """
    system = {record.id: record.system for record in prepared}
    found: dict[frozenset[str], Label] = {}
    for label in labels:
        one, other = system.get(label.left), system.get(label.right)
        if one is None or other is None or label.left == label.right:
            continue
        if one != other or spec.per_system(one) != 1:
            found[frozenset((label.left, label.right))] = label
    return list(found.values())


def known_pairs(
    spec: MatchSpec, prepared: Sequence[Prepared], labels: Sequence[Label]
) -> Known | None:
    """The usable labels by record number; None where there are none."""
    used = usable_labels(spec, prepared, labels)
    if not used:
        return None
    number = {record.id: spot for spot, record in enumerate(prepared)}
    size = Counter(label.decision for label in used)
    rows = sorted(
        (*sorted((number[item.left], number[item.right])), item.same, 1.0 / size[item.decision])
        for item in used
    )
    left, right, truth, weight = zip(*rows, strict=True)
    return Known(
        np.array(left, dtype=np.int32),
        np.array(right, dtype=np.int32),
        np.array(truth, dtype=float),
        np.array(weight, dtype=float),
        len(size),
    )


def most_bits(decisions: int) -> float:
    """How far so many decisions may move a weight: one hardly, hundreds up to MOST_BITS."""
    return MOST_BITS * decisions / (decisions + _HALF_WAY)


def weights(item: ComparisonModel) -> list[float]:
    """The weight of every level in bits."""
    return [math.log2(m / u) for m, u in zip(item.m, item.u, strict=True)]


def moved(one: MatchModel, other: MatchModel) -> float:
    """The farthest that any weight, or the prior, of one model lies from the other's."""
    gaps = [abs(one.prior - other.prior)]
    for before, after in zip(one.comparisons, other.comparisons, strict=True):
        gaps += [abs(a - b) for a, b in zip(weights(before), weights(after), strict=True)]
    return max(gaps)


def within_reach(plain: MatchModel, taught: MatchModel, decisions: int) -> MatchModel:
    """The taught model, or the farthest on the way to it that so many decisions may go."""
    most = most_bits(decisions)
    if moved(plain, taught) <= most:
        return taught
    near, far = 0.0, 1.0
    for _ in range(_STEPS):
        share = (near + far) / 2
        if moved(plain, _between(plain, taught, share)) <= most:
            near = share
        else:
            far = share
    return _between(plain, taught, near)


def _between(plain: MatchModel, taught: MatchModel, share: float) -> MatchModel:
    pairs = zip(plain.comparisons, taught.comparisons, strict=True)
    return replace(
        plain,
        prior=plain.prior + share * (taught.prior - plain.prior),
        comparisons=tuple(
            replace(one, m=_mixed(one.m, two.m, share), u=_mixed(one.u, two.u, share))
            for one, two in pairs
        ),
    )


def _mixed(one: Sequence[float], two: Sequence[float], share: float) -> tuple[float, ...]:
    return normalised([a ** (1 - share) * b**share for a, b in zip(one, two, strict=True)])
