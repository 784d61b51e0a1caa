"""Read a view's definition into blocks, instances and conditions."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

from connectors.mirror.derive.partition import partition_of
from connectors.mirror.derive.syntax import QUERY, aggregates, conjuncts, inner_queries
from connectors.mirror.derive.tree import (
    Block,
    Condition,
    Instance,
    NotUnderstoodError,
    Opaque,
    Query,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.mirror.derive.tree import Chain, Item, Schema

CTES = dict[str, "tuple[exp.Expr, CTES] | None"]


class Place(NamedTuple):
    """Where a part of the query stands: the block whose names it sees, and what lies around."""

    block: Block | None
    within: frozenset[int]
    ctes: CTES
    chain: Chain

    def optional(self, numbers: Chain) -> Place:
        return self._replace(chain=self.chain | numbers)


class Builder:
    """Builds the tree of one mapping; `instances` and `conditions` fill as it goes."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.instances: list[Instance] = []
        self.conditions: list[Condition] = []
        self._numbers = count(1)

    def root(self, node: exp.Expr) -> Query:
        """Build the whole view."""
        return self.query(node, Place(None, frozenset(), {}, frozenset()))

    def query(self, node: exp.Expr, place: Place) -> Query:
        """Build a query and all that it holds."""
        node = node.unnest()
        if isinstance(node, exp.Select):
            block = self._block(node, self._with(node, place))
            return Query([block], [one.alias_or_name for one in node.expressions])
        if not isinstance(node, exp.SetOperation):
            raise NotUnderstoodError(type(node).__name__)
        branches = [
            self._block(select, inner.optional(frozenset({next(self._numbers)})))
            for select, inner in self._branches(node, place)
        ]
        columns = [one.alias_or_name for one in branches[0].select.expressions]
        return Query(branches, columns, cut=_is_cut(node))

    def _with(self, node: exp.Expr, place: Place) -> Place:
        clause = node.args.get("with_")
        if clause is None:
            return place
        scope = dict(place.ctes)
        for cte in clause.expressions:
            recursive = clause.recursive and any(
                table.name == cte.alias and not table.db for table in cte.this.find_all(exp.Table)
            )
            if recursive:
                self._unlinked(cte.this)
            scope[cte.alias] = None if recursive else (cte, dict(scope))
        return place._replace(ctes=scope)

    def _unlinked(self, node: exp.Expr) -> None:
        """Tables whose influence is not followed: they stand there without any condition."""
        for table in node.find_all(exp.Table):
            if table.db:
                self._instance(table, Place(None, frozenset(), {}, frozenset()))

    def _branches(self, node: exp.Expr, place: Place) -> Iterator[tuple[exp.Select, Place]]:
        node = node.unnest()
        place = self._with(node, place)
        if isinstance(node, exp.Select):
            yield node, place
            return
        if not isinstance(node, exp.SetOperation):
            raise NotUnderstoodError(type(node).__name__)
        for side in (node.left.unnest(), node.right.unnest()):
            if isinstance(side, exp.SetOperation) and _is_cut(side):
                raise NotUnderstoodError("LIMIT inside a set operation")
            yield from self._branches(side, place)

    def _block(self, select: exp.Select, place: Place) -> Block:
        number = next(self._numbers)
        functions = self.schema.functions
        if not select.args.get("group") and any(
            aggregates(one, functions) for one in select.expressions
        ):
            place = place.optional(frozenset({number}))
        block = Block(number, select, place.block, place.chain, place.within | {number})
        inner = place._replace(block=block, within=block.within)
        clause = select.args.get("from_")
        if clause is not None:
            self._joined(clause.this, select.args.get("joins") or [], block, inner)
        where = select.args.get("where")
        self._conditions(where.this if where else None, block, inner)
        for part in _other_parts(select):
            self._sublinks(part, block, inner)
        block.partition = partition_of(select, functions)
        return block

    def _joined(self, first: exp.Expr, joins: list[exp.Join], block: Block, place: Place) -> None:
        """Add a chain of joins: what a RIGHT or FULL join makes optional lies to its left."""
        left_optional: list[Chain] = [
            frozenset({next(self._numbers)} if join.side in {"RIGHT", "FULL"} else ())
            for join in joins
        ]
        later = [frozenset[int]().union(*left_optional[at:]) for at in range(len(joins) + 1)]
        self._item(first, block, place.optional(later[0]))
        for at, join in enumerate(joins):
            around = place.optional(later[at + 1])
            inside = around
            if join.side in {"LEFT", "FULL"}:
                inside = around.optional(frozenset({next(self._numbers)}))
            before = set(block.items)
            self._item(join.this, block, inside)
            where = inside if join.side == "LEFT" else around.optional(left_optional[at])
            self._on(join, block, where, before)

    def _on(self, join: exp.Join, block: Block, place: Place, before: set[str]) -> None:
        if join.args.get("method"):
            raise NotUnderstoodError("NATURAL JOIN")
        on = join.args.get("on")
        if join.side == "FULL":
            if on is not None:
                self._sublinks(on, block, place)
            return
        self._conditions(on, block, place)
        for name in join.args.get("using") or []:
            self._using(name.name, block, place, before)

    def _using(self, name: str, block: Block, place: Place, before: set[str]) -> None:
        """An equality of the two columns; left out when a side is not plainly one item."""
        holders = [alias for alias in before if _has(block.items[alias], name)]
        added = [a for a in block.items if a not in before and _has(block.items[a], name)]
        if len(holders) == 1 and len(added) == 1:
            left, right = (
                exp.column(name, table=alias, quoted=True) for alias in (*holders, *added)
            )
            equality = exp.EQ(this=left, expression=right)
            self.conditions.append(Condition(equality, block, place.chain))

    def _item(self, node: exp.Expr, block: Block, place: Place) -> None:
        """Add one FROM item, or the items of a join in brackets."""
        inner = node.this
        if isinstance(node, (exp.Subquery, exp.Lateral)) and isinstance(inner, exp.Subquery):
            inner = inner.this
        if isinstance(node, exp.Subquery) and isinstance(inner, exp.Table):
            self._joined(inner, inner.args.get("joins") or [], block, place)
        elif isinstance(node, (exp.Subquery, exp.Lateral)) and isinstance(inner, QUERY):
            block.items[_alias(node)] = _renamed(self.query(inner, place), node)
        elif isinstance(node, exp.Table):
            block.items[_alias(node)] = self._table(node, block, place)
        else:
            self._sublinks(node, block, place)
            block.items[_alias(node)] = Opaque()

    def _table(self, node: exp.Table, block: Block, place: Place) -> Item:
        if node.args.get("sample") or node.args.get("only"):
            raise NotUnderstoodError("TABLESAMPLE or ONLY")
        if node.db == self.schema.live_schema:
            return self._instance(node, place)
        found = None if node.db else place.ctes.get(node.name)
        if found is None:
            if isinstance(node.this, exp.Func):
                self._sublinks(node.this, block, place)
            return Opaque()
        cte, scope = found
        query = self.query(cte.this, place._replace(block=block.outer, ctes=scope))
        return _renamed(_renamed(query, cte), node)

    def _instance(self, node: exp.Table, place: Place) -> Instance:
        columns = self.schema.columns.get(node.name)
        if columns is None or node.db != self.schema.live_schema:
            raise NotUnderstoodError(f"unknown table {node.name}")
        renamed = tuple(one.name for one in _alias_columns(node))
        if renamed != columns[: len(renamed)]:
            raise NotUnderstoodError("a table with renamed columns")
        alias = f"i{len(self.instances)}"
        instance = Instance(alias, node.name, columns, place.chain, place.within)
        self.instances.append(instance)
        return instance

    def _conditions(self, whole: exp.Expr | None, block: Block, place: Place) -> None:
        for part in conjuncts(whole):
            if any(True for _ in inner_queries(part)):
                self._sublinks(part, block, place, conjunct=True)
            else:
                self.conditions.append(Condition(part, block, place.chain))

    def _sublinks(
        self, whole: exp.Expr, block: Block, place: Place, *, conjunct: bool = False
    ) -> None:
        """Build the queries in an expression; `x IN (query)` that must hold links x to it."""
        for node in inner_queries(whole):
            number = next(self._numbers)
            inside = place.optional(frozenset({number}))
            query = self.query(node, inside)
            if conjunct and _asks_membership(whole, node) and len(query.columns) == 1:
                alias = f"\0sublink{number}"
                block.items[alias] = query
                output = exp.column(query.columns[0], table=alias, quoted=True)
                equality = exp.EQ(this=whole.this.copy(), expression=output)
                self.conditions.append(Condition(equality, block, inside.chain))


def _renamed(query: Query, node: exp.Expr) -> Query:
    names = [one.name for one in _alias_columns(node)]
    return Query(query.branches, [*names, *query.columns[len(names) :]], cut=query.cut)


def _asks_membership(whole: exp.Expr, query: exp.Expr) -> bool:
    """Whether the expression is `x IN (query)` for this query."""
    asked = whole.args.get("query") if isinstance(whole, exp.In) else None
    return asked is not None and asked.unnest() is query


def _alias(node: exp.Expr) -> str:
    return str(node.alias_or_name)


def _alias_columns(node: exp.Expr) -> list[exp.Expr]:
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return list(columns or [])


def _has(item: Item, column: str) -> bool:
    return not isinstance(item, Opaque) and column in item.columns


def _is_cut(node: exp.Expr) -> bool:
    return any(node.args.get(part) for part in ("limit", "offset", "fetch"))


def _other_parts(select: exp.Select) -> Iterator[exp.Expr]:
    """Where sublinks may stand besides FROM and WHERE."""
    if any(
        True
        for part in ("limit", "offset")
        for _ in inner_queries(select.args.get(part) or exp.Null())
    ):
        raise NotUnderstoodError("a query inside LIMIT")
    yield from select.expressions
    for part in ("group", "having", "order", "distinct", "windows", "qualify"):
        value = select.args.get(part)
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value
