"""The rules by which a sequence of changes becomes a row; pure.

A row's state is a function of its changes in arrival order, so it does not matter how the feed
was cut into chunks: `step` sees the stored state and one change, never the rest of the chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from golden_records.domain.rowchange import UNKNOWN, Op

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from golden_records.domain.rowchange import RowChange

ANYBODY: Final = "?"
"""The origin of a snapshot's row: it shows what somebody wrote at some time."""


@dataclass(slots=True)
class TableCounts:
    """What became of the changes of one table; received = applied + duplicate + stale.

    `unknown` counts applied changes of unseen rows that lacked a column: it is stored as NULL.
    """

    received: int = 0
    applied: int = 0
    duplicate: int = 0
    stale: int = 0
    unknown: int = 0


class Image(NamedTuple):
    """A row as it stands. `values` is None while only the marks were read.

    `ahead` says that the content came from a row without a position (incremental snapshot) and
    may be newer than `position` tells. `since` tells of a row that changed more than once when
    each column did so last, as far as these changes show.
    """

    position: str | None
    offset: int
    deleted: bool
    ahead: bool
    values: tuple[Any, ...] | None
    changed_at: datetime | None = None
    origin: str | None = None
    since: tuple[datetime | None, ...] | None = None


class Shape(NamedTuple):
    """What the fold has to know of a table: how many columns, where its key stands, our origins."""

    width: int
    key_positions: tuple[int, ...]
    tags: frozenset[str] = frozenset()


def needs_content(stored: Image | None, changes: Sequence[RowChange]) -> bool:
    """Whether the fold must see the stored values: kept columns, or an equal position."""
    if len(changes) == 1:
        change = changes[0]
        if change.values is None or UNKNOWN in change.values:
            return True
        return stored is not None and needs_comparison(stored, changes)
    return any(c.values is None or UNKNOWN in c.values for c in changes) or (
        needs_comparison(stored, changes)
    )


def needs_comparison(stored: Image | None, changes: Sequence[RowChange]) -> bool:
    """Whether contents must be compared: a change without position, or two at the same one."""
    seen = set() if stored is None or stored.position is None else {stored.position}
    for change in changes:
        position = None if change.position is None else change.position.encode()
        if position is None or position in seen:
            return True
        seen.add(position)
    return False


def fold(
    stored: Image | None, changes: Iterable[RowChange], shape: Shape, counts: TableCounts
) -> Image | None:
    """Apply the changes in arrival order and count them; None when nothing was applied."""
    state = stored
    for change in changes:
        counts.received += 1
        verdict = judge(state, change)
        if verdict == "applied":
            counts.applied += 1
            after = _applied(state, change, shape, counts)
            state = after if state is stored else after._replace(since=_since(state, after))
        elif verdict == "stale":
            counts.stale += 1
        else:
            counts.duplicate += 1
    return None if state is stored else state


def _since(before: Image | None, after: Image) -> tuple[datetime | None, ...] | None:
    """When each column last changed: now where it differs, else when it did before."""
    if before is None or before.values is None or after.values is None:
        return None
    since = before.since or (before.changed_at,) * len(before.values)
    return tuple(
        at if old == new else after.changed_at
        for at, old, new in zip(since, before.values, after.values, strict=True)
    )


def judge(state: Image | None, change: RowChange) -> str:
    """Say whether the change applies to the row: `applied`, `duplicate` or `stale`.

    A higher position applies even at a lower offset: then the topic was made anew, for within one
    topic nothing that was already read has a higher position than the row. Only where the content
    is ahead of its position may such a change be an old one that comes back.
    """
    if state is None:
        return "applied"
    position = None if change.position is None else change.position.encode()
    again = change.offset <= state.offset
    if position is not None and (state.position is None or position > state.position):
        return "duplicate" if again and state.ahead else "applied"
    if again:
        return "duplicate"
    if position is not None and state.position is not None and position < state.position:
        return "stale"
    return "duplicate" if same_content(state, change) else "applied"


def same_content(state: Image, change: RowChange) -> bool:
    """Whether the change says nothing that the row does not hold; UNKNOWN says nothing."""
    if change.values is None or state.deleted:
        return change.values is None and state.deleted
    held = state.values or ()
    return all(new is UNKNOWN or new == old for old, new in zip(held, change.values, strict=True))


def _applied(state: Image | None, change: RowChange, shape: Shape, counts: TableCounts) -> Image:
    position = change.position
    encoded = position.encode() if position is not None else state and state.position
    return Image(
        encoded,
        change.offset,
        change.op is Op.DELETE,
        position is None,
        _values(state, change, shape, counts),
        change.source_ts,
        _origin(state, change, shape),
    )


def origin_of(change: RowChange) -> str | None:
    """Who wrote, as the mirror keeps it."""
    return ANYBODY if change.snapshot else change.origin


def _origin(state: Image | None, change: RowChange, shape: Shape) -> str | None:
    """Who wrote last; our own mark stays, for what we wrote must be seen under a later change."""
    before = None if state is None else state.origin
    return before if before in shape.tags else origin_of(change)


def _values(
    state: Image | None, change: RowChange, shape: Shape, counts: TableCounts
) -> tuple[Any, ...]:
    values = change.values
    if values is None:
        return _shadow(state, change, shape)
    if UNKNOWN not in values:
        return values
    if state is None:
        counts.unknown += 1
        return tuple(None if value is UNKNOWN else value for value in values)
    held = state.values or ()
    return tuple(old if new is UNKNOWN else new for old, new in zip(held, values, strict=True))


def _shadow(state: Image | None, change: RowChange, shape: Shape) -> tuple[Any, ...]:
    """What a deleted row keeps: all that was known, or its key alone."""
    if state is not None and state.values is not None:
        return state.values
    row: list[Any] = [None] * shape.width
    for at, value in zip(shape.key_positions, change.key, strict=True):
        row[at] = value
    return tuple(row)
