"""The brake on a value that goes to and fro between the hub and one system.

Each write leaves what the target held and what it got. A target that brings its own value back
each time makes the row A, B, A, B …; after a few returns within a while the hub stops writing, and
a person looks. The golden value stays the owner's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from golden_records.domain.publication import oscillates

WINDOW: Final = timedelta(hours=24)
KEPT: Final = 8
"""Writes that are remembered: more than it takes to pull the brake."""
RETURNS: Final = 4
"""A returns twice and B twice: the third time that the hub writes over the same value."""


def remember(
    history: Sequence[object], seen: Mapping[str, object] | None, wrote: object, now: datetime
) -> list[object]:
    """Add a write to the history, and forget the oldest."""
    return [*history, {"at": now.isoformat(), "seen": seen or {}, "wrote": wrote}][-KEPT:]


def flipping(history: Sequence[object], now: datetime) -> str | None:
    """Return the first attribute, by name, that goes to and fro within the window; else None."""
    recent = [w for w in history if isinstance(w, Mapping) and _recent(w.get("at"), now)]
    names = sorted({name for write in recent for name in write["wrote"]})
    return next((name for name in names if oscillates(_values(recent, name), RETURNS)), None)


def _recent(at: object, now: datetime) -> bool:
    return isinstance(at, str) and datetime.fromisoformat(at) > now - WINDOW


def _values(writes: Sequence[Mapping[str, object]], name: str) -> list[object]:
    """What the target held of the attribute, in order: before and after each write."""
    said = (part for write in writes for part in (write["seen"], write["wrote"]))
    return [part[name] for part in said if isinstance(part, Mapping) and name in part]
