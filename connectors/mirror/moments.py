"""When the attributes of a root last changed at its source.

A mark tells which columns of a table changed, and when: a tag, a bit for each column that some
mapping reads, a time. The tag carries what the bits mean, so that a mark made under
another catalogue is not misread. Times of attributes follow from the columns that feed them
(`derive.feeds`); where that is not known, every change of the root counts for an attribute.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, TypeAlias

from connectors.mirror.derive.feeds import feeds_of
from connectors.mirror.plans import NOT_UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from connectors.mirror.plans import MappingPlan

Change: TypeAlias = "tuple[str | None, int | None, datetime | None]"
"""Tag, bits and time, as a mark has them."""

LAST_BIT: Final = 62
"""Columns beyond it share the last bit: one of them changed."""
ALL_BITS: Final = -1
"""The row appeared or vanished."""


def bits(read: Sequence[str], columns: Iterable[str]) -> int:
    """The bits of some columns among those that are read."""
    wanted = set(columns)
    found = 0
    for at, name in enumerate(read):
        if name in wanted:
            found |= 1 << min(at, LAST_BIT)
    return found


def tag(table: str, read: Sequence[str]) -> str:
    """Name a table together with the meaning of its bits."""
    return f"{table}@{hashlib.sha256('/'.join(read).encode()).hexdigest()[:8]}"


def steps(
    read: Sequence[str], names: Sequence[str], since: Sequence[datetime | None]
) -> list[tuple[int, str | None]]:
    """Bits by time of change, for a row that changed more than once; together they are all bits."""
    by_time: dict[datetime | None, int] = {}
    place = {name: at for at, name in enumerate(read)}
    for name, at in zip(names, since, strict=True):
        if name in place:
            by_time[at] = by_time.get(at, 0) | 1 << min(place[name], LAST_BIT)
    return [(mask, None if at is None else at.isoformat()) for at, mask in by_time.items()]


class Moments:
    """The times of the attributes of one mapping."""

    def __init__(self, plan: MappingPlan, read: Mapping[str, Sequence[str]]) -> None:
        """`read` names the columns of each table of the system that the bits stand for."""
        try:
            feeds = feeds_of(plan.definition, plan.reads)
        except NOT_UNDERSTOOD:
            feeds = {}
        self._tags = {tag(table, columns): table for table, columns in read.items()}
        self._bits = {
            attribute: {table: bits(read[table], columns) for table, columns in fed.items()}
            for attribute, fed in feeds.items()
        }

    def of(self, changes: Iterable[Change]) -> dict[str, datetime]:
        """The time of each attribute that one of the changes may have touched.

        Nothing at all where a change cannot be read: then the root's newest time stands for all.
        """
        known = []
        for name, mask, at in changes:
            table = self._tags.get(name or "")
            if table is None or mask is None or at is None:
                return {}
            known.append((table, mask, at))
        found: dict[str, datetime] = {}
        for attribute, fed in self._bits.items():
            times = [at for table, mask, at in known if mask & fed.get(table, 0)]
            if times:
                found[attribute] = max(times)
        return found
