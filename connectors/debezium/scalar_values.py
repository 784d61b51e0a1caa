"""Converters for text, numbers, booleans and documents."""

from __future__ import annotations

import re
from binascii import a2b_base64
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import orjson

from connectors.debezium.errors import UnstorableError
from golden_records.domain.rowchange import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.debezium.wire import Wire
    from golden_records.domain.rowchange import ColumnContract

NUL: Final = "\x00"
BACKSLASH: Final = "\\"
ESCAPED_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
NUL_REFUSED: Final = (
    "it holds the character NUL, which PostgreSQL cannot store; remove it at the source"
)
TWO_TO_64: Final = 1 << 64


def text(_column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """Text and all types that PostgreSQL reads from text."""
    placeholder = wire.placeholder

    def convert(value: object) -> object:
        if type(value) is not str:
            raise ValueError(f"expected a string, got {_shown(value)}")
        if NUL in value:
            raise UnstorableError(NUL_REFUSED)
        return UNKNOWN if value == placeholder else value

    return convert


def integer(column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """Whole numbers; an unsigned bigint that wrapped below zero is set right by the contract."""
    if column.unsigned and column.source_type.lower().startswith("bigint"):
        return unsigned_bigint(column, wire)

    def convert(value: object) -> int:
        if type(value) is not int:
            raise ValueError(f"expected an integer, got {_shown(value)}")
        return value

    return convert


def unsigned_bigint(_column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """BIGINT UNSIGNED: `long` mode wraps it to a signed number, `precise` sends base64."""
    precise = wire.bigint_unsigned == "precise"

    def convert(value: object) -> int:
        if precise and type(value) is str:
            return int.from_bytes(a2b_base64(value, strict_mode=True), "big", signed=True)
        if type(value) is not int:
            raise ValueError(f"expected an integer, got {_shown(value)}")
        return value if value >= 0 else value + TWO_TO_64

    return convert


def boolean(_column: ColumnContract, _wire: Wire) -> Callable[[object], object]:
    """Booleans, also written as 0 and not 0 (TINYINT(1))."""

    def convert(value: object) -> bool:
        if type(value) is bool or type(value) is int:
            return bool(value)
        raise ValueError(f"expected a boolean, got {_shown(value)}")

    return convert


def floating(_column: ColumnContract, _wire: Wire) -> Callable[[object], object]:
    """Binary fractions; NaN and the infinities arrive as strings or bare words."""

    def convert(value: object) -> float:
        if type(value) is float or type(value) is int:
            return float(value)
        if value in {"NaN", "Infinity", "-Infinity"}:
            return float(value)
        raise ValueError(f"expected a number, got {_shown(value)}")

    return convert


def decimal(column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """Exact decimals in all three modes; what a mode has lost already stays lost."""
    if column.unsigned and column.source_type.lower().startswith("bigint"):
        return unsigned_bigint(column, wire)
    return _decimal_base64(wire) if wire.decimal == "precise" else _decimal_text(wire)


def _decimal_text(wire: Wire) -> Callable[[object], object]:
    placeholder = wire.placeholder

    def convert(value: object) -> object:
        if type(value) is str:
            return UNKNOWN if value == placeholder else Decimal(value)
        return _decimal_otherwise(value)

    return convert


def _decimal_base64(wire: Wire) -> Callable[[object], object]:
    scale = wire.scale

    def convert(value: object) -> object:
        if type(value) is not str:
            return _decimal_otherwise(value)
        if scale is None:
            raise ValueError("a base64 decimal needs its scale; set decimal.handling.mode=string")
        return _unscaled(value, scale)

    return convert


def _decimal_otherwise(value: object) -> Decimal:
    if type(value) is dict:
        return _unscaled(value["value"], value["scale"])
    if type(value) is int or type(value) is float:
        return Decimal(str(value))
    raise ValueError(f"expected a decimal, got {_shown(value)}")


def _unscaled(base64: str, scale: int) -> Decimal:
    whole = int.from_bytes(a2b_base64(base64, strict_mode=True), "big", signed=True)
    sign, digits, _ = Decimal(whole).as_tuple()
    return Decimal((sign, digits, -scale))


def document(_column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """JSON documents and hstore, as JSON text; compare them as values, not as text."""
    placeholder = wire.placeholder
    hstore = {placeholder: placeholder}
    marker = '{"' + placeholder

    def convert(value: object) -> object:
        if type(value) is str:
            if BACKSLASH in value and ESCAPED_NUL.search(value):
                raise UnstorableError(NUL_REFUSED)
            return UNKNOWN if value == placeholder or value.startswith(marker) else value
        if type(value) is dict or type(value) is list:
            return UNKNOWN if value == hstore else orjson.dumps(value).decode()
        raise ValueError(f"expected a JSON document, got {_shown(value)}")

    return convert


def as_text(value: object) -> str:
    """The value, which must be a string."""
    if type(value) is not str:
        raise ValueError(f"expected a string, got {_shown(value)}")
    return value


def _shown(value: object) -> str:
    """The class of a value that was refused; never the value, which may be a secret."""
    return type(value).__name__
