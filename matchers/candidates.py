"""Candidate pairs of a whole table out of blocking keys, within a budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from matchers.blocking import EXACT_MARK, keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec

# Tables up to this size are compared whole.
_WHOLE = 600
_PAIRS_PER_RECORD = 120


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of record numbers (left < right), and how the blocking went.

    `cap` is the largest block that was used; `hot` holds the hashes of the keys of larger blocks,
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
    exact: NDArray[np.bool_]
    hashes: NDArray[np.int64]


def _blocks(spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared]) -> _Blocks:
    hashes: list[int] = []
    counts: list[int] = []
    exact: list[bool] = []
    for item in prepared:
        found = keys(spec, model, item)
        hashes.extend(map(hash, found))
        exact.extend(key.startswith(EXACT_MARK) for key in found)
        counts.append(len(found))
    members = np.repeat(np.arange(len(prepared), dtype=np.int32), counts)
    coded = np.array(hashes, dtype=np.int64)
    order = np.argsort(coded, kind="stable")
    coded, members = coded[order], members[order]
    starts = np.flatnonzero(np.r_[True, coded[1:] != coded[:-1]])
    sizes = np.diff(np.r_[starts, len(coded)])
    return _Blocks(
        members, starts, sizes, np.array(exact, dtype=bool)[order][starts], coded[starts]
    )


def _pairs(spec: MatchSpec, blocks: _Blocks, size: int) -> Candidates:
    cap = _cap(spec, blocks, size)
    allowed = np.where(blocks.exact, np.maximum(spec.block_cap, cap), cap)
    used = (blocks.sizes > 1) & (blocks.sizes <= allowed)
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
        frozenset(blocks.hashes[blocks.sizes > allowed].tolist()),
        int(size - reachable.sum()),
    )


def _cap(spec: MatchSpec, blocks: _Blocks, size: int) -> int:
    """The largest block size whose pairs, with all smaller blocks', keep within the budget."""
    widths, counts = np.unique(blocks.sizes[blocks.sizes > 1], return_counts=True)
    spent = np.cumsum(counts * widths * (widths - 1) // 2)
    within = widths[(spent <= _PAIRS_PER_RECORD * size) & (widths <= spec.block_cap)]
    return int(within[-1]) if len(within) else 2
