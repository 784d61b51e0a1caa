"""Candidate pairs of a whole table out of blocking keys, within a budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matchers.blocking import MARKS, block_cap
from matchers.coded import table_of
from matchers.compare.levels import Strength
from matchers.keycodes import key_codes
from matchers.score import scorer_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec

# Tables up to this size are compared whole.
_WHOLE = 600
# Pairs counted once a block: one pair is often found through several.
_PAIRS_PER_RECORD = 120
_PAIRS_AT_ALL = 2_000_000
_PAIRS_MORE = 12
_UNIT = 80
_SHARES = np.array([block_cap(MARKS[kind], _UNIT) / _UNIT for kind in Strength])


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of record numbers (left < right), and how the blocking went.

    `cap` is the largest block that was used; `hot` holds the codes of the keys of larger blocks,
    whose records meet through finer keys; `stranded` counts records that had none but hot keys.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    cap: int
    hot: frozenset[int]
    stranded: int


def candidates(spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared]) -> Candidates:
    """Every pair for a small table; else all pairs that share a usable key."""
    size = len(prepared)
    if size <= _WHOLE:
        left, right = np.triu_indices(size, 1)
        return Candidates(left.astype(np.int32), right.astype(np.int32), size, frozenset(), 0)
    blocks = _blocks(spec, model, prepared)
    return _pairs(spec, blocks, size)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Record numbers sorted by key; block i is members[starts[i] : starts[i] + sizes[i]]."""

    members: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    shares: NDArray[np.float64]
    codes: NDArray[np.int64]


def _blocks(spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared]) -> _Blocks:
    keyed = key_codes(scorer_for(spec, model), table_of(prepared))
    order = np.argsort(keyed.codes, kind="stable")
    coded, members = keyed.codes[order], keyed.records[order]
    starts = np.flatnonzero(np.r_[True, coded[1:] != coded[:-1]][: len(coded)])
    sizes = np.diff(np.r_[starts, len(coded)])
    shares = _SHARES[keyed.kinds[order][starts]]
    return _Blocks(members, starts, sizes, shares, coded[starts])


def _pairs(spec: MatchSpec, blocks: _Blocks, size: int) -> Candidates:
    once = _once(blocks, size)
    cap = _cap(spec, blocks, once, size)
    allowed = np.maximum(blocks.shares * cap, 2)
    used = once & (blocks.sizes <= allowed)
    found = [np.empty(0, dtype=np.int64)]
    for width in np.unique(blocks.sizes[used]):
        starts = blocks.starts[used & (blocks.sizes == width)]
        first, second = np.triu_indices(int(width), 1)
        one = blocks.members[starts[:, None] + first].astype(np.int64)
        two = blocks.members[starts[:, None] + second].astype(np.int64)
        found.append(np.unique((one * size + two).ravel()))
    pairs = np.unique(np.concatenate(found))
    reachable = np.zeros(size, dtype=bool)
    fine = np.repeat(blocks.sizes <= allowed, blocks.sizes)
    reachable[blocks.members[fine]] = True
    return Candidates(
        (pairs // size).astype(np.int32),
        (pairs % size).astype(np.int32),
        cap,
        frozenset(blocks.codes[blocks.sizes > allowed].tolist()),
        int(size - reachable.sum()),
    )


def _once(blocks: _Blocks, size: int) -> NDArray[np.bool_]:
    """Blocks that hold pairs; of those of the same members the one whose key allows most.

    Many records of one entity share all their keys. Counted once a key, they alone would use up
    the budget, and miss each other for it.
    """
    marks = np.random.default_rng(0).integers(0, 2**63, size, dtype=np.uint64)
    members = np.add.reduceat(marks[blocks.members], blocks.starts)
    order = np.argsort(-blocks.shares, kind="stable")
    _, first = np.unique(members[order], return_index=True)
    result = np.zeros(len(members), dtype=bool)
    result[order[first]] = True
    return result & (blocks.sizes > 1)


def _cap(spec: MatchSpec, blocks: _Blocks, once: NDArray[np.bool_], size: int) -> int:
    """The largest cap whose blocks' pairs keep within the budget.

    A block of size s is used from the cap s / share on, with the share of its kind of key.
    """
    needed = np.ceil(blocks.sizes / blocks.shares).astype(np.int64)
    caps, place = np.unique(needed[once], return_inverse=True)
    pairs = blocks.sizes[once] * (blocks.sizes[once] - 1) // 2
    spent = np.cumsum(np.bincount(place, weights=pairs, minlength=len(caps)))
    budget = min(_PAIRS_PER_RECORD * size, _PAIRS_AT_ALL + _PAIRS_MORE * size)
    within = caps[(spent <= budget) & (caps <= spec.block_cap)]
    return int(within[-1]) if len(within) else 2
