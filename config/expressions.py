"""Checks of what is written in other small languages: CEL conditions, cron, time zones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from config.problems import suggestion
from golden_records.domain.catalogue import ValueType
from golden_records.domain.conditions import (
    Condition,
    ConditionFailed,
    ConditionRefused,
    Measure,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.problems import Problems
    from config.tree import Scalar

_TRIED = {
    ValueType.DECIMAL: 1.5,
    ValueType.INTEGER: 2,
    ValueType.BOOLEAN: True,
    ValueType.DATE: "2024-01-01",
    ValueType.TIMESTAMP: "2024-01-01T00:00:00Z",
}
_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def check_condition(
    value: Scalar,
    roots: Mapping[str, frozenset[str] | None],
    problems: Problems,
) -> Condition | None:
    """Compile a CEL condition; `roots` gives its variables and their fields (None = any)."""
    try:
        condition = Condition(value.text)
    except ConditionRefused as error:
        what = str(error).splitlines()[0].split("ERROR: ")[-1]
        problems.error(value.place, f"not a condition: {what}", "correct the CEL expression")
        return None
    for variable in sorted(condition.variables - set(roots)):
        message = f"unknown variable '{variable}' in a condition"
        problems.error(value.place, message, _variable_remedy(variable, condition, roots))
    for path in sorted(condition.paths):
        root, _, name = path.partition(".")
        fields = roots.get(root)
        if name and fields is not None and name not in fields:
            message = f"'{path}' is not an attribute"
            problems.error(value.place, message, suggestion(name, fields))
    return condition


def check_amount(value: Scalar, attributes: Mapping[str, ValueType], problems: Problems) -> None:
    """Compile a CEL expression and try it: it must yield a number for values of these types."""
    if check_condition(value, dict.fromkeys(attributes), problems) is None:
        return
    measure = Measure(value.text)
    if not measure.variables <= attributes.keys():
        return
    tried = {name: _TRIED.get(attributes[name], "") for name in measure.variables}
    try:
        amount = measure.amount(tried)
    except ConditionFailed as error:
        remedy = "decimals are doubles, so write 12.0 beside one; the result must be a number"
        problems.error(value.place, str(error).splitlines()[0], remedy)
        return
    if amount is None:
        problems.error(value.place, "the expression yields nothing", "let it yield a number")


def _variable_remedy(
    variable: str,
    condition: Condition,
    roots: Mapping[str, frozenset[str] | None],
) -> str:
    for root, fields in roots.items():
        if fields and variable in fields:
            return f"write '{root}.{variable}'"
    for path in sorted(condition.paths):
        root, _, name = path.partition(".")
        if root == variable and name in roots:
            return f"write '{name}'"
    return suggestion(variable, roots)


def check_cron(value: Scalar, problems: Problems) -> None:
    """Accept five cron fields that name at least one instant."""
    try:
        next(CronSim(value.text, _ANY_DAY))
    except CronSimError as error:
        remedy = "write five fields: minute hour day month weekday, for example '0 2 * * *'"
        problems.error(value.place, f"'{value.text}' is not a cron expression: {error}", remedy)
    except StopIteration:
        message = f"'{value.text}' names an instant that never comes"
        problems.error(value.place, message, "name a day that exists")


def check_zone(value: Scalar, problems: Problems) -> None:
    """Accept a name of the IANA time zone database."""
    try:
        ZoneInfo(value.text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"unknown time zone '{value.text}'"
        problems.error(value.place, message, "write a name such as UTC or Europe/Berlin")
