"""Street addresses, postcodes, places, categories, dates and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA, JaroWinkler

from matchers.compare.contact import agreed, whole
from matchers.compare.levels import MISSING, Comparator, Level, Strength
from matchers.compare.tokens import overlap
from matchers.normalise import address
from matchers.normalise.address import POST_BOX
from matchers.normalise.country import country

if TYPE_CHECKING:
    from matchers.normalise.address import Street
    from matchers.terms import TermTable

_STREET_LEVELS = (
    Level("same house number and street", 0.55, 0.0005, 0.7),
    Level("same house number, similar street", 0.16, 0.0008),
    Level("same house number, other street", 0.05, 0.02),
    Level("same street, no house number", 0.04, 0.001, 0.5),
    Level("same street, other house number", 0.06, 0.004, 0.5),
    Level("similar street, other house number", 0.06, 0.03),
    Level("other house number and street", 0.06, 0.8),
    Level("different", 0.02, 0.14),
)
_POSTCODE_LEVELS = (
    Level("same postcode", 0.78, 0.005, 1.0),
    Level("one typing error", 0.06, 0.01),
    Level("same area", 0.06, 0.03),
    Level("different", 0.10, 0.955),
)
_PLACE_LEVELS = (
    Level("same place", 0.75, 0.02, 1.0),
    Level("similar spelling", 0.10, 0.004, 0.5),
    Level("one is part of the other", 0.04, 0.005),
    Level("different", 0.11, 0.97),
)
_COUNTRY_LEVELS = (
    Level("same country", 0.97, 0.7, 0.5),
    Level("different", 0.03, 0.3),
)
_CATEGORY_LEVELS = (
    Level("same", 0.90, 0.2, 1.0),
    Level("different", 0.10, 0.8),
)
_SAME, _CLOSE = 0.82, 0.45
_SIMILAR = 0.9
_AREA = 3


def compare_street(one: Street, other: Street, terms: TermTable) -> int:
    """House number and street words, judged together."""
    same_house = one.house == other.house if one.house and other.house else None
    if not one.words or not other.words:
        return 2 if same_house else MISSING
    if POST_BOX in (one.words[0], other.words[0]):
        return _boxes(one, other)
    if one.words == other.words or "".join(one.words) == "".join(other.words):
        return _street_level(same_house, 1.0)
    found = overlap(one.words, other.words, terms)
    return _street_level(same_house, max(found.cosine, found.contained * 0.9))


def _street_level(same_house: bool | None, words: float) -> int:  # noqa: FBT001 - three-valued
    if same_house:
        return 0 if words >= _SAME else 1 if words >= _CLOSE else 2
    if words >= _SAME:
        return 3 if same_house is None else 4
    if words >= _CLOSE:
        return 5
    return 7 if same_house is None else 6


def _boxes(one: Street, other: Street) -> int:
    """Two boxes are one or another; a box says nothing about a street."""
    if one.words[0] != other.words[0]:
        return MISSING
    return 0 if one.house == other.house else 6


def compare_postcode(one: str, other: str, _terms: TermTable) -> int:
    """Equal, one error, or the same area (first characters)."""
    if one == other:
        return 0
    if OSA.distance(one, other, score_cutoff=1) <= 1:
        return 1
    return 2 if one[:_AREA] == other[:_AREA] else 3


def compare_place(one: str, other: str, _terms: TermTable) -> int:
    """Equal, similar, or a part ("york" in "new york")."""
    if one == other:
        return 0
    if JaroWinkler.similarity(one, other) >= _SIMILAR:
        return 1
    if " " not in one and " " not in other:
        return 3
    short, long = sorted((one.split(), other.split()), key=len)
    return 2 if set(short) <= set(long) else 3


def _street_terms(value: Street) -> tuple[str, ...]:
    words = sorted(set(value.words))
    return (*words, "=" + "".join((value.house, *value.words)))


def _street_agreed(one: Street, other: Street) -> tuple[str, ...]:
    return ("=" + "".join((one.house, *one.words)),) if one == other else ()


def _street_keys(value: Street, terms: TermTable) -> list[tuple[str, Strength]]:
    rare = sorted(set(value.words), key=lambda word: (-terms.idf(word), -len(word), word))[:2]
    found = [(f"w:{word}", Strength.BASE) for word in rare]
    if value.house:
        found += [(f"h:{value.house}+{word}", Strength.STRONG) for word in rare]
        found.append((f"h:{value.house}", Strength.WEAK))
    return found


def _postcode_keys(value: str, _terms: TermTable) -> list[tuple[str, Strength]]:
    return [(f"v:{value}", Strength.BASE)]


def _place_keys(value: str, _terms: TermTable) -> list[tuple[str, Strength]]:
    return [(f"v:{value[:5]}", Strength.WEAK)]


def _no_keys(_value: str, _terms: TermTable) -> list[tuple[str, Strength]]:
    return []


STREET = Comparator(
    name="street",
    levels=_STREET_LEVELS,
    normalise=lambda parts, _region: address.street(parts),
    compare=compare_street,
    keys=_street_keys,
    terms=_street_terms,
    agreed=_street_agreed,
    show=lambda value: " ".join((value.house, *value.words)).strip(),
)
POSTCODE = Comparator(
    name="postcode",
    levels=_POSTCODE_LEVELS,
    normalise=lambda parts, _region: address.postcode(parts[0]),
    compare=compare_postcode,
    keys=_postcode_keys,
    terms=whole,
    agreed=agreed,
)
PLACE = Comparator(
    name="place",
    levels=_PLACE_LEVELS,
    normalise=lambda parts, _region: address.place(parts[0]),
    compare=compare_place,
    keys=_place_keys,
    terms=whole,
    agreed=agreed,
)
COUNTRY = Comparator(
    name="country",
    levels=_COUNTRY_LEVELS,
    normalise=lambda parts, _region: country(parts[0]),
    compare=lambda one, other, _terms: 0 if one == other else 1,
    keys=_no_keys,
    terms=whole,
    agreed=agreed,
)
CATEGORY = Comparator(
    name="category",
    levels=_CATEGORY_LEVELS,
    normalise=lambda parts, _region: address.place(parts[0]),
    compare=lambda one, other, _terms: 0 if one == other else 1,
    keys=_no_keys,
    terms=whole,
    agreed=agreed,
)
