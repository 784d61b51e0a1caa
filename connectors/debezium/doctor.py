"""Reads a live connector's configuration and says which silent lies are possible, by column.

The six lies: a large value that was not sent, a NULL shown as the column's default, an invented
`before`, NaN as null, an unsigned number below zero, an absent column taken for null.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from connectors.debezium.findings import Finding, error, note, warning, worst_first
from connectors.debezium.registration import JSON_CONVERTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from golden_records.domain.rowchange import ColumnContract, TableContract

    Config = Mapping[str, str]
    Examiner = Callable[["Config", "TableContract", "ColumnContract"], Iterator[Finding]]

LARGE: Final = re.compile(
    r"(text|citext|xml|jsonb?|bytea|hstore|numeric|tsvector|character varying(\(\d+\))?|.*\[\])$"
)
SHARED: Final = ("text[]", "integer[]", "bigint[]", "uuid[]")
CHANGED_VALUES: Final = re.compile(r"column\.(mask|truncate)\.")
NULL_SETTING: Final = "value.converter.replace.null.with.default"


def diagnose(config: Config, contracts: Sequence[TableContract]) -> list[Finding]:
    """List what a connector with this configuration can get wrong, worst first."""
    findings = [
        *_connector(config),
        *(finding for contract in contracts for finding in _table(config, contract)),
    ]
    return worst_first(findings)


def _connector(config: Config) -> Iterator[Finding]:
    for part in ("key", "value"):
        converter = config.get(f"{part}.converter", JSON_CONVERTER)
        if converter != JSON_CONVERTER:
            yield error(
                f"{part}.converter", f"{converter} cannot be decoded", f"set {JSON_CONVERTER}"
            )
    for name, value in config.items():
        if name.startswith("transforms.") and "ExtractNewRecordState" in value:
            yield error(name, "flattened rows cannot be decoded", "remove the transform")
    if config.get("skipped.operations", "t") != "none":
        yield warning(
            "skipped.operations", "a TRUNCATE at the source is not seen", "set it to none"
        )
    if config.get("tombstones.on.delete", "true") != "true":
        yield note("tombstones.on.delete", "compacted topics keep deleted rows", "set it to true")


def _table(config: Config, contract: TableContract) -> Iterator[Finding]:
    if _is_postgresql(config) and not contract.whole_rows:
        yield note(
            f"{contract.schema}.{contract.table}",
            "before is invented in deletes; only the key is used",
            "set REPLICA IDENTITY FULL to see deleted rows",
        )
    for column in contract.columns:
        for examine in _EXAMINERS:
            yield from examine(config, contract, column)


def _unsent(config: Config, contract: TableContract, column: ColumnContract) -> Iterator[Finding]:
    if not _is_postgresql(config) or contract.whole_rows:
        return
    binary = config.get("binary.handling.mode", "bytes")
    precise = config.get("decimal.handling.mode", "precise") == "precise"
    lost = (
        (column.type == "bytea" and binary.startswith("base64"))
        or (column.type.endswith("[]") and column.type not in SHARED)
        or (column.type == "numeric" and column.source_type == "numeric" and precise)
    )
    if lost:
        yield warning(
            _name(contract, column),
            "a large value that was not sent arrives as null",
            "set REPLICA IDENTITY FULL, binary.handling.mode=bytes, decimal.handling.mode=string",
        )
    elif LARGE.match(column.source_type):
        yield note(
            _name(contract, column),
            "a large value that was not sent is marked; the mirror keeps what it has",
            "set REPLICA IDENTITY FULL to have it sent",
        )


def _default(config: Config, contract: TableContract, column: ColumnContract) -> Iterator[Finding]:
    if column.nullable and column.has_default and config.get(NULL_SETTING) != "false":
        yield error(
            _name(contract, column),
            "NULL arrives as the column's default",
            f"set {NULL_SETTING}=false",
        )


def _number(config: Config, contract: TableContract, column: ColumnContract) -> Iterator[Finding]:
    mode = config.get("decimal.handling.mode", "precise")
    if column.type.startswith("numeric") and not column.unsigned and mode != "string":
        problem = "NaN arrives as null" if mode == "precise" else "digits are lost"
        yield warning(_name(contract, column), problem, "set decimal.handling.mode=string")
    unsigned = column.unsigned and column.source_type.lower().startswith("bigint")
    if unsigned and config.get("bigint.unsigned.handling.mode", "long") == "long":
        yield note(
            _name(contract, column),
            "values from 2^63 arrive below zero; the contract sets them right",
            "nothing to do while the contract says unsigned",
        )


def _time(config: Config, contract: TableContract, column: ColumnContract) -> Iterator[Finding]:
    iso = config.get("time.precision.mode") == "isostring"
    if iso and column.type == "interval" and column.source_type.lower().startswith("time"):
        yield warning(
            _name(contract, column),
            "a TIME below zero or from 24 h on arrives as null",
            "set time.precision.mode=adaptive_time_microseconds",
        )
    if column.type == "timestamp" and config.get("time.precision.mode") == "connect":
        yield warning(
            _name(contract, column), "microseconds are lost", "set time.precision.mode=isostring"
        )


def _absent(config: Config, contract: TableContract, column: ColumnContract) -> Iterator[Finding]:
    name = _name(contract, column)
    included = config.get("column.include.list")
    if included is not None and not _listed(included, name):
        yield error(name, "is not in column.include.list, so it never arrives", "register anew")
    if _listed(config.get("column.exclude.list", ""), name):
        yield error(name, "is in column.exclude.list, so it never arrives", "take it out")
    for setting, value in config.items():
        if CHANGED_VALUES.match(setting) and _listed(value, name) and not column.masked:
            yield error(
                name, f"{setting} changes its values", "mark the column as masked in the mapping"
            )


_EXAMINERS: Final[tuple[Examiner, ...]] = (_unsent, _default, _number, _time, _absent)


def _listed(patterns: str, name: str) -> bool:
    """Whether one of the connector's anchored, case-insensitive patterns takes the name."""
    return any(
        re.fullmatch(pattern.strip(), name, re.IGNORECASE)
        for pattern in patterns.split(",")
        if pattern.strip()
    )


def _is_postgresql(config: Config) -> bool:
    return "postgres" in config.get("connector.class", "").lower()


def _name(contract: TableContract, column: ColumnContract) -> str:
    return f"{contract.schema}.{contract.table}.{column.name}"
