"""Free product titles: words, model numbers, plain numbers with their units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from matchers.normalise.text import REMEMBERED, fold, present, words

_CHUNK = re.compile(r"[^\s,;:()\[\]\"|]+")
_SQUEEZE = re.compile(r"[^a-z0-9]+")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[a-z]")
_MEASURE = re.compile(
    r"^(\d+(?:\.\d+)?)(in|inch|ft|cm|mm|m|kg|g|lb|lbs|oz|gb|mb|tb|kb|mhz|ghz|hz|w|v|ah|mah|mp|x|p|i|"
    r"pk|pc|pcs|ct|ml|l|k|bit|watt|watts|cd|dvd|user|users|yr|year|years|port|ch|st|nd|rd|th)$"
)
_VERSION = re.compile(r"^v\d{1,4}$")
_STEM = re.compile(r".*\d")
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?:\.\d+)?(?!\d)")
_SHORTEST_MODEL = 3
_SHORTEST_NUMERIC_MODEL = 5
_SHORTEST_STEM = 4


@dataclass(frozen=True, slots=True)
class Title:
    """Word tokens, model numbers (letters with digits, punctuation squeezed) and plain numbers.

    `stems` are the model numbers without the letters after their last digit, which say colour or
    market; also with the word before, for what is "EX 55" here is "EX55" there. `beside` holds the
    words of the columns that stand beside the title, `squeezed` and `everything` are the text
    without spaces and punctuation, alone and with those columns.
    """

    words: tuple[str, ...]
    models: frozenset[str]
    stems: frozenset[str]
    numbers: frozenset[str]
    squeezed: str
    beside: frozenset[str]
    everything: str


def _is_model(token: str) -> bool:
    if not _DIGIT.search(token) or _MEASURE.match(token) or _VERSION.match(token):
        return False
    if not _LETTER.search(token):
        return len(token) >= _SHORTEST_NUMERIC_MODEL
    return len(token) >= _SHORTEST_MODEL


def _stems(chunks: list[str]) -> set[str]:
    found: set[str] = set()
    for before, chunk in zip(["", *chunks], map(_squeeze, chunks), strict=False):
        stem = _STEM.match(chunk)
        if stem and _LETTER.search(chunk) and _is_model(chunk):
            found.update(filter(_is_stem, (stem[0], _squeeze(before) + stem[0])))
    return found


def _is_stem(token: str) -> bool:
    return len(token) >= _SHORTEST_STEM and bool(_LETTER.search(token)) and _is_model(token)


def _squeeze(text: str) -> str:
    return _SQUEEZE.sub("", text)


def _folded(lines: tuple[str | None, ...]) -> str:
    return " ".join(fold(line) for line in map(present, lines) if line)


@lru_cache(maxsize=REMEMBERED)
def title(lines: tuple[str | None, ...], beside: tuple[str | None, ...] = ()) -> Title | None:
    """The parts of one or more title columns, and of what stands beside them.

    The digits of a model number are no numbers of their own.
    """
    folded, more = _folded(lines), _folded(beside)
    tokens = words(folded)
    if not tokens:
        return None
    models: set[str] = set()
    numbers: set[str] = set()
    chunks = _CHUNK.findall(folded)
    for part in (part for chunk in chunks for part in chunk.split("/")):
        squeezed = _squeeze(part)
        if _is_model(squeezed):
            models.add(squeezed)
        else:
            numbers.update(number.removesuffix(".0") for number in _NUMBER.findall(part))
    return Title(
        words=tuple(tokens),
        models=frozenset(models),
        stems=frozenset(_stems(chunks)),
        numbers=frozenset(numbers),
        squeezed=_squeeze(folded),
        beside=frozenset(words(more)),
        everything=f"{_squeeze(folded)} {_squeeze(more)}",
    )
