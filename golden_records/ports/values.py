"""Prices and limits: exchange rates, periods, decisions on raises, and who stands above whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.money import Rate, Rates
    from golden_records.domain.records import Approval


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodWrite:
    """What a golden record holds in [begins, ends), with its lineage as it is stored."""

    golden_id: UUID
    begins: datetime | None
    ends: datetime | None
    attrs: Mapping[str, object]
    lineage: Mapping[str, object]


class ExchangeRates(Protocol):
    """Reference data: rates are added and closed, and every import is a version of the whole."""

    def version(self) -> str:
        """Return the version in force; '' before the first import."""
        ...

    def current(self) -> Rates: ...

    def lock(self) -> None:
        """Let one import at a time change the rates."""
        ...

    def replace(self, add: Sequence[Rate], close: Sequence[str], said: Mapping[str, str]) -> str:
        """Close rates by id, add others; `said` holds file and actor. Return the new version."""
        ...


class Periods(Protocol):
    """What dated golden records hold when, with the history of it."""

    def write(self, golden_ids: Sequence[UUID], periods: Sequence[PeriodWrite]) -> None:
        """Make these the periods of the golden records; what is stored already stays."""
        ...


class RaiseDecisions(Protocol):
    """What people said about raises."""

    def in_force(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[Approval]]: ...

    def end(self, spent: Sequence[tuple[UUID, Approval]]) -> None:
        """Close decisions on raises that nobody proposes any more."""
        ...

    def decide(self, golden_id: UUID, approval: Approval, said: Mapping[str, str]) -> None:
        """Add a decision; `said` holds reason and policy. The one before on the group is closed."""
        ...


class Families(Protocol):
    """Golden records under others of their entity."""

    def attrs(self, golden_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, object]]: ...

    def used(
        self, entity: str, parent: str, wanted: tuple[str, str | None], ids: Sequence[UUID]
    ) -> dict[UUID, list[dict[str, object]]]:
        """Sum `wanted` (amount, unit) of all that stand below each: one row a unit.

        A row has unit, total, below (how many), and circle: the golden record is below itself.
        """
        ...

    def above(self, parent: str, ids: Sequence[UUID]) -> list[UUID]:
        """Return the golden records and all under which they stand, also in a circle."""
        ...
