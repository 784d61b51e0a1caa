"""Deletions that are withheld until a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.deletes import Waiting, Why, WithheldState


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldDelete:
    """The deletion of one source record, to be withheld."""

    record_id: int
    key: str
    root_key: str
    why: Why


class Withheld(Protocol):
    """Withheld deletions of an (entity, system), and how many deletions there were lately."""

    def lock(self, entity: str, system: str) -> None:
        """Be the only one who counts and decides deletions of the pair; before any other lock."""
        ...

    def live(self, entity: str, system: str, roots: Sequence[str]) -> dict[str, Waiting]:
        """Return what is withheld of these roots, by record key."""
        ...

    def replaced(self, record_ids: Sequence[int]) -> set[int]:
        """Return those whose golden record has another record of the same system, none of these."""
        ...

    def deleted_at(
        self, golden_ids: Sequence[UUID], systems: Sequence[str]
    ) -> set[tuple[UUID, str]]:
        """Return the golden records whose last record in a system was deleted there."""
        ...

    def hold(
        self, entity: str, system: str, rows: Sequence[WithheldDelete], now: datetime
    ) -> None: ...

    def end(self, entity: str, system: str, keys: Sequence[str], state: WithheldState) -> None: ...

    def held(self, entity: str, system: str, why: str) -> int:
        """Return how many wait for a person."""
        ...

    def counted(self, entity: str, system: str, since: datetime) -> int:
        """Return how many deletions were applied since then."""
        ...

    def count(self, pair: tuple[str, str], records: int, now: datetime, since: datetime) -> None:
        """Count applied deletions; forget what was counted until `since`."""
        ...

    def records(self, entity: str, system: str) -> int:
        """Return how many live records the system has of the entity."""
        ...
