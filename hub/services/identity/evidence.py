"""Which records of a golden record still belong together by what they say themselves."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from golden_records.domain.regrouping import components
from hub.services.resolving.by_matching import match_record
from matchers import prepare, score_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from golden_records.ports import StoredRecord, UnitOfWork
    from hub.services.resolving.by_matching import Matchings

MOST_SCORED: Final = 40
"""Beyond this many members nobody looks at all pairs: the answer would take longer than help."""


def connected(
    work: UnitOfWork, matchings: Matchings, entity: str, members: Sequence[StoredRecord]
) -> list[list[int]]:
    """Return the records in groups: pairs that may match, or that a person declared the same."""
    ids = sorted(stored.record.id for stored in members)
    if not 1 < len(ids) <= MOST_SCORED:
        return [ids] if ids else []
    matching = matchings.of(work, entity)
    spec = matching.spec
    prepared = {
        s.record.id: prepare(spec, match_record(spec, s.record.id, s.record.system, s.record.attrs))
        for s in members
    }
    pairs = list(combinations(ids, 2))
    scores = score_pairs(spec, matching.model, [(prepared[a], prepared[b]) for a, b in pairs])
    agreeing = [
        pair
        for pair, score in zip(pairs, scores, strict=True)
        if not score.vetoes and score.probability >= spec.review
    ]
    said = [(d.a, d.b) for d in work.goldens.pair_decisions(ids) if d.same]
    return components(ids, [*agreeing, *said])
