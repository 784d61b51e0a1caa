"""Overlap of word lists, weighted by rarity, forgiving of typing errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import JaroWinkler

from matchers.normalise.nicknames import same_person_name

if TYPE_CHECKING:
    from matchers.terms import TermTable

_NEAR = 0.9
_PREFIX = 0.8
_SHORTEST_PREFIX = 3
_MOST_LEFT = 8


class Overlap(NamedTuple):
    """`cosine` of the weighted word vectors; `contained`: share of the shorter side found."""

    cosine: float
    contained: float


_NOTHING = Overlap(0.0, 0.0)


def near(one: str, other: str) -> float:
    """How far two different words may be the same one: typing error, abbreviation, nickname."""
    if one[0] == other[0]:
        short, long = (one, other) if len(one) < len(other) else (other, one)
        if len(short) == 1 or (len(short) >= _SHORTEST_PREFIX and long.startswith(short)):
            return _PREFIX
    if same_person_name(one, other):
        return _NEAR
    if min(len(one), len(other)) <= _SHORTEST_PREFIX or one.isdigit() or other.isdigit():
        return 0.0
    return JaroWinkler.similarity(one, other, score_cutoff=_NEAR)


def overlap(one: tuple[str, ...], other: tuple[str, ...], terms: TermTable) -> Overlap:
    """Compare two word lists as sets; order does not count."""
    (left, norm_left), (right, norm_right) = terms.vector(one), terms.vector(other)
    if not norm_left or not norm_right:
        return _NOTHING
    common = left & right
    dot = sum([terms.idf(word) ** 2 for word in common])
    dot += _soft(sorted(left - common), sorted(right - common), terms)
    smaller = min(norm_left, norm_right)
    return Overlap(dot / (norm_left * norm_right) ** 0.5, min(dot / smaller, 1.0))


def _soft(left: list[str], right: list[str], terms: TermTable) -> float:
    """Weight of words that have a near partner; each partner is used once, best first."""
    if not left or not right or len(left) * len(right) > _MOST_LEFT**2:
        return 0.0
    found = [
        (-similarity, one, other)
        for one in left
        for other in right
        if (similarity := near(one, other))
    ]
    found.sort()
    used: set[tuple[int, str]] = set()
    total = 0.0
    for similarity, one, other in found:
        if (0, one) not in used and (1, other) not in used:
            used |= {(0, one), (1, other)}
            total -= similarity * terms.idf(one) * terms.idf(other)
    return total
