"""Identity by matching: candidates by shared keys, scores by the model, links by the rules.

Scoring holds no lock. Links are planned under the identity lock of the entity, after looking again
for candidates that appeared meanwhile; what was scored before is not scored twice.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from hub.services.resolving.batch import IdentityPlan
from hub.services.resolving.linking import Linker
from matchers import (
    Cluster,
    Constraints,
    FieldKind,
    FieldSpec,
    MatchModel,
    MatchSpec,
    Record,
    decide,
    default_model,
    keys,
    prepare,
    score_pairs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.catalogue import Catalogue, Entity
    from golden_records.ports import RecordHead, UnitOfWork
    from hub.services.resolving.batch import Batch, ChangedRecord
    from matchers import Decision, PairScore, Prepared

PREPARED_KEPT = 50_000
LARGEST_CLUSTER_SCORED = 30
MOST_CANDIDATES = 20
LARGEST_BLOCK = 50
"""A key that more records share finds nobody: they still meet through its finer combinations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """An entity's specification with the model in force."""

    spec: MatchSpec
    model: MatchModel
    version: str | None
    """The stored version; None is the default model."""


class Matchings:
    """What each entity is matched with; a model that was activated is taken up at once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._specs = {
            entity.name: match_spec(entity)
            for entity in catalogue.entities.values()
            if entity.identity.mode is IdentityMode.MATCHING
        }
        self._current: dict[str, Matching] = {}

    def of(self, work: UnitOfWork, entity: str) -> Matching:
        """Return the matching of an entity with the active model, the default where none is."""
        spec = self._specs[entity]
        version = work.registry.model_version(entity)
        current = self._current.get(entity)
        if current is None or current.version != version:
            stored = None if version is None else work.registry.model(entity)
            model = default_model(spec) if stored is None else MatchModel.from_json(stored)
            current = Matching(spec=spec, model=model, version=version)
            self._current[entity] = current
        return current


def match_spec(entity: Entity) -> MatchSpec:
    """Return the matching specification that the entity's identity rules declare."""
    identity = entity.identity
    return MatchSpec(
        entity=entity.name,
        fields=tuple(
            FieldSpec(
                name=name,
                kind=FieldKind(kind),
                exclusive=name in identity.exclusive,
                region=identity.region,
            )
            for name, kind in identity.fields.items()
        ),
        duplicate_free=identity.duplicate_free,
        max_per_system=identity.max_per_system,
        review=identity.review,
        match=identity.match,
    )


class ByMatching:
    """Link records that are the same thing by what they say."""

    def __init__(self, matching: Matchings, ids: Callable[[], UUID]) -> None:
        self._matching = matching
        self._linker = Linker(ids)
        self._prepared: OrderedDict[tuple[int, int], Prepared] = OrderedDict()

    def identify(self, work: UnitOfWork, batch: Batch) -> IdentityPlan:
        records = [record for record in batch.records.values() if record.identity]
        if not records:
            return IdentityPlan()
        matching = self._matching.of(work, batch.entity)
        scene = Scene(matching=matching, batch=batch)
        self._index(work, scene, records)
        live = [record for record in records if not record.deleted]
        self._look(work, scene, live)
        work.goldens.lock_identity(batch.entity)
        self._look(work, scene, live)
        return self._linker.link(work, scene, records)

    def _index(self, work: UnitOfWork, scene: Scene, records: Sequence[ChangedRecord]) -> None:
        """Prepare the batch's records and keep their keys, so that they find each other too."""
        spec, model = scene.matching.spec, scene.matching.model
        found: dict[int, Sequence[str]] = {}
        for record in records:
            if record.deleted:
                found[record.id] = ()
                continue
            prepared = prepare(spec, match_record(spec, record.id, record.system, record.attrs))
            scene.prepared[record.id] = prepared
            found[record.id] = keys(spec, model, prepared)
        scene.keyless = {i for i, k in found.items() if not k}
        work.sources.write_keys(scene.batch.entity, found)

    def _look(self, work: UnitOfWork, scene: Scene, live: Sequence[ChangedRecord]) -> None:
        """Find candidates, read their whole clusters, and score what is not scored yet."""
        ids = [record.id for record in live]
        cap = min(scene.matching.spec.block_cap, LARGEST_BLOCK)
        found = work.sources.candidates(scene.batch.entity, ids, cap)
        scene.candidates = {i: _nearest(candidates) for i, candidates in found.items()}
        others = {c for found in scene.candidates.values() for c in found}
        scene.heads = work.sources.heads(sorted(others.union(ids)))
        goldens = {head.golden_id for head in scene.heads.values() if head.golden_id is not None}
        scene.members = work.sources.member_heads(sorted(goldens))
        for group in scene.members.values():
            scene.heads.update({head.id: head for head in group})
        self._prepare(work, scene)
        scene.score(_pairs(scene, live))

    def _prepare(self, work: UnitOfWork, scene: Scene) -> None:
        """Prepare what the scene lacks; a record's version tells whether the kept form is its."""
        lacking = [head for head in scene.heads.values() if head.id not in scene.prepared]
        for head in lacking:
            kept = self._prepared.get((head.id, head.version))
            if kept is not None:
                scene.prepared[head.id] = kept
        unknown = [head.id for head in lacking if head.id not in scene.prepared]
        for stored in work.sources.by_id(unknown).values():
            record = stored.record
            values = match_record(scene.matching.spec, record.id, record.system, record.attrs)
            prepared = prepare(scene.matching.spec, values)
            scene.prepared[record.id] = prepared
            self._prepared[record.id, stored.version] = prepared
        while len(self._prepared) > PREPARED_KEPT:
            self._prepared.popitem(last=False)


@dataclass(slots=True, kw_only=True)
class Scene:
    """What is known while one batch is linked."""

    matching: Matching
    batch: Batch
    prepared: dict[int, Prepared] = field(default_factory=dict)
    keyless: set[int] = field(default_factory=set)
    candidates: dict[int, dict[int, tuple[str, ...]]] = field(default_factory=dict)
    heads: dict[int, RecordHead] = field(default_factory=dict)
    members: dict[UUID, list[RecordHead]] = field(default_factory=dict)
    scores: dict[tuple[int, int], PairScore] = field(default_factory=dict)

    def score(self, pairs: Iterable[tuple[int, int]]) -> None:
        wanted = sorted({pair for pair in pairs if pair not in self.scores})
        prepared = [(self.prepared[a], self.prepared[b]) for a, b in wanted]
        found = score_pairs(self.matching.spec, self.matching.model, prepared)
        self.scores.update(zip(wanted, found, strict=True))

    def decide(
        self, record_id: int, groups: Mapping[UUID, Sequence[int]], constraints: Constraints
    ) -> Decision:
        """Decide about one record against clusters of record ids, as they stand in this batch."""
        self.score((record_id, m) for ids in groups.values() for m in ids[:LARGEST_CLUSTER_SCORED])
        clusters = [
            Cluster(
                golden_id=str(golden_id),
                scores=[self.scores[record_id, m] for m in ids[:LARGEST_CLUSTER_SCORED]],
                systems=Counter(self.prepared[m].system for m in ids),
            )
            for golden_id, ids in sorted(groups.items())
        ]
        spec = self.matching.spec
        return decide(spec, self.prepared[record_id], clusters, constraints)

    def groups(
        self, record_id: int, golden_of: Mapping[int, UUID], members: Mapping[UUID, Sequence[int]]
    ) -> dict[UUID, list[int]]:
        """Return the clusters of a record's candidates, without the record itself."""
        found: dict[UUID, list[int]] = {}
        for candidate in self.candidates.get(record_id, {}):
            golden_id = golden_of.get(candidate)
            if golden_id is not None and golden_id not in found:
                found[golden_id] = [m for m in members[golden_id] if m != record_id]
        return found


def _nearest(candidates: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """Keep the candidates that share most: identifiers first, then the number of keys.

    Whoever is the same thing shares most of its keys, so the bound cuts only what would score low.
    """
    if len(candidates) <= MOST_CANDIDATES:
        return dict(candidates)
    ranked = sorted(
        candidates.items(),
        key=lambda item: (-sum(k.startswith("!") for k in item[1]), -len(item[1]), item[0]),
    )
    return dict(ranked[:MOST_CANDIDATES])


def _pairs(scene: Scene, live: Sequence[ChangedRecord]) -> Iterable[tuple[int, int]]:
    for record in live:
        together: set[int] = set()
        for candidate in scene.candidates.get(record.id, {}):
            golden_id = scene.heads[candidate].golden_id if candidate in scene.heads else None
            group = scene.members.get(golden_id, []) if golden_id else []
            together.update(head.id for head in group[:LARGEST_CLUSTER_SCORED])
            if candidate in scene.prepared:
                together.add(candidate)
        yield from ((record.id, other) for other in sorted(together) if other != record.id)


def match_record(
    spec: MatchSpec, record_id: int, system: str, attrs: Mapping[str, object]
) -> Record:
    """Return a source record as the matchers take it."""
    values = {
        item.name: None if (value := attrs.get(item.name)) is None else str(value)
        for item in spec.fields
    }
    return Record(str(record_id), system, values)
