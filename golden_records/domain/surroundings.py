"""What a merge is told of beyond its members: reference data, decisions, the parent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from golden_records.domain.money import NO_RATES, Rates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from golden_records.domain.records import Approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The golden record's surroundings; the default is none at all.

    `approvals` are the decisions on raises that are in force. `parents` are the values of golden
    records, by id, under which the members say that they stand.
    """

    rates: Rates = NO_RATES
    approvals: tuple[Approval, ...] = ()
    parents: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


ALONE: Final = Surroundings()
