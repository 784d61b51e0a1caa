"""Checks of a write plan's SQL: parameters, what it reads back, columns never to be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from config.problems import suggestion
from config.sql import misread, parameters, parse_statement, unnamed_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.problems import Problems
    from config.sql import Written
    from golden_records.domain.catalogue import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the SQL of a plan is checked against."""

    engine: Engine
    attributes: frozenset[str]
    parameters: frozenset[str]
    never: frozenset[str]
    creates: bool


def check_read(written: Written, plan: Plan, problems: Problems) -> None:
    """`read` is a SELECT that yields exactly the attributes of the plan."""
    statement = parse_statement(written, plan.engine, problems)
    if statement is None:
        return
    _check_parameters(statement, written, plan, problems)
    if plan.creates and set(parameters(written)) <= {"key"}:
        message = "`read` finds a record by its :key alone, which a created one has not yet"
        remedy = "find it by :hub_id too, or by what identifies it: `... OR hub_id = :hub_id`"
        problems.error(written.place(), message, remedy)
    if not isinstance(statement, exp.Query):
        problems.error(written.place(), "`read` is not a SELECT", "write a SELECT ... FOR UPDATE")
        return
    if statement.is_star:
        problems.error(written.place(), "`read` yields *", "name each column AS its attribute")
        return
    yielded = {p.output_name: p for p in statement.selects}
    for name in sorted(set(yielded) - plan.attributes):
        message = f"`read` yields '{name}', which is not an attribute of the plan"
        place = written.place_of(yielded[name])
        problems.error(place, message, suggestion(name, plan.attributes))
    for name in sorted(plan.attributes - set(yielded)):
        message = f"`read` does not yield '{name}', so a write of it could not be checked"
        problems.error(written.place(), message, f"add `... AS {name}`")


def check_step(written: Written, plan: Plan, problems: Problems) -> None:
    """A step changes rows, or is a SELECT that must find so many of them."""
    statement = parse_statement(written, plan.engine, problems)
    if statement is None:
        return
    _check_parameters(statement, written, plan, problems)
    allowed = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Query)
    if not isinstance(statement, allowed):
        remedy = "write INSERT, UPDATE, DELETE, MERGE, or SELECT for a check"
        problems.error(written.place(), "this statement is not for a write plan", remedy)
    for column in _written_columns(statement):
        if column.name in plan.never:
            message = f"the step sets '{column.name}', which the plan must never write"
            remedy = "remove it from the step, or from `never`"
            problems.error(written.place_of(column), message, remedy)


def _check_parameters(
    statement: exp.Expr,
    written: Written,
    plan: Plan,
    problems: Problems,
) -> None:
    for place, message, remedy in misread(written):
        problems.error(place, message, remedy)
    if unnamed_parameter(statement):
        message = "a parameter without a name"
        problems.error(written.place(), message, "write parameters as `:name`")
    for name, place in parameters(written).items():
        if name not in plan.parameters:
            message = f"nothing supplies the parameter ':{name}'"
            problems.error(place, message, suggestion(name, plan.parameters))


def _written_columns(statement: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the columns that a statement sets, also where a conflict turns it into an update."""
    for insert in statement.find_all(exp.Insert):
        if isinstance(insert.this, exp.Tuple | exp.Schema):
            yield from insert.this.expressions
    for setter in statement.find_all(exp.Update, exp.OnConflict):
        for assignment in setter.expressions:
            if isinstance(assignment, exp.EQ):
                target = assignment.this
                yield from target.expressions if isinstance(target, exp.Tuple) else [target]
