"""The simulation service on this hub."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from connectors.mirror.evaluate import key_of
from connectors.mirror.mappings import rewritten
from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.policy_difference import compare, touched
from golden_records.store.population import PostgresPopulation
from hub.bootstrap.policies import check_connected
from hub.services.policies import check_kept, fits
from hub.services.regroup import ByBatch
from hub.services.resolving.by_matching import match_spec
from hub.services.resolving.rules import compile_rules
from hub.services.simulate import ChangedMapping, Plan, Simulate
from matchers import MatchModel, default_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.policy_difference import Touched
    from hub.bootstrap.opening import Hub
    from matchers import MatchSpec


def simulation(hub: Hub, catalogue: Catalogue) -> Simulate:
    """Return the service that tries the catalogue against the hub's own.

    Entities that no difference touches are left out, unless none is touched at all.
    """
    check_connected(catalogue, hub.contracts)
    check_kept(hub.catalogue, catalogue)
    reach = touched(hub.catalogue, catalogue, compare(hub.catalogue, catalogue))
    chosen = _entities(reach)
    known = [name for name in catalogue.entities if name in hub.catalogue.entities]
    plan = Plan(
        before=compile_rules(hub.catalogue),
        after=compile_rules(catalogue),
        touched=reach,
        entities=known if reach.nothing else [n for n in known if n in chosen],
        mappings=_mappings(hub, catalogue, reach),
    )

    @contextmanager
    def snapshot() -> Iterator[PostgresPopulation]:
        with hub.work() as work:
            reads = PostgresPopulation(work.connection)
            reads.begin()
            yield reads

    ways = (_ways(hub, one, catalogue) for one in (hub.catalogue, catalogue))
    return Simulate(snapshot, plan, ByBatch(*ways))


def _entities(reach: Touched) -> set[str]:
    mapped = {entity for _, entity in reach.mappings}
    return set(reach.entities) | reach.values | reach.rekeyed | mapped


def _mappings(hub: Hub, catalogue: Catalogue, reach: Touched) -> list[ChangedMapping]:
    """The changed mappings as subqueries on the live views that there are."""
    return [
        ChangedMapping(
            system=mapping.system,
            entity=mapping.entity,
            view=f"({rewritten(mapping, hub.mirrors.names)})",
            key=key_of(mapping.record, "v"),
        )
        for mapping in catalogue.mappings
        if (mapping.system, mapping.entity) in reach.mappings
    ]


def _ways(hub: Hub, of: Catalogue, pinning: Catalogue) -> dict[str, tuple[MatchSpec, MatchModel]]:
    """How each entity is matched: the pinned model, else the active one if it fits, else none."""
    found = {}
    with hub.work() as work:
        for entity in of.entities.values():
            if entity.identity.mode is not IdentityMode.MATCHING:
                continue
            spec = match_spec(entity)
            pinned = pinning.models.get(entity.name) if of is pinning else None
            body = pinned or work.registry.model(entity.name)
            usable = body is not None and fits(entity, body)
            model = MatchModel.from_json(body) if usable and body else default_model(spec)
            found[entity.name] = (spec, model)
    return found
