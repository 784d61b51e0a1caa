"""Identity by matching: candidates by shared keys, scores by the model, links by the rules.

Scoring holds no lock. Links are planned under the identity lock of the entity; where somebody else
had his turn meanwhile, candidates are looked for again, and what was scored is not scored twice.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from hub.services.resolving.batch import IdentityPlan
from hub.services.resolving.linking import Linker
from hub.services.resolving.references import keep_references
from hub.services.resolving.scene import Scene, largest_blocks
from matchers import (
    FieldKind,
    FieldSpec,
    MatchModel,
    MatchSpec,
    Record,
    default_model,
    key_codes,
    prepare,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import TypeAlias
    from uuid import UUID

    from golden_records.domain.catalogue import Catalogue, Entity
    from golden_records.ports import MatchedRecord, RecordHead, Turn, UnitOfWork
    from hub.services.resolving.batch import Batch, ChangedRecord
    from matchers import Prepared

    Named: TypeAlias = tuple[int, int, str, str]

PREPARED_KEPT = 10_000
"""Some kilobytes each."""
MOST_CANDIDATES = 12


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
        self._prepared: OrderedDict[Named, Prepared] = OrderedDict()

    def identify(self, work: UnitOfWork, batch: Batch) -> IdentityPlan:
        records = [record for record in batch.records.values() if record.identity]
        if not records:
            return IdentityPlan()
        keep_references(work, batch, records)
        matching = self._matching.of(work, batch.entity)
        scene = Scene(spec=matching.spec, model=matching.model, batch=batch)
        self._index(work, scene, records)
        live = [record.id for record in records if not record.deleted]
        seen = work.goldens.identity_turn(batch.entity)
        self._look(work, scene, live, live)
        self._keep_new(scene, records)
        turn = work.goldens.lock_identity(batch.entity, [record.id for record in records])
        if turn.number != seen + 1:
            self._look(work, scene, live, self._unsure(work, scene, live, (seen, turn)))
        scene.know(work, records)
        self._prepare(work, scene)
        return self._linker.link(work, scene, records)

    def _index(self, work: UnitOfWork, scene: Scene, records: Sequence[ChangedRecord]) -> None:
        """Prepare the batch's records and keep their keys, so that they find each other too."""
        spec, model = scene.spec, scene.model
        found: dict[int, Collection[int]] = {}
        for record in records:
            if record.deleted:
                found[record.id] = ()
                continue
            prepared = prepare(spec, match_record(spec, record.id, record.system, record.attrs))
            scene.prepared[record.id] = prepared
            found[record.id] = key_codes(spec, model, prepared)
        work.sources.write_keys(found)

    def _keep_new(self, scene: Scene, records: Sequence[ChangedRecord]) -> None:
        """Keep the normal forms of records that were stored just now.

        What a record that was stored before says now is not its version's yet.
        """
        for record in records:
            head, prepared = scene.heads.get(record.id), scene.prepared.get(record.id)
            if record.previous is None and head is not None and prepared is not None:
                self._prepared[_named(head)] = prepared

    def _look(
        self, work: UnitOfWork, scene: Scene, live: Sequence[int], unsure: Sequence[int]
    ) -> None:
        """Find candidates of the unsure, read whole clusters, and score what is not scored yet."""
        if unsure:
            caps = largest_blocks(scene.spec)
            found = work.sources.nearest(unsure, caps=caps, most=MOST_CANDIDATES)
            scene.candidates.update((record_id, found.get(record_id, [])) for record_id in unsure)
        scene.see(work, live)
        self._prepare(work, scene)
        scene.score_all(live)

    @staticmethod
    def _unsure(
        work: UnitOfWork, scene: Scene, live: Sequence[int], turns: tuple[int, Turn]
    ) -> Sequence[int]:
        """Records that may have other candidates than when they were looked at, some turns ago."""
        seen, turn = turns
        if turn.keyed_before is None or turn.number != seen + 2:
            return live
        return work.sources.sharing(live, turn.keyed_before, largest_blocks(scene.spec))

    def _prepare(self, work: UnitOfWork, scene: Scene) -> None:
        """Prepare what the scene lacks; a record's version tells whether the kept form is its."""
        unknown = []
        for head in scene.heads.values():
            if head.id not in scene.prepared:
                kept = self._prepared.get(_named(head))
                if kept is None:
                    unknown.append(head.id)
                else:
                    scene.prepared[head.id] = kept
        for record in work.matching.by_id(unknown):
            values = match_record(scene.spec, record.id, record.system, record.attrs)
            prepared = prepare(scene.spec, values)
            scene.prepared[record.id] = prepared
            self._prepared[_named(record)] = prepared
        while len(self._prepared) > PREPARED_KEPT:
            self._prepared.popitem(last=False)


def _named(record: RecordHead | MatchedRecord) -> Named:
    """Name a record's version for good: an id alone may come again after a server's crash."""
    return record.id, record.version, record.system, record.key


def match_record(
    spec: MatchSpec, record_id: int, system: str, attrs: Mapping[str, object]
) -> Record:
    """Return a source record as the matchers take it."""
    values = {
        item.name: None if (value := attrs.get(item.name)) is None else str(value)
        for item in spec.fields
    }
    return Record(str(record_id), system, values)
