"""Countries: code, name in any usual language, or abbreviation, as the ISO code of two letters."""

from __future__ import annotations

from functools import cache, lru_cache

from phonenumbers.geodata.locale import LOCALE_DATA

from matchers.normalise.text import fold, present, words

# Codes of three letters and what people write besides; the names come with the telephone data.
_SPELLINGS = """
aus:au aut:at bel:be bgr:bg bra:br can:ca che:ch chn:cn cze:cz deu:de ger:de dnk:dk esp:es est:ee
fin:fi fra:fr gbr:gb grc:gr hrv:hr hun:hu ind:in irl:ie ita:it jpn:jp kor:kr lie:li ltu:lt lux:lu
lva:lv mex:mx nld:nl nor:no nzl:nz pol:pl prt:pt rou:ro rus:ru srb:rs svk:sk svn:si swe:se tur:tr
ukr:ua usa:us zaf:za uk:gb england:gb scotland:gb wales:gb britain:gb holland:nl america:us
"""
_PHRASES = {
    "great britain": "gb",
    "northern ireland": "gb",
    "united states of america": "us",
    "u s a": "us",
    "u s": "us",
    "u k": "gb",
    "the netherlands": "nl",
    "czech republic": "cz",
}


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, names in LOCALE_DATA.items():
        for name in names.values():
            if not name.startswith("*"):
                found.setdefault(_spelled(name), code.lower())
    found |= {code.lower(): code.lower() for code in LOCALE_DATA}
    return found | _PHRASES | dict(pair.split(":") for pair in _SPELLINGS.split())


def _spelled(text: str) -> str:
    return " ".join(words(text)) or fold(text)


@lru_cache(maxsize=1 << 12)
def country(text: str | None) -> str | None:
    """The country's code; a name that nobody knows stays as it is."""
    kept = present(text)
    if kept is None:
        return None
    spelled = _spelled(kept)
    return _codes().get(spelled, spelled) or None
