"""Reads the way back: how a group of attributes is written to a system."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from config.plan_sql import Plan, check_read, check_step
from config.section import Pool, Section, as_section
from config.sql import Written
from golden_records.domain.catalogue import WritePlan, WriteStep

if TYPE_CHECKING:
    from config.names import Names
    from config.tree import Scalar, Tree
    from golden_records.domain.catalogue import Entity, System

_ROWS = re.compile(r"(?P<least>\d+)\.\.(?P<most>\d+)|>=\s*(?P<from>\d+)|(?P<exact>\d+)")


class When(StrEnum):
    """When a step runs; always, where it says nothing."""

    CREATE = "create"
    UPDATE = "update"


class Cas(StrEnum):
    """Whether the target is compared, under lock, before it is written."""

    COMPARE = "compare"
    NONE = "none"


def read_plans(
    section: Section,
    system: System,
    entity: Entity,
    names: Names,
) -> tuple[WritePlan, ...]:
    plans: dict[str, WritePlan] = {}
    for item in section.items("write"):
        inner = as_section(item, "write plan", section.problems)
        if inner is None:
            continue
        with inner:
            plan = _plan(inner, system, entity, names)
        if plan.group in plans:
            message = f"group '{plan.group}' has two write plans"
            inner.error(inner.take("group"), message, "keep one, or name the other group")
        plans[plan.group] = plan
    return tuple(plans.values())


def _plan(section: Section, system: System, entity: Entity, names: Names) -> WritePlan:
    group = section.text("group", required=True) or ""
    attributes = _attributes(section, group, entity, names)
    never = frozenset(word.text for word in section.words("never"))
    creates = section.flag("creates")
    context = Plan(
        engine=system.engine,
        attributes=frozenset(attributes),
        parameters=names.entities[entity.name].plan_parameters(),
        never=never,
        creates=creates,
    )
    read = section.scalar("read", required=True)
    if read:
        check_read(Written.of(read), context, section.problems)
    steps = tuple(_step(item, context, section) for item in section.items("steps", required=True))
    found = tuple(step for step in steps if step)
    _check_steps(section, found, creates=creates)
    cas = section.choice("cas", Cas, Cas.COMPARE)
    return WritePlan(
        system=system.name,
        entity=entity.name,
        group=group,
        attributes=attributes,
        read=read.text if read else "",
        steps=found,
        never=never,
        creates=creates,
        cas=cas is not Cas.NONE,
    )


def _attributes(section: Section, group: str, entity: Entity, names: Names) -> tuple[str, ...]:
    """Named in the plan, or those of the survivorship group of the same name."""
    own = names.entities[entity.name]
    pool = Pool.of(f"attribute of {entity.name}", own.attributes)
    if section.take("attributes") is not None:
        return section.names("attributes", pool)
    if group and group not in own.groups:
        section.name("group", Pool.of(f"attribute group of {entity.name}", own.groups))
    return own.groups.get(group, ())


def _check_steps(section: Section, steps: tuple[WriteStep, ...], *, creates: bool) -> None:
    whens = {step.when for step in steps}
    if creates and steps and whens == {When.UPDATE}:
        message = "the plan creates, but every step is for updates"
        section.error(section.take("creates"), message, "add a step without `when: update`")
    if not creates and When.CREATE in whens:
        message = "a step is for creating, but the plan does not create"
        section.error(section.take("steps"), message, "add `creates: true`, or remove the step")


def _step(item: Tree, plan: Plan, around: Section) -> WriteStep | None:
    section = as_section(item, "step", around.problems)
    if section is None:
        return None
    with section:
        sql = section.scalar("sql", required=True)
        if sql:
            check_step(Written.of(sql), plan, section.problems)
        least, most = _rows(section.scalar("rows"), section)
        when = section.scalar("when")
        if when:
            section.choice("when", When, When.UPDATE)
        return WriteStep(
            sql=sql.text if sql else "",
            rows_min=least,
            rows_max=most,
            when=when.text if when else None,
        )


def _rows(value: Scalar | None, section: Section) -> tuple[int, int | None]:
    """Read `1`, `"0..1"` or `">=1"`; nothing = any number."""
    if value is None:
        return 0, None
    match = _ROWS.fullmatch(value.text.strip())
    if match is None:
        remedy = 'write 1, "0..1" or ">=1"'
        section.error(value, f"'{value.text}' is not a number of rows", remedy)
        return 0, None
    if match["from"]:
        return int(match["from"]), None
    least, most = match["least"] or match["exact"], match["most"] or match["exact"]
    if int(least) > int(most):
        section.error(value, f"'{value.text}' allows no number of rows", "put the smaller first")
    return int(least), int(most)
