"""What a target should hold, how urgent that is, and how far it has come.

Publishing is state: one row per (target, target key, attribute group), never an event.

A row says which golden version the target should hold and how far that has come:

| from | what happens | to |
|---|---|---|
| any | a newer version is wanted | PENDING; SENT while an attempt is open |
| PENDING, DRIFTED | leased and sent | SENT |
| SENT | echo of the desired version, or the target held it already | ECHOED |
| SENT, ECHOED | echo of any other version | PENDING, due now |
| SENT | transient failure, conflict | PENDING, due after the backoff |
| SENT | outcome unknown | SENT, due for reading back after the backoff |
| SENT | permanent failure | REJECTED, until something else is wanted |
| SENT, ECHOED | no echo in time, or the target said something else | DRIFTED, due now |

Work is leased with a fencing token, which grows with each lease: whoever comes back with an older
one was overtaken and gets StaleAttempt. While an attempt is open the row is not closed, whatever
else arrives. All functions return the new row; nothing here reads a clock or rolls dice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from golden_records.domain.bases import alike
from golden_records.domain.conditions import Condition, context_of
from golden_records.domain.errors import TerminalError
from golden_records.domain.frequency import combine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from golden_records.domain.catalogue import Entity, Lane, LaneClass, WritePlan

BACKOFF_BASE: Final = timedelta(seconds=1)
BACKOFF_CAP: Final = timedelta(minutes=5)
GREATEST_DOUBLING: Final = 30
FLIPS: Final = 3


class PublicationState(StrEnum):
    """How far a value has come on its way to a target."""

    PENDING = "PENDING"
    SENT = "SENT"
    ECHOED = "ECHOED"
    REJECTED = "REJECTED"
    DRIFTED = "DRIFTED"


class Failure(StrEnum):
    """Why an attempt failed; it decides what happens next."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


class NoClass(TerminalError):
    """The lane has no class; declare one without a condition."""


class StaleAttempt(TerminalError):
    """The attempt was overtaken by another worker's; drop its outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A row of the publishing queue. `due_at` None = nothing to do until something happens.

    `token` is that of the last lease; `leased_until` is set while an attempt is open. `sent` and
    `echoed` are golden versions. `first_dirty_at` is when the oldest difference arose that the
    target does not hold yet; freshness counts from it.
    """

    desired: int
    state: PublicationState = PublicationState.PENDING
    due_at: datetime | None = None
    first_dirty_at: datetime | None = None
    token: int = 0
    leased_until: datetime | None = None
    sent: int | None = None
    echoed: int | None = None
    attempts: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An attribute that the target does not hold as it should, both values canonical."""

    attribute: str
    desired: object
    current: object


def desired(
    plan: WritePlan, golden: Mapping[str, object], held: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return what the plan's attributes should be at the target.

    Overrides are in the golden values already. `held` replaces values that must not go out now
    (disputed, frozen) by those to publish instead, such as the last agreed ones.
    """
    wanted = {name: golden.get(name) for name in plan.attributes}
    if held:
        wanted.update({name: value for name, value in held.items() if name in wanted})
    return wanted


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


def wanted(row: Publication, version: int, *, dirty_at: datetime, due_at: datetime) -> Publication:
    """Ask for a newer version; older ones change nothing. Changes between two ticks coalesce."""
    if version <= row.desired:
        return row
    first = row.first_dirty_at or dirty_at
    due = combine(row.due_at, due_at)
    wanting = replace(row, desired=version, due_at=due, first_dirty_at=first, error=None)
    if row.leased_until is not None:
        return wanting
    return replace(wanting, state=PublicationState.PENDING, attempts=0)


def lease(row: Publication, now: datetime, span: timedelta) -> Publication | None:
    """Take a due row for `span`; None if it is not due or somebody else holds it."""
    held = row.leased_until is not None and now < row.leased_until
    if held or row.due_at is None or now < row.due_at:
        return None
    return replace(row, token=row.token + 1, leased_until=now + span, attempts=row.attempts + 1)


def send(row: Publication, token: int, version: int) -> Publication:
    """Note, before anything leaves, which version is sent."""
    _own(row, token)
    return replace(row, state=PublicationState.SENT, sent=version, echoed=None)


def accepted(row: Publication, token: int, now: datetime) -> Publication:
    """The target took the write: wait for the echo, or go on if a newer version is wanted."""
    _own(row, token)
    free = replace(row, leased_until=None, error=None)
    if row.state is PublicationState.SENT and row.sent == row.desired:
        return echo(free, row.sent, now) if row.echoed == row.sent else replace(free, due_at=None)
    return replace(free, state=PublicationState.PENDING, due_at=_at(row.due_at, now))


def already(row: Publication, token: int, version: int, now: datetime) -> Publication:
    """The target was found to hold that version: as good as an echo."""
    _own(row, token)
    return echo(replace(row, leased_until=None, sent=version), version, now)


def echo(row: Publication, version: int, now: datetime) -> Publication:
    """The target's feed showed a version: the desired one closes the row, others make it due.

    While an attempt is open the echo is only remembered; `accepted` then closes the row.
    """
    seen = replace(row, echoed=version)
    if row.leased_until is not None:
        return seen
    if version != row.desired:
        return replace(seen, state=PublicationState.PENDING, due_at=_at(row.due_at, now))
    return replace(
        seen,
        state=PublicationState.ECHOED,
        due_at=None,
        first_dirty_at=None,
        attempts=0,
        error=None,
    )


def fail(
    row: Publication, token: int, failure: Failure, *, error: str, retry_at: datetime
) -> Publication:
    """An attempt failed; `retry_at` comes from `backoff`."""
    _own(row, token)
    free = replace(row, leased_until=None, error=error)
    if failure is Failure.UNKNOWN:
        return replace(free, state=PublicationState.SENT, due_at=retry_at)
    if failure is Failure.PERMANENT and row.sent in (row.desired, None):
        return replace(free, state=PublicationState.REJECTED, due_at=None)
    return replace(free, state=PublicationState.PENDING, due_at=retry_at)


def retry(row: Publication, now: datetime) -> Publication:
    """A person asks for another attempt at once, also of what was rejected."""
    return (
        replace(
            row, state=PublicationState.PENDING, due_at=_at(row.due_at, now), attempts=0, error=None
        )
        if row.leased_until is None
        else replace(row, due_at=_at(row.due_at, now))
    )


def drift(row: Publication, now: datetime) -> Publication:
    """The echo never came, or the target changed the value: decide again, now."""
    if row.leased_until is not None:
        return row
    return replace(
        row,
        state=PublicationState.DRIFTED,
        due_at=_at(row.due_at, now),
        first_dirty_at=row.first_dirty_at or now,
    )


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


def freshness(row: Publication, promised: timedelta, now: datetime) -> float:
    """Age of the oldest pending difference by the promised age; above one is a breach."""
    if row.first_dirty_at is None:
        return 0.0
    return (now - row.first_dirty_at) / max(promised, timedelta(seconds=1))


def _own(row: Publication, token: int) -> None:
    if token != row.token or row.leased_until is None:
        message = f"the attempt with token {token} was overtaken by {row.token}; drop its outcome"
        raise StaleAttempt(message, token=token, current=row.token)


def _at(due: datetime | None, now: datetime) -> datetime:
    return now if due is None else min(due, now)


@lru_cache(maxsize=1024)
def _condition(text: str) -> Condition:
    return Condition(text)
