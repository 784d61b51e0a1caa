"""What matching in another way would merge and split: both ways are tried on all linked records.

Two runs over the same records differ by the rules alone; what the links of today owe to the order
in which records came, and to people, is in neither.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from hub.services.resolving.by_matching import match_record
from matchers import match_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hub.services.simulate import Population
    from matchers import MatchModel, MatchSpec

    Way = tuple[MatchSpec, MatchModel]


class ByBatch:
    """`hub.services.simulate.Regrouping` by matching the whole table twice."""

    def __init__(self, before: Mapping[str, Way], after: Mapping[str, Way]) -> None:
        self._before = before
        self._after = after

    def __call__(self, reads: Population, entity: str) -> Iterator[tuple[str, list[str]]]:
        """Yield merges and splits with the golden records that they concern."""
        rows = reads.records(entity)
        decisions = reads.decisions(entity)
        home = {str(record_id): str(golden) for record_id, _, _, golden in rows}
        before = _clusters(self._before[entity], rows, decisions)
        after = _clusters(self._after[entity], rows, decisions)
        for group in _crossing(after, before):
            goldens = sorted({home[record] for record in group})
            if len(goldens) > 1:
                yield "merge", goldens
        for group in _crossing(before, after):
            ends: dict[str, set[str]] = defaultdict(set)
            for record in group:
                ends[home[record]].add(after[record])
            for golden, clusters in sorted(ends.items()):
                if len(clusters) > 1:
                    yield "split", [golden]


def _crossing(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[Sequence[str]]:
    """Yield the clusters of one run whose records are of several clusters of the other."""
    groups: dict[str, list[str]] = defaultdict(list)
    for record, cluster in one.items():
        groups[cluster].append(record)
    for group in groups.values():
        if len({other[record] for record in group}) > 1:
            yield group


def _clusters(
    way: Way, rows: Sequence[tuple[Any, ...]], decisions: Iterable[tuple[int, int, str]]
) -> dict[str, str]:
    """Match all records one way; return the first record of each record's cluster."""
    spec, model = way
    records = [match_record(spec, record_id, system, attrs) for record_id, system, attrs, _ in rows]
    known = {record_id for record_id, *_ in rows}
    spoken = [(str(a), str(b), v) for a, b, v in decisions if a in known and b in known]
    result = match_batch(
        spec,
        records,
        model,
        must_link=[(a, b) for a, b, verdict in spoken if verdict == "SAME"],
        cannot_link=[(a, b) for a, b, verdict in spoken if verdict == "DIFFERENT"],
    )
    return {record: group[0] for group in result.clusters for record in group}
