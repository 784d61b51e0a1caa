"""Tax numbers, GTIN, SKU and part numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from matchers.compare.levels import Comparator, Level, Strength
from matchers.normalise import identifier

if TYPE_CHECKING:
    from matchers.normalise.identifier import Identifier
    from matchers.terms import TermTable

_TAX_LEVELS = (
    Level("same number", 0.86, 0.00002, 1.0),
    Level("one typing error", 0.05, 0.0001),
    Level("different", 0.09, 0.9999),
)
_CODE_LEVELS = (
    Level("same code", 0.75, 0.0001, 1.0),
    Level("one typing error, or a part of the other", 0.08, 0.002),
    Level("different", 0.17, 0.998),
)
_SHORTEST_PART = 5


def compare_strict(one: Identifier, other: Identifier, _terms: TermTable) -> int:
    """Two numbers with right check digits are different however alike they look."""
    if one.text == other.text:
        return 0
    if one.valid and other.valid:
        return 2
    return 1 if OSA.distance(one.text, other.text, score_cutoff=1) <= 1 else 2


def compare_code(one: Identifier, other: Identifier, _terms: TermTable) -> int:
    """Equal, one error in letters-only places, or a prefix or suffix added by one system."""
    if one.text == other.text:
        return 0
    short, long = sorted((one.text, other.text), key=len)
    if len(short) >= _SHORTEST_PART and (long.startswith(short) or long.endswith(short)):
        return 1
    near = len(short) >= _SHORTEST_PART and OSA.distance(short, long, score_cutoff=1) <= 1
    return 1 if near else 2


def _terms(value: Identifier) -> tuple[str, ...]:
    return (value.text,)


def _agreed(one: Identifier, other: Identifier) -> tuple[str, ...]:
    return (one.text,) if one.text == other.text else ()


def _keys(value: Identifier, _terms: TermTable) -> list[tuple[str, Strength]]:
    text = value.text
    found = [(f"e:{text}", Strength.EXACT)]
    if len(text) >= _SHORTEST_PART:
        found += [(f"b:{text[: len(text) // 2 + 1]}", Strength.WEAK)]
        found += [(f"f:{text[len(text) // 2 - 1 :]}", Strength.WEAK)]
    return found


def _show(value: Identifier) -> str:
    return value.text


def _strict(name: str, levels: tuple[Level, ...]) -> Comparator:
    normal = identifier.tax_id if name == "tax_id" else identifier.gtin
    return Comparator(
        name=name,
        levels=levels,
        normalise=lambda parts, _region: normal(parts[0]),
        compare=compare_strict,
        keys=_keys,
        terms=_terms,
        agreed=_agreed,
        show=_show,
        identifying=True,
    )


TAX_ID = _strict("tax_id", _TAX_LEVELS)
GTIN = _strict("gtin", _TAX_LEVELS)
CODE = Comparator(
    name="code",
    levels=_CODE_LEVELS,
    normalise=lambda parts, _region: identifier.code(parts[0]),
    compare=compare_code,
    keys=_keys,
    terms=_terms,
    agreed=_agreed,
    show=_show,
    identifying=True,
)
