"""Guards beside the weights: what the members of a group share does not make them one.

A household shares surname, address and telephone; an organisation its name, switchboard and office
mailbox. The weights add up as if these were independent, so several of them together outweigh
everything. A guard holds a pair just below the match line, for a person to look at, where something
that tells members of a group apart disagrees and nothing that is one's own agrees; and below the
review line where the table has taught that such pairs abound and never match.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matchers.model import ComparisonModel, MatchModel
    from matchers.plan import Comparison
    from matchers.spec import MatchSpec

# Bits from the match line at which a pair is held: for a person, or where there is nothing to ask.
ASKED, _SETTLED = -0.5, -4.0
# What disagrees in more than this share of all matches tells nobody apart.
_RELIABLE = 0.04


class Says(IntFlag):
    """What the level of one comparison says about two records of one group."""

    NOTHING = 0
    NAMED_ALIKE = 1
    NAMED_OTHERWISE = 2
    OTHER_GIVEN_NAME = 4
    SIBLING = 8
    BORN_APART = 16
    ELSEWHERE = 32
    SAME_CONTACT = 64
    SAME_MAILBOX = 128
    SAME_BIRTH = 256
    SAME_NUMBER = 512
    PRECISE = 1024
    TITLED = 2048
    MORE_THAN_PLACE = 4096


# The same for quite another name, which not even twins have.
_STRANGERS = 0.015
# Tables smaller than this tell little about names.
_TELLING = 1000
_NAMES = frozenset(("person", "organisation"))
_NUMBERS = frozenset(("tax_id", "gtin", "code"))
_ALIKE = Says.NAMED_ALIKE
_OWN = Says.PRECISE | Says.MORE_THAN_PLACE
_SAID: dict[str, dict[int, Says]] = {
    "person": {
        **dict.fromkeys((0, 1, 2, 3, 4, 5, 6, 7, 9), _ALIKE),
        8: Says.OTHER_GIVEN_NAME,
        10: Says.NAMED_OTHERWISE,
    },
    "organisation": {
        **dict.fromkeys((0, 1, 2, 3, 4, 6, 7), _ALIKE),
        5: Says.SIBLING,
        8: Says.NAMED_OTHERWISE,
    },
    "street": {0: Says.PRECISE, 1: Says.PRECISE, 6: Says.ELSEWHERE},
    "phone": {
        0: _OWN,
        1: Says.SAME_CONTACT | _OWN,
        2: _OWN,
        3: _OWN,
    },
    "email": {
        0: Says.SAME_MAILBOX | _OWN,
        1: Says.SAME_CONTACT | _OWN,
        2: _OWN,
        3: _OWN,
        4: _OWN,
    },
    "date": {
        0: Says.SAME_BIRTH | _OWN,
        1: Says.SAME_BIRTH | _OWN,
        5: Says.BORN_APART,
    },
    "code": {0: Says.SAME_NUMBER | _OWN, 1: _OWN},
    **{name: dict.fromkeys((0, 1), Says.SAME_NUMBER | _OWN) for name in ("tax_id", "gtin")},
    "words": dict.fromkeys(range(7), Says.TITLED),
}
_PRECISE = frozenset(_SAID) - _NAMES - {"words"}
_EVERYTHING = 2 * Says.MORE_THAN_PLACE
_TITLED = int(Says.TITLED)
_PROOF = Says.SAME_NUMBER | Says.SAME_BIRTH


@dataclass(frozen=True, slots=True)
class Rule:
    """A pair is held where all of `wants` is said and none of any one of `lifts`."""

    why: str
    wants: Says
    lifts: tuple[Says, ...]

    def holds(self, said: int) -> bool:
        """True where the pair must stay below the match line.

        What has a title is named by it: its maker or author is no name of its own.
        """
        wants = int(self.wants)  # a plain number: tables of all that can be said are made of this
        if said & _TITLED or said & wants != wants:
            return False
        return not any(said & lift == lift for lift in map(int, self.lifts))


_STRANGER = Rule(
    "the names disagree, and nothing that is somebody's own agrees",
    Says.NAMED_OTHERWISE,
    (_ALIKE, Says.SAME_NUMBER, Says.SAME_MAILBOX, Says.SAME_BIRTH),
)
_RELATIVE = Rule(
    "one surname and two given names may be relatives",
    Says.OTHER_GIVEN_NAME,
    (_ALIKE, Says.SAME_NUMBER, Says.SAME_MAILBOX | Says.SAME_BIRTH),
)
_SIBLING = Rule(
    "the names differ in what tells parts of one organisation apart",
    Says.SIBLING,
    (Says.SAME_NUMBER,),
)
_GENERATION = Rule(
    "the dates of birth lie apart", Says.BORN_APART, (Says.SAME_NUMBER, Says.SAME_MAILBOX)
)
_BRANCH = Rule(
    "one contact at two addresses may be two branches",
    Says.ELSEWHERE | Says.SAME_CONTACT,
    (Says.SAME_NUMBER, Says.SAME_MAILBOX),
)
_NAMESAKE = Rule(
    "only a name and a place agree, and the table is small", Says.NOTHING, (Says.PRECISE,)
)
_NAMELESS = Rule(
    "nothing names them, and only the street agrees",
    Says.PRECISE,
    (
        Says.MORE_THAN_PLACE,
        _ALIKE,
        Says.NAMED_OTHERWISE,
        Says.OTHER_GIVEN_NAME,
        Says.SIBLING,
    ),
)
_NUMBER = "a number agrees that only one may have: a person looks at it in any case"


class Guard:
    """The rules of one specification and model, as tables."""

    __slots__ = ("_limits", "_line", "_most", "_rules", "_said", "_told", "exclusive")

    def __init__(
        self, spec: MatchSpec, model: MatchModel, comparisons: Sequence[Comparison]
    ) -> None:
        """Choose the rules that the columns and what was learnt give reason for."""
        rules = _rules(model, comparisons)
        line = math.log2(spec.match / (1 - spec.match))
        self._line = line + ASKED
        self._rules = [(line + bits, rule) for rule, bits in rules]
        self._most = np.array(
            [
                min((line + bits for rule, bits in rules if rule.holds(said)), default=math.inf)
                for said in range(_EVERYTHING)
            ]
        )
        self._limits: list[float] = self._most.tolist()
        tables = [_table(item, careful=not model.records) for item in comparisons]
        self._said = [(spot, table) for spot, table in enumerate(tables) if table.any()]
        self._told = [(spot, table.tolist()) for spot, table in self._said]
        self.exclusive = tuple(
            spot
            for spot, item in enumerate(comparisons)
            if item.exclusive and item.comparator.name in _NUMBERS
        )

    def bounded(self, weight: float, levels: Sequence[int]) -> float:
        """The weight of one pair as far as the guards let it go."""
        weight = min(weight, self._limits[self._heard(levels)])
        return max(weight, self._line) if self.exclusive and self.asked(levels) else weight

    def why(self, weight: float, levels: Sequence[int]) -> str | None:
        """What moves this weight, in words; None where nothing does."""
        bounded = self.bounded(weight, levels)
        if bounded == weight:
            return None
        said = self._heard(levels)
        held = (
            rule.why
            for most, rule in sorted(self._rules, key=lambda each: each[0])
            if most == bounded and rule.holds(said)
        )
        return next(held, _NUMBER)

    def _heard(self, levels: Sequence[int]) -> int:
        said = 0
        for spot, told in self._told:
            said |= told[levels[spot]]
        return said

    def asked(self, levels: Sequence[int]) -> bool:
        """True where the pair shares a number that only one may have: never passed over."""
        return any(levels[spot] == 0 for spot in self.exclusive)

    def bound(self, weights: NDArray[np.float64], levels: NDArray[np.int8]) -> None:
        """The same for many pairs, a row each, in the weights themselves."""
        said = np.zeros(len(levels), dtype=np.int16)
        for spot, table in self._said:
            said |= table[levels[:, spot]]
        np.minimum(weights, self._most[said], out=weights)
        for column in self.exclusive:
            asked = levels[:, column] == 0
            weights[asked] = np.maximum(weights[asked], self._line)


def _table(item: Comparison, *, careful: bool) -> NDArray[np.int16]:
    """What each level says; the last entry is that of a missing value."""
    said = dict(_SAID.get(item.comparator.name, {}))
    if careful and item.comparator.name == "phone":
        said[0] |= Says.SAME_CONTACT
    return np.array(
        [*(said.get(level, 0) for level in range(len(item.comparator.levels))), 0], dtype=np.int16
    )


def _rules(model: MatchModel, comparisons: Sequence[Comparison]) -> list[tuple[Rule, float]]:
    """The rules that the columns and what was learnt give reason for, with the bits to hold at.

    A small table knows neither how often names are wrong nor which are rare: there a name needs
    more beside it than a city or a postcode.
    """
    kinds = [item.comparator.name for item in comparisons]
    learnt = dict(zip(kinds, model.comparisons, strict=True))
    if _NAMES.isdisjoint(kinds):
        return []
    small = model.records < _TELLING
    person, date = learnt.get("person"), learnt.get("date")
    rules = [(_NAMELESS, _SETTLED)]
    if small or person is None or "organisation" in kinds or person.m[-1] <= _RELIABLE:
        rules.append((_STRANGER, ASKED))
    if person and (small or _given_names_tell(person.m)):
        rules.append((_RELATIVE, _bits(person, 8)))
    if date and date.m[-1] <= _RELIABLE:
        rules.append((_GENERATION, ASKED))
    if "organisation" in kinds:
        rules += [(_SIBLING, _bits(learnt["organisation"], 5)), (_BRANCH, ASKED)]
    if (small if person else not model.records) and not _PRECISE.isdisjoint(kinds):
        rules.append((_NAMESAKE, ASKED))
    return rules


def _bits(learnt: ComparisonModel, level: int) -> float:
    """Where to hold pairs of a level: what weighs very little is common, and no question."""
    settled = math.log2(learnt.m[level] / learnt.u[level]) <= _SETTLED
    return _SETTLED if settled else ASKED


def _given_names_tell(m: tuple[float, ...]) -> bool:
    """Matches of one surname hardly ever have two given names here."""
    return m[8] <= _RELIABLE * sum(m[level] for level in (0, 1, 2, 8))


def group_members(
    comparisons: Sequence[Comparison], levels: NDArray[np.int8], chances: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Pairs of which training must not learn that they match: members of one group.

    Whether names tell the members apart is asked of the pairs that a number or a date of birth
    joins: where clearly too many of those differ in the name, nothing is held for it.
    """
    kinds = [item.comparator.name for item in comparisons]
    if _NAMES.isdisjoint(kinds):
        return np.zeros(len(levels), dtype=bool)
    said = np.zeros(len(levels), dtype=np.int16)
    for column, item in enumerate(comparisons):
        said |= _table(item, careful=False)[levels[:, column]]
    proven = np.where(said & _PROOF, chances, 0.0)
    rules = [_SIBLING, _BRANCH, _NAMELESS]
    for rule, most in ((_STRANGER, _STRANGERS), (_RELATIVE, _RELIABLE)):
        differ = float(proven[(said & rule.wants > 0) & (said & _ALIKE == 0)].sum())
        if differ - 2 * math.sqrt(differ) <= most * float(proven.sum()):
            rules.append(rule)
    held = np.array([any(rule.holds(s) for rule in rules) for s in range(_EVERYTHING)])
    result: NDArray[np.bool_] = held[said]
    return result
