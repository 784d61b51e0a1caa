"""Renew the term frequencies of a model when the records have moved away from them.

Weights stay as they were learnt; only what is common and what is rare is counted anew, over all
live records. The renewed model is a version of its own, which is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from hub.services.resolving.by_matching import Matchings, match_record
from matchers import drift, outgrown, prepare, recounted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from golden_records.domain.catalogue import Catalogue
    from golden_records.ports import KnownModel, UnitOfWork
    from hub.services.match_models import MatchModels
    from matchers import Drift, MatchModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A model in force (None: the default one), how far it is off, and what would replace it."""

    entity: str
    version: str | None
    drift: Drift
    renewed: MatchModel

    @property
    def due(self) -> bool:
        return bool(self.drift.reasons())


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The frequencies in force at a glance: told by numbers of records alone."""

    entity: str
    version: str | None
    counted: int
    records: int
    outgrown: bool


class Renewal:
    """The renewing service."""

    def __init__(
        self, work: Callable[[], UnitOfWork], catalogue: Catalogue, models: MatchModels
    ) -> None:
        self._work = work
        self._matchings = Matchings(catalogue)
        self._models = models
        self._entities = matched(catalogue)

    def entities(self) -> list[str]:
        """Return the entities that are recognised by matching."""
        return self._entities

    def look(self, entity: str) -> Looked:
        """Count everything anew and compare; nothing is written."""
        with self._work() as work:
            matching = self._matchings.of(work, entity)
            spec = matching.spec
            rows = (
                match_record(spec, record.id, record.system, record.attrs)
                for record in work.matching.records(entity)
            )
            renewed = recounted(spec, matching.model, (prepare(spec, row) for row in rows))
        found = drift(spec, matching.model, renewed)
        return Looked(entity=entity, version=matching.version, drift=found, renewed=renewed)

    def renew(self, entity: str, *, always: bool = False) -> Looked:
        """Bring new frequencies into force where they are due. ModelPinned by a policy."""
        self._models.check_free(entity)
        found = self.look(entity)
        if found.due or always:
            self._models.activate(entity, found.renewed)
        return found


def matched(catalogue: Catalogue) -> list[str]:
    """Return the entities that are recognised by matching."""
    entities = catalogue.entities.values()
    return [e.name for e in entities if e.identity.mode is IdentityMode.MATCHING]


def snapshots(
    entities: list[str], models: list[KnownModel], records: Mapping[str, int]
) -> list[Snapshot]:
    """Say of each entity what its model was counted on, and how many records there are."""
    active = {model.entity: model for model in models if model.active}
    found = []
    for name in entities:
        model, there = active.get(name), records.get(name, 0)
        counted = model.records if model else 0
        found.append(
            Snapshot(
                entity=name,
                version=model.version if model else None,
                counted=counted,
                records=there,
                outgrown=outgrown(counted, there),
            )
        )
    return found
