"""Which columns an attribute of a mapping comes from: a superset, for telling when it changed.

Of a table that stands in FROM itself these are the columns that the attribute names and those of
the table's own join condition; of a query in FROM, or one in the attribute's expression, all that
is read of its tables. Conditions that choose rows feed every attribute.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp

from connectors.mirror.derive.syntax import QUERY, inner_queries, parse, shallow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Columns: TypeAlias = "dict[str, frozenset[str]]"
"""Columns by table."""

CHOOSING: tuple[str, ...] = ("where", "having", "qualify", "group", "distinct", "order", "limit")


def feeds_of(definition: str, reads: Mapping[str, Iterable[str]]) -> dict[str, Columns]:
    """The columns that feed each attribute; empty for a statement of another form than SELECT."""
    statement = parse(definition.strip().removesuffix(";"))
    if not isinstance(statement, exp.Select) or statement.args.get("with_"):
        return {}
    scope = _Scope({table: frozenset(columns) for table, columns in reads.items()})
    scope.add_from(statement)
    choosing = scope.joined(*(scope.of(part) for part in _choosing(statement)))
    return {
        one.alias_or_name: scope.joined(choosing, scope.of(one)) for one in statement.expressions
    }


def _choosing(statement: exp.Select) -> Iterator[exp.Expr]:
    for name in CHOOSING:
        value = statement.args.get(name)
        yield from value if isinstance(value, list) else [value] if value is not None else []


@dataclass(slots=True)
class _Scope:
    """The FROM items of the view's one block, by alias."""

    reads: Mapping[str, frozenset[str]]
    tables: dict[str, str] = field(default_factory=dict)
    """Tables that stand there themselves."""
    whole: dict[str, Columns] = field(default_factory=dict)
    """What comes with an item as soon as one of its columns is named."""

    def add_from(self, statement: exp.Select) -> None:
        clause = statement.args.get("from_")
        joins = statement.args.get("joins") or []
        items = [(clause.this, None)] if clause is not None else []
        items += [(join.this, join.args.get("on")) for join in joins]
        for node, _ in items:
            self._add(node)
        for node, condition in items:
            if condition is not None:
                extra = self.of(condition)
                for alias in _aliases(node):
                    self.whole[alias] = self.joined(self.whole.get(alias, {}), extra)

    def _add(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Table) and not node.args.get("joins") and node.db:
            self.tables[node.alias_or_name] = node.name
            return
        inside = self._all_of(node)
        for alias in _aliases(node):
            self.whole[alias] = inside

    def _all_of(self, node: exp.Expr) -> Columns:
        """All that is read of the tables in a part, and what it names of tables outside."""
        tables = {t.name for t in node.find_all(exp.Table) if t.db and t.name in self.reads}
        found = {table: self.reads[table] for table in tables}
        outside = [c for c in node.find_all(exp.Column) if c.table in self.tables]
        return self.joined(found, *(self._column(column) for column in outside))

    def of(self, expression: exp.Expr) -> Columns:
        """What feeds an expression."""
        inner = [self._all_of(query) for query in inner_queries(expression)]
        columns = [c for c in shallow(expression) if isinstance(c, exp.Column)]
        return self.joined(*inner, *(self._column(column) for column in columns))

    def _column(self, column: exp.Column) -> Columns:
        items = [column.table] if column.table else [*self.tables, *self.whole]
        parts = [self.whole.get(alias, {}) for alias in items]
        for alias in items:
            table = self.tables.get(alias)
            if table is not None:
                star = isinstance(column.this, exp.Star)
                named = self.reads.get(table, frozenset()) if star else frozenset({column.name})
                parts.append({table: named})
        return self.joined(*parts)

    @staticmethod
    def joined(*parts: Columns) -> Columns:
        found: dict[str, frozenset[str]] = defaultdict(frozenset)
        for part in parts:
            for table, columns in part.items():
                found[table] |= columns
        return dict(found)


def _aliases(node: exp.Expr) -> list[str]:
    """The names under which the parts of a FROM item are seen outside."""
    named = node.alias_or_name
    if named and isinstance(node, (exp.Table, exp.Lateral)):
        return [named]
    if named and isinstance(node, exp.Subquery) and isinstance(node.this, QUERY):
        return [named]
    inside = [one for one in node.find_all(exp.Table, exp.Subquery, exp.Lateral) if one is not node]
    return [name for name in [named, *(one.alias_or_name for one in inside)] if name]
