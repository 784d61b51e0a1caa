"""Dates in any usual order, as ISO text; a part that is not known stays zero."""

from __future__ import annotations

import re
from functools import lru_cache

from matchers.normalise.text import REMEMBERED, present

_ISO = re.compile(r"^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?!\d)")
_DAY_FIRST = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?!\d)")
_YEAR = re.compile(r"^\d{4}$")
_MONTHS = 12


@lru_cache(maxsize=REMEMBERED)
def date(text: str | None) -> str | None:
    """`yyyy-mm-dd`, also for impossible days (they are typing errors worth comparing)."""
    kept = present(text)
    if kept is None:
        return None
    found = _ISO.match(kept)
    if found:
        return "-".join(found.groups())
    found = _DAY_FIRST.match(kept)
    if found:
        day, month, year = found.groups()
        if int(month) > _MONTHS >= int(day):
            day, month = month, day
        return f"{year}-{int(month):02d}-{int(day):02d}"
    return f"{kept}-00-00" if _YEAR.match(kept) else None
