"""Postal parts: house numbers, street words, postcodes, places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from matchers.normalise.text import REMEMBERED, fold, present, words

# Spelling first, canonical form second. Spelled-out forms and abbreviations become one token.
_SPELLINGS = """
street:st str:st strasse:st straat:st avenue:av ave:av aven:av avda:av avenida:av road:rd drive:dr
drv:dr lane:ln court:ct crt:ct place:pl plc:pl boulevard:blvd bvd:blvd boul:blvd blv:blvd
highway:hwy parkway:pkwy pky:pkwy terrace:ter tce:ter crescent:cr cres:cr cct:cir circuit:cir
circle:cir square:sq way:wy plaza:plz expressway:expy freeway:fwy turnpike:tpke
north:n south:s east:e west:w northeast:ne northwest:nw southeast:se southwest:sw nord:n sud:s ost:e
floor:fl apartment:apt unit:apt suite:ste room:rm building:bldg mount:mt saint:st fort:ft
platz:pl weg:wy between:btw near:nr number:no nr:no
first:1 second:2 third:3 fourth:4 fifth:5 sixth:6 seventh:7 eighth:8 ninth:9 tenth:10
"""
_FORMS = dict(pair.split(":") for pair in _SPELLINGS.split())
POST_BOX = "postbox"
_BOXES = re.compile(
    r"\b(?:p\.? ?o\.? ?box|post(?:al)? ?box|postfach|boite postale|b\.? ?p\.?(?= ?\d)|postbus"
    r"|apartado(?: de correos)?|casella postale|caixa postal|post office box)\b\.?"
)
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")
_GERMAN = re.compile(r"(?<=[a-z]{3})(?:strasse|str)$")
_NUMBER = re.compile(r"^\d+[a-z]?$")
_SQUEEZE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Street:
    """House number (the first number), all other numbers, and the street's words."""

    house: str
    words: tuple[str, ...]


def _token(word: str) -> str:
    ordinal = _ORDINAL.match(word)
    if ordinal:
        return ordinal.group(1)
    return _FORMS.get(word) or _GERMAN.sub("st", word)


def _boxed(line: str) -> str:
    """The line with its post office box, in whatever language, under one name."""
    return _BOXES.sub(POST_BOX, fold(line))


@lru_cache(maxsize=REMEMBERED)
def street(lines: tuple[str | None, ...]) -> Street | None:
    """One street address out of its lines, in the order of the columns."""
    tokens = [_token(word) for line in lines for word in words(_boxed(present(line) or ""))]
    if not tokens:
        return None
    spot = next((i for i, token in enumerate(tokens) if _NUMBER.match(token)), None)
    house = "" if spot is None else tokens[spot]
    rest = tokens if spot is None else [*tokens[:spot], *tokens[spot + 1 :]]
    return Street(house.lstrip("0"), tuple(rest))


@lru_cache(maxsize=REMEMBERED)
def place(text: str | None) -> str | None:
    """The name of a city, region or country in one form."""
    kept = present(text)
    return (" ".join(_FORMS.get(word, word) for word in words(kept)) or None) if kept else None


@lru_cache(maxsize=REMEMBERED)
def postcode(text: str | None) -> str | None:
    """Postcode without spaces; a ZIP+4 is cut to its five digits."""
    kept = present(text)
    if kept is None:
        return None
    squeezed = _SQUEEZE.sub("", fold(kept.partition("-")[0] if kept[:5].isdigit() else kept))
    return squeezed or None
