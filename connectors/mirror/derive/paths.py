"""For each reading of a table: the way from a changed row to the roots it may touch."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from connectors.mirror.derive.resolve import Resolver
from connectors.mirror.derive.syntax import cannot_raise, strict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connectors.mirror.derive.build import Builder
    from connectors.mirror.derive.tree import Block, Chain, Condition, Instance, Query

ROOT_COLUMN = "key"


@dataclass(frozen=True, slots=True)
class Fact:
    """A condition over columns of instances; `refs` are their aliases."""

    expression: exp.Expr
    refs: frozenset[str]
    chain: Chain
    links: bool
    """An equality between two instances: the kind of condition that an index serves."""


@dataclass(frozen=True, slots=True)
class Way:
    """From one reading of a table to roots.

    `key` None means that no way was found: every root is touched when a changed row satisfies
    `conditions`, which are then over the changed row alone.
    """

    table: str
    changed: str
    instances: tuple[tuple[str, str], ...]
    """Alias and table of what must be joined, the changed one first."""
    conditions: tuple[exp.Expr, ...]
    key: exp.Expr | None

    @property
    def columns(self) -> set[tuple[str, str]]:
        """Alias and name of the columns that the way uses."""
        parts = (*self.conditions, *([self.key] if self.key is not None else []))
        return {(c.table, c.name) for part in parts for c in part.find_all(exp.Column)}


def find_way(builder: Builder, query: Query, changed: Instance, *, surely: bool = False) -> Way:
    """Find the shortest way over necessary conditions, by equalities if there is one.

    `surely` leaves out conditions that some value of a row could make fail.
    """
    resolver = Resolver(changed, builder.schema.functions)
    by_alias = {instance.alias: instance for instance in builder.instances}
    facts = list(_facts(resolver, builder.conditions, by_alias))
    if surely:
        facts = [fact for fact in facts if cannot_raise(fact.expression)]
    key = _key(resolver, query, changed)
    root = _only_ref(key)
    if key is not None and root is not None:
        for linking in (True, False):
            usable = [fact for fact in facts if fact.links] if linking else facts
            path = _shortest(changed, root, usable, by_alias)
            if path is not None:
                return _way(changed, path, facts, key)
    return _way(changed, [changed], facts, None)


def root_of(builder: Builder, query: Query, block: Block) -> Way | None:
    """All root keys of one branch of the view: the key's instance under its own conditions."""
    resolver = Resolver(None, builder.schema.functions)
    position = query.columns.index(ROOT_COLUMN)
    key = resolver.expression(block.select.expressions[position].unalias(), block)
    by_alias = {instance.alias: instance for instance in builder.instances}
    root = _only_ref(key)
    if root is None:
        return None
    facts = list(_facts(resolver, builder.conditions, by_alias))
    facts = [fact for fact in facts if cannot_raise(fact.expression)]
    return _way(by_alias[root], [by_alias[root]], facts, key)


def _key(resolver: Resolver, query: Query, changed: Instance) -> exp.Expr | None:
    if ROOT_COLUMN not in query.columns:
        return None
    if not any(block.number in changed.within for block in query.branches):
        return None
    return resolver.output(query, ROOT_COLUMN)


def _facts(
    resolver: Resolver, conditions: Sequence[Condition], by_alias: dict[str, Instance]
) -> Iterator[Fact]:
    for condition in conditions:
        meaning = resolver.expression(condition.expression, condition.block)
        if meaning is None:
            continue
        refs = refs_of(meaning)
        optional = any(not by_alias[ref].chain <= condition.chain for ref in refs)
        if refs and (not optional or strict(meaning)):
            yield Fact(meaning, refs, condition.chain, _links(meaning))


def refs_of(expression: exp.Expr) -> frozenset[str]:
    """The aliases of the instances that the expression names."""
    wrapped = exp.Paren(this=expression.copy())
    return frozenset(column.table for column in wrapped.find_all(exp.Column))


def _links(expression: exp.Expr) -> bool:
    if not isinstance(expression, exp.EQ):
        return False
    left, right = refs_of(expression.left), refs_of(expression.right)
    return len(left) == 1 and len(right) == 1 and left != right


def _only_ref(expression: exp.Expr | None) -> str | None:
    refs = refs_of(expression) if expression is not None else frozenset()
    return next(iter(refs)) if len(refs) == 1 else None


def _shortest(
    start: Instance, goal: str, facts: Sequence[Fact], by_alias: dict[str, Instance]
) -> list[Instance] | None:
    """Breadth first. A condition inside an optional part is used only from inside that part."""
    previous: dict[str, str | None] = {start.alias: None}
    waiting = deque([start.alias])
    while waiting:
        here = waiting.popleft()
        if here == goal:
            return [by_alias[alias] for alias in _back(previous, here)]
        for fact in facts:
            others = fact.refs - {here}
            if here not in fact.refs or len(others) != 1:
                continue
            (there,) = others
            if there not in previous and fact.chain <= by_alias[here].chain:
                previous[there] = here
                waiting.append(there)
    return None


def _back(previous: dict[str, str | None], end: str) -> list[str]:
    path, here = [], previous.get(end)
    path.append(end)
    while here is not None:
        path.append(here)
        here = previous[here]
    return path[::-1]


def _way(
    changed: Instance,
    path: Sequence[Instance],
    facts: Sequence[Fact],
    key: exp.Expr | None,
) -> Way:
    """Join what lies on the path under every condition that is necessary for all of it."""
    aliases = {instance.alias for instance in path}
    inside = frozenset[int]().union(*(instance.chain for instance in path))
    conditions = tuple(
        fact.expression for fact in facts if fact.refs <= aliases and fact.chain <= inside
    )
    instances = tuple((instance.alias, instance.table) for instance in path)
    return Way(changed.table, changed.alias, instances, conditions, key)
