"""What a mapping's query is made of: blocks, their FROM items, and conditions with their place.

A block is one SELECT. An instance is one place where a table is read: a table read twice, or a
CTE read twice, has two. A *chain* names the optional parts of the query around a place (the
nullable side of an outer join, a sublink, a UNION branch, an aggregate without groups): what
stands inside holds only for rows that take part there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sqlglot import exp

Chain: TypeAlias = frozenset[int]


class NotUnderstoodError(Exception):
    """The query has a construct that the derivation does not know; every root is touched."""


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One reading of a table. `within` are the blocks around it."""

    alias: str
    table: str
    columns: tuple[str, ...]
    chain: Chain
    within: frozenset[int]


@dataclass(slots=True, eq=False)
class Block:
    """One SELECT and the names that are visible in it."""

    number: int
    select: exp.Select
    outer: Block | None
    chain: Chain
    within: frozenset[int]
    items: dict[str, Item] = field(default_factory=dict)
    partition: tuple[exp.Expr, ...] | None = None
    """The expressions through which alone a row's influence leaves the block; None = all."""


@dataclass(slots=True, eq=False)
class Query:
    """A SELECT, or several under UNION, INTERSECT or EXCEPT; `columns` are its output names."""

    branches: list[Block]
    columns: list[str]
    cut: bool = False
    """Whether a LIMIT stands over the whole."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A FROM item of which nothing is known: a function, VALUES, a recursion."""


Item: TypeAlias = "Instance | Query | Opaque"


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A conjunct, where it stands, and the optional parts inside which it holds."""

    expression: exp.Expr
    block: Block
    chain: Chain


@dataclass(frozen=True, slots=True)
class Functions:
    """Names of PostgreSQL's functions by what they do, from its own catalogue."""

    aggregates: frozenset[str]
    sets: frozenset[str]
    volatile: frozenset[str]


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables that a mapping may read, by the name of their live view, and the functions."""

    live_schema: str
    columns: dict[str, tuple[str, ...]]
    functions: Functions
