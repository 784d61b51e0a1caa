"""Names of persons: order, titles, suffixes; the parts stay apart where the source keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from matchers.normalise.text import REMEMBERED, present, words

_TITLE_WORDS = """
mr mrs ms miss mx dr prof professor sir dame lord lady rev reverend hon herr frau monsieur
madame mme mlle signor signora sr sra don dona ing dipl mag
"""
_SUFFIX_WORDS = "jr sr junior senior ii iii iv esq phd md bsc msc mba obe cbe mbe kbe bt baronet"
_GENERATION_WORDS = {"sr": 1, "senior": 1, "jr": 2, "junior": 2, "ii": 2, "iii": 3, "iv": 4}
_PARTICLE_WORDS = """
van von de der den del della di da dos du la le ter ten zu zur af al el bin ibn st mac
"""
_TITLES = frozenset(_TITLE_WORDS.split())
_SUFFIXES = frozenset(_SUFFIX_WORDS.split())
_PARTICLES = frozenset(_PARTICLE_WORDS.split())


@dataclass(frozen=True, slots=True)
class PersonName:
    """Given names and surname; `all` is every name token seen in any column.

    `generation`: 1 for senior, 2 for junior and II, and so on; 0 where nothing is said.
    """

    given: tuple[str, ...]
    surname: str
    all: frozenset[str]
    generation: int = 0


def _clean(text: str | None) -> list[str]:
    """The words that name somebody: no titles, no numbers ("1st Baronet", years of life)."""
    spoken = words(present(text) or "")
    return [word for word in spoken if word not in _TITLES and not word[0].isdigit()]


def _split(text: str) -> tuple[list[str], list[str]]:
    """Given names and surname of a whole name; a comma says that the surname comes first."""
    if "," in text:
        last, _, first = text.partition(",")
        given = [word for word in _clean(first) if word not in _SUFFIXES]
        if given:
            return given, _clean(last)
    tokens = [word for word in _clean(text) if word not in _SUFFIXES]
    if len(tokens) <= 1:
        return [], tokens
    cut = len(tokens) - 1
    while cut > 1 and tokens[cut - 1] in _PARTICLES:
        cut -= 1
    return tokens[:cut], tokens[cut:]


def _generation(*texts: str | None) -> int:
    """What a suffix behind the name says: senior, junior, the third."""
    for text in texts:
        ends = words(text or "")[1:]
        found = next((_GENERATION_WORDS[word] for word in ends if word in _GENERATION_WORDS), 0)
        if found:
            return found
    return 0


@lru_cache(maxsize=REMEMBERED)
def person_name(given: str | None, surname: str | None, whole: str | None) -> PersonName | None:
    """One name out of its columns; `whole` fills the parts that have no column of their own."""
    first, last = _clean(given), [word for word in _clean(surname) if word not in _SUFFIXES]
    full_first, full_last = _split(whole) if whole and present(whole) else ([], [])
    tokens = frozenset([*first, *last, *full_first, *full_last])
    if not tokens:
        return None
    if not last and first != full_last:
        last = full_last
    first = first or full_first
    if not first and last and full_last and full_last != last:
        first = full_last
    return PersonName(tuple(first), "".join(last), tokens, _generation(surname, whole))
