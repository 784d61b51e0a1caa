"""Names of persons: given name and surname judged together, so that a swap is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA, JaroWinkler

from matchers.compare.levels import Comparator, Level, Strength
from matchers.normalise.given_names import man_and_woman
from matchers.normalise.nicknames import NICKNAMES, same_person_name
from matchers.normalise.person import PersonName, person_name

if TYPE_CHECKING:
    from matchers.terms import TermTable

_LEVELS = (
    Level("same given name and surname", 0.55, 0.0002, 1.0),
    Level("same surname, short or initial given name", 0.06, 0.0003, 0.7),
    Level("same surname, similar given name", 0.09, 0.0002, 0.7),
    Level("similar surname, same given name", 0.10, 0.0003, 0.5),
    Level("given name and surname swapped", 0.02, 0.00002, 0.7),
    Level("both similar", 0.03, 0.0005),
    Level("names found within the other's names", 0.05, 0.0008, 0.3),
    Level("one part agrees, the other is missing", 0.03, 0.004, 0.8),
    Level("same surname, other given name or generation", 0.02, 0.005, 0.8),
    Level("same given name, other surname", 0.02, 0.012, 0.5),
    Level("different", 0.03, 0.976),
)
_SAME, _SHORT, _NEAR, _FAR, _GONE = 0, 1, 2, 3, 4
# (given, surname) -> level
_TABLE = {
    (_SAME, _SAME): 0,
    (_SHORT, _SAME): 1,
    (_NEAR, _SAME): 2,
    (_SAME, _NEAR): 3,
    (_SHORT, _NEAR): 5,
    (_NEAR, _NEAR): 5,
    (_GONE, _SAME): 7,
    (_SAME, _GONE): 7,
    (_GONE, _NEAR): 9,
    (_FAR, _SAME): 8,
    (_SAME, _FAR): 9,
    (_SHORT, _FAR): 9,
}
_SWAPPED, _WITHIN, _RELATIVE, _DIFFERENT = 4, 6, 8, 10
_SIMILAR = 0.9
_SHORT_WORD = 4


def similar(one: str, other: str) -> bool:
    """One typing error, or Jaro-Winkler of 0.9 and more."""
    short, long = len(one), len(other)
    if short > long:
        short, long = long, short
    if long - short <= 1 and OSA.distance(one, other, score_cutoff=1) <= 1:
        return short >= _SHORT_WORD or one[0] == other[0]
    return short >= _SHORT_WORD and JaroWinkler.similarity(one, other, score_cutoff=_SIMILAR) > 0


def _given(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    if not one or not other:
        return _GONE
    first, second = one[0], other[0]
    if first == second:
        return _SAME
    short = min(len(first), len(second)) == 1
    if (short and first[0] == second[0]) or same_person_name(first, second):
        return _SHORT
    if similar(first, second) and not man_and_woman(first, second):
        return _NEAR
    return _SHORT if first in other[1:] or second in one[1:] else _FAR


def _surname(one: str, other: str) -> int:
    if not one or not other:
        return _GONE
    if one == other:
        return _SAME
    return _NEAR if similar(one, other) else _FAR


def _swapped(one: PersonName, other: PersonName) -> bool:
    if not (one.given and other.given and one.surname and other.surname):
        return False
    crossed = _surname(one.given[0], other.surname), _surname(one.surname, other.given[0])
    return _FAR not in crossed and _SAME in crossed


def _parts(name: PersonName) -> tuple[tuple[str, ...], str]:
    """Given names and surname; a single word may be either, whatever column it stood in."""
    if name.given and name.surname:
        return name.given, name.surname
    return name.given or (name.surname,), name.surname or "".join(name.given)


def _partial(one: PersonName, other: PersonName) -> int:
    """One side at least is a single word."""
    (given, surname), (other_given, other_surname) = _parts(one), _parts(other)
    found = {_given(given, other_given), _surname(surname, other_surname)}
    if _SAME in found:
        return _TABLE[_SAME, _GONE]
    return _DIFFERENT if found == {_FAR} else _TABLE[_GONE, _NEAR]


def _generations(one: PersonName, other: PersonName) -> bool:
    """Father and son: both suffixes are there, and differ."""
    return bool(one.generation and other.generation and one.generation != other.generation)


def compare(one: PersonName, other: PersonName, _terms: TermTable) -> int:
    """Judge both parts at once."""
    if not (one.given and one.surname and other.given and other.surname):
        return _partial(one, other)
    given, surname = _given(one.given, other.given), _surname(one.surname, other.surname)
    level = _TABLE.get((given, surname), _DIFFERENT)
    if level <= _WITHIN:
        return _RELATIVE if _generations(one, other) else level
    if _SAME not in {given, surname} and _swapped(one, other):
        return _SWAPPED
    return _WITHIN if _within(one, other) else level


def _within(one: PersonName, other: PersonName) -> bool:
    """All words of the shorter name but one of many, and two at least, are in the longer."""
    shared = len(one.all & other.all)
    return shared > 1 and shared >= min(len(one.all), len(other.all)) - (shared > 2)  # noqa: PLR2004


def terms(value: PersonName) -> tuple[str, ...]:
    """Given name and surname are counted apart."""
    given = (f"g:{value.given[0]}",) if value.given else ()
    return (*given, f"s:{value.surname}") if value.surname else given


def agreed(one: PersonName, other: PersonName) -> tuple[str, ...]:
    """The parts that are equal."""
    surname = one.surname == other.surname and bool(one.surname)
    given = bool(one.given and other.given) and one.given[0] == other.given[0]
    if given:
        first = f"g:{one.given[0]}"
        return (first, f"s:{one.surname}") if surname else (first,)
    return (f"s:{one.surname}",) if surname else ()


def keys(value: PersonName, _terms: TermTable) -> list[tuple[str, Strength]]:
    """The whole name in any order; surname and given name; their first letters."""
    given, surname = _parts(value)
    first = given[0]
    found = [
        (f"s:{surname}", Strength.BASE),
        (f"q:{surname[:3]}", Strength.WEAK),
        (f"g:{first}", Strength.BASE),
        (f"h:{first[:3]}", Strength.WEAK),
    ]
    if value.given and value.surname:
        found.append(("n:" + "+".join(sorted((first, surname))), Strength.STRONG))
        found.append((f"p:{surname[:4]}+{first[:3]}", Strength.STRONG))
        found.append((f"e:{surname[-4:]}+{first[:1]}", Strength.STRONG))
        found += [
            (f"c:{surname[:4]}+{group}", Strength.STRONG)
            for group in sorted(NICKNAMES.get(first, ()))
        ]
    return found


def show(value: PersonName) -> str:
    """As a person would write it."""
    return " ".join((*value.given, value.surname)).strip()


def _normalise(parts: tuple[str | None, ...], _region: str | None) -> PersonName | None:
    given, surname, *whole = parts
    return person_name(given, surname, next((text for text in whole if text), None))


PERSON = Comparator(
    name="person",
    levels=_LEVELS,
    normalise=_normalise,
    compare=compare,
    keys=keys,
    terms=terms,
    agreed=agreed,
    show=show,
)
