"""What differs between two policies, in the catalogue's own words, and what that touches.

Every field of the catalogue's types takes part by itself, so a setting that is added to a type is
compared too; what is not known to touch less touches every golden record of its entity.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.rulebook import Existence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from golden_records.domain.catalogue import Catalogue, Entity, Lane

SILENT: Final = frozenset({"settle", "settle_limit"})
"""Settings of an entity that touch no golden record."""
EXISTENCE: Final = frozenset(item.name for item in fields(Existence))
"""Settings of an entity that touch what waits, and of deletions what targets are told."""
VALUES: Final = frozenset({"type"})
ON_THE_WAY: Final = frozenset({"frequency"})
"""Settings of a lane that hold for what is wanted from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that differs; None = not there."""

    part: str
    name: str
    setting: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a difference touches, by natural keys alone."""

    entities: Mapping[str, frozenset[str]]
    """Entities whose golden records are merged anew, with the attributes whose rules changed."""
    values: frozenset[str] = frozenset()
    """Entities whose records must be read anew: another type, or another canonical form."""
    rekeyed: frozenset[str] = frozenset()
    """Entities recognised by reference whose identity is made of something else now."""
    existence: frozenset[str] = frozenset()
    """Entities that other systems may create or delete: what waits for that is looked at again."""
    matching: frozenset[str] = frozenset()
    """Entities that are matched in another way; links that exist stay as they are."""
    mappings: frozenset[tuple[str, str]] = frozenset()
    """(system, entity) whose mapping is in both and another one."""
    lanes: frozenset[tuple[str, str, str]] = frozenset()
    """(target, entity, group) whose way out, or whose values' rules, changed."""

    @property
    def nothing(self) -> bool:
        redone = self.entities or self.values or self.rekeyed or self.existence
        return not (redone or self.mappings or self.matching)


def compare(old: Catalogue, new: Catalogue) -> tuple[Change, ...]:
    """Return every setting that differs, in a fixed order."""
    before, after = dict(_settings(old)), dict(_settings(new))
    return tuple(
        Change(
            part=part,
            name=name,
            setting=setting,
            before=before.get((part, name, setting)),
            after=after.get((part, name, setting)),
        )
        for part, name, setting in sorted(before.keys() | after.keys())
        if before.get((part, name, setting)) != after.get((part, name, setting))
    )


def _settings(catalogue: Catalogue) -> Iterator[tuple[tuple[str, str, str], str]]:
    for part, name, item in _parts(catalogue):
        yield (part, name, ""), "there"
        for setting, text in _flat(item, ""):
            yield (part, name, setting.removeprefix("existence.")), text


def _parts(catalogue: Catalogue) -> Iterator[tuple[str, str, object]]:
    for system in catalogue.systems.values():
        yield "system", system.name, system
    for table in catalogue.tables:
        yield "table", f"{table.system}.{table.name}", table
    for entity in catalogue.entities.values():
        yield "entity", entity.name, entity
    for mapping in catalogue.mappings:
        yield "mapping", f"{mapping.system}/{mapping.entity}", mapping
    for plan in catalogue.plans:
        yield "write plan", f"{plan.system}/{plan.entity}/{plan.group}", plan
    for lane in catalogue.lanes:
        yield "lane", lane.name, lane
    for name, body in catalogue.models.items():
        digest = hashlib.sha256(body.encode()).hexdigest()[:12]
        yield "matching model", name, {"body": digest}
    yield "hub", catalogue.name, {"four_eyes": catalogue.four_eyes}


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield each setting of a value, with the names of its parts in the path."""
    inner = _inner(value)
    if inner is None:
        yield path, _text(value)
        return
    for name, part in inner:
        yield from _flat(part, f"{path}.{name}" if path else name)


def _inner(value: object) -> list[tuple[str, object]] | None:
    """The named parts of a value; None where it has none and is a setting itself."""
    if is_dataclass(value) and not isinstance(value, type):
        return [(f.name, getattr(value, f.name)) for f in fields(value) if f.name != "source_file"]
    if hasattr(value, "items"):
        return [(str(name), part) for name, part in value.items()]
    if isinstance(value, tuple) and value and all(_label(item) for item in value):
        return [(_label(item), item) for item in value]
    return None


def _label(item: object) -> str:
    """What an element of a list is called; rules in an order, such as owners, have no name."""
    return str(getattr(item, "name", "") or getattr(item, "group", ""))


def _text(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(_text(item) for item in value)) or "none"
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value) or "none"
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if is_dataclass(value) and not isinstance(value, type):
        named = [(f.name, getattr(value, f.name)) for f in fields(value)]
        first, *rest = [(name, part) for name, part in named if part is not None]
        return " ".join([_text(first[1]), *(f"{name} {_text(part)}" for name, part in rest)])
    return "none" if value is None else str(value)


# --- what it touches ------------------------------------------------------------------------------


def touched(old: Catalogue, new: Catalogue, changes: Iterable[Change]) -> Touched:
    """Return what must be looked at again when the new policy takes the old one's place."""
    found = _Found(old, new)
    for change in changes:
        found.add(change)
    lanes = {
        (lane.target, lane.entity, lane.group)
        for lane in new.lanes
        if found.concerns(lane) or (lane.target, lane.entity) in found.mappings
    }
    return Touched(
        entities={name: frozenset(names) for name, names in sorted(found.entities.items())},
        values=frozenset(found.values),
        rekeyed=frozenset(found.rekeyed),
        existence=frozenset(found.existence),
        matching=frozenset(found.matching),
        mappings=frozenset(found.mappings),
        lanes=frozenset(lanes),
    )


class _Found:
    """What the changes seen so far touch."""

    def __init__(self, old: Catalogue, new: Catalogue) -> None:
        self._old, self._new = old, new
        self.entities: dict[str, set[str]] = {}
        self.values: set[str] = set()
        self.rekeyed: set[str] = set()
        self.existence: set[str] = set()
        self.matching: set[str] = set()
        self.mappings: set[tuple[str, str]] = set()
        self._ways: set[tuple[str, str, str]] = set()

    def add(self, change: Change) -> None:
        take = {
            "entity": self._entity,
            "system": self._system,
            "mapping": self._mapping,
            "write plan": self._plan,
            "lane": self._lane,
            "matching model": self._model,
        }.get(change.part)
        if take is not None:
            take(change)

    def concerns(self, lane: Lane) -> bool:
        plan = self._new.plan(lane.target, lane.entity, lane.group)
        changed = self.entities.get(lane.entity, set())
        written = set(plan.attributes) if plan else set()
        return bool(changed & written) or (lane.target, lane.entity, lane.group) in self._ways

    def _merge(self, entity: str, names: Iterable[str]) -> None:
        if entity in self._old.entities and entity in self._new.entities:
            self.entities.setdefault(entity, set()).update(names)

    def _entity(self, change: Change) -> None:
        entity = self._new.entities.get(change.name)
        section, _, rest = change.setting.partition(".")
        if entity is None or section in SILENT or not section:
            return
        if section in EXISTENCE:
            self.existence.add(entity.name)
            if section != "creators":
                self._merge(entity.name, ())
            return
        if section == "identity":
            reference = entity.identity.mode is IdentityMode.REFERENCE
            (self.rekeyed if reference else self.matching).add(entity.name)
            if reference:
                self._merge(entity.name, _fields(entity))
            return
        self._merge(entity.name, self._names(entity, section, rest))
        if section == "references":
            self.rekeyed.add(entity.name)
        if section == "attributes" and rest.partition(".")[2] in VALUES:
            self.values.add(entity.name)

    def _names(self, entity: Entity, section: str, rest: str) -> set[str]:
        """The attributes whose rules a setting is of; all of the entity where it is not said."""
        name = rest.partition(".")[0]
        if section == "survivorship" and name:
            policies = (*entity.survivorship, *self._old.entities[entity.name].survivorship)
            return {a for policy in policies if policy.group == name for a in policy.attributes}
        if section == "attributes" and name:
            return {name}
        return _fields(entity)

    def _system(self, change: Change) -> None:
        if change.setting == "rank":
            for entity in self._new.entities.values():
                self._merge(entity.name, _fields(entity))

    def _mapping(self, change: Change) -> None:
        system, _, entity = change.name.partition("/")
        if all((system, entity) in _pairs(catalogue) for catalogue in (self._old, self._new)):
            self.mappings.add((system, entity))

    def _plan(self, change: Change) -> None:
        system, entity, group = change.name.split("/", 2)
        self._ways.add((system, entity, group))
        if change.setting.partition(".")[0] in {"", "attributes", "creates"}:
            self._merge(entity, ())

    def _lane(self, change: Change) -> None:
        lane = next((item for item in self._new.lanes if item.name == change.name), None)
        if lane is None or ON_THE_WAY & set(change.setting.split(".")):
            return
        self._ways.add((lane.target, lane.entity, lane.group))
        self._merge(lane.entity, ())

    def _model(self, change: Change) -> None:
        self.matching.add(change.name)


def _fields(entity: Entity) -> set[str]:
    return {a.name for a in entity.attributes} | {r.name for r in entity.references}


def _pairs(catalogue: Catalogue) -> set[tuple[str, str]]:
    return {(mapping.system, mapping.entity) for mapping in catalogue.mappings}
