"""From a JSON value to a value of the mirror: one converter per column, chosen once.

A converter gets a value that is neither absent nor null. It returns what PostgreSQL's COPY takes
for the mirror's type, or `UNKNOWN` for the placeholder of a large column that the source did not
send, and raises one of `CONVERSION_ERRORS` for anything else.

What comes out, by mirror type: `text` and all that PostgreSQL reads from text (`uuid`, `jsonb`,
`inet`, ...): str; whole numbers: int; `numeric`: Decimal (NaN included; int for an unsigned
bigint); `double precision`: float; `boolean`: bool; `bytea`: bytes; `date`, `time`, `timestamp`,
`timestamptz`: the datetime module's, naive except the last, or the str `infinity` / `-infinity`;
`interval`: an ISO 8601 str, for a MariaDB TIME a timedelta; arrays: list.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from decimal import DecimalException
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

from connectors.debezium import (
    binary_values as binary,
    scalar_values as scalar,
    temporal_values as temporal,
)
from connectors.debezium.errors import ContractError
from golden_records.domain.rowchange import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.debezium.wire import Wire
    from golden_records.domain.rowchange import ColumnContract

Converter: TypeAlias = "Callable[[object], object]"
Factory: TypeAlias = "Callable[[ColumnContract, Wire], Converter]"

CONVERSION_ERRORS: Final = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    OverflowError,
    DecimalException,
)

TEXT_LIKE: Final = frozenset(
    {"text", "varchar", "char", "bpchar", "character", "citext", "name", "xml", "ltree", "uuid"}
    | {"inet", "cidr", "macaddr", "macaddr8", "tsvector", "tsquery"}
    | {"int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"}
)

FACTORIES: Final[Mapping[str, Factory]] = {
    **dict.fromkeys(TEXT_LIKE, scalar.text),
    **dict.fromkeys(("smallint", "integer", "bigint", "oid"), scalar.integer),
    **dict.fromkeys(("real", "double precision"), scalar.floating),
    **dict.fromkeys(("json", "jsonb"), scalar.document),
    **dict.fromkeys(("timestamptz", "timestamp with time zone"), temporal.zoned_timestamp),
    **dict.fromkeys(("timestamp", "timestamp without time zone"), temporal.timestamp),
    **dict.fromkeys(("time", "time without time zone"), temporal.clock_time),
    **dict.fromkeys(("timetz", "time with time zone"), temporal.zoned_time),
    "boolean": scalar.boolean,
    "numeric": scalar.decimal,
    "date": temporal.iso_date,
    "interval": temporal.interval,
    "bytea": binary.binary,
}
BIT_FACTORIES: Final[Mapping[str, Factory]] = {
    "text": binary.bit_text,
    "bigint": binary.bit_number,
    "numeric": binary.bit_number,
    "boolean": scalar.boolean,
}
ARGUMENTS: Final = re.compile(r"\s*\([^)]*\)")


def converter(column: ColumnContract, wire: Wire) -> Converter:
    """Choose the column's converter; ContractError when its mirror type has none."""
    kind = mirror_kind(column.type)
    if column.masked:
        return _never_believed
    if kind.endswith("[]"):
        return _array(column, wire)
    table = BIT_FACTORIES if column.source_type.lower().startswith("bit") else FACTORIES
    factory = table.get(kind)
    if factory is None:
        raise ContractError(
            f"column {column.name}: no way from {column.source_type} to {column.type};"
            f" known mirror types are {', '.join(sorted(table))}",
            column=column.name,
        )
    return _wary(factory(column, wire), wire)


def mirror_kind(mirror_type: str) -> str:
    """The type without its length or precision: `numeric` of `numeric(12,2)`."""
    return ARGUMENTS.sub("", mirror_type).strip().lower()


def _never_believed(_value: object) -> object:
    return UNKNOWN


def _wary(convert: Converter, wire: Wire) -> Converter:
    """Where a NULL may have become the column's default, the default says nothing."""
    if not wire.unproven_default:
        return convert
    (default,) = wire.unproven_default

    def doubt(value: object) -> object:
        return UNKNOWN if value == default else convert(value)

    return doubt


def _array(column: ColumnContract, wire: Wire) -> Converter:
    element = replace(
        column,
        type=column.type.strip().removesuffix("[]"),
        source_type=column.source_type.replace("[]", ""),
    )
    convert = converter(element, replace(wire, unproven_default=()))
    unavailable = _unavailable_arrays(wire.placeholder)

    def convert_all(value: object) -> object:
        if value in unavailable:
            return UNKNOWN
        if type(value) is not list:
            raise ValueError(f"expected an array, got {type(value).__name__}")
        return [None if one is None else convert(one) for one in value]

    return _wary(convert_all, wire)


def _unavailable_arrays(placeholder: str) -> tuple[Any, ...]:
    """Each form that Debezium gives the placeholder in an array: text, codes, name-based UUID."""
    digest = hashlib.md5(placeholder.encode(), usedforsecurity=False).digest()
    return (
        [placeholder],
        list(placeholder.encode()),
        [str(UUID(bytes=digest, version=3))],
        placeholder,
    )
