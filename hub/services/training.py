"""Learn a matching model from what the mirrors hold: weights, frequencies, no labels.

The same records give the same model. It becomes the active one; running workers take it up with
their next batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.values import ValueRefused
from hub.services.resolving.by_matching import match_record, match_spec
from matchers import prepare, train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from golden_records.domain.catalogue import Catalogue, Entity
    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Rules
    from matchers import MatchModel, MatchSpec, Prepared

SAMPLE = 20_000
"""Records a system at most: EM settles long before, and its memory is bounded."""


class Training:
    """The training service."""

    def __init__(
        self, work: Callable[[], UnitOfWork], catalogue: Catalogue, rules: Mapping[str, Rules]
    ) -> None:
        self._work = work
        self._catalogue = catalogue
        self._rules = rules

    def entities(self) -> list[Entity]:
        """Return the entities that are recognised by matching."""
        entities = self._catalogue.entities.values()
        return [e for e in entities if e.identity.mode is IdentityMode.MATCHING]

    def train(self, entity: Entity) -> MatchModel | None:
        """Train on a sample of every system and make the model active; None without records."""
        spec = match_spec(entity)
        with self._work() as work:
            prepared = list(self._prepared(work, spec, entity))
            if not prepared:
                return None
            model = train(spec, prepared)
            work.registry.activate_model(entity.name, model.version, model.to_json())
            work.commit()
        return model

    def _prepared(self, work: UnitOfWork, spec: MatchSpec, entity: Entity) -> Iterator[Prepared]:
        canonicalise = self._rules[entity.name].canonicalise
        for mapping in self._catalogue.mappings:
            if mapping.entity != entity.name:
                continue
            rows = work.mirror.sample(mapping.system, entity.name, SAMPLE)
            for number, raw in enumerate(rows):
                try:
                    attrs = canonicalise(raw)
                except ValueRefused:
                    continue
                yield prepare(spec, match_record(spec, number, mapping.system, attrs))
