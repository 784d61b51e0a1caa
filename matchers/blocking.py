"""Blocking keys: which records are worth comparing, without hand-written rules.

Every comparison offers keys of some strength. Identifiers (EXACT) and strong keys stand alone;
base keys stand alone and are also combined with the base and weak keys of other comparisons. The
combinations are the refinement of the base keys: where a base key's block is too big, `usable`
drops that key and the records still meet through its finer combinations.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import combinations
from struct import Struct
from typing import TYPE_CHECKING, Final

from matchers.compare.levels import Strength
from matchers.score import scorer_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matchers.compare.levels import Value
    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.score import ComparisonScorer, Scorer
    from matchers.spec import MatchSpec

EXACT_MARK = "!"
SINGLE_MARK = "~"
# The mark of a key that stands alone, by its strength.
MARKS: Final = ("", SINGLE_MARK, "", EXACT_MARK)
# An identifier's block may be this many times larger than another before it counts as hot.
_EXACT_ALLOWANCE = 5
# A base key alone counts as hot this much sooner: its records meet through its combinations.
_SINGLE_SHARE = 8
_BASE = int(Strength.BASE)
_KINDS = {SINGLE_MARK: 1, EXACT_MARK: 2}
_SEPARATOR = "\x1f"
_first_code = Struct(">q").unpack_from


def block_cap(key: str, cap: int) -> int:
    """The largest block that the key may have, where `cap` is that of a fine key."""
    if key.startswith(EXACT_MARK):
        return cap * _EXACT_ALLOWANCE
    return max(cap // _SINGLE_SHARE, 2) if key.startswith(SINGLE_MARK) else cap


def block_caps(cap: int) -> tuple[int, int, int]:
    """The largest blocks by the kind of key that `key_code` tells, where `cap` is of a fine key."""
    return cap, block_cap(SINGLE_MARK, cap), block_cap(EXACT_MARK, cap)


def key_code(entity: str, key: str) -> int:
    """Return a key of an entity as a signed number of 64 bits, the same in every process.

    The first eight bytes of the SHA-256 of both, but for the two lowest bits: they tell the kind
    of key, 0 a fine one, 1 a base key alone, 2 an identifier.
    """
    return _codes(entity, (key,))[0]


def _codes(entity: str, found: Iterable[str]) -> list[int]:
    start, kinds = f"{entity}{_SEPARATOR}", _KINDS
    return [
        _first_code(sha256(f"{start}{key}".encode()).digest())[0] & ~3 | kinds.get(key[:1], 0)
        for key in found
    ]


def key_codes(spec: MatchSpec, model: MatchModel, prepared: Prepared) -> frozenset[int]:
    """The codes of all keys of a record."""
    return frozenset(_codes(spec.entity, _texts(scorer_for(spec, model), prepared)))


def keys(spec: MatchSpec, model: MatchModel, prepared: Prepared) -> tuple[str, ...]:
    """All keys of a record, sorted; the same for the same record and model in every process.

    A key that starts with "!" is an identifier: a candidate source of its own; one that starts
    with "~" is a base key alone.
    """
    return tuple(sorted(set(_texts(scorer_for(spec, model), prepared))))


def _texts(scorer: Scorer, prepared: Prepared) -> list[str]:
    single, pairs = _found(scorer, prepared)
    return [*single, *map("&".join, pairs)]


def key_parts(scorer: Scorer, prepared: Prepared) -> set[tuple[str, ...]]:
    """The keys by their parts: one alone, or two of different comparisons together."""
    single, pairs = _found(scorer, prepared)
    return {*((text,) for text in single), *pairs}


def _found(scorer: Scorer, prepared: Prepared) -> tuple[list[str], list[tuple[str, str]]]:
    """Keys alone and those of two parts; some may come twice."""
    single: list[str] = []
    partial: list[tuple[int, str, Strength]] = []
    for place, (item, value) in enumerate(zip(scorer.comparisons, prepared.values, strict=True)):
        if value is None or item.generic(value):
            continue
        named = named_keys(item, value)
        single += [alone(text, strength) for text, strength in named if strength]
        partial += [(place, text, strength) for text, strength in named if strength <= _BASE]
    return single, _combined(partial)


def named_keys(item: ComparisonScorer, value: Value) -> list[tuple[str, Strength]]:
    """The value's keys under the name of its comparison."""
    name = item.comparison.name
    return [(f"{name}.{key}", strength) for key, strength in item.keys(value)]


def alone(text: str, strength: Strength) -> str:
    """A key that stands alone, with the mark of its kind."""
    return MARKS[strength] + text


def _combined(partial: list[tuple[int, str, Strength]]) -> list[tuple[str, str]]:
    return [
        (text, other)
        for (place, text, strength), (elsewhere, other, its) in combinations(partial, 2)
        if place != elsewhere and (strength or its)
    ]


def usable(
    spec: MatchSpec, found: Iterable[str], sizes: Mapping[str, int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split a record's keys by the sizes of their blocks: (to look up, too hot).

    The caller counts the records per key, looks up the first part and reports the second; a
    record all of whose keys are hot must be held for a person, never cut short silently. Smallest
    blocks come first.
    """
    look_up, hot = [], []
    for key in found:
        size = sizes.get(key, 0)
        if size <= block_cap(key, spec.block_cap):
            look_up.append((size, key))
        else:
            hot.append(key)
    return tuple(key for _, key in sorted(look_up)), tuple(sorted(hot))
