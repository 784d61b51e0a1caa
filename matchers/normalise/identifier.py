"""Identifiers: tax numbers, GTIN, codes. The check digit decides what may count as exact."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from stdnum import ean, isbn
from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from matchers.normalise.text import REMEMBERED, fold, present

_SQUEEZE = re.compile(r"[^a-z0-9]+")
_GTIN_LENGTHS = frozenset((8, 12, 13, 14))
_ISBN10 = 10


@dataclass(frozen=True, slots=True)
class Identifier:
    """The squeezed identifier; `valid` when a check digit was there and was right."""

    text: str
    valid: bool


def _squeezed(text: str | None) -> str:
    kept = present(text)
    return _SQUEEZE.sub("", fold(kept)) if kept else ""


def _meaningless(squeezed: str) -> bool:
    return len(squeezed) < 2 or len(set(squeezed)) == 1  # noqa: PLR2004 - "0000" says nothing


@lru_cache(maxsize=REMEMBERED)
def code(text: str | None) -> Identifier | None:
    """A SKU or part number: punctuation and case do not count, leading zeros of numbers neither."""
    squeezed = _squeezed(text)
    if _meaningless(squeezed):
        return None
    return Identifier(squeezed.lstrip("0") if squeezed.isdigit() else squeezed, valid=False)


@lru_cache(maxsize=REMEMBERED)
def gtin(text: str | None) -> Identifier | None:
    """GTIN-8/12/13/14 and ISBN as one number of 14 digits; a bad check digit is kept as such."""
    squeezed = _squeezed(text)
    if len(squeezed) == _ISBN10 and isbn.is_valid(squeezed.upper()):
        squeezed = isbn.to_isbn13(squeezed.upper()).replace("-", "")
    if _meaningless(squeezed):
        return None
    if not squeezed.isdigit():
        return Identifier(squeezed, valid=False)
    digits = squeezed.lstrip("0")
    valid = len(squeezed) in _GTIN_LENGTHS and bool(ean.is_valid(squeezed))
    return Identifier(digits.zfill(14), valid=valid)


@lru_cache(maxsize=REMEMBERED)
def tax_id(text: str | None) -> Identifier | None:
    """A tax number; valid by its country's own rule where the prefix names an EU member."""
    squeezed = _squeezed(text)
    if _meaningless(squeezed):
        return None
    try:
        return Identifier(str(vat.validate(squeezed.upper())).lower(), valid=True)
    except ValidationError:
        return Identifier(squeezed, valid=False)
