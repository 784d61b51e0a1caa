"""Compile a catalogue's entities into the rules that the resolving steps follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.casework import Stakes
from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.merge import merger
from golden_records.domain.validation import Validator
from golden_records.domain.values import canonicaliser
from hub.services.resolving.batch import Rules
from hub.services.resolving.surround import KnownRates

if TYPE_CHECKING:
    from golden_records.domain.catalogue import Catalogue, Entity, Lane, WritePlan


def compile_rules(catalogue: Catalogue) -> dict[str, Rules]:
    """Return the rules by entity name."""
    ranks = {system.name: system.rank for system in catalogue.systems.values()}
    guards = {system.name: system.delete_guard for system in catalogue.systems.values()}
    rates = KnownRates()
    referred = {r.entity for entity in catalogue.entities.values() for r in entity.references}
    return {
        entity.name: Rules(
            entity=entity,
            canonicalise=canonicaliser(entity),
            merger=merger(entity, system_ranks=ranks),
            validator=Validator(entity),
            identifying=_identifying(entity),
            referred=entity.name in referred,
            lanes=_lanes(catalogue, entity.name),
            rates=rates,
            stakes=Stakes(entity, catalogue.case_classes),
            guards=guards,
        )
        for entity in catalogue.entities.values()
    }


def _identifying(entity: Entity) -> frozenset[str]:
    references = frozenset(reference.name for reference in entity.references)
    if entity.identity.mode is IdentityMode.MATCHING:
        return references | frozenset(entity.identity.fields)
    return references | frozenset(entity.identity.components)


def _lanes(catalogue: Catalogue, entity: str) -> tuple[tuple[Lane, WritePlan], ...]:
    found = []
    for lane in catalogue.lanes:
        plan = catalogue.plan(lane.target, entity, lane.group)
        if lane.entity == entity and plan is not None:
            found.append((lane, plan))
    return tuple(found)
