"""Time as an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """What the hub knows of time; tests pass one that stands still."""

    def now(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for measuring spans."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""
        ...
