"""Reads a catalogue, whole: a folder of YAML and SQL into the domain's own types, or every problem.

`load_catalogue` is pure. Reading happens in two looks: the first collects the names that the files
define, the second reads every file and resolves what it refers to, adding problems as it goes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from config.names import ENTITY, HUB, MAPPING, MODEL, PUBLISH, SQL, TABLES, check_name, outline
from config.problems import CatalogueBroken, Place, Problems, suggestion
from config.read_cases import read_case_classes
from config.read_entities import EntityReader
from config.read_existence import check_recreation
from config.read_hub import NO_HUB, read_hub
from config.read_models import read_models
from config.read_publish import read_publish
from config.read_systems import MappingReader, read_tables
from config.references import check_references
from config.tree import Scalar, parse
from golden_records.domain.catalogue import Catalogue

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from config.names import Names
    from config.read_hub import Hub
    from config.tree import Keys
    from golden_records.domain.catalogue import (
        Entity,
        EntityMapping,
        Lane,
        MirrorTable,
        WritePlan,
    )
    from golden_records.domain.findings import Finding

KEPT: Final = 8


def load_catalogue(files: Mapping[str, str]) -> Catalogue:
    """Build the catalogue from paths and texts. Raises CatalogueBroken with every finding.

    It never changes, so a process reads the same files once: policies come and go by their texts.
    """
    return _loaded(tuple(sorted(files.items())))


@lru_cache(maxsize=KEPT)
def _loaded(files: tuple[tuple[str, str], ...]) -> Catalogue:
    catalogue, findings = check_catalogue(dict(files))
    if catalogue is None:
        raise CatalogueBroken(findings)
    return catalogue


def check_catalogue(files: Mapping[str, str]) -> tuple[Catalogue | None, tuple[Finding, ...]]:
    """Return the catalogue, or None where an error stands in its way, and every finding."""
    reading = _Reading(dict(sorted(files.items())))
    catalogue = reading.read()
    return (None if reading.problems.broken else catalogue), reading.problems.sorted()


def version_of(files: Mapping[str, str]) -> str:
    """Hash paths and texts, whatever their order and line ends."""
    digest = hashlib.sha256()
    for path, text in sorted(files.items()):
        for part in (path, "\n".join(text.splitlines())):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
    return digest.hexdigest()


@dataclass(slots=True)
class _Reading:
    """One reading of all files."""

    files: Mapping[str, str]
    problems: Problems = field(default_factory=Problems)
    used: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)

    def read(self) -> Catalogue | None:
        """Read all but what depends on a file that is not YAML, since its names are not known."""
        texts = {path: text for path, text in self.files.items() if path.endswith(".yaml")}
        parsed = {path: parse(path, text, self.problems) for path, text in texts.items()}
        trees = {path: tree for path, tree in parsed.items() if tree is not None}
        self.unreadable = parsed.keys() - trees.keys()
        if HUB in self.unreadable:
            return None
        if HUB not in trees:
            remedy = "add it with `name` and `systems`"
            self.problems.error(Place(HUB), "there is no hub.yaml", remedy)
        names = outline(trees, self.unreadable)
        self._check_files(names)
        hub = read_hub(trees[HUB], self.problems) if HUB in trees else NO_HUB
        entities = self._entities(trees, names, hub)
        classes = read_case_classes(trees[HUB], names, self.problems) if HUB in trees else ()
        tables = self._tables(trees, hub)
        mappings, plans = self._mappings(trees, names, hub, entities)
        lanes = self._lanes(trees, names, hub)
        check_references(entities, mappings, names, self.problems)
        check_recreation(entities, plans, self.problems)
        self._check_sql()
        return Catalogue(
            version=version_of(self.files),
            name=hub.name,
            systems=MappingProxyType(hub.systems),
            tables=tables,
            entities=MappingProxyType(entities),
            mappings=mappings,
            plans=plans,
            lanes=lanes,
            case_classes=classes,
            files=MappingProxyType(dict(self.files)),
            models=MappingProxyType(read_models(self.files, entities, self.problems)),
            four_eyes=hub.four_eyes,
        )

    def _check_files(self, names: Names) -> None:
        """Every file must be one that something reads, about a system and an entity that exist."""
        for path in self.files:
            inside = next((m for p in (TABLES, MAPPING, SQL) if (m := p.fullmatch(path))), None)
            if inside and inside[1] not in names.systems:
                message = f"there is no system '{inside[1]}' in hub.yaml"
                remedy = f"rename the folder; {suggestion(inside[1], names.systems)}"
                self.problems.error(Place(path), message, remedy)
            elif path not in {HUB, PUBLISH} and not inside and not _is_known(path):
                remedy = "see docs/catalogue.md for the files of a catalogue, or remove it"
                self.problems.error(Place(path), "nothing reads this file", remedy)

    def _entities(self, trees: Mapping[str, Keys], names: Names, hub: Hub) -> dict[str, Entity]:
        found = {}
        for path, tree in trees.items():
            match = ENTITY.fullmatch(path)
            if match:
                word = Scalar(Place(path), match[1], "str", 1)
                check_name(word, "an entity", self.problems)
                reader = EntityReader(match[1], names, hub.defaults, self.problems)
                found[match[1]] = reader.read(tree)
        return found

    def _tables(self, trees: Mapping[str, Keys], hub: Hub) -> tuple[MirrorTable, ...]:
        found: list[MirrorTable] = []
        for path, tree in trees.items():
            match = TABLES.fullmatch(path)
            if match and match[1] in hub.systems:
                found += read_tables(tree, hub.systems[match[1]], self.problems)
        return tuple(found)

    def _mappings(
        self,
        trees: Mapping[str, Keys],
        names: Names,
        hub: Hub,
        entities: Mapping[str, Entity],
    ) -> tuple[tuple[EntityMapping, ...], tuple[WritePlan, ...]]:
        mappings: list[EntityMapping] = []
        plans: list[WritePlan] = []
        for path, tree in trees.items():
            match = MAPPING.fullmatch(path)
            if not match or match[1] not in hub.systems or self._in_the_dark(match):
                continue
            if match[2] not in entities:
                remedy = f"rename the file; {suggestion(match[2], entities)}"
                self.problems.error(Place(path), f"there is no entity '{match[2]}'", remedy)
                continue
            mapping, found = MappingReader(
                file=path,
                system=hub.systems[match[1]],
                entity=entities[match[2]],
                names=names,
                texts=self.files,
                used=self.used,
                problems=self.problems,
            ).read(tree)
            mappings += [mapping] if mapping else []
            plans += found
        return tuple(mappings), tuple(plans)

    def _in_the_dark(self, mapping: re.Match[str]) -> bool:
        needed = {f"entities/{mapping[2]}.yaml", f"systems/{mapping[1]}/tables.yaml"}
        return bool(needed & self.unreadable)

    def _lanes(self, trees: Mapping[str, Keys], names: Names, hub: Hub) -> tuple[Lane, ...]:
        tree = trees.get(PUBLISH)
        return read_publish(tree, names, hub.defaults, self.problems) if tree else ()

    def _check_sql(self) -> None:
        for path in self.files:
            if SQL.fullmatch(path) and path not in self.used and not self.unreadable:
                remedy = "name it with `sql:` in a mapping, or remove it"
                self.problems.error(Place(path), "no mapping reads this file", remedy)


def _is_known(path: str) -> bool:
    return bool(ENTITY.fullmatch(path) or MODEL.fullmatch(path))
