"""What a source's own catalogue says, as values: tables, columns, keys, log settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from connectors.debezium.errors import SourceMismatchError
from connectors.debezium.mirror_types import is_unsigned, mariadb_type, postgresql_type
from connectors.debezium.source_spec import Engine
from golden_records.domain.rowchange import ColumnContract, TableContract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connectors.debezium.source_spec import SourceSpec, SourceTable

FULL: Final = "FULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceColumn:
    """A column as the source describes it. `large` values may be stored apart and left unsent."""

    name: str
    source_type: str
    nullable: bool
    has_default: bool
    enum: bool = False
    large: bool = False

    def mirror_type(self, engine: Engine) -> str | None:
        """The column's type in the mirror; None when it cannot be mirrored."""
        if engine is Engine.POSTGRESQL:
            return postgresql_type(self.source_type, enum=self.enum)
        return mariadb_type(self.source_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCatalogueTable:
    """A table as the source describes it; `identity` is what its log keeps of old rows."""

    schema: str
    table: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...]
    identity: str

    @property
    def name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCatalogue:
    """The tables asked for that exist, and the server settings that decide on its log."""

    engine: Engine
    tables: Mapping[tuple[str, str], SourceCatalogueTable]
    settings: Mapping[str, str]


def contracts_of(source: SourceSpec, catalogue: SourceCatalogue) -> tuple[TableContract, ...]:
    """The contracts of the tables of `source`, columns in the order asked for, the key included.

    SourceMismatchError names everything that is missing or cannot be mirrored, all at once.
    """
    problems = list(_problems(source, catalogue))
    if problems:
        raise SourceMismatchError(
            f"The source {source.name} cannot be connected:\n" + "\n".join(problems),
            system=source.name,
            problems=tuple(problems),
        )
    return tuple(_contract(source, catalogue, wanted) for wanted in source.tables)


def _problems(source: SourceSpec, catalogue: SourceCatalogue) -> Iterator[str]:
    for wanted in source.tables:
        found = catalogue.tables.get((wanted.schema, wanted.table))
        name = f"{wanted.schema}.{wanted.table}"
        if found is None:
            yield f"  {name}: no such table, or the user {source.user} may not see it"
            continue
        if not found.key:
            yield f"  {name}: has no primary key; add one, changes of such rows cannot be followed"
        if wanted.whole_rows and found.identity != FULL:
            yield (
                f"  {name}: its REPLICA IDENTITY is {found.identity}, and the catalogue says FULL;"
                f" run ALTER TABLE {name} REPLICA IDENTITY FULL, or take replica_identity_full out"
            )
        known = {column.name: column for column in found.columns}
        for column in wanted.columns:
            if column not in known:
                yield f"  {name}.{column}: no such column; there are {', '.join(sorted(known))}"
        yield from _unmirrored(found, wanted, catalogue.engine)


def _unmirrored(found: SourceCatalogueTable, wanted: SourceTable, engine: Engine) -> Iterator[str]:
    for column in _chosen(found, wanted):
        if column.mirror_type(engine) is None:
            yield (
                f"  {found.name}.{column.name}: the type {column.source_type} cannot be mirrored;"
                " leave the column out or follow a generated column of a plain type"
            )


def _contract(source: SourceSpec, catalogue: SourceCatalogue, wanted: SourceTable) -> TableContract:
    found = catalogue.tables[wanted.schema, wanted.table]
    return TableContract(
        system=source.name,
        schema=found.schema,
        table=found.table,
        topic=source.topic(wanted),
        key=found.key,
        whole_rows=found.identity == FULL,
        known=tuple(column.name for column in found.columns),
        columns=tuple(
            ColumnContract(
                name=column.name,
                type=column.mirror_type(catalogue.engine) or "",
                source_type=column.source_type,
                nullable=column.nullable,
                has_default=column.has_default,
                unsigned=catalogue.engine is Engine.MARIADB and is_unsigned(column.source_type),
            )
            for column in _chosen(found, wanted)
        ),
    )


def _chosen(found: SourceCatalogueTable, wanted: SourceTable) -> list[SourceColumn]:
    """The asked columns (none asked: all), with the key's in front when they were left out."""
    known = {column.name: column for column in found.columns}
    asked = [name for name in wanted.columns if name in known] or list(known)
    names = [name for name in found.key if name not in asked] + asked
    return [known[name] for name in names]


def followed(source: SourceSpec, contracts: tuple[TableContract, ...]) -> tuple[SourceTable, ...]:
    """The tables of the source with their contracts' columns, key included, for the connector."""
    names = {(one.schema, one.table): one.column_names for one in contracts}
    return tuple(
        type(table)(
            schema=table.schema, table=table.table, columns=names[table.schema, table.table]
        )
        for table in source.tables
    )
