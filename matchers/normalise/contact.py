"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from matchers.normalise.text import fold, present

_EMAIL = re.compile(r"^(?:mailto:)?([^@\s<>]+)@([^@\s<>]+\.[^@\s<>]+)$")
_DIGITS = re.compile(r"\d+")
_SHORTEST_PHONE = 5
_PLACEHOLDER_LOCALS = re.compile(r"^(?:no-?e?-?mail|no-?reply|none|unknown|example|test)(?:\+.*)?$")
_RESERVED = (".invalid", "@example.com", "@example.org", "@example.net")


@lru_cache(maxsize=1 << 16)
def email(text: str | None) -> str | None:
    """Lower case, without display name and sub-address; None for reserved or empty mailboxes."""
    kept = present(text)
    if kept is None:
        return None
    inside = kept[kept.rfind("<") + 1 :].rstrip("> ") if "<" in kept else kept
    found = _EMAIL.match(fold(inside))
    if found is None:
        return None
    local, domain = found.group(1), found.group(2)
    if _PLACEHOLDER_LOCALS.match(local) or f"@{domain}".endswith(_RESERVED):
        return None
    return f"{local.partition('+')[0] or local}@{domain.removeprefix('googlemail.')}"


@lru_cache(maxsize=1 << 16)
def phone(text: str | None, region: str | None = None) -> str | None:
    """National significant number's digits; libphonenumber where a country is known."""
    kept = present(text)
    if kept is None:
        return None
    if kept.startswith(("+", "00")) or region:
        parsed = _parsed("+" + kept[2:] if kept.startswith("00") else kept, region)
        if parsed is not None:
            return parsed
    digits = "".join(_DIGITS.findall(kept)).lstrip("0")
    return digits if len(digits) >= _SHORTEST_PHONE and len(set(digits)) > 1 else None


def _parsed(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.national_significant_number(number).lstrip("0")
