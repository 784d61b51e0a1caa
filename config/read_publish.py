"""Reads publish.yaml: which group of which entity goes to which target, and how soon."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from config.expressions import check_condition, check_cron, check_zone
from config.section import Section, as_section
from golden_records.domain.catalogue import Frequency, Lane, LaneClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.names import Names
    from config.problems import Problems
    from config.read_hub import Defaults
    from config.tree import Keys, Scalar

    Roots: TypeAlias = Mapping[str, frozenset[str] | None]

FACTS: Final[frozenset[str]] = frozenset()
"""Facts beside the attributes that the hub supplies to conditions as `entity.<fact>`."""
_SHORTEST = timedelta(seconds=1)
_MODES = "immediate: true | every: 30s | cron: '0 2 * * *'"


def read_publish(
    tree: Keys,
    names: Names,
    defaults: Defaults,
    problems: Problems,
) -> tuple[Lane, ...]:
    with Section(tree, problems, "publish.yaml") as publish:
        lanes: list[Lane] = []
        ways: dict[tuple[str, str, str], str] = {}
        for word, section in publish.sections("lanes", "lane"):
            with section:
                lane = _lane(word, section, names, defaults)
            way = (lane.entity, lane.group, lane.target)
            other = ways.setdefault(way, word.text)
            if other != word.text and all(way):
                message = f"lane '{word.text}' goes the way of lane '{other}'"
                problems.error(word.place, message, "make it a class of that lane")
            lanes.append(lane)
    return tuple(lanes)


def _lane(word: Scalar, section: Section, names: Names, defaults: Defaults) -> Lane:
    entity = section.name("entity", names.entity_pool, required=True) or ""
    target = section.name("target", names.system_pool, required=True) or ""
    group = _group(section, entity, target, names)
    return Lane(
        name=word.text,
        entity=entity,
        group=group,
        target=target,
        classes=_classes(section, _roots(names, entity, target, group), defaults),
    )


def _group(section: Section, entity: str, target: str, names: Names) -> str:
    group = section.text("group", required=True) or ""
    if (target, entity) in names.unreadable:
        return group
    plans = names.plans.get((target, entity), {})
    if group and entity and target and group not in plans:
        message = f"'{target}' has no write plan for the group '{group}' of '{entity}'"
        remedy = f"add it to systems/{target}/{entity}.yaml"
        if plans:
            remedy += f", or name one of: {', '.join(sorted(plans))}"
        section.error(section.take("group"), message, remedy)
    return group


def _roots(names: Names, entity: str, target: str, group: str) -> Roots:
    """What a condition of the lane may read; of what the target holds, what the plan reads."""
    fields = names.entities[entity].fields if entity in names.entities else None
    held = names.plans.get((target, entity), {}).get(group)
    return {"golden": fields or None, "current": held or fields or None, "entity": FACTS}


def _classes(section: Section, roots: Roots, defaults: Defaults) -> tuple[LaneClass, ...]:
    """Read the classes in order; the lane's own frequency serves what no class takes."""
    found: list[LaneClass] = []
    for item in section.items("classes"):
        inner = as_section(item, "class", section.problems)
        if inner is None:
            continue
        if found and found[-1].when is None:
            message = f"no class after '{found[-1].name}' is ever reached"
            section.error(item, message, "give the earlier class a `when`, or remove this one")
        with inner:
            one = _class(inner, roots, defaults)
        if one.name in {each.name for each in found}:
            section.error(item, f"two classes are named '{one.name}'", "rename one")
        found.append(one)
    rest = _frequency(section, defaults)
    if rest and found and found[-1].when is None:
        message = "the lane's own frequency is never used, since its last class takes the rest"
        section.error(None, message, "remove one of the two")
    if rest:
        found.append(LaneClass(name="rest", when=None, frequency=rest))
    elif not found or found[-1].when is not None:
        section.error(None, "the lane has no frequency for the rest", f"add one of {_MODES}")
    return tuple(found)


def _class(section: Section, roots: Roots, defaults: Defaults) -> LaneClass:
    name = section.text("name", required=True) or ""
    when = section.scalar("when")
    if when:
        check_condition(when, roots, section.problems)
    frequency = _frequency(section, defaults)
    if frequency is None:
        section.error(None, f"class '{name}' has no frequency", f"add one of {_MODES}")
    return LaneClass(
        name=name,
        when=when.text if when else None,
        frequency=frequency or Frequency(mode="immediate"),
    )


def _frequency(section: Section, defaults: Defaults) -> Frequency | None:
    """Read the one frequency that stands here, if any."""
    immediate = section.flag("immediate")
    every, cron, zone = section.scalar("every"), section.scalar("cron"), section.scalar("time_zone")
    said = [mode for mode, on in (("immediate", immediate), ("every", every), ("cron", cron)) if on]
    if len(said) > 1:
        section.error(None, f"several frequencies: {', '.join(said)}", "keep one of them")
    if zone:
        check_zone(zone, section.problems)
    if cron:
        check_cron(cron, section.problems)
    if not said:
        return None
    return Frequency(
        mode=said[0],
        every=_every(section),
        cron=cron.text if cron else None,
        time_zone=zone.text if zone else defaults.time_zone,
    )


def _every(section: Section) -> timedelta | None:
    every = section.duration("every", None)
    if every is not None and every < _SHORTEST:
        message = "a grid finer than one second cannot be kept"
        section.error(section.take("every"), message, "write `every: 1s` or `immediate: true`")
    return every
