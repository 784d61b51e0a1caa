"""Which records belong together, and where one belongs, by what they say themselves."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Final
from uuid import UUID

from golden_records.domain.clusters import Decisions
from golden_records.domain.regrouping import components
from hub.services.resolving.by_matching import match_record
from matchers import Cluster, decide, prepare, score_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from golden_records.ports import StoredRecord, UnitOfWork
    from hub.services.resolving.by_matching import Matching, Matchings
    from matchers import Prepared

    Groups = Mapping[UUID, Sequence[StoredRecord]]

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
    prepared = _prepared(matching, members)
    pairs = list(combinations(ids, 2))
    scores = score_pairs(spec, matching.model, [(prepared[a], prepared[b]) for a, b in pairs])
    agreeing = [
        pair
        for pair, score in zip(pairs, scores, strict=True)
        if not score.vetoes and score.probability >= spec.review
    ]
    said = [(d.a, d.b) for d in work.goldens.pair_decisions(ids) if d.same]
    return components(ids, [*agreeing, *said])


def better_home(
    work: UnitOfWork, matchings: Matchings, stored: StoredRecord, groups: Groups
) -> UUID | None:
    """Return the golden record that the record fits better than the one where it is, if any does.

    A person's "same" comes first; what a person, a veto or a full system bars is no choice.
    """
    record, home = stored.record, stored.golden_id
    said = Decisions(work.goldens.pair_decisions(_ids(groups, record.id)))
    known = {g: [s.record.id for s in group] for g, group in groups.items()}
    same = [golden_id for golden_id, ids in known.items() if said.same(record.id, ids)]
    if same:
        return None if home in same else min(same)
    free = {g: group for g, group in groups.items() if not said.different([record.id], known[g])}
    best = _best(matchings.of(work, record.entity), stored, free)
    return None if best == home else best


def _ids(groups: Groups, *more: int) -> list[int]:
    return sorted({*more, *(s.record.id for group in groups.values() for s in group)})


def _best(matching: Matching, stored: StoredRecord, groups: Groups) -> UUID | None:
    """The golden record that the record may match and fits best; its own where that fits as well.

    It is judged as the engine judges it against the clusters of its candidates.
    """
    spec, me = matching.spec, stored.record.id
    prepared = _prepared(matching, [stored, *(s for group in groups.values() for s in group)])
    clusters = []
    for golden_id, group in groups.items():
        there = [s for s in group if s.withheld is None]
        pairs = [(prepared[me], prepared[s.record.id]) for s in group[:MOST_SCORED]]
        clusters.append(
            Cluster(
                golden_id=str(golden_id),
                scores=score_pairs(spec, matching.model, pairs),
                systems=Counter(s.record.system for s in there),
            )
        )
    found = [
        item
        for item in decide(spec, prepared[me], clusters).alternatives
        if not item.barred and item.probability >= spec.review
    ]
    best = [i for i in found if (i.weight, i.exact) == (found[0].weight, found[0].exact)]
    equal = {UUID(item.golden_id) for item in best}
    return stored.golden_id if stored.golden_id in equal else min(equal, default=None)


def _prepared(matching: Matching, members: Sequence[StoredRecord]) -> dict[int, Prepared]:
    spec = matching.spec
    records = [stored.record for stored in members]
    return {r.id: prepare(spec, match_record(spec, r.id, r.system, r.attrs)) for r in records}
