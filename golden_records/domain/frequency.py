"""When a difference is due at a target. A frequency is a greatest age, not a pause.

`every` runs on a fixed grid: anchored at the epoch in the zone, shifted by a jitter that a hash of
the salt gives (a tenth of the period, five minutes at most), so restarts do not shift the phase and
lanes do not fire together. Periods over an hour keep to the wall clock; where the clock is put back
the promise wins over the grid, and the difference is due when its age is reached. `cron` fires at
the instants of the expression, without jitter: a missing hour fires at the next valid instant, a
repeated hour once (entries with a wildcard hour follow real time, as in Debian's cron).

Missed instants collapse: a due time in the past means now.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from golden_records.domain.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from golden_records.domain.catalogue import Frequency

IMMEDIATE: Final = "immediate"
EVERY: Final = "every"
CRON: Final = "cron"

JITTER_SHARE: Final = 10
GREATEST_JITTER: Final = timedelta(minutes=5)
HOUR: Final = timedelta(hours=1)
SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock, in whichever zone


class FrequencyRefused(TerminalError):
    """The frequency cannot be followed; correct the lane."""


def check(frequency: Frequency) -> None:
    """Raise FrequencyRefused, with the remedy, for what `next_due` could not follow."""
    if frequency.mode not in _DUE:
        message = f"unknown mode {frequency.mode!r}; use {', '.join(sorted(_DUE))}"
        raise FrequencyRefused(message)
    if frequency.mode == EVERY and (frequency.every is None or frequency.every < SECOND):
        raise FrequencyRefused("mode every needs a period of at least one second")
    _zone(frequency.time_zone)
    if frequency.mode == CRON:
        _first_from(frequency.cron or "", frequency.time_zone, _EPOCH.replace(tzinfo=UTC))


def next_due(frequency: Frequency, first_dirty_at: datetime, now: datetime, salt: str) -> datetime:
    """Return when a difference that is due since `first_dirty_at` must be written, in UTC.

    A source whose clock is ahead does not delay its own changes: counting starts at `now` then.
    """
    due = _DUE.get(frequency.mode)
    if due is None:
        check(frequency)
        raise FrequencyRefused
    return due(frequency, min(first_dirty_at, now).astimezone(UTC), salt)


def combine(old_due: datetime | None, new_due: datetime) -> datetime:
    """Return the due time of a row that is due already: more urgent pulls it forward only."""
    return new_due if old_due is None else min(old_due, new_due)


def jitter(frequency: Frequency, salt: str) -> timedelta:
    """Return the shift of the grid; the same for the same salt, on every machine."""
    if frequency.every is None:
        return timedelta(0)
    digest = blake2b(salt.encode(), digest_size=8).digest()
    share = int.from_bytes(digest, "big") / 2**64
    return min(frequency.every / JITTER_SHARE, GREATEST_JITTER) * share


def _at_once(_frequency: Frequency, start: datetime, _salt: str) -> datetime:
    return start


def _on_grid(frequency: Frequency, start: datetime, salt: str) -> datetime:
    every = frequency.every
    if every is None or every < SECOND:
        raise FrequencyRefused("mode every needs a period of at least one second")
    zone = _zone(frequency.time_zone)
    shift = jitter(frequency, salt)
    if every <= HOUR:
        anchor = _EPOCH.replace(tzinfo=zone).astimezone(UTC) + shift
        return anchor + _ceiling(start - anchor, every)
    return _on_wall_clock(start, zone, (every, shift))


def _on_wall_clock(start: datetime, zone: tzinfo, grid: tuple[timedelta, timedelta]) -> datetime:
    """Find the next instant of the grid that the zone's clock shows, within the promised age.

    A repeated local time is its first occurrence, so the one found may be over already; a missing
    one is the instant at which the clock would have shown it, which is the next valid one.
    """
    every, shift = grid
    local = start.astimezone(zone).replace(tzinfo=None) - shift
    ticks = _ceiling(local - _EPOCH, every)
    found = _instant(_EPOCH + ticks + shift, zone)
    if found < start:
        found = _instant(_EPOCH + ticks + every + shift, zone)
    return min(found, start + every)


def _instant(local: datetime, zone: tzinfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def _ceiling(span: timedelta, every: timedelta) -> timedelta:
    return -(-span // every) * every


def _at_cron(frequency: Frequency, start: datetime, _salt: str) -> datetime:
    whole = start.replace(microsecond=0)
    before = whole if start.microsecond else whole - SECOND
    return _first_from(frequency.cron or "", frequency.time_zone, before)


@lru_cache(maxsize=4096)
def _first_from(cron: str, time_zone: str, before: datetime) -> datetime:
    """Return the first instant after `before`, in whole seconds."""
    local = before.astimezone(_zone(time_zone))
    try:
        found = next(CronSim(cron, local))
        while found.astimezone(UTC) <= before:
            found = next(CronSim(cron, found))
    except (CronSimError, StopIteration) as error:
        message = f"cron {cron!r} is not an expression of five fields that ever fires: {error}"
        raise FrequencyRefused(message, cron=cron) from error
    return found.astimezone(UTC)


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"unknown time zone {name!r}; use an IANA name such as Europe/Berlin"
        raise FrequencyRefused(message, time_zone=name) from error


_DUE: Final[dict[str, Callable[[Frequency, datetime, str], datetime]]] = {
    IMMEDIATE: _at_once,
    EVERY: _on_grid,
    CRON: _at_cron,
}
