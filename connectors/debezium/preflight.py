"""What stands between a source and a feed that can be trusted, by its catalogue alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connectors.debezium.catalogue import FULL, SourceCatalogue, SourceCatalogueTable
from connectors.debezium.findings import Finding, error, note, warning, worst_first
from connectors.debezium.mirror_types import MARIADB_UNPARSEABLE, mariadb_base
from connectors.debezium.source_spec import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connectors.debezium.catalogue import SourceColumn
    from connectors.debezium.source_spec import SourceSpec

# setting: value that it must have, what happens otherwise, whether nothing works without it
POSTGRESQL_NEEDS: Final = {
    "wal_level": ("logical", "its log cannot be decoded", True),
}
MARIADB_NEEDS: Final = {
    "log_bin": ("ON", "it writes no log to follow", True),
    "binlog_format": ("ROW", "its log holds statements instead of rows", True),
    "binlog_row_image": (FULL, "its log leaves columns out of updates", True),
    "binlog_row_metadata": (FULL, "its log does not name columns", False),
}


def preflight(source: SourceSpec, catalogue: SourceCatalogue) -> list[Finding]:
    """List what to mend before connecting, errors first."""
    findings = [
        *_settings(source, catalogue),
        *(
            finding
            for wanted in source.tables
            if (found := catalogue.tables.get((wanted.schema, wanted.table)))
            for finding in _EXAMINERS[catalogue.engine](found, wanted.columns)
        ),
    ]
    return worst_first(findings)


def _settings(source: SourceSpec, catalogue: SourceCatalogue) -> Iterator[Finding]:
    needs = POSTGRESQL_NEEDS if catalogue.engine is Engine.POSTGRESQL else MARIADB_NEEDS
    for setting, (value, consequence, fatal) in needs.items():
        actual = catalogue.settings.get(setting, "")
        if actual.upper() != value.upper():
            yield (error if fatal else warning)(
                f"{source.name}: {setting}",
                f"is {actual or 'unset'}: {consequence}",
                f"set {setting} = {value}",
            )


def _postgresql(table: SourceCatalogueTable, columns: tuple[str, ...]) -> Iterator[Finding]:
    chosen = _chosen(table, columns)
    if table.identity == "NOTHING":
        yield error(
            table.name,
            "REPLICA IDENTITY NOTHING: updates and deletes are not logged",
            "set REPLICA IDENTITY DEFAULT or FULL",
        )
    if table.identity != FULL:
        large = [column.name for column in chosen if column.large]
        arrays = [one.name for one in chosen if _silent_array(one)]
        if arrays:
            yield warning(
                f"{table.name}: {', '.join(arrays)}",
                "an unchanged large array arrives as null, so a null in an update is not believed",
                "set REPLICA IDENTITY FULL",
            )
        if large:
            yield note(
                f"{table.name}: {', '.join(large)}",
                "unchanged large values are not sent; the mirror keeps what it has",
                "set REPLICA IDENTITY FULL to have them sent",
            )
    yield from _defaults(table, chosen)


def _mariadb(table: SourceCatalogueTable, columns: tuple[str, ...]) -> Iterator[Finding]:
    for column in table.columns:
        if mariadb_base(column.source_type) in MARIADB_UNPARSEABLE:
            yield error(
                f"{table.name}.{column.name}",
                f"the type {column.source_type} stops the whole connector, also where the column"
                " is not followed",
                "change it to varchar, or follow a table without it",
            )
    chosen = _chosen(table, columns)
    zero = [one.name for one in chosen if not one.nullable and _is_date(one)]
    if zero:
        yield note(
            f"{table.name}: {', '.join(zero)}",
            "a zero date in a NOT NULL column arrives as 1970-01-01",
            "allow NULL, or treat that day as no date in the mapping",
        )
    yield from _defaults(table, chosen)


_EXAMINERS: Final[
    Mapping[Engine, Callable[[SourceCatalogueTable, tuple[str, ...]], Iterator[Finding]]]
] = {Engine.POSTGRESQL: _postgresql, Engine.MARIADB: _mariadb}


def _chosen(table: SourceCatalogueTable, columns: tuple[str, ...]) -> list[SourceColumn]:
    return [one for one in table.columns if not columns or one.name in columns]


def _defaults(table: SourceCatalogueTable, chosen: list[SourceColumn]) -> Iterator[Finding]:
    columns = [one.name for one in chosen if one.nullable and one.has_default]
    if columns:
        yield note(
            f"{table.name}: {', '.join(columns)}",
            "nullable with a default: NULL would arrive as the default",
            "keep value.converter.replace.null.with.default=false, as the hub registers it",
        )


def _silent_array(column: SourceColumn) -> bool:
    known = ("text[]", "character", "integer[]", "bigint[]", "uuid[]")
    return column.source_type.endswith("[]") and not column.source_type.startswith(known)


def _is_date(column: SourceColumn) -> bool:
    return mariadb_base(column.source_type) in {"date", "datetime", "timestamp"}
