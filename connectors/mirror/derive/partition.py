"""Through which expressions a row's influence leaves a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.mirror.derive.syntax import aggregates, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

    from connectors.mirror.derive.tree import Functions

Partition = "tuple[exp.Expr, ...] | None"


def partition_of(select: exp.Select, functions: Functions) -> tuple[exp.Expr, ...] | None:
    """What DISTINCT ON, GROUP BY, windows, LIMIT and aggregates leave; None = every column.

    A row decides about other rows of its group, so outside the block it is known only by what
    all rows of the group share.
    """
    limits = list(_limits(select, functions))
    if not limits:
        return None
    first, *rest = limits
    return tuple(one for one in first if all(one in other for other in rest))


def _limits(select: exp.Select, functions: Functions) -> Iterator[tuple[exp.Expr, ...]]:
    if any(select.args.get(part) for part in ("limit", "offset", "fetch")):
        yield ()
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        on = distinct.args["on"]
        yield tuple(on.expressions) if on.expressions else (on.unnest(),)
    yield from _grouping(select, functions)
    parts = [*select.expressions, *filter(None, (select.args.get("order"), distinct))]
    for part in parts:
        for window in windows(part):
            yield tuple(window.args.get("partition_by") or ())


def _grouping(select: exp.Select, functions: Functions) -> Iterator[tuple[exp.Expr, ...]]:
    group = select.args.get("group")
    if group is not None:
        sets = any(group.args.get(part) for part in ("rollup", "cube", "grouping_sets"))
        yield () if sets else tuple(group.expressions)
    elif select.args.get("having") or any(aggregates(one, functions) for one in select.expressions):
        yield ()
