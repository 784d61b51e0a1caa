"""Small questions about parsed SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp, parse_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.mirror.derive.tree import Functions

DIALECT: Final = "postgres"

QUERY: Final = (exp.Select, exp.SetOperation)

STRICT: Final = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Like, exp.ILike)
"""Operators that yield NULL when an operand is NULL, so that such a row is dropped."""

TIME_WORDS: Final = frozenset(
    {"now", "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp"}
    | {"statement_timestamp", "transaction_timestamp", "clock_timestamp", "timeofday"}
    | {"current_user", "session_user", "user", "current_role", "current_setting"}
    | {"pg_backend_pid", "txid_current", "pg_current_xact_id", "inet_client_addr"}
)
"""Functions that PostgreSQL calls stable, of which a record must not depend all the same."""

FIRST_WORD: Final = re.compile(r"[A-Za-z_][\w$]*")


def parse(sql: str) -> exp.Expr:
    """The one statement of the text; sqlglot's ParseError when it is none."""
    return parse_one(sql, dialect=DIALECT)


def render(expression: exp.Expr) -> str:
    return expression.sql(dialect=DIALECT)


def conjuncts(expression: exp.Expr | None) -> Iterator[exp.Expr]:
    """The parts of an AND, without their brackets."""
    if expression is None:
        return
    bare = expression.unnest()
    if isinstance(bare, exp.And):
        yield from conjuncts(bare.left)
        yield from conjuncts(bare.right)
    else:
        yield bare


def inner_queries(expression: exp.Expr) -> Iterator[exp.Expr]:
    """The outermost queries inside an expression, not those inside them."""
    for node in expression.walk(prune=lambda n: isinstance(n, QUERY)):
        if isinstance(node, QUERY):
            yield node


def shallow(expression: exp.Expr) -> Iterator[exp.Expr]:
    """All nodes of the expression but those inside inner queries."""
    yield from expression.walk(prune=lambda n: isinstance(n, QUERY))


def function_name(node: exp.Expr) -> str | None:
    """The name PostgreSQL knows a called function by; None for anything else."""
    if not isinstance(node, exp.Func) or isinstance(node, (exp.Cast, exp.Case, exp.And, exp.Or)):
        return None
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    match = FIRST_WORD.match(render(node))
    return match.group().lower() if match else None


def aggregates(expression: exp.Expr, functions: Functions) -> bool:
    """Whether the expression aggregates over rows of its own block, windows apart."""
    for node in expression.walk(prune=lambda n: isinstance(n, (*QUERY, exp.Window))):
        if isinstance(node, exp.Window):
            continue
        if isinstance(node, exp.AggFunc) or (function_name(node) or "") in functions.aggregates:
            return True
    return False


def windows(expression: exp.Expr) -> list[exp.Window]:
    return [node for node in shallow(expression) if isinstance(node, exp.Window)]


def opaque(expression: exp.Expr, functions: Functions) -> bool:
    """Whether the value depends on more than the columns it names."""
    if aggregates(expression, functions) or windows(expression):
        return True
    for node in expression.walk():
        if isinstance(node, (*QUERY, exp.Star)):
            return True
        name = function_name(node)
        if name is not None and name in functions.sets | functions.volatile | TIME_WORDS:
            return True
    return False


def strict(expression: exp.Expr) -> bool:
    """Whether the condition cannot hold when one of its columns is NULL."""
    if not isinstance(expression, STRICT):
        return False
    return plain(expression.left) and plain(expression.right)


def plain(expression: exp.Expr) -> bool:
    """A column or a constant, cast or not."""
    bare = expression.unnest()
    while isinstance(bare, (exp.Cast, exp.Paren, exp.Collate)):
        bare = bare.this
    return isinstance(bare, (exp.Column, exp.Literal, exp.Boolean))


CANNOT_RAISE: Final = (
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ),
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.In, exp.Tuple),
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null),
)
"""What a condition may be made of so that no value of a row makes it fail."""


def cannot_raise(expression: exp.Expr) -> bool:
    """Whether the condition only compares columns and constants; a constant may be cast."""
    for node in expression.walk(prune=lambda n: isinstance(n, exp.Cast)):
        if isinstance(node, exp.Cast):
            if not isinstance(node.this, exp.Literal):
                return False
        elif not isinstance(node, CANNOT_RAISE):
            return False
    return True
