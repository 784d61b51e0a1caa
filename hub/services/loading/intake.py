"""Intake: from what the mappings yield to records in canonical form, in bounded parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from golden_records.domain.values import ValueRefused
from golden_records.ports import LoadedRecord, Mark
from hub.services.resolving.batch import ChangedRecord
from hub.services.resolving.references import references_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from golden_records.ports import StagedRecord, UnitOfWork
    from hub.services.resolving.batch import Batch

CAUSE: Final = "backfill"
PART: Final = 5000
REPEATED: Final = (
    "the mapping yields {times} rows with the record key {key}; name the columns that"
    " tell them apart in `record`"
)


@dataclass(slots=True, kw_only=True)
class Intake:
    """What is taken in of one entity, and what had to be set aside."""

    batch: Batch
    systems: Sequence[str]
    set_aside: set[tuple[str, str]] = field(default_factory=set)
    """(system, root key) of roots whose mapping or values are refused."""
    records: int = 0

    def stage(self, work: UnitOfWork) -> None:
        """Evaluate the mappings; set aside whole roots that fail or that yield a key twice."""
        for system in self.systems:
            for root, error in work.mirror.stage(system, self.batch.entity).items():
                self._refuse(work, (system, root), "MappingFailed", error)
        for system, root, key, times in work.bulk.repeated():
            error = REPEATED.format(times=times, key=key)
            self._refuse(work, (system, root), "MappingFailed", error)

    def parts(self, work: UnitOfWork) -> Iterator[list[ChangedRecord]]:
        """Yield the accepted records with new ids; they are kept in the load's tables."""
        refused = frozenset(self.set_aside)
        for staged in work.bulk.staged(PART):
            found = [
                (item, attrs)
                for item in staged
                if (item.system, item.root_key) not in refused
                and (attrs := self._canonical(work, item)) is not None
            ]
            ids = work.bulk.ids(len(found)) if found else []
            kept = [
                LoadedRecord(id=record_id, staged=item, canonical=attrs)
                for record_id, (item, attrs) in zip(ids, found, strict=True)
            ]
            work.bulk.keep(kept)
            self.records += len(kept)
            records = [_changed(record) for record in kept]
            self._keep_references(work, records)
            yield records

    def _canonical(self, work: UnitOfWork, item: StagedRecord) -> dict[str, object] | None:
        try:
            return self.batch.rules.canonicalise(item.attrs)
        except ValueRefused as refusal:
            self._refuse(work, (item.system, item.root_key), "ValueRefused", str(refusal))
            return None

    def _refuse(self, work: UnitOfWork, root: tuple[str, str], error: str, message: str) -> None:
        self.set_aside.add(root)
        mark = Mark(
            id=0,
            entity=self.batch.entity,
            system=root[0],
            root_key=root[1],
            cause=CAUSE,
            priority=0,
            changed_at=None,
            marked_at=self.batch.now,
        )
        work.feed.set_aside_root(mark, error, message)

    def _keep_references(self, work: UnitOfWork, records: Sequence[ChangedRecord]) -> None:
        if self.batch.rules.entity.references:
            work.bulk.keep_references(
                [
                    (record.id, reference.name, *key)
                    for record in records
                    for reference, key in references_of(self.batch, record)
                ]
            )


def changed_record(
    record_id: int, system: str, key: str, root_key: str, attrs: Mapping[str, object]
) -> ChangedRecord:
    """A record as the resolving steps take it: new, and with an identity to be found."""
    return ChangedRecord(
        id=record_id,
        system=system,
        key=key,
        root_key=root_key,
        attrs=attrs,
        deleted=False,
        previous=None,
        identity=True,
    )


def _changed(record: LoadedRecord) -> ChangedRecord:
    staged = record.staged
    return changed_record(record.id, staged.system, staged.key, staged.root_key, record.canonical)
