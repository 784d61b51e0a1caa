"""Free product titles: words, model numbers, plain numbers with their units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from matchers.normalise.text import fold, present, words

_CHUNK = re.compile(r"[^\s,;:()\[\]\"|]+")
_SQUEEZE = re.compile(r"[^a-z0-9]+")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[a-z]")
_MEASURE = re.compile(
    r"^(\d+(?:\.\d+)?)(in|inch|ft|cm|mm|m|kg|g|lb|lbs|oz|gb|mb|tb|kb|mhz|ghz|hz|w|v|ah|mah|mp|x|p|i|"
    r"pk|pc|pcs|ct|ml|l|k|bit|watt|watts|cd|dvd|user|users|yr|year|years|port|ch|st|nd|rd|th)$"
)
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?:\.\d+)?(?!\d)")
_SHORTEST_MODEL = 3
_SHORTEST_NUMERIC_MODEL = 5


@dataclass(frozen=True, slots=True)
class Title:
    """Word tokens, model numbers (letters with digits, punctuation squeezed) and plain numbers."""

    words: tuple[str, ...]
    models: frozenset[str]
    numbers: frozenset[str]
    squeezed: str


def _models(folded: str) -> set[str]:
    found = set()
    for chunk in _CHUNK.findall(folded):
        for part in chunk.split("/"):
            squeezed = _SQUEEZE.sub("", part)
            if _is_model(squeezed):
                found.add(squeezed)
    return found


def _is_model(token: str) -> bool:
    if not _DIGIT.search(token) or _MEASURE.match(token):
        return False
    if not _LETTER.search(token):
        return len(token) >= _SHORTEST_NUMERIC_MODEL
    return len(token) >= _SHORTEST_MODEL


@lru_cache(maxsize=1 << 16)
def title(lines: tuple[str | None, ...]) -> Title | None:
    """The parts of one or more title columns."""
    folded = " ".join(fold(line) for line in map(present, lines) if line)
    tokens = words(folded)
    if not tokens:
        return None
    numbers = frozenset(number.removesuffix(".0") for number in _NUMBER.findall(folded))
    return Title(tuple(tokens), frozenset(_models(folded)), numbers, _SQUEEZE.sub("", folded))
