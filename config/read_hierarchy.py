"""Reads under what a record of an entity stands: parent, what is inherited, what must fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.read_money import NUMBERS
from config.section import Pool
from golden_records.domain.catalogue import Hierarchy, RollUp

if TYPE_CHECKING:
    from config.names import EntityNames
    from config.section import Section
    from golden_records.domain.catalogue import Reference


def read_hierarchy(
    entity: Section, name: str, references: tuple[Reference, ...], own: EntityNames
) -> Hierarchy | None:
    """The parent is a reference to the entity itself, which a root does not have."""
    section = entity.section("hierarchy", "hierarchy")
    if section is None:
        return None
    with section:
        value = section.scalar("parent", required=True)
        parent = section.name("parent", Pool.of("reference", own.references))
        reference = next((r for r in references if r.name == parent), None)
        if value and reference and (reference.entity != name or reference.required):
            message = f"'{parent}' cannot be the parent"
            remedy = f"name a reference with `entity: {name}` and `required: false`"
            section.error(value, message, remedy)
        return Hierarchy(
            parent=parent or "",
            inherit=section.names("inherit", Pool.of("survivorship group", own.groups)),
            rollup=_rollup(section, own),
        )


def _rollup(hierarchy: Section, own: EntityNames) -> RollUp | None:
    section = hierarchy.section("rollup", "rollup")
    if section is None:
        return None
    numbers = {name for name, kind in own.attributes.items() if kind in NUMBERS}
    amounts = Pool.of("amount", numbers)
    with section:
        limit = section.name("limit", amounts, required=True) or ""
        return RollUp(
            limit=limit,
            of=section.name("of", amounts) or limit,
            unit=section.name("unit", Pool.of("attribute", own.attributes)),
        )
