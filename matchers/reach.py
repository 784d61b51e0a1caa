"""How many matches the blocking finds, estimated without labels.

Two families of keys that have little to do with each other (say, keys from the name and keys from
everything else) catch matches like two nets catch fish: from how many the nets share follows how
many there are (Lincoln-Petersen, in Chapman's form). The estimate is a lower bound where the
families agree by nature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matchers.blocking import EXACT_MARK, SINGLE_MARK, key_parts
from matchers.keycodes import code
from matchers.plan import plan
from matchers.score import scorer_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec


def estimated_recall(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Share of all matches caught by either net; `first` and `second` mark caught matches."""
    one, two = int(first.sum()), int(second.sum())
    both = int((first & second).sum())
    either = int((first | second).sum())
    if not either:
        return 1.0
    total = (one + 1) * (two + 1) / (both + 1) - 1
    return min(either / max(total, either), 1.0)


def nets(shared: set[tuple[str, ...]], hot: frozenset[int], first: str) -> tuple[bool, bool]:
    """Whether usable shared keys catch a pair by the first comparison alone, and without it."""
    parts = [
        [part.lstrip(EXACT_MARK + SINGLE_MARK).split(".")[0] for part in key]
        for key in shared
        if code(key) not in hot
    ]
    by_first = any(all(name == first for name in names) for names in parts)
    return by_first, any(first not in names for names in parts)


def reach(
    spec: MatchSpec,
    model: MatchModel,
    pairs: Sequence[tuple[Prepared, Prepared]],
    hot: frozenset[int],
) -> float:
    """Estimate the share of all matches that became candidates from a sample of those found."""
    first = plan(spec)[0].name.split(".")[0]
    scorer = scorer_for(spec, model)
    caught = [
        nets(key_parts(scorer, one) & key_parts(scorer, other), hot, first) for one, other in pairs
    ]
    found = np.array(caught, dtype=bool).reshape(-1, 2)
    return estimated_recall(found[:, 0], found[:, 1])
