"""Names of organisations: the legal form is set apart from the words that tell them apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from matchers.normalise.given_names import GIVEN_NAMES
from matchers.normalise.nicknames import same_person_name
from matchers.normalise.text import REMEMBERED, fold, present, words

# Canonical form first, then its spellings; each stands for the same kind of company.
_LEGAL_FORMS = """
ltd|limited|ltd|pte ltd|pvt ltd|private limited|pty ltd|pty limited|proprietary limited
plc|plc|public limited company
inc|inc|incorporated
corp|corp|corporation
llc|llc|limited liability company
llp|llp|limited liability partnership
lp|lp|limited partnership
co|co|company|companies|cie|compagnie
gmbh|gmbh|gesellschaft mit beschrankter haftung|gesellschaft mbh|ges mbh|ges m b h|gesmbh|mbh
gmbhcokg|gmbh co kg|gmbh und co kg|gmbh cokg
ag|ag|aktiengesellschaft
kg|kg|kommanditgesellschaft
ohg|ohg|offene handelsgesellschaft
ug|ug|ug haftungsbeschrankt
ek|e k|ek|e kfm|e kfr
ev|e v|ev|eingetragener verein
sa|sa|s a|societe anonyme|sociedad anonima
sas|sas|s a s|sasu
sarl|sarl|s a r l|societe a responsabilite limitee|eurl
srl|srl|s r l|societa a responsabilita limitata
spa|spa|s p a|societa per azioni
snc|snc|s n c
sl|sl|s l|slu|s l u|sociedad limitada
sc|sc|s c
bv|bv|b v|besloten vennootschap
nv|nv|n v|naamloze vennootschap
bvba|bvba|sprl
vof|vof|v o f
ab|ab|aktiebolag
as|as|a s|aksjeselskap|aktieselskab
aps|aps|anpartsselskab
oy|oy|oyj|osakeyhtio
spzoo|sp z o o|spolka z o o|spzoo
sro|s r o|sro|spol s r o
kft|kft
zrt|zrt|nyrt
doo|d o o|doo
dd|d d
ltda|ltda|limitada
sadecv|sa de cv|s a de c v
kk|kk|kabushiki kaisha
bhd|sdn bhd|bhd
ooo|ooo
oao|oao|pao|zao
se|se
"""
_FORMS: dict[tuple[str, ...], str] = {}
for _line in _LEGAL_FORMS.strip().split("\n"):
    _canonical, *_spellings = _line.split("|")
    for _spelling in _spellings:
        _FORMS[tuple(_spelling.split())] = _canonical
_LONGEST = max(map(len, _FORMS))
_AND = re.compile(r"[&+]")
_INITIALS = re.compile(r"\b(?:[a-z]\.){2,}")
_FILLER_WORDS = "and und et y e the der die das le la of for"
_FILLERS = frozenset(_FILLER_WORDS.split())


# Words by which companies of one group, or sites of one company, are told apart.
_KIN_WORDS = """
holding holdings beteiligung beteiligungs beteiligungen beteiligungsgesellschaft verwaltung
verwaltungs verwaltungsgesellschaft vermogensverwaltung immobilien stiftung foundation treuhand
"""
_KIN = frozenset(_KIN_WORDS.split())
_SIDES = {
    **dict.fromkeys(("north", "nord", "norte", "n"), "n"),
    **dict.fromkeys(("south", "sud", "sur", "sued", "s"), "s"),
    **dict.fromkeys(("east", "ost", "est", "este", "e"), "e"),
    **dict.fromkeys(("west", "ouest", "oeste", "w"), "w"),
}
_ROMAN = dict(
    zip(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"], range(1, 11), strict=True)
)


@dataclass(frozen=True, slots=True)
class OrganisationName:
    """The telling words in order, and the legal form if one was found at an end."""

    words: tuple[str, ...]
    form: str


def _strip_form(tokens: list[str]) -> tuple[list[str], str]:
    """Cut legal forms off the end; never so far that nothing is left."""
    form = ""
    found = True
    while found and len(tokens) > 1:
        found = False
        for size in range(min(_LONGEST, len(tokens) - 1), 0, -1):
            canonical = _FORMS.get(tuple(tokens[-size:]))
            if canonical is not None:
                tokens, form, found = tokens[:-size], form or canonical, True
                break
    return tokens, form


@lru_cache(maxsize=REMEMBERED)
def organisation_name(text: str | None) -> OrganisationName | None:
    """Words without legal form and fillers."""
    kept = present(text)
    if kept is None:
        return None
    spelled = _INITIALS.sub(lambda found: found.group().replace(".", ""), fold(kept))
    spoken = words(_AND.sub(" and ", spelled))
    tokens, form = _strip_form([word for word in spoken if word != "and"])
    telling = tuple(token for token in tokens if token not in _FILLERS) or tuple(tokens)
    return OrganisationName(telling, form) if telling else None


def _number(word: str) -> str:
    """The number that the word is, in one form; empty for other words."""
    if word.isdigit():
        return word.lstrip("0")
    return str(_ROMAN.get(word, ""))


def siblings(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """True where what two names do not share tells two of a family apart.

    Another number, another point of the compass, or the holding beside the company.
    """
    left, right = set(one) - set(other), set(other) - set(one)
    for kind in (_number, lambda word: _SIDES.get(word, "")):
        mine, theirs = ({kind(word) for word in words_} - {""} for words_ in (left, right))
        if mine and theirs and mine.isdisjoint(theirs):
            return True
    return left | right <= _KIN and left != right


def relatives(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Two persons of one surname: all but the given names in front is the same."""
    mine, theirs = one[0], other[0]
    if mine == theirs or min(len(mine), len(theirs)) == 1:
        return False
    if len(one) == 1 or not _alike(one[1:], other[1:]):
        return False
    known = (mine in GIVEN_NAMES) + (theirs in GIVEN_NAMES)
    if not known or same_person_name(mine, theirs):
        return False
    return known == len((mine, theirs)) or not _near(mine, theirs)


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """The same words but for a typing error each."""
    return len(one) == len(other) and all(
        mine == theirs or OSA.distance(mine, theirs, score_cutoff=1) <= min(len(mine) // 4, 1)
        for mine, theirs in zip(one, other, strict=True)
    )


def _near(one: str, other: str) -> bool:
    """Perhaps a typing error or a short form of each other."""
    return one[0] == other[0] or OSA.distance(one, other, score_cutoff=1) <= 1
