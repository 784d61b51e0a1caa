"""Names of organisations, and names that may be either a person's or a company's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matchers.compare.levels import Comparator, Level, Strength
from matchers.compare.tokens import Overlap, overlap
from matchers.normalise.company import OrganisationName, organisation_name, relatives, siblings

if TYPE_CHECKING:
    from matchers.terms import TermTable

_LEVELS = (
    Level("same name", 0.55, 0.0005, 1.0),
    Level("same name, other legal form", 0.02, 0.0001, 1.0),
    Level("nearly the same words", 0.15, 0.0006, 0.5),
    Level("most telling words agree", 0.10, 0.001, 0.3),
    Level("one name is part of the other", 0.06, 0.003, 0.3),
    Level("same words, another number, side or given name", 0.01, 0.003),
    Level("about half of the words agree", 0.05, 0.006),
    Level("some words agree", 0.03, 0.03),
    Level("different", 0.04, 0.96),
)
_BANDS = ((0.88, 2), (0.7, 3))
_LOW_BANDS = ((0.5, 6), (0.3, 7))
_CONTAINED, _CONTAINED_LEVEL, _SIBLING, _HALF, _DIFFERENT = 0.9, 4, 5, 6, 8
_SHORTEST_ACRONYM = 3
_KEY_WORDS = 4


def compare(one: OrganisationName, other: OrganisationName, terms: TermTable) -> int:
    """Equal words first, then overlap weighted by how telling each word is."""
    if one.words == other.words or "".join(one.words) == "".join(other.words):
        return 1 if one.form and other.form and one.form != other.form else 0
    level = _overlapping(overlap(one.words, other.words, terms))
    if level <= _HALF and siblings(one.words, other.words):
        return _SIBLING
    if level < _DIFFERENT:
        return _SIBLING if relatives(one.words, other.words) else level
    return _CONTAINED_LEVEL if _inside(one, other) else level


def _overlapping(found: Overlap) -> int:
    for least, level in _BANDS:
        if found.cosine >= least:
            return level
    if found.contained >= _CONTAINED:
        return _CONTAINED_LEVEL
    for least, level in _LOW_BANDS:
        if found.cosine >= least:
            return level
    return _DIFFERENT


def _inside(one: OrganisationName, other: OrganisationName) -> bool:
    """One name stands within the other as one word (DePriest), or by its initials (IBM)."""
    return _part_of(one.words, other.words) or _part_of(other.words, one.words)


def _part_of(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    return "".join(short) in long or _acronym(short, long)


def _acronym(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    if len(long) < _SHORTEST_ACRONYM:
        return False
    initials = "".join([word[0] for word in long])
    return any(len(word) >= _SHORTEST_ACRONYM and initials.startswith(word) for word in short)


def terms(value: OrganisationName) -> tuple[str, ...]:
    """Every word, and the whole name."""
    return (*sorted(set(value.words)), f"={' '.join(value.words)}")


def agreed(one: OrganisationName, other: OrganisationName) -> tuple[str, ...]:
    """The whole name if it is equal, else the shared words' rarest counts through them."""
    whole = f"={' '.join(one.words)}"
    return (whole,) if one.words == other.words else ()


def keys(value: OrganisationName, terms: TermTable) -> list[tuple[str, Strength]]:
    """The squeezed name, its rarest words alone and in pairs, its first letters."""
    squeezed = "".join(value.words)
    found = [(f"n:{squeezed}", Strength.STRONG), (f"q:{squeezed[:6]}", Strength.BASE)]
    rare = sorted(set(value.words), key=lambda word: (-terms.idf(word), -len(word), word))
    rare = rare[:_KEY_WORDS]
    found += [(f"w:{word}", Strength.BASE) for word in rare]
    found += [
        ("t:" + "+".join(sorted((one, other))), Strength.STRONG)
        for i, one in enumerate(rare)
        for other in rare[i + 1 :]
    ]
    return found


def show(value: OrganisationName) -> str:
    """Words and legal form."""
    return " ".join((*value.words, value.form)).strip()


def _normalise(parts: tuple[str | None, ...], _region: str | None) -> OrganisationName | None:
    return organisation_name(parts[0])


ORGANISATION = Comparator(
    name="organisation",
    levels=_LEVELS,
    normalise=_normalise,
    compare=compare,
    keys=keys,
    terms=terms,
    agreed=agreed,
    show=show,
)
