"""An agreement level, and the comparator that a kind of attribute is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from matchers.terms import TermTable

MISSING = -1

# Values are opaque to everybody but their own comparator.
Value = Any


class Strength(IntEnum):
    """How far a blocking key stands alone: WEAK only beside a key of another comparison."""

    WEAK = 0
    BASE = 1
    STRONG = 2
    EXACT = 3


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison, with its prior chances and its share of term frequency.

    `m`: chance of this outcome among matches; `u`: among random pairs. They need not add up to
    one exactly; they are normalised where they are used.
    """

    label: str
    m: float
    u: float
    frequency: float = 0.0


def _no_terms(_value: Value) -> tuple[str, ...]:
    return ()


def _no_agreement(_one: Value, _other: Value) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Comparator:
    """Everything one kind of attribute needs.

    `compare` answers the index of a level, or MISSING. `terms` are counted in the frequency
    snapshot; `agreed` names those that two agreeing values share. `identifying`: a value held by
    many records is a placeholder, stops counting and is no key.
    """

    name: str
    levels: tuple[Level, ...]
    normalise: Callable[[tuple[str | None, ...], str | None], Value | None]
    compare: Callable[[Value, Value, TermTable], int]
    keys: Callable[[Value, TermTable], list[tuple[str, Strength]]]
    terms: Callable[[Value], tuple[str, ...]] = _no_terms
    agreed: Callable[[Value, Value], tuple[str, ...]] = _no_agreement
    show: Callable[[Value], str] = str
    identifying: bool = False
