"""Which sources may be taken to hold each thing once though nobody declared it.

A free title identifies nothing: without known non-matches and rivals, variants of one thing look
as much alike as two sources' words for the same. So where titles name the things of several
systems, a system whose titles hardly ever repeat counts as one that holds each thing once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from matchers.coded import table_of
from matchers.compare.product import WORDS
from matchers.plan import plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matchers.plan import Prepared
    from matchers.spec import MatchSpec

# A system in which more of the titles than this stand a second time holds things twice.
_MOST_REPEATED = 0.25


def presumed(spec: MatchSpec, prepared: Sequence[Prepared]) -> MatchSpec:
    """The specification with the systems that seem to hold each thing once among the clean ones.

    What is declared stays, and so does a bound on the records of a system.
    """
    spots = [spot for spot, item in enumerate(plan(spec)) if item.comparator.name == WORDS.name]
    systems = {record.system for record in prepared}
    if not spots or spec.max_per_system is not None or len(systems) < 2:  # noqa: PLR2004 - rivals
        return spec
    clean = {name for name, share in _repeated(prepared, spots) if share <= _MOST_REPEATED}
    return replace(spec, duplicate_free=spec.duplicate_free | clean)


def _repeated(prepared: Sequence[Prepared], spots: list[int]) -> Iterator[tuple[str, float]]:
    """Every system that has titles, and the share of them that stand there more than once."""
    columns = [table_of(prepared).columns[spot] for spot in spots]
    titles: dict[str, Counter[tuple[str, ...]]] = {}
    for number, record in enumerate(prepared):
        codes = [int(column.codes[number]) for column in columns]
        said = tuple(
            column.values[code].squeezed if code >= 0 else ""
            for code, column in zip(codes, columns, strict=True)
        )
        if any(said):
            titles.setdefault(record.system, Counter())[said] += 1
    for system, counts in sorted(titles.items()):
        again = sum(count for count in counts.values() if count > 1)
        yield system, again / counts.total()
