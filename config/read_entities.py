"""Reads entities/<entity>.yaml: attributes, references, when a record settles, who may create."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.expressions import check_zone
from config.names import check_field_name
from config.read_approval import read_approval
from config.read_cases import read_exposure
from config.read_existence import read_existence
from config.read_hierarchy import read_hierarchy
from config.read_identity import KINDS, read_identity
from config.read_survivorship import read_survivorship
from config.read_validation import read_validation
from config.section import Pool, Section
from golden_records.domain.catalogue import Attribute, Entity, Reference, ValueType

if TYPE_CHECKING:
    from datetime import timedelta

    from config.names import EntityNames, Names
    from config.problems import Problems
    from config.read_hub import Defaults
    from config.tree import Keys, Scalar

_MOMENTS = {ValueType.DATE, ValueType.TIMESTAMP}


@dataclass(frozen=True, slots=True)
class EntityReader:
    """What is around while one entity is read."""

    name: str
    names: Names
    defaults: Defaults
    problems: Problems

    @property
    def own(self) -> EntityNames:
        return self.names.entities[self.name]

    @property
    def attributes(self) -> Pool:
        return Pool.of(f"attribute of {self.name}", self.own.attributes)

    def read(self, tree: Keys) -> Entity:
        with Section(tree, self.problems, f"entity '{self.name}'") as entity:
            attributes = self._attributes(entity)
            references = self._references(entity)
            effective, lead = self._effective(entity)
            settle = entity.duration("settle", self.defaults.settle)
            limit = entity.duration("settle_limit", self.defaults.settle_limit)
            if limit < settle:
                remedy = "make settle_limit at least as long as settle"
                said = entity.take("settle_limit") or entity.take("settle")
                entity.error(said, "settle_limit is below settle", remedy)
            exposure, currency = read_exposure(entity, self.own)
            return Entity(
                name=self.name,
                attributes=attributes,
                references=references,
                identity=read_identity(entity, self.name, attributes, self.names),
                survivorship=read_survivorship(entity, self.name, self.names, self.defaults.skew),
                settle=settle,
                settle_limit=limit,
                exposure=exposure,
                exposure_currency=currency,
                existence=read_existence(entity, self.name, self.names),
                effective=effective,
                lead=lead,
                time_zone=self._time_zone(entity),
                validation=read_validation(entity, self.name, self.names),
                hierarchy=read_hierarchy(entity, self.name, references, self.own),
                approval=read_approval(entity, self.name, self.own.attributes),
            )

    def _attributes(self, entity: Section) -> tuple[Attribute, ...]:
        if not self.own.fields:
            message = f"entity '{self.name}' has neither attributes nor references"
            entity.error(None, message, "add `attributes:` with one line for each")
        found = []
        for word, section in entity.sections("attributes", "attribute"):
            check_field_name(word, "an attribute", self.problems)
            with section:
                found.append(self._attribute(word.text, section))
        return tuple(found)

    def _attribute(self, name: str, section: Section) -> Attribute:
        group = self._group_of(name)
        said = section.scalar("group")
        if said and group != said.text:
            message = f"'{name}' says group '{said.text}' but survivorship has it in '{group}'"
            section.error(said, message, "name the same group in both places, or only in one")
        return Attribute(
            name=name,
            type=section.choice("type", ValueType, ValueType.TEXT) or ValueType.TEXT,
            kind=section.name("kind", KINDS),
            group=group,
            unit_of=self._unit_of(name, section),
            fold_case=section.flag("fold_case"),
        )

    def _group_of(self, name: str) -> str | None:
        return next((g for g, names in self.own.groups.items() if name in names), None)

    def _unit_of(self, name: str, section: Section) -> str | None:
        value = section.scalar("unit_of")
        other = section.name("unit_of", self.attributes)
        if value and other and self._group_of(other) != self._group_of(name):
            message = f"'{name}' is the unit of '{other}' but survives without it"
            section.error(value, message, "put both in one survivorship group")
        return other

    def _references(self, entity: Section) -> tuple[Reference, ...]:
        found = []
        for word, section in entity.sections("references", "reference"):
            check_field_name(word, "a reference", self.problems)
            if word.text in self.own.attributes:
                message = f"'{word.text}' is an attribute and a reference"
                self.problems.error(word.place, message, "give one of them another name")
            with section:
                found.append(self._reference(word, section))
        return tuple(found)

    def _reference(self, word: Scalar, section: Section) -> Reference:
        to = section.name("entity", self.names.entity_pool, required=True) or ""
        system = section.name("system", self.names.system_pool)
        if system and to and (system, to) not in self.names.mapped:
            message = f"system '{system}' has no mapping to '{to}', so its keys resolve to nothing"
            section.error(section.take("system"), message, f"add systems/{system}/{to}.yaml")
        return Reference(
            name=word.text,
            entity=to,
            required=section.flag("required", default=True),
            system=system,
        )

    def _time_zone(self, entity: Section) -> str:
        zone = entity.scalar("time_zone")
        if zone:
            check_zone(zone, self.problems)
        return zone.text if zone else self.defaults.time_zone

    def _effective(self, entity: Section) -> tuple[tuple[str, str] | None, timedelta | None]:
        section = entity.section("effective", "effective")
        if section is None:
            return None, None
        with section:
            start, end = self._moment(section, "from"), self._moment(section, "to")
            lead = section.duration("lead", None)
        return (start, end) if start and end else None, lead

    def _moment(self, section: Section, key: str) -> str | None:
        value = section.scalar(key, required=True)
        name = section.name(key, self.attributes)
        if value and name and self.own.attributes[name] not in _MOMENTS:
            message = f"'{name}' is not a date"
            section.error(value, message, "name an attribute of type date or timestamp")
        return name
