"""Reads which value survives, group by group; what nothing names survives by the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.expressions import check_condition
from config.read_money import read_comparison, read_raises
from config.section import Pool, Section, as_choice, as_duration, as_name, as_scalar
from config.tree import Keys, Scalar
from golden_records.domain.catalogue import (
    OwnerRule,
    OwnerSilence,
    Strategy,
    Survivorship,
    Trespass,
    ValueType,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from config.names import EntityNames, Names
    from config.tree import Tree

_DEFAULT = (Strategy.SOURCE_RANK, Strategy.MOST_RECENT)
_ORDERED = frozenset({Strategy.MIN, Strategy.MAX, Strategy.MOST_RESTRICTIVE})
_UNORDERED = frozenset({ValueType.TEXT, ValueType.JSON})


def read_survivorship(
    entity: Section,
    name: str,
    names: Names,
    skew: timedelta | None,
) -> tuple[Survivorship, ...]:
    """Return a group for every attribute and reference, in the order of the file."""
    own = names.entities[name]
    found: dict[str, Survivorship] = {}
    taken: dict[str, str] = {}
    for word, section in entity.sections("survivorship", "survivorship"):
        with section:
            attributes = _attributes(word, section, name, own)
            _check_once(word, section, attributes, taken)
            found[word.text] = _group(word.text, section, (name, attributes, skew), names)
    for group, attributes in own.groups.items():
        if group not in found:
            rule = Survivorship(group=group, attributes=attributes, skew=skew)
            found[group] = rule
    return tuple(found.values())


def _attributes(
    word: Scalar,
    section: Section,
    entity: str,
    own: EntityNames,
) -> tuple[str, ...]:
    """Named in the group, or by the attributes' own `group`, or the attribute of that name."""
    pool = Pool.of(f"attribute of {entity}", own.fields)
    if section.take("attributes") is not None:
        return section.names("attributes", pool)
    implied = own.groups.get(word.text, ())
    if not set(implied) <= own.fields:
        message = f"group '{word.text}' names no attributes"
        section.problems.error(word.place, message, "add `attributes: [...]`")
        return ()
    return implied


def _check_once(
    word: Scalar,
    section: Section,
    attributes: tuple[str, ...],
    taken: dict[str, str],
) -> None:
    places = {item.text: item for item in section.words("attributes")}
    for attribute in attributes:
        other = taken.setdefault(attribute, word.text)
        if other != word.text:
            message = f"attribute '{attribute}' is in the groups '{other}' and '{word.text}'"
            remedy = "an attribute survives in one group; remove it from the other"
            section.error(places.get(attribute, word), message, remedy)


def _group(
    group: str,
    section: Section,
    of: tuple[str, tuple[str, ...], timedelta | None],
    names: Names,
) -> Survivorship:
    entity, attributes, skew = of
    own = names.entities[entity]
    types = [own.attributes.get(attribute) for attribute in attributes]
    return Survivorship(
        group=group,
        attributes=attributes,
        owners=_owners(section, entity, names),
        silent=section.choice("silent", OwnerSilence, OwnerSilence.FALLBACK)
        or OwnerSilence.FALLBACK,
        strategies=_strategies(section, types),
        ranks=section.names("ranks", names.system_pool),
        trespass=section.choice("trespass", Trespass, Trespass.WRITE_BACK) or Trespass.WRITE_BACK,
        skew=section.duration("skew", skew),
        grace=read_grace(section, names),
        keep_invalid=section.flag("keep_invalid"),
        compare=read_comparison(section, attributes, own),
        raises=read_raises(section, attributes, own),
    )


def read_grace(section: Section, names: Names) -> timedelta | None:
    """Read one duration, or one for each environment; an environment without one has none."""
    value = section.take("grace")
    if not isinstance(value, Keys):
        return section.duration("grace", None)
    found = {}
    for word, span in value.entries:
        named = as_name(word, names.environment_pool, section.problems)
        length = as_scalar(span, word.text, section.problems)
        if named and length:
            found[named] = as_duration(length, section.problems)
    return found.get(names.environment or "")


def _owners(section: Section, entity: str, names: Names) -> tuple[OwnerRule, ...]:
    rules: list[OwnerRule] = []
    for item in section.items("owners"):
        if rules and rules[-1].when is None:
            message = f"no owner after '{rules[-1].system}' is ever asked"
            section.error(item, message, "give the earlier owner a `when`, or remove this one")
        rule = _owner(item, section, entity, names)
        if rule:
            rules.append(rule)
    return tuple(rules)


def _owner(item: Tree, section: Section, entity: str, names: Names) -> OwnerRule | None:
    if isinstance(item, Scalar):
        system = as_name(item, names.system_pool, section.problems)
        when = None
    elif isinstance(item, Keys):
        system, when = _conditional(item, section, entity, names)
    else:
        section.error(item, "an owner is not a list", "write a system, or {system, when}")
        return None
    if system is None:
        return None
    if (system, entity) not in names.mapped:
        message = f"owner '{system}' has no mapping to '{entity}'"
        section.error(item, message, f"add systems/{system}/{entity}.yaml or name another owner")
    return OwnerRule(system=system, when=when)


def _conditional(
    item: Keys,
    section: Section,
    entity: str,
    names: Names,
) -> tuple[str | None, str | None]:
    with Section(item, section.problems, "owner") as owner:
        system = owner.name("system", names.system_pool, required=True)
        when = owner.scalar("when")
        if when:
            _check_when(when, section, names.entities[entity])
    return system, when.text if when else None


def _check_when(when: Scalar, section: Section, own: EntityNames) -> None:
    """A condition reads what is decided without conditions, so that their order cannot matter."""
    roots = dict.fromkeys(own.fields)
    condition = check_condition(when, roots, section.problems)
    read = condition.variables if condition else frozenset()
    for name in sorted(read & own.conditional):
        message = f"the condition reads '{name}', whose own owner has a condition"
        remedy = "read an attribute of a group whose owners have no `when`"
        section.error(when, message, remedy)


def _strategies(
    section: Section,
    types: list[ValueType | None],
) -> tuple[Strategy, ...]:
    found = []
    for word in section.words("strategies"):
        strategy = as_choice(word, "strategy", Strategy, section.problems)
        if strategy in _ORDERED and types and set(types) <= _UNORDERED:
            message = f"'{strategy}' needs values that can be ordered, and the group has only text"
            section.error(word, message, "give an attribute a number or date type")
        if strategy:
            found.append(strategy)
    return tuple(found) or _DEFAULT
