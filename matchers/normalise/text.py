"""Folding of free text: case, accents, punctuation, spacing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

REMEMBERED: Final = 1 << 13
"""Normal forms that are kept, of each kind: those of the records at hand, and frequent ones.

Keeping many more costs a worker hundreds of megabytes, and finds few again.
"""
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
        "\u0131": "i",
    }
)
_WORD = re.compile(r"[^\W_]+")
_QUOTES = re.compile("['`\u00b4\u2019\u2018]")
_NOTHING_KNOWN = """
unknown n/a na none null nil tbd tba xxx test - -- . ? unbekannt inconnu desconocido
"""
_PLACEHOLDERS = frozenset(_NOTHING_KNOWN.split())


@lru_cache(maxsize=REMEMBERED)
def fold(text: str) -> str:
    """Lower case without accents and with single spaces; punctuation stays."""
    if text.isascii():
        return " ".join(text.lower().split())
    lowered = text.casefold().translate(_LETTERS)
    if not lowered.isascii():
        decomposed = unicodedata.normalize("NFKD", lowered)
        lowered = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(lowered.split())


def words(text: str) -> list[str]:
    """The words of the folded text, apostrophes squeezed out (O'Neil is one word)."""
    return _WORD.findall(_QUOTES.sub("", fold(text)))


def present(text: str | None) -> str | None:
    """The text without outer spaces; None where it only stands for "nothing known"."""
    if text is None:
        return None
    stripped = text.strip()
    return None if not stripped or stripped.casefold() in _PLACEHOLDERS else stripped
