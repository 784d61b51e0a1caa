"""A first, silent look at all files: which names there are, so that reading can resolve them.

Names count as known even where their definition has problems, so that one mistake gives one
finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config.section import Pool
from config.tree import Items, Keys, Scalar
from golden_records.domain.catalogue import Engine, ValueType

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from config.problems import Problems
    from config.tree import Tree

HUB = "hub.yaml"
PUBLISH = "publish.yaml"
ENTITY = re.compile(r"entities/([^/]+)\.yaml")
TABLES = re.compile(r"systems/([^/]+)/tables\.yaml")
MAPPING = re.compile(r"systems/([^/]+)/(?!tables\.yaml)([^/]+)\.yaml")
MODEL = re.compile(r"models/([^/]+)\.json")
SQL = re.compile(r"systems/([^/]+)/[^/]+\.sql")
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED = frozenset({"key", "hub_id", "now"})


@dataclass(frozen=True, slots=True)
class EntityNames:
    """The names that an entity defines."""

    attributes: Mapping[str, ValueType]
    references: frozenset[str]
    groups: Mapping[str, tuple[str, ...]]
    """Attribute groups, by survivorship and by the attributes' own `group`."""
    conditional: frozenset[str] = frozenset()
    """Attributes of groups of which an owner has a condition."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Attribute → the attribute whose unit it is."""

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(self.attributes) | self.references

    def plan_parameters(self) -> frozenset[str]:
        keys = {f"{reference}_key" for reference in self.references}
        return RESERVED | frozenset(self.attributes) | keys


NOTHING = EntityNames({}, frozenset(), {})


@dataclass(frozen=True, slots=True)
class Names:
    """Everything that can be referred to."""

    systems: Mapping[str, Engine]
    entities: Mapping[str, EntityNames]
    tables: Mapping[str, Mapping[str, frozenset[str]]]
    """system → mirrored table → columns."""
    mapped: frozenset[tuple[str, str]]
    plans: Mapping[tuple[str, str], Mapping[str, frozenset[str]]]
    """(system, entity) → group that has a write plan → attributes that it writes."""
    unreadable: frozenset[tuple[str, str]]
    """(system, entity) of mappings that are not YAML."""
    environments: tuple[str, ...] = ()
    environment: str | None = None
    """The environment that this hub is, and all that there are."""

    @property
    def environment_pool(self) -> Pool:
        return Pool.of("environment", self.environments)

    @property
    def system_pool(self) -> Pool:
        return Pool.of("system", self.systems)

    @property
    def entity_pool(self) -> Pool:
        return Pool.of("entity", self.entities)


def outline(trees: Mapping[str, Keys], unreadable: Collection[str]) -> Names:
    """Collect the names from the parsed files, without complaint; files themselves are names."""
    dark = [match for path in unreadable if (match := MAPPING.fullmatch(path))]
    hub = trees.get(HUB)
    systems = _keys(hub.get("systems") if hub else None)
    entities = {m[1]: NOTHING for path in unreadable if (m := ENTITY.fullmatch(path))}
    entities |= {m[1]: _entity(tree) for m, tree in _matching(ENTITY, trees)}
    mapped = {(m[1], m[2]): tree for m, tree in _matching(MAPPING, trees)}
    return Names(
        systems={name: _engine(value) for name, value in systems.items()},
        entities=entities,
        tables={m[1]: _tables(tree) for m, tree in _matching(TABLES, trees)},
        mapped=frozenset(mapped) | {(m[1], m[2]) for m in dark},
        unreadable=frozenset((m[1], m[2]) for m in dark),
        plans={
            (system, to): _plan_groups(tree, entities.get(to, NOTHING))
            for (system, to), tree in mapped.items()
        },
        environments=_list(hub, "environments"),
        environment=_word(hub, "environment"),
    )


def check_name(name: Scalar, kind: str, problems: Problems) -> None:
    """Names become schemas, topics and parameters: lower-case words, not reserved."""
    if not NAME.fullmatch(name.text) or name.text in RESERVED:
        message = f"'{name.text}' cannot be the name of {kind}"
        remedy = (
            "use lower-case letters, digits and _, a letter first, at most 40; "
            f"not {', '.join(sorted(RESERVED))}"
        )
        problems.error(name.place, message, remedy)


def check_field_name(name: Scalar, kind: str, problems: Problems) -> None:
    """Check the name of an attribute or reference: `..._key` is a parameter of write plans."""
    check_name(name, kind, problems)
    if name.text.endswith("_key"):
        message = f"'{name.text}' cannot be the name of {kind}"
        remedy = "write ..._id or ..._code: what ends with _key is a parameter of write plans"
        problems.error(name.place, message, remedy)


def _matching(
    pattern: re.Pattern[str],
    trees: Mapping[str, Keys],
) -> list[tuple[re.Match[str], Keys]]:
    found = ((pattern.fullmatch(path), tree) for path, tree in trees.items())
    return [(match, tree) for match, tree in found if match]


def _keys(tree: Tree | None) -> dict[str, Tree]:
    return {n.text: v for n, v in tree.entries} if isinstance(tree, Keys) else {}


def _word(tree: Tree | None, key: str) -> str | None:
    value = tree.get(key) if isinstance(tree, Keys) else None
    return value.text if isinstance(value, Scalar) and value.kind != "null" else None


def _list(tree: Tree | None, key: str) -> tuple[str, ...]:
    value = tree.get(key) if isinstance(tree, Keys) else None
    items = value.items if isinstance(value, Items) else ()
    return tuple(item.text for item in items if isinstance(item, Scalar))


def _engine(tree: Tree) -> Engine:
    word = _word(tree, "engine")
    return Engine(word) if word in set(Engine) else Engine.POSTGRESQL


def _entity(tree: Keys) -> EntityNames:
    attributes = _keys(tree.get("attributes"))
    grouped: dict[str, list[str]] = {}
    for name, value in attributes.items():
        group = _word(value, "group")
        if group:
            grouped.setdefault(group, []).append(name)
    for group, value in _keys(tree.get("survivorship")).items():
        named = _list(value, "attributes")
        if named:
            grouped = {g: [n for n in names if n not in named] for g, names in grouped.items()}
        grouped[group] = list(named) if named else grouped.get(group, [group])
    covered = {name for names in grouped.values() for name in names}
    references = frozenset(_keys(tree.get("references")))
    for name in (*attributes, *sorted(references)):
        if name not in covered:
            grouped.setdefault(name, [name])
    return EntityNames(
        attributes={name: _type(value) for name, value in attributes.items()},
        references=references,
        groups={group: tuple(names) for group, names in grouped.items() if names},
        conditional=frozenset(
            name
            for group, value in _keys(tree.get("survivorship")).items()
            if _has_condition(value)
            for name in grouped.get(group, ())
        ),
        units={n: unit for n, value in attributes.items() if (unit := _word(value, "unit_of"))},
    )


def _has_condition(tree: Tree) -> bool:
    owners = tree.get("owners") if isinstance(tree, Keys) else None
    rules = owners.items if isinstance(owners, Items) else ()
    return any(_word(rule, "when") for rule in rules)


def _type(tree: Tree) -> ValueType:
    word = _word(tree, "type")
    return ValueType(word) if word in set(ValueType) else ValueType.TEXT


def _tables(tree: Keys) -> dict[str, frozenset[str]]:
    return {
        name: frozenset(_list(value, "columns")) | frozenset(_list(value, "key"))
        for name, value in _keys(tree).items()
    }


def _plan_groups(tree: Keys, entity: EntityNames) -> dict[str, frozenset[str]]:
    write = tree.get("write")
    plans = write.items if isinstance(write, Items) else ()
    return {
        group: frozenset(_list(plan, "attributes") or entity.groups.get(group, ()))
        for plan in plans
        if (group := _word(plan, "group"))
    }
