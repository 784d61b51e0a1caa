"""Checks that span entities: keys must resolve somewhere, references go in no circle."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from config.problems import Place, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from config.names import Names
    from config.problems import Problems
    from golden_records.domain.catalogue import Entity, EntityMapping


def check_references(
    entities: Mapping[str, Entity],
    mappings: Iterable[EntityMapping],
    names: Names,
    problems: Problems,
) -> None:
    _check_order(entities, problems)
    for mapping in mappings:
        for reference in entities[mapping.entity].references:
            own = reference.system or mapping.system
            if reference.entity and (own, reference.entity) not in names.mapped:
                message = (
                    f"'{reference.name}' holds a key of '{reference.entity}' in '{own}', "
                    f"but '{own}' has no mapping to '{reference.entity}'"
                )
                systems = {system for system, to in names.mapped if to == reference.entity}
                remedy = (
                    f"add systems/{own}/{reference.entity}.yaml, or say in "
                    f"entities/{mapping.entity}.yaml whose key it is: `system: ...`; "
                    f"{suggestion(own, systems)}"
                )
                problems.error(Place(mapping.source_file), message, remedy)


def _check_order(entities: Mapping[str, Entity], problems: Problems) -> None:
    """Golden rows are locked referenced entities first, so there must be such an order."""
    graph = {
        name: {r.entity for r in entity.references if r.entity in entities} - {name}
        for name, entity in entities.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        place = Place(f"entities/{error.args[1][0]}.yaml")
        remedy = "remove one of the references; the other side can be found by it"
        problems.error(place, f"references go in a circle: {circle}", remedy)
