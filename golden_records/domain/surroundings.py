"""What a merge is told of beyond its members: reference data, decisions, the parent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from golden_records.domain.money import NO_RATES, Rates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from golden_records.domain.records import Approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The golden record's surroundings; the default is none at all.

    `approvals` are the decisions on raises that are in force. `parent` are the values of the
    golden record that stands above in the hierarchy, and `parent_id` is its id.
    """

    rates: Rates = NO_RATES
    approvals: tuple[Approval, ...] = ()
    parent: Mapping[str, object] | None = None
    parent_id: str = ""


ALONE: Final = Surroundings()
