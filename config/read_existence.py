"""Reads who may create and delete an entity, and what becomes of what somebody else deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.problems import Place
from config.section import as_choice, as_name
from golden_records.domain.rulebook import DeleteOfOwned, Existence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from config.names import Names
    from config.problems import Problems
    from config.section import Section
    from config.tree import Scalar
    from golden_records.domain.catalogue import Entity, WritePlan


def read_existence(section: Section, entity: str, names: Names) -> Existence:
    """Read `creators`, `deleters` and `delete_of_owned`."""
    deleters = _systems(section, "deleters", entity, names)
    return Existence(
        creators=_systems(section, "creators", entity, names),
        deleters=deleters,
        delete_of_owned=_delete_of_owned(section, deleters),
    )


def _systems(section: Section, key: str, entity: str, names: Names) -> tuple[str, ...]:
    """Read a list of systems; each must say something of the entity at all."""
    words = [word for word in section.words(key) if _known(section, word, names)]
    for word in words:
        if (word.text, entity) not in names.mapped:
            message = f"system '{word.text}' has no mapping to '{entity}', so it has none of them"
            section.error(word, message, f"add systems/{word.text}/{entity}.yaml, or remove it")
    return tuple(word.text for word in words)


def _known(section: Section, word: Scalar, names: Names) -> bool:
    return as_name(word, names.system_pool, section.problems) is not None


def _delete_of_owned(section: Section, deleters: tuple[str, ...]) -> DeleteOfOwned:
    said = section.scalar("delete_of_owned")
    if said is None:
        return DeleteOfOwned.LEAVE
    if not deleters:
        message = "every system may delete, so nothing is deleted by one that may not"
        section.error(said, message, "name the systems that may in `deleters`, or remove it")
    found = as_choice(said, "delete_of_owned", DeleteOfOwned, section.problems)
    return found or DeleteOfOwned.LEAVE


def check_recreation(
    entities: Mapping[str, Entity], plans: Iterable[WritePlan], problems: Problems
) -> None:
    """What is to be created again needs a way to be created."""
    creating = {(plan.entity, plan.system) for plan in plans if plan.creates}
    for entity in entities.values():
        others = {
            s for name, s in creating if name == entity.name and not entity.existence.may_delete(s)
        }
        if entity.existence.recreates and not others:
            message = f"no write plan creates a '{entity.name}' in a system that may not delete it"
            remedy = "add `creates: true` to one, or write `delete_of_owned: leave`"
            problems.error(Place(f"entities/{entity.name}.yaml"), message, remedy)
