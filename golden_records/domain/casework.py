"""A case's life, and what it is worth: its states, the money at stake, when a decision is due.

| state | it |
|---|---|
| pending | waits: a grace is not over, a person put it off, or a decision has to take effect |
| open | wants somebody |
| assigned | has somebody |
| resolved | is decided, or what caused it is gone |
| superseded | is another case's now: its golden record was merged into another |
| expired | can be decided no more: nothing is left that it was about |
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from golden_records.domain.conditions import ConditionFailed, Measure, as_double, decimal_names
from golden_records.domain.values import as_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from golden_records.domain.catalogue import Entity
    from golden_records.domain.records import Conflict
    from golden_records.domain.rulebook import CaseClass


class CaseState(StrEnum):
    """Where a case stands."""

    PENDING = "pending"
    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


LIVE: Final = frozenset({CaseState.PENDING, CaseState.OPEN, CaseState.ASSIGNED})
CLOSED: Final = frozenset(CaseState) - LIVE


def may_become(was: CaseState, now: CaseState) -> bool:
    """Tell whether a case may go from one state to another.

    What is closed stays closed, but that a decision may be undone: then its case is open again.
    """
    undone = was is CaseState.RESOLVED and now is CaseState.OPEN
    return was is now or was in LIVE or undone


class Stakes:
    """What cases of one entity are worth, compiled."""

    __slots__ = (
        "_attribute", "_classes", "_currency", "_decimals", "_entity", "_measure", "_names",
    )  # fmt: skip

    def __init__(self, entity: Entity, classes: Sequence[CaseClass] = ()) -> None:
        self._names = frozenset(attribute.name for attribute in entity.attributes)
        self._entity = entity.name
        self._attribute = entity.exposure if entity.exposure in self._names else None
        self._measure = (
            Measure(entity.exposure) if entity.exposure and self._attribute is None else None
        )
        self._currency = entity.exposure_currency
        self._decimals = decimal_names(entity)
        self._classes = tuple(classes)

    def put(self, conflict: Conflict, attrs: Mapping[str, object]) -> Conflict:
        """Return the conflict with money at stake, currency, class and how soon it is due."""
        amount = self._amount(attrs)
        found = class_of(self._classes, str(conflict.kind), self._entity, amount)
        return replace(
            conflict,
            exposure=None if amount is None else str(amount),
            currency=None if amount is None else self._currency_of(attrs),
            case_class=found.name if found else None,
            due=found.due if found else None,
        )

    def _amount(self, attrs: Mapping[str, object]) -> Decimal | None:
        if self._attribute is not None:
            value = attrs.get(self._attribute)
            return None if value is None else as_decimal(value)
        if self._measure is None:
            return None
        context = {
            name: as_double(attrs.get(name)) if name in self._decimals else attrs.get(name)
            for name in self._measure.variables
        }
        try:
            return self._measure.amount(context)
        except ConditionFailed:
            return None

    def _currency_of(self, attrs: Mapping[str, object]) -> str | None:
        if self._currency is None or self._currency not in self._names:
            return self._currency
        value = attrs.get(self._currency)
        return None if value is None else str(value)


def class_of(
    classes: Sequence[CaseClass], kind: str, entity: str, exposure: Decimal | None
) -> CaseClass | None:
    """Return the first class that takes a case; a class with an amount takes none without one."""
    return next(
        (
            found
            for found in classes
            if (not found.kinds or kind in found.kinds)
            and (not found.entities or entity in found.entities)
            and (found.exposure is None or (exposure is not None and exposure >= found.exposure))
        ),
        None,
    )
