"""E-mail addresses and telephone numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA, JaroWinkler

from matchers.compare.levels import Comparator, Level, Strength, Value
from matchers.normalise import contact

if TYPE_CHECKING:
    from matchers.terms import TermTable

_EMAIL_LEVELS = (
    Level("same mailbox", 0.46, 0.00005, 1.0),
    Level("same mailbox of an office", 0.24, 0.00005, 1.0),
    Level("one typing error", 0.06, 0.00005),
    Level("same local part, other domain", 0.06, 0.0008),
    Level("similar local part, same domain", 0.05, 0.002),
    Level("other mailbox, same domain of their own", 0.03, 0.002),
    Level("different", 0.10, 0.995),
)
_PHONE_LEVELS = (
    Level("same number", 0.46, 0.0001, 1.0),
    Level("same number, others have it too", 0.24, 0.0002, 1.0),
    Level("same last seven digits", 0.05, 0.0001),
    Level("one digit differs", 0.05, 0.0004),
    Level("different", 0.20, 0.9993),
)
_BOTH = 2
_SIMILAR_LOCAL = 0.9
_TAIL = 7


def compare_email(one: str, other: str, _terms: TermTable) -> int:
    """Whole address, then its two halves."""
    if one == other:
        return 1 if contact.office(one) else 0
    if OSA.distance(one, other, score_cutoff=1) <= 1:
        return 2
    local, _, domain = one.partition("@")
    other_local, _, other_domain = other.partition("@")
    if local == other_local:
        return 6 if contact.office(one) else 3
    if domain == other_domain and JaroWinkler.similarity(local, other_local) >= _SIMILAR_LOCAL:
        return 4
    return 5 if domain == other_domain and contact.own_domain(one) else 6


def compare_phone(one: str, other: str, terms: TermTable) -> int:
    """National numbers; the last seven digits survive a missing area code."""
    if one == other:
        return 1 if terms.count(one) > _BOTH else 0
    if len(one) >= _TAIL <= len(other) and one[-_TAIL:] == other[-_TAIL:]:
        return 2
    return 3 if OSA.distance(one, other, score_cutoff=1) <= 1 else 4


def whole(value: Value) -> tuple[str, ...]:
    """The value itself is the term."""
    return (str(value),)


def agreed(one: Value, other: Value) -> tuple[str, ...]:
    """Equal values agree on themselves."""
    return (str(one),) if one == other else ()


def _email_keys(value: str, _terms: TermTable) -> list[tuple[str, Strength]]:
    local = value.partition("@")[0]
    return [(f"e:{value}", Strength.EXACT), (f"l:{local}", Strength.STRONG)]


def _phone_keys(value: str, _terms: TermTable) -> list[tuple[str, Strength]]:
    return [(f"e:{value}", Strength.EXACT), (f"t:{value[-_TAIL:]}", Strength.STRONG)]


EMAIL = Comparator(
    name="email",
    levels=_EMAIL_LEVELS,
    normalise=lambda parts, _region: contact.email(parts[0]),
    compare=compare_email,
    keys=_email_keys,
    terms=whole,
    agreed=agreed,
    identifying=True,
)
PHONE = Comparator(
    name="phone",
    levels=_PHONE_LEVELS,
    normalise=lambda parts, region: contact.phone(parts[0], region),
    compare=compare_phone,
    keys=_phone_keys,
    terms=whole,
    agreed=agreed,
    identifying=True,
)
