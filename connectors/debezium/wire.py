"""What form a column takes in JSON, from the event's schema or the connector's settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.debezium.settings import FeedSettings
    from golden_records.domain.rowchange import ColumnContract

MILLISECONDS: Final = 1_000_000
MICROSECONDS: Final = 1_000
NANOSECONDS: Final = 1

UNIT_OF_SCHEMA: Final[Mapping[str, int]] = {
    "io.debezium.time.Timestamp": MILLISECONDS,
    "io.debezium.time.MicroTimestamp": MICROSECONDS,
    "io.debezium.time.NanoTimestamp": NANOSECONDS,
    "io.debezium.time.Time": MILLISECONDS,
    "io.debezium.time.MicroTime": MICROSECONDS,
    "io.debezium.time.NanoTime": NANOSECONDS,
    "io.debezium.time.MicroDuration": MICROSECONDS,
    "io.debezium.time.NanoDuration": NANOSECONDS,
    "org.apache.kafka.connect.data.Timestamp": MILLISECONDS,
    "org.apache.kafka.connect.data.Time": MILLISECONDS,
}
UNIT_OF_MODE: Final[Mapping[str, int]] = {
    "connect": MILLISECONDS,
    "microseconds": MICROSECONDS,
    "nanoseconds": NANOSECONDS,
}
DECIMAL_OF_SCHEMA: Final[Mapping[str, str]] = {
    "org.apache.kafka.connect.data.Decimal": "precise",
    "io.debezium.data.VariableScaleDecimal": "precise",
}
MILLISECOND_DIGITS: Final = 3
ARGUMENTS: Final = re.compile(r"\((\d+)(?:\s*,\s*(-?\d+))?\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How a column is written: nanoseconds per tick of a time, decimal and binary form, bits.

    `units` is (of a time, of a timestamp). `unproven_default` holds the column's default where a
    NULL may have been replaced by it, as a one-element tuple.
    """

    units: tuple[int, int]
    decimal: str
    scale: int | None
    binary: str
    bigint_unsigned: str
    placeholder: str
    unproven_default: tuple[Any, ...] = ()


def wire_of_settings(column: ColumnContract, settings: FeedSettings) -> Wire:
    """The form that the connector's settings give a column; used with schemas off."""
    return Wire(
        units=_units(column, settings.time_precision),
        decimal=settings.decimal,
        scale=source_scale(column.source_type),
        binary=settings.binary,
        bigint_unsigned=settings.bigint_unsigned,
        placeholder=settings.placeholder,
    )


def wire_of_schema(
    column: ColumnContract, field: Mapping[str, Any], settings: FeedSettings
) -> Wire:
    """The form that the event's own schema states; settings fill what a schema cannot say."""
    schema = _innermost(field)
    name = schema.get("name") or ""
    unit = UNIT_OF_SCHEMA.get(name)
    assumed = _units(column, settings.time_precision)
    scale = (schema.get("parameters") or {}).get("scale")
    return Wire(
        units=(unit, unit) if unit else assumed,
        decimal=DECIMAL_OF_SCHEMA.get(name, "string"),
        scale=int(scale) if scale is not None else None,
        binary=_binary_form(schema, settings),
        bigint_unsigned="precise" if name in DECIMAL_OF_SCHEMA else "long",
        placeholder=settings.placeholder,
        unproven_default=_unproven_default(field, settings),
    )


def source_arguments(source_type: str) -> tuple[int | None, int | None]:
    """A type's numbers: (12, 2) of `numeric(12,2)`, (3, None) of `timestamp(3)`."""
    found = ARGUMENTS.search(source_type)
    if not found:
        return None, None
    return int(found[1]), int(found[2]) if found[2] is not None else None


def source_scale(source_type: str) -> int | None:
    """The scale of a decimal source type; None where values carry their own."""
    precision, scale = source_arguments(source_type)
    if source_type.lower().startswith("money"):
        return 2
    return scale if scale is not None or precision is None else 0


def _units(column: ColumnContract, mode: str) -> tuple[int, int]:
    fixed = UNIT_OF_MODE.get(mode)
    if fixed:
        return fixed, fixed
    by_digits = MILLISECONDS if _digits(column.source_type) <= MILLISECOND_DIGITS else MICROSECONDS
    return (by_digits if mode == "adaptive" else MICROSECONDS), by_digits


def _digits(source_type: str) -> int:
    digits, _ = source_arguments(source_type)
    if digits is not None:
        return digits
    return 0 if source_type.lower().startswith("datetime") else 6


def _innermost(field: Mapping[str, Any]) -> Mapping[str, Any]:
    return field.get("items") or field


def _binary_form(schema: Mapping[str, Any], settings: FeedSettings) -> str:
    return "bytes" if schema.get("type") == "bytes" else settings.binary


def _unproven_default(field: Mapping[str, Any], settings: FeedSettings) -> tuple[Any, ...]:
    risky = not settings.nulls_are_sent and field.get("optional") and "default" in field
    return (field["default"],) if risky else ()
