"""Where a source's tables, as its own catalogue shows them now, differ from their contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.drift import KEY, TABLE, Misfit, Shape, Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from connectors.debezium.catalogue import SourceCatalogue, SourceCatalogueTable, SourceColumn
    from connectors.debezium.source_spec import Engine
    from golden_records.domain.rowchange import ColumnContract, TableContract


def misfits(
    contracts: Iterable[TableContract], catalogue: SourceCatalogue, now: datetime
) -> list[Misfit]:
    """Return every difference; a length or precision that changed is none."""
    found = []
    for contract in contracts:
        table = catalogue.tables.get((contract.schema, contract.table))
        for place, shape, expected, there in _differences(contract, table, catalogue.engine):
            misfit = Misfit(
                system=contract.system,
                table=contract.table,
                place=place,
                shape=shape,
                expected=expected,
                found=there,
                witness=Witness.SOURCE,
                at=now,
            )
            found.append(misfit)
    return found


def _differences(
    contract: TableContract, table: SourceCatalogueTable | None, engine: Engine
) -> Iterator[tuple[str, Shape, str, str]]:
    if table is None:
        yield TABLE, Shape.TABLE_GONE, f"{contract.schema}.{contract.table}", "no such table"
        return
    there = {column.name: column for column in table.columns}
    for column in contract.columns:
        yield from _column(column, there.get(column.name), engine)
    if table.key != contract.key and there.keys() >= set(contract.key):
        found = ", ".join(table.key) or "no key"
        yield KEY, Shape.KEY_CHANGED, ", ".join(contract.key), found
    # A contract from before columns were remembered says nothing of what is new.
    for name in there.keys() - set(contract.known) if contract.known else ():
        new = there[name]
        required = not new.nullable and not new.has_default
        shape = Shape.COLUMN_NEW_REQUIRED if required else Shape.COLUMN_NEW
        yield name, shape, "no such column", new.source_type


def _column(
    expected: ColumnContract, found: SourceColumn | None, engine: Engine
) -> Iterator[tuple[str, Shape, str, str]]:
    if found is None:
        yield expected.name, Shape.COLUMN_GONE, expected.source_type, "no such column"
    elif found.mirror_type(engine) != expected.type:
        yield expected.name, Shape.TYPE_CHANGED, expected.source_type, found.source_type
