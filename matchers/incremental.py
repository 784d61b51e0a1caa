"""Matching one record at a time against what is already known.

The state is an index of keys, the links above the floor of interest, and the clusters. A new
record is compared with the records that share a usable key; then the clusters that it touches are
clustered again together with it, so the order of arrival leaves no trace but at the rims of big
blocks. The term frequencies are the model's snapshot; `renewal_due` says when it is stale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matchers.blocking import keys, usable
from matchers.cluster import Agglomeration
from matchers.compete import CERTAIN, links_among, rivals_decide
from matchers.decide import WEAKEST
from matchers.drift import outgrown
from matchers.plan import prepare
from matchers.score import scorer_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matchers.batch import BatchResult
    from matchers.model import MatchModel
    from matchers.plan import Prepared
    from matchers.spec import MatchSpec, Record

# Clusters linked more weakly than this to a new record are not clustered again with it.
_TOUCHING = -4.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a record went: its cluster's members, and whether it was held for its hot keys."""

    record: str
    members: tuple[str, ...]
    compared: int
    held: bool


class KeyIndex:
    """Which records hold a key; kept on insert, change and delete."""

    def __init__(self) -> None:
        """Start empty."""
        self._holders: dict[str, set[str]] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    def put(self, record: str, found: tuple[str, ...]) -> None:
        """Replace the record's keys."""
        self.drop(record)
        self._keys[record] = found
        for key in found:
            holders = self._holders.get(key)
            if holders is None:
                self._holders[key] = {record}
            else:
                holders.add(record)

    def drop(self, record: str) -> None:
        """Forget the record; unknown ones are no error."""
        for key in self._keys.pop(record, ()):
            holders = self._holders[key]
            holders.discard(record)
            if not holders:
                del self._holders[key]

    def sizes(self, found: Iterable[str]) -> dict[str, int]:
        """How many records hold each key that anybody holds."""
        holders = self._holders
        return {key: len(holders[key]) for key in found if key in holders}

    def holding(self, found: Iterable[str]) -> set[str]:
        """The records that hold any of the keys."""
        return set().union(*(self._holders.get(key, ()) for key in found))


class IncrementalMatcher:
    """Clusters that follow a stream of changed records.

    Invariants: a cannot-link pair is never in one cluster; must-links hold through third records;
    every record is in exactly one cluster.
    """

    def __init__(self, spec: MatchSpec, model: MatchModel) -> None:
        """Start empty, with a model trained elsewhere or the default one."""
        spec = model.presuming(spec)
        self._spec = spec
        self._model = model
        self._scorer = scorer_for(spec, model)
        self._line = math.log2(spec.match / (1 - spec.match))
        least = spec.review if rivals_decide(spec) else spec.match
        self._least = math.log2(least / (1 - least))
        self._records: dict[str, Prepared] = {}
        self._index = KeyIndex()
        self._links: dict[str, dict[str, float]] = {}
        self._home: dict[str, tuple[str, ...]] = {}
        self._must: dict[str, set[str]] = {}
        self._cannot: dict[str, set[str]] = {}

    def load(self, records: Sequence[Record], result: BatchResult) -> None:
        """Take over a batch run over the same records: the initial load."""
        for record in records:
            prepared = prepare(self._spec, record)
            self._store(prepared, keys(self._spec, self._model, prepared))
        for pair in result.pairs:
            self._link(pair.left, pair.right, pair.weight)
        for members in result.clusters:
            self._settle(members)

    def constrain(
        self, must: Iterable[tuple[str, str]] = (), cannot: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Add a steward's decisions and cluster again what they touch."""
        for pairs, table in ((must, self._must), (cannot, self._cannot)):
            for one, other in pairs:
                table.setdefault(one, set()).add(other)
                table.setdefault(other, set()).add(one)
                self._again({one, other})

    def put(self, record: Record) -> Placement:
        """Insert or change one record; the same record again changes nothing."""
        prepared = prepare(self._spec, record)
        if prepared == self._records.get(record.id):
            return Placement(record.id, self._home[record.id], 0, held=False)
        touched = self._forget(record.id)
        own = keys(self._spec, self._model, prepared)
        found, hot = self._candidates(prepared, own)
        self._connect(prepared, found)
        self._store(prepared, own)
        self._again({record.id, *self._near(record.id), *touched})
        return Placement(record.id, self._home[record.id], len(found), hot and not found)

    def _near(self, record: str) -> set[str]:
        """The records whose clusters the new one may change.

        A link never exceeds its best pair, so a record without a pair that may join stays alone.
        """
        links = self._links[record]
        if max(links.values(), default=-math.inf) < self._least:
            return set()
        return {other for other, bits in links.items() if bits > _TOUCHING}

    def delete(self, record: str) -> None:
        """Forget a record; the rest of its cluster is clustered again."""
        self._again(self._forget(record))

    def clusters(self) -> tuple[tuple[str, ...], ...]:
        """All clusters, sorted."""
        return tuple(sorted(set(self._home.values())))

    def renewal_due(self) -> bool:
        """True once the table has outgrown the snapshot of term frequencies."""
        return outgrown(self._model.records, len(self._records))

    def _candidates(self, prepared: Prepared, own: tuple[str, ...]) -> tuple[list[Prepared], bool]:
        look_up, hot = usable(self._spec, own, self._index.sizes(own))
        near = self._index.holding(look_up)
        near |= self._must.get(prepared.id, set()) & self._records.keys()
        near.discard(prepared.id)
        return [self._records[other] for other in sorted(near)], bool(hot)

    def _connect(self, prepared: Prepared, found: list[Prepared]) -> None:
        """Score the candidates; keep what is above the floor, and every veto."""
        links = self._links.setdefault(prepared.id, {})
        clean = self._spec.per_system(prepared.system) == 1
        for other in found:
            if clean and other.system == prepared.system:
                continue
            weight, barred = self._scorer.weigh(prepared, other)
            if barred:
                links[other.id] = self._links[other.id][prepared.id] = -math.inf
            elif weight > WEAKEST:
                links[other.id] = self._links[other.id][prepared.id] = weight

    def _store(self, prepared: Prepared, own: tuple[str, ...]) -> None:
        self._records[prepared.id] = prepared
        self._index.put(prepared.id, own)
        self._links.setdefault(prepared.id, {})
        self._home.setdefault(prepared.id, (prepared.id,))

    def _link(self, one: str, other: str, weight: float) -> None:
        self._links[one][other] = self._links[other][one] = weight

    def _forget(self, record: str) -> set[str]:
        """Take a record out; answer the members that it leaves behind."""
        if self._records.pop(record, None) is None:
            return set()
        self._index.drop(record)
        for other in self._links.pop(record):
            del self._links[other][record]
        rest = tuple(member for member in self._home.pop(record) if member != record)
        self._settle(rest)
        return set(rest)

    def _settle(self, members: tuple[str, ...]) -> None:
        for member in members:
            self._home[member] = members

    def _again(self, touched: set[str]) -> None:
        """Cluster anew all clusters with a touched member."""
        involved = {
            member for record in touched & self._home.keys() for member in self._home[record]
        }
        involved |= {
            member
            for record in involved
            for other in self._must.get(record, ())
            if other in self._home
            for member in self._home[other]
        }
        if len(involved) == 1:
            (alone,) = involved
            self._settle((alone,))
        elif involved:
            self._cluster(sorted(involved))

    def _cluster(self, involved: list[str]) -> None:
        place = {record: spot for spot, record in enumerate(involved)}
        edges: dict[tuple[int, int], float] = {}
        cannot: list[tuple[int, int]] = []
        must: list[tuple[int, int]] = []
        for record, spot in place.items():
            for other, weight in self._links[record].items():
                if place.get(other, -1) > spot:
                    pair = (spot, place[other])
                    if weight == -math.inf:
                        cannot.append(pair)
                    else:
                        edges[pair] = weight
            must += self._pairs(self._must, place, record)
            cannot += self._pairs(self._cannot, place, record)
        if rivals_decide(self._spec):
            edges = self._contested(involved, edges)
        systems = [self._records[record].system for record in involved]
        found = Agglomeration(self._spec, systems, set(cannot) - set(must)).run(
            edges, must, line=self._line
        )
        for members in found:
            self._settle(tuple(involved[member] for member in members))

    def _contested(
        self, involved: list[str], edges: dict[tuple[int, int], float]
    ) -> dict[tuple[int, int], float]:
        """The edges after competition with all rivals, those outside too."""
        around = {other for record in involved for other in self._links[record]}
        known = [*involved, *sorted(around.difference(involved))]
        place = {record: spot for spot, record in enumerate(known)}
        links = {
            (spot, place[other]): weight
            for record, spot in place.items()
            for other, weight in self._links[record].items()
            if place.get(other, -1) > spot and other not in self._cannot.get(record, ())
        }
        for record in involved:
            links.update(dict.fromkeys(self._pairs(self._must, place, record), CERTAIN))
        found = links_among(self._spec, [self._records[record] for record in known], links)
        return {pair: found[pair] for pair in edges if pair in found}

    @staticmethod
    def _pairs(
        table: dict[str, set[str]], place: dict[str, int], record: str
    ) -> list[tuple[int, int]]:
        spot = place[record]
        return [
            (spot, place[other]) for other in table.get(record, ()) if place.get(other, -1) > spot
        ]
