"""Small typed ways to run SQL on psycopg with rows as JSON, shared by the store's modules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, LiteralString

import orjson
from psycopg.rows import dict_row, tuple_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from psycopg import Connection

    Psycopg: TypeAlias = Connection[Any]


def dumps(value: object) -> str:
    """JSON text for a jsonb parameter; decimals, ids and times as their text."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def fetch(
    connection: Psycopg, sql: LiteralString, parameters: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Run and return every row as a dict."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql, parameters).fetchall()


def tuples(
    connection: Psycopg, sql: LiteralString, parameters: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Run and return every row as a tuple."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(sql, parameters).fetchall()


def run(
    connection: Psycopg, sql: LiteralString, parameters: Mapping[str, object] | None = None
) -> int:
    """Run and return the number of rows hit."""
    return connection.execute(sql, parameters).rowcount


def run_rows(
    connection: Psycopg,
    sql: LiteralString,
    rows: Iterable[Mapping[str, object]],
    **parameters: object,
) -> int:
    """Run a statement that reads `jsonb_to_recordset(%(rows)s::jsonb)`; no rows, no statement."""
    batch: Sequence[Mapping[str, object]] = list(rows)
    if not batch:
        return 0
    return connection.execute(sql, {**parameters, "rows": dumps(batch)}).rowcount


def whole_numbers(values: Iterable[int]) -> str:
    """Return an array's literal, for a cast: long arrays cost the driver more than their rows."""
    return f"{{{','.join(map(str, values))}}}"
