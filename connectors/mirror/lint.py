"""What an author's SQL must not say, told from its text alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from connectors.mirror.derive.syntax import QUERY, TIME_WORDS, function_name
from connectors.mirror.errors import MappingRefusedError
from connectors.mirror.mappings import folded, parsed, readings
from golden_records.domain.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from golden_records.domain.catalogue import EntityMapping


SYNONYMS: Final = {"current_timestamp": ("now",)}
"""Names under which the parser knows a function, and how else an author may have written it."""


def finding(
    mapping: EntityMapping,
    line: int | None,
    message: str,
    remedy: str,
    severity: Severity = Severity.ERROR,
) -> Finding:
    """A finding in the mapping's file."""
    file = mapping.source_file or f"{mapping.system}/{mapping.entity}"
    return Finding(file=file, line=line, severity=severity, message=message, remedy=remedy)


def line_of(mapping: EntityMapping, word: str) -> int | None:
    """The first line of the author's text that has the word; None when it has none."""
    written = "|".join(re.escape(one) for one in (word, *SYNONYMS.get(word, ())))
    pattern = re.compile(rf"\b({written})\b", re.IGNORECASE)
    lines = enumerate(mapping.sql.splitlines(), start=1)
    return next((number for number, text in lines if pattern.search(text)), None)


def unusable(mapping: EntityMapping, tables: frozenset[str]) -> Iterator[Finding]:
    """What makes it useless to show the statement to PostgreSQL."""
    try:
        statement = parsed(mapping)
    except MappingRefusedError as error:
        line = error.facts.get("line")
        at = line if isinstance(line, int) else None
        yield finding(mapping, at, str(error), "write one SELECT that PostgreSQL accepts")
        return
    if isinstance(statement.unnest(), QUERY):
        yield from _tables(mapping, statement, tables)
    else:
        yield finding(mapping, 1, "the mapping is not a SELECT", "write one SELECT")


def unwise(mapping: EntityMapping, volatile: frozenset[str]) -> Iterator[Finding]:
    """What PostgreSQL would accept and the hub does not."""
    statement = parsed(mapping)
    yield from _functions(mapping, statement, volatile)
    yield from _memberships(mapping, statement)
    yield from _ctes(mapping, statement)


def _tables(
    mapping: EntityMapping, statement: exp.Expr, tables: frozenset[str]
) -> Iterator[Finding]:
    for reading in readings(statement):
        name = f"{reading.schema}.{reading.table}"
        if reading.schema != mapping.system:
            yield finding(
                mapping,
                reading.line,
                f"reads {name}, which is not a table of {mapping.system}",
                f"a mapping reads tables of its own system only, as {mapping.system}.<table>",
            )
        elif reading.table not in tables:
            yield finding(
                mapping,
                reading.line,
                f"table {name} is not mirrored",
                f"add {reading.table} to systems/{mapping.system}/tables.yaml, or correct the"
                f" name; mirrored are {', '.join(sorted(tables)) or 'none'}",
            )
    ctes = {folded(cte.args["alias"].this) for cte in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        bare = isinstance(table.this, exp.Identifier) and not table.args.get("db")
        if bare and folded(table.this) not in ctes:
            yield finding(
                mapping,
                table.this.meta.get("line"),
                f"table {table.name} is named without its system",
                f"write {mapping.system}.{table.name}",
            )


def _functions(
    mapping: EntityMapping, statement: exp.Expr, volatile: frozenset[str]
) -> Iterator[Finding]:
    names = {function_name(node) for node in statement.walk()} & (volatile | TIME_WORDS)
    for name in sorted(filter(None, names)):
        yield finding(
            mapping,
            line_of(mapping, name),
            f"{name} makes the record depend on more than the source's rows",
            "yield valid_from and valid_to and let the hub decide what is in force; leave out"
            " random and session values",
        )


def _memberships(mapping: EntityMapping, statement: exp.Expr) -> Iterator[Finding]:
    for node in statement.find_all(exp.Not):
        inner = node.this.unnest()
        if isinstance(inner, exp.In) and inner.args.get("query") is not None:
            yield finding(
                mapping,
                line_of(mapping, "not in"),
                "NOT IN (SELECT ...) is never true once the SELECT yields one NULL",
                "write NOT EXISTS (SELECT FROM ... WHERE ... = ...)",
            )


def _ctes(mapping: EntityMapping, statement: exp.Expr) -> Iterator[Finding]:
    for cte in statement.find_all(exp.CTE):
        name = folded(cte.args["alias"].this)
        uses = [
            table
            for table in statement.find_all(exp.Table)
            if not table.args.get("db")
            and isinstance(table.this, exp.Identifier)
            and folded(table.this) == name
            and not _inside(table, cte)
        ]
        if len(uses) > 1:
            yield finding(
                mapping,
                uses[1].this.meta.get("line"),
                f"the CTE {name} is read {len(uses)} times, so PostgreSQL computes it for every"
                " root at each evaluation",
                "write it where it is read, as a LATERAL with the root's key in its WHERE",
            )


def _inside(node: exp.Expr, ancestor: exp.Expr) -> bool:
    here = node.parent
    while here is not None:
        if here is ancestor:
            return True
        here = here.parent
    return False
