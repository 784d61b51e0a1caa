"""Dates and amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from matchers.compare.contact import agreed, whole
from matchers.compare.levels import Comparator, Level, Strength
from matchers.normalise import moment, quantity

if TYPE_CHECKING:
    from matchers.terms import TermTable

_DATE_LEVELS = (
    Level("same date", 0.81, 0.0003, 1.0),
    Level("one digit differs, or day and month swapped", 0.08, 0.002),
    Level("same year, day or month missing", 0.02, 0.002),
    Level("same day and month", 0.02, 0.003),
    Level("same year", 0.04, 0.012),
    Level("different", 0.03, 0.98),
)
_NUMBER_LEVELS = (
    Level("same amount", 0.45, 0.01),
    Level("within 10 %", 0.20, 0.04),
    Level("within 30 %", 0.20, 0.12),
    Level("within a factor of two", 0.10, 0.25),
    Level("different", 0.05, 0.58),
)
_RATIOS = ((0.999, 0), (0.9, 1), (0.7, 2), (0.5, 3))
_FAR = 4


def compare_date(one: str, other: str, _terms: TermTable) -> int:
    """ISO texts compared part by part."""
    if one == other:
        return 0
    year, other_year = one[:4], other[:4]
    if "-00" in one or "-00" in other:
        return 2 if year == other_year else 5
    swapped = year == other_year and one[5:7] == other[8:] and one[8:] == other[5:7]
    if swapped or OSA.distance(one, other, score_cutoff=1) <= 1:
        return 1
    if one[5:] == other[5:]:
        return 3
    return 4 if year == other_year else 5


def compare_number(one: float, other: float, _terms: TermTable) -> int:
    """By ratio; different signs are different."""
    if one * other <= 0:
        return _FAR
    ratio = min(abs(one), abs(other)) / max(abs(one), abs(other))
    return next((level for least, level in _RATIOS if ratio >= least), _FAR)


def _date_keys(value: str, _terms: TermTable) -> list[tuple[str, Strength]]:
    return [
        (f"v:{value}", Strength.BASE),
        (f"y:{value[:4]}", Strength.WEAK),
        (f"d:{value[5:]}", Strength.WEAK),
    ]


def _no_keys(_value: float, _terms: TermTable) -> list[tuple[str, Strength]]:
    return []


DATE = Comparator(
    name="date",
    levels=_DATE_LEVELS,
    normalise=lambda parts, _region: moment.date(parts[0]),
    compare=compare_date,
    keys=_date_keys,
    terms=whole,
    agreed=agreed,
)
NUMBER = Comparator(
    name="number",
    levels=_NUMBER_LEVELS,
    normalise=lambda parts, _region: quantity.number(parts[0]),
    compare=compare_number,
    keys=_no_keys,
)
