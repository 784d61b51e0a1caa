"""What a column means: followed through derived tables to a column of an instance.

The answer depends on whose influence is asked for. On the way out of a block that holds the
changed row only the block's partition is known; a block beside it passes its plain columns, for
each of its rows comes from rows that satisfy its conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from connectors.mirror.derive.syntax import opaque
from connectors.mirror.derive.tree import Instance, Opaque, Query

if TYPE_CHECKING:
    from connectors.mirror.derive.tree import Block, Functions, Item


class Resolver:
    """Resolves expressions with regard to one changed instance, or to none."""

    def __init__(self, changed: Instance | None, functions: Functions) -> None:
        self.within = changed.within if changed is not None else frozenset[int]()
        self.functions = functions

    def expression(self, whole: exp.Expr, block: Block) -> exp.Expr | None:
        """The expression over columns of instances, or None when some part is not known."""
        if opaque(whole, self.functions):
            return None
        copy = whole.copy()
        holder = exp.Paren(this=copy)
        for column in list(holder.find_all(exp.Column)):
            meaning = self.column(column, block)
            if meaning is None:
                return None
            column.replace(meaning)
        found: exp.Expr = holder.this
        return found

    def column(self, column: exp.Column, block: Block) -> exp.Expr | None:
        """The column's meaning where it stands; None when it cannot be known."""
        if isinstance(column.this, exp.Star):
            return None
        scope: Block | None = block
        while scope is not None:
            item = _item(scope, column)
            if item is not None:
                return self._of_item(item, column.name)
            scope = scope.outer
        return None

    def _of_item(self, item: Item, name: str) -> exp.Expr | None:
        if isinstance(item, Opaque):
            return None
        if isinstance(item, Instance):
            if name not in item.columns:
                return None
            return exp.column(exp.to_identifier(name, quoted=True), table=item.alias)
        return self.output(item, name)

    def output(self, query: Query, name: str) -> exp.Expr | None:
        """What an output column of a query means."""
        if query.columns.count(name) != 1:
            return None
        inside = [b for b in query.branches if b.number in self.within]
        if inside and query.cut:
            return None
        branches = inside or query.branches
        if len(branches) != 1:
            return None
        block = branches[0]
        value = block.select.expressions[query.columns.index(name)].unalias()
        meaning = self.expression(value, block)
        if not inside or block.partition is None or meaning is None:
            return meaning
        shared = [self.expression(part, block) for part in block.partition]
        return _bracketed(meaning) if meaning in shared else None


def _bracketed(meaning: exp.Expr) -> exp.Expr:
    return meaning if isinstance(meaning, exp.Column) else exp.Paren(this=meaning)


def _item(block: Block, column: exp.Column) -> Item | None:
    if column.table:
        return block.items.get(column.table)
    named = [alias for alias in block.items if not alias.startswith("\0")]
    return block.items[named[0]] if len(named) == 1 else None
