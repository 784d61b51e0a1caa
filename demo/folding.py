"""When two spellings of one attribute are the same value.

Only what a system's own column or trigger cannot keep is folded away: outer and double spaces,
the punctuation of telephone and tax numbers, the case of e-mail addresses and postal codes, places
beyond the second in money. The case of a name is part of the name.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from demo.vocabulary import PHONES

if TYPE_CHECKING:
    from collections.abc import Callable

_CALLING_CODES = tuple(code for code, _, _ in PHONES.values())


def words(text: str) -> str:
    return " ".join(text.split())


def lower(text: str) -> str:
    return words(text).lower()


def upper(text: str) -> str:
    return words(text).upper()


def letters_and_digits(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def article_code(text: str) -> str:
    """AB-1234, AB 1234, AB1234 and ab-1234-eu are one code."""
    return letters_and_digits(text.upper().removesuffix("-EU"))


def national_number(text: str) -> str:
    """Drop punctuation, the calling code and the trunk zero."""
    digits = re.sub(r"[^0-9+]", "", text)
    digits = "+" + digits[2:] if digits.startswith("00") else digits
    for code in _CALLING_CODES:
        if digits.startswith(f"+{code}"):
            return digits.removeprefix(f"+{code}")
    return digits.lstrip("+0")


def money(text: str) -> str:
    return str(Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP))


def instant(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


_FOLDS: dict[str, Callable[[str], str]] = {
    "amount": money,
    "code": article_code,
    "country": upper,
    "email": lower,
    "ledger_balance": money,
    "phone": national_number,
    "postal_code": upper,
    "tax_id": letters_and_digits,
    "used": money,
    "valid_from": instant,
}


def fold(attribute: str, value: str | None) -> str | None:
    """Return the comparable form of a value; an empty one is none at all."""
    if value is None or not value.strip():
        return None
    return _FOLDS.get(attribute, words)(value)
