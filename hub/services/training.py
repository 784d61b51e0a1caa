"""Learn a matching model: weights and frequencies from the records, with what people decided.

The same records and decisions give the same model. It becomes the active one; running workers take
it up with their next batch. No label is needed, so a model can be learnt before anything is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.values import ValueRefused
from hub.services.resolving.by_matching import match_record, match_spec
from matchers import Label, prepare, recounted, train, usable_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from golden_records.domain.catalogue import Catalogue, Entity
    from golden_records.ports import UnitOfWork
    from hub.services.match_models import MatchModels
    from hub.services.resolving.batch import Rules
    from matchers import MatchModel, MatchSpec, Prepared

SAMPLE = 20_000
"""Records a system at most: EM settles long before, and its memory is bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model, and what it was learnt from."""

    entity: str
    model: MatchModel
    sampled: int
    same: int
    """Decisions "these are the same" that were used."""
    different: int
    unused: int
    """Decisions about records that are gone, or inside a source declared free of duplicates."""


class Training:
    """The training service."""

    def __init__(
        self,
        work: Callable[[], UnitOfWork],
        catalogue: Catalogue,
        rules: Mapping[str, Rules],
        models: MatchModels,
    ) -> None:
        self._work = work
        self._catalogue = catalogue
        self._rules = rules
        self._models = models

    def entities(self) -> list[Entity]:
        """Return the entities that are recognised by matching."""
        entities = self._catalogue.entities.values()
        return [e for e in entities if e.identity.mode is IdentityMode.MATCHING]

    def train(self, entity: Entity) -> Trained | None:
        """Learn and make the model active; None without records. ModelPinned by a policy."""
        self._models.check_free(entity.name)
        found = self.learn(entity)
        if found is not None:
            self._models.activate(entity.name, found.model)
        return found

    def learn(self, entity: Entity) -> Trained | None:
        """Learn from a sample of every system; None without records.

        Frequencies are counted over all records once they are loaded, before that over the sample.
        """
        spec = match_spec(entity)
        with self._work() as work:
            loaded = work.matching.population().get(entity.name, 0)
            records = self._loaded if loaded else self._mirrored
            prepared = list(records(work, spec, entity))
            if not prepared:
                return None
            labels = _labels(work, entity)
            used = usable_labels(spec, prepared, labels)
            model = train(spec, prepared, labels=used)
            if loaded > len(prepared):
                every = work.matching.records(entity.name)
                rows = (match_record(spec, r.id, r.system, r.attrs) for r in every)
                model = recounted(spec, model, (prepare(spec, row) for row in rows))
        return Trained(
            entity=entity.name,
            model=model,
            sampled=len(prepared),
            same=_acts(used, same=True),
            different=_acts(used, same=False),
            unused=len({i.decision for i in labels} - {i.decision for i in used}),
        )

    @staticmethod
    def _loaded(work: UnitOfWork, spec: MatchSpec, entity: Entity) -> Iterator[Prepared]:
        for record in work.matching.sample(entity.name, SAMPLE):
            yield prepare(spec, match_record(spec, record.id, record.system, record.attrs))

    def _mirrored(self, work: UnitOfWork, spec: MatchSpec, entity: Entity) -> Iterator[Prepared]:
        canonicalise = self._rules[entity.name].canonicalise
        number = 0
        for mapping in self._catalogue.mappings:
            if mapping.entity != entity.name:
                continue
            for raw in work.mirror.sample(mapping.system, entity.name, SAMPLE):
                number += 1
                try:
                    attrs = canonicalise(raw)
                except ValueRefused:
                    continue
                yield prepare(spec, match_record(spec, number, mapping.system, attrs))


def _labels(work: UnitOfWork, entity: Entity) -> list[Label]:
    return [
        Label(str(pair.a), str(pair.b), same=pair.same, decision=pair.decision)
        for pair in work.matching.decided(entity.name)
    ]


def _acts(labels: list[Label], *, same: bool) -> int:
    return len({label.decision for label in labels if label.same is same})
