"""A table of prepared records by columns: every distinct value once, records by its number.

Batch matching works on these numbers: keys, comparisons and frequencies are computed once per
distinct value or pair of values, and spread over the records by numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from matchers.plan import Prepared, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from matchers.spec import MatchSpec, Record


@dataclass(frozen=True, slots=True)
class Column:
    """The distinct values of one comparison, and every record's number among them (-1: none)."""

    values: list[Any]
    codes: NDArray[np.int32]

    def times(self) -> list[int]:
        """How many records hold each value."""
        held = self.codes[self.codes >= 0]
        counted: list[int] = np.bincount(held, minlength=len(self.values)).tolist()
        return counted


NOTHING = Column([], np.empty(0, dtype=np.int32))


class Table(list[Prepared]):
    """Prepared records that know their columns; the records must not change any more."""

    @cached_property
    def columns(self) -> list[Column]:
        """One column per comparison of the plan."""
        width = len(self[0].values) if self else 0
        return [_column([record.values[spot] for record in self]) for spot in range(width)]


def table_of(prepared: Sequence[Prepared]) -> Table:
    """The records as a table; a table is itself."""
    return prepared if isinstance(prepared, Table) else Table(prepared)


def _column(values: Sequence[Any]) -> Column:
    known: dict[Any, int] = {}
    codes = np.fromiter(
        (-1 if value is None else known.setdefault(value, len(known)) for value in values),
        dtype=np.int32,
        count=len(values),
    )
    return Column(list(known), codes)


def prepare_all(spec: MatchSpec, records: Iterable[Record]) -> Iterator[Prepared]:
    """`plan.prepare` for many records: what was said before is brought into normal form once."""
    ways = [(item.comparator.normalise, item.fields, item.region) for item in plan(spec)]
    kept: list[dict[tuple[str | None, ...], Any]] = [{} for _ in ways]
    for record in records:
        get = record.values.get
        values = []
        for (normalise, fields, region), known in zip(ways, kept, strict=True):
            said = tuple(get(name) if name else None for name in fields)
            if said not in known:
                known[said] = normalise(said, region)
            values.append(known[said])
        yield Prepared(record.id, record.system, tuple(values))
