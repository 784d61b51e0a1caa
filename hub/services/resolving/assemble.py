"""Assemble: from dirty roots to the source records that differ from what is stored."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.values import ValueRefused
from golden_records.ports import RecordWrite
from hub.services.resolving.batch import Batch, ChangedRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from golden_records.ports import Evaluated, Mark, StoredRecord, UnitOfWork
    from hub.services.resolving.batch import Rules

FEED = "feed"


def assemble(work: UnitOfWork, rules: Rules, marks: list[Mark], now: datetime) -> Batch:
    """Evaluate the roots, store what is new or changed, and return it as a batch.

    Records that have just appeared and may still miss rows are put back until they settle; roots
    whose mapping or values are refused are set aside and block nobody.
    """
    batch = Batch(rules=rules, now=now, marks=marks)
    by_system: dict[str, dict[str, list[Mark]]] = defaultdict(dict)
    for mark in marks:
        by_system[mark.system].setdefault(mark.root_key, []).append(mark)
    for system, roots in sorted(by_system.items()):
        _assemble_system(work, batch, system, roots)
    return batch


def _assemble_system(
    work: UnitOfWork, batch: Batch, system: str, roots: Mapping[str, list[Mark]]
) -> None:
    evaluation = work.mirror.evaluate(system, batch.entity, list(roots))
    for root, error in evaluation.failed.items():
        work.feed.set_aside_root(roots[root][0], "MappingFailed", error)
    stored = work.sources.by_id([e.known_id for e in evaluation.records if e.known_id is not None])
    ready = [e for e in evaluation.records if not _unsettled(work, batch, e, roots)]
    writes = _writes(work, batch, ready, stored, roots)
    ids = work.sources.insert(
        batch.entity, system, [write for write, _ in writes if write.id is None]
    )
    for write, previous in writes:
        _add(batch, system, write, previous, roots, ids)
    _again(work, batch, system, [r for r, found in roots.items() if found[0].cause != FEED])


def _unsettled(
    work: UnitOfWork, batch: Batch, evaluated: Evaluated, roots: Mapping[str, list[Mark]]
) -> bool:
    """Put a record that just appeared back until its side rows had their time to arrive."""
    entity = batch.rules.entity
    marks = roots[evaluated.root_key]
    if evaluated.known_id is not None or entity.identity.mode is not IdentityMode.MATCHING:
        return False
    if any(mark.cause != FEED for mark in marks):
        return False
    due = min(
        max(mark.marked_at for mark in marks) + entity.settle,
        min(mark.marked_at for mark in marks) + entity.settle_limit,
    )
    if due <= batch.now:
        return False
    work.marks.put_back(marks, due)
    return True


def _writes(
    work: UnitOfWork,
    batch: Batch,
    evaluated: Sequence[Evaluated],
    stored: Mapping[int, StoredRecord],
    roots: Mapping[str, list[Mark]],
) -> list[tuple[RecordWrite, StoredRecord | None]]:
    writes = []
    for item in evaluated:
        previous = stored.get(item.known_id) if item.known_id is not None else None
        try:
            writes.append((_write(batch, item, previous, roots[item.root_key]), previous))
        except ValueRefused as refusal:
            mark = roots[item.root_key][0]
            work.feed.set_aside_root(mark, "ValueRefused", str(refusal))
    return writes


def _write(
    batch: Batch, item: Evaluated, previous: StoredRecord | None, marks: Sequence[Mark]
) -> RecordWrite:
    before = previous.record.attrs if previous else {}
    raw = item.attrs if item.attrs is not None else {}
    now = batch.rules.canonicalise(raw) if item.attrs is not None else dict(before)
    return RecordWrite(
        id=item.known_id,
        key=item.key,
        root_key=item.root_key,
        attrs=raw,
        canonical=now,
        changed_at=_changed_at(now, previous, marks, batch.now),
        deleted=item.attrs is None,
    )


def _changed_at(
    attrs: Mapping[str, object],
    previous: StoredRecord | None,
    marks: Sequence[Mark],
    now: datetime,
) -> dict[str, str]:
    """When each attribute last changed at its source: the commit that brought another value."""
    at = (_newest(marks) or now).isoformat()
    if previous is None:
        return dict.fromkeys(attrs, at)
    before, times = previous.record.attrs, previous.record.changed_at
    return {
        name: times[name].isoformat() if name in times and before.get(name) == value else at
        for name, value in attrs.items()
    }


def _newest(marks: Sequence[Mark]) -> datetime | None:
    return max((mark.changed_at for mark in marks if mark.changed_at is not None), default=None)


def _add(
    batch: Batch,
    system: str,
    write: RecordWrite,
    previous: StoredRecord | None,
    roots: Mapping[str, list[Mark]],
    ids: Mapping[str, int],
) -> None:
    record_id = write.id if write.id is not None else ids[write.key]
    before = previous.record.attrs if previous else {}
    watched = batch.rules.identifying
    batch.records[record_id] = ChangedRecord(
        id=record_id,
        system=system,
        key=write.key,
        root_key=write.root_key,
        attrs=write.canonical,
        deleted=write.deleted,
        previous=previous,
        cause_at=_newest(roots[write.root_key]),
        identity=previous is None
        or previous.golden_id is None
        or previous.record.deleted
        or write.deleted
        or any(write.canonical.get(name) != before.get(name) for name in watched),
    )
    if write.id is not None:
        batch.updates.append(write)


def _again(work: UnitOfWork, batch: Batch, system: str, roots: Sequence[str]) -> None:
    """Add stored records of roots that were marked for another reason than their own rows."""
    for stored in work.sources.by_root(batch.entity, system, roots) if roots else ():
        record = stored.record
        if record.id in batch.records or record.deleted:
            continue
        batch.records[record.id] = ChangedRecord(
            id=record.id,
            system=system,
            key=record.key,
            root_key=record.root_key,
            attrs=record.attrs,
            deleted=False,
            previous=stored,
            cause_at=None,
            identity=True,
        )
