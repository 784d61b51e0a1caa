"""Cases of schema drift, as the feed and the look at the sources open and close them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftCase:
    """An open case of schema drift."""

    id: int
    cause: str
    system: str
    table: str
    place: str
    change: str
    witness: str
    since: datetime


class Drift(Protocol):
    """The open cases of schema drift, and when the shape of a cause last fitted."""

    def open_cases(self) -> list[DriftCase]: ...

    def fitted(self, causes: Sequence[str]) -> Mapping[str, datetime]:
        """Return, for causes whose case was closed before, since when the shape fits again."""
        ...

    def close(self, case_ids: Sequence[int], fits_at: datetime, resolution: str) -> None:
        """Close cases, and remember from which time of the source on the shape fits."""
        ...
