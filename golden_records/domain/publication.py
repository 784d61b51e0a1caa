"""What a target should hold, and how urgent that is.

How far a publication has come is kept by PostgreSQL (`golden_records.store.publications` as the
resolver writes it, `golden_records.store.leases` as the publisher does).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from golden_records.domain.bases import alike
from golden_records.domain.conditions import Condition, context_of
from golden_records.domain.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from golden_records.domain.catalogue import Entity, Lane, LaneClass

BACKOFF_BASE: Final = timedelta(seconds=1)
BACKOFF_CAP: Final = timedelta(minutes=5)
GREATEST_DOUBLING: Final = 30
FLIPS: Final = 3


class NoClass(TerminalError):
    """The lane has no class; declare one without a condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An attribute that the target does not hold as it should, both values canonical."""

    attribute: str
    desired: object
    current: object


def differences(
    wanted: Mapping[str, object],
    current: Mapping[str, object] | None,
    folded: frozenset[str] = frozenset(),
) -> tuple[Difference, ...]:
    """Return what must be written, in the order of `wanted`; `current` None = the record lacks.

    An attribute that `current` does not mention counts as null there. `folded` are attributes that
    are the same in any case of their letters.
    """
    there = current or {}
    return tuple(
        Difference(attribute=name, desired=value, current=there.get(name))
        for name, value in wanted.items()
        if value != there.get(name) and not (name in folded and alike(value, there.get(name)))
    )


def lane_class(
    lane: Lane,
    wanted: Mapping[str, object],
    current: Mapping[str, object] | None,
    facts: Mapping[str, object],
    entity: Entity,
) -> LaneClass:
    """Return the first class whose condition holds; the last declared one if none does.

    Conditions see `golden` (the wanted values), `current` and `entity` (the facts), decimals as
    doubles. With the last class as the answer no record is ever without a frequency.
    """
    if not lane.classes:
        raise NoClass(f"lane {lane.name} has no class; declare one without a condition")
    context: dict[str, object] = {}
    for one in lane.classes:
        if one.when is None:
            return one
        context = context or {
            "golden": context_of(entity, wanted),
            "current": context_of(entity, current or {}),
            "entity": dict(facts),
        }
        if _condition(one.when).holds(context):
            return one
    return lane.classes[-1]


def backoff(
    attempt: int,
    randomness: float,
    *,
    base: timedelta = BACKOFF_BASE,
    cap: timedelta = BACKOFF_CAP,
    retry_after: timedelta | None = None,
) -> timedelta:
    """Wait with full jitter: a random share of the doubled base, never less than Retry-After.

    `attempt` counts from one, `randomness` is in [0, 1). Spread over the whole span, so that those
    who failed together do not come back together.
    """
    doubled = base * 2 ** min(attempt - 1, GREATEST_DOUBLING) if attempt > 0 else base
    wait = min(cap, doubled) * randomness
    return wait if retry_after is None else retry_after + wait


def oscillates(values: Sequence[object], flips: int = FLIPS) -> bool:
    """Tell whether a value goes back and forth: A, B, A, B ... with `flips` returns in a row.

    `values` are those that one (key, attribute) had within the watched time, oldest first; equal
    neighbours count once. The brake is to stop publishing it and to open a conflict.
    """
    distinct = [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]
    returns = 0
    for at in range(2, len(distinct)):
        returns = returns + 1 if distinct[at] == distinct[at - 2] else 0
        if returns >= flips:
            return True
    return False


@lru_cache(maxsize=1024)
def _condition(text: str) -> Condition:
    return Condition(text)
