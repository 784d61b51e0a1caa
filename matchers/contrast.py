"""Words that tell near twins apart, learnt inside sources that hold each entity once.

Two records of such a source are never the same entity. Where their titles are much alike, the
words that only one of them holds are what makes variants: colour, edition, language, size. The
term table of a title's contrast comparison holds these words; with none it says nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from matchers.coded import table_of
from matchers.compare.product import CONTRAST, WORDS
from matchers.compared import judged
from matchers.plan import plan
from matchers.score import Scorer
from matchers.terms import TermTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec

    Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]

_MOST_PAIRS = 100_000
# The last level of the words at which two titles are twins: about half of the words agree.
_TWINS = 3
# A word is held by one of two twins this often before anything is seen; so many twins steady it.
_USUAL, _STEADY = 0.3, 5.0


def with_contrast(
    spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared], apart: Pairs
) -> MatchModel:
    """The model with the contrasting words of every title; `apart` are known non-matches."""
    step = max(-(-len(apart[0]) // _MOST_PAIRS), 1)
    pairs = apart[0][::step], apart[1][::step]
    if not len(pairs[0]):
        return model
    items = list(model.comparisons)
    for spot, comparison in enumerate(plan(spec)):
        if comparison.comparator.name == CONTRAST.name:
            words = _words_of(spec, comparison.fields[0])
            table = _table(_twins(spec, model, prepared, words, pairs))
            items[spot] = replace(items[spot], terms=table)
    return replace(model, comparisons=tuple(items))


def _words_of(spec: MatchSpec, title: str | None) -> int:
    return next(
        spot
        for spot, item in enumerate(plan(spec))
        if item.comparator.name == WORDS.name and item.fields[0] == title
    )


def _twins(
    spec: MatchSpec, model: MatchModel, prepared: Sequence[Prepared], words: int, pairs: Pairs
) -> Iterable[tuple[frozenset[str], frozenset[str]]]:
    """The words of the pairs whose titles are much alike."""
    column = table_of(prepared).columns[words]
    levels, _ = judged(Scorer(spec, model).comparisons[words], column, *pairs)
    alike = np.flatnonzero((levels >= 0) & (levels <= _TWINS))
    bags = [frozenset(value.words) for value in column.values]
    for one, two in zip(*(column.codes[side[alike]].tolist() for side in pairs), strict=True):
        yield bags[one], bags[two]


def _table(twins: Iterable[tuple[frozenset[str], frozenset[str]]]) -> TermTable:
    """The words that twins mostly do not share, and how often they did not."""
    lone: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    total = 0
    for one, two in twins:
        lone.update(one ^ two)
        shared.update(one & two)
        total += 1
    return TermTable(
        total,
        {
            word: count
            for word, count in sorted(lone.items())
            if count + _USUAL * _STEADY > (count + shared[word] + _STEADY) / 2
        },
    )
