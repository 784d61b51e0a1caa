"""Amounts and numbers as text of a plain decimal."""

from __future__ import annotations

import re
from functools import lru_cache

from matchers.normalise.text import REMEMBERED, present

_NUMBER = re.compile(r"-?\d[\d.,' ]*")
_CENTS = 2


@lru_cache(maxsize=REMEMBERED)
def number(text: str | None) -> float | None:
    """The first number in the text, decimal comma or point; zero means "not known"."""
    found = _NUMBER.search(present(text) or "")
    if found is None:
        return None
    raw = found.group().replace(" ", "").replace("'", "")
    if "," in raw and (raw.rfind(",") > raw.rfind(".")):
        tail = len(raw) - raw.rfind(",") - 1
        raw = raw.replace(".", "")
        raw = raw.replace(",", "." if tail <= _CENTS and raw.count(",") == 1 else "")
    try:
        return float(raw.replace(",", "")) or None
    except ValueError:
        return None
