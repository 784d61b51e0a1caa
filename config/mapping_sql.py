"""Checks of a mapping's SELECT: what it yields, which tables and columns it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from config.problems import suggestion
from config.sql import identifier, parameters, parse_statement, unnamed_parameter
from golden_records.domain.catalogue import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from config.problems import Problems
    from config.sql import Written

_CLOCKS = (
    exp.CurrentTimestamp,
    exp.CurrentDate,
    exp.CurrentTime,
    exp.Localtimestamp,
    exp.Rand,
)
_CLOCK_NAMES = frozenset({"clock_timestamp", "statement_timestamp", "timeofday"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """What a mapping of a system may read and yield."""

    system: str
    entity: str
    tables: Mapping[str, frozenset[str]]
    outputs: frozenset[str]
    required: frozenset[str]


def check_mapping(written: Written, readable: Readable, problems: Problems) -> None:
    """Parse the SELECT and report all that can be known without a database."""
    statement = parse_statement(written, Engine.POSTGRESQL, problems)
    if statement is None:
        return
    if not isinstance(statement, exp.Query):
        problems.error(written.place(), "a mapping is a SELECT", "write a SELECT")
        return
    unnamed = [written.place()] if unnamed_parameter(statement) else []
    for place in [*parameters(written).values(), *unnamed]:
        remedy = "remove it; the hub adds the keys by itself"
        problems.error(place, "a mapping takes no parameters", remedy)
    for clock in statement.find_all(*_CLOCKS, exp.Anonymous):
        if isinstance(clock, exp.Anonymous) and clock.name.lower() not in _CLOCK_NAMES:
            continue
        message = f"a mapping reads the clock or chance: {clock.sql(dialect='postgres')}"
        remedy = "yield the moments (valid_from, valid_to) and let the hub compare them"
        problems.error(written.place_of(clock), message, remedy)
    _check_outputs(statement, written, readable, problems)
    _check_tables(statement, written, readable, problems)


def _check_outputs(
    statement: exp.Query,
    written: Written,
    readable: Readable,
    problems: Problems,
) -> None:
    for branch in _branches(statement):
        if branch.is_star:
            remedy = "name each column, so that a new one at the source changes nothing here"
            problems.error(written.place_of(branch), "a mapping yields *", remedy)
            return
        _check_key(branch, written, problems)
    yielded = {p.output_name: p for p in statement.selects}
    for name in sorted(set(yielded) - readable.outputs):
        message = f"nothing reads the column '{name}' of the mapping to '{readable.entity}'"
        place = written.place_of(yielded[name])
        problems.error(place, message, suggestion(name, readable.outputs))
    for name in sorted((readable.required | {"key"}) - set(yielded)):
        message = f"the mapping to '{readable.entity}' does not yield '{name}'"
        remedy = f"add `... AS {name}` (NULL AS {name} where this system has none)"
        problems.error(written.place(), message, remedy if name != "key" else _KEY)


_KEY = "add `... AS key`: a column, uncast, of the table that one record stands for"


def _branches(statement: exp.Query) -> Iterator[exp.Select]:
    if isinstance(statement, exp.SetOperation):
        for side in (statement.left, statement.right):
            if isinstance(side, exp.Query):
                yield from _branches(side)
    elif isinstance(statement, exp.Subquery):
        inner = statement.unnest()
        yield from _branches(inner) if isinstance(inner, exp.Query) else ()
    elif isinstance(statement, exp.Select):
        yield statement


def _check_key(branch: exp.Select, written: Written, problems: Problems) -> None:
    for projection in branch.selects:
        if projection.output_name == "key" and not isinstance(projection.unalias(), exp.Column):
            message = "key is computed, so the hub cannot look up one record"
            problems.error(written.place_of(projection), message, _KEY)


def _check_tables(
    statement: exp.Query,
    written: Written,
    readable: Readable,
    problems: Problems,
) -> None:
    ctes = {cte.alias for cte in statement.find_all(exp.CTE)}
    aliases: dict[str, str | None] = {}
    for table in statement.find_all(exp.Table):
        known = _known_table(table, ctes, written, (readable, problems))
        alias = table.alias_or_name
        # The same alias for two tables, in two parts of the statement: its columns are not judged.
        aliases[alias] = known if aliases.get(alias, known) == known else None
    for derived in statement.find_all(exp.Subquery, exp.Lateral, exp.CTE):
        aliases[derived.alias] = None
    for column in statement.find_all(exp.Column):
        of = aliases.get(column.table)
        name = identifier(column)
        if of and not isinstance(column.this, exp.Star) and name not in readable.tables[of]:
            message = f"'{name}' is not a mirrored column of {readable.system}.{of}"
            remedy = (
                f"add it in systems/{readable.system}/tables.yaml; "
                f"{suggestion(name, readable.tables[of])}"
            )
            problems.error(written.place_of(column), message, remedy)


def _known_table(
    table: exp.Table,
    ctes: set[str],
    written: Written,
    around: tuple[Readable, Problems],
) -> str | None:
    readable, problems = around
    if not isinstance(table.this, exp.Identifier) or (not table.db and table.name in ctes):
        return None
    place = written.place_of(table)
    if table.db != readable.system:
        message = f"a mapping of '{readable.system}' reads '{table.sql(dialect='postgres')}'"
        remedy = f"write {readable.system}.{table.name}: a mapping reads its own system's mirrors"
        problems.error(place, message, remedy)
        return None
    name = identifier(table)
    if name not in readable.tables:
        message = f"table '{readable.system}.{name}' is not mirrored"
        problems.error(place, message, suggestion(name, readable.tables))
        return None
    return name
