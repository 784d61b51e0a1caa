"""The references of records: the sources' own keys of what they refer to.

They are resolved under the lock of the crosswalk key, so that a parent that appears at the same
moment is seen by one of the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from golden_records.domain.catalogue import Reference
    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Batch, ChangedRecord

    Keys = tuple[str, str, str]


def references_of(batch: Batch, record: ChangedRecord) -> list[tuple[Reference, Keys]]:
    """Return the references that the record holds, with (entity, system, key) of each."""
    return [
        (reference, (reference.entity, reference.system or record.system, str(value)))
        for reference in batch.rules.entity.references
        if (value := record.attrs.get(reference.name)) is not None
    ]


def keep_references(
    work: UnitOfWork, batch: Batch, records: Sequence[ChangedRecord]
) -> dict[Keys, UUID]:
    """Store the records' references; return the golden records of those that are known, held."""
    if not batch.rules.entity.references:
        return {}
    live = [record for record in records if not record.deleted]
    rows = [
        (record.id, reference.name, *key)
        for record in live
        for reference, key in references_of(batch, record)
    ]
    work.sources.write_references(rows, [record.id for record in records])
    return work.sources.resolve_references(sorted({row[2:] for row in rows}))
