"""Assemble: from dirty roots to the source records that differ from what is stored."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.echo import acknowledge, shared
from golden_records.domain.lineages import iso
from golden_records.domain.values import ValueRefused
from golden_records.ports import RecordWrite
from hub.services.resolving.batch import Batch, ChangedRecord
from hub.services.resolving.withhold import Looked, withhold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
    from datetime import datetime

    from golden_records.domain.echo import Acknowledgement, LedgerEntry
    from golden_records.ports import Evaluated, Mark, StoredRecord, UnitOfWork
    from hub.services.resolving.batch import Rules

FEED = "feed"
IDENTIFIED_AGAIN = frozenset({"reference", "steward", "replay", "rematch"})
"""Causes that ask for identity again although the record itself did not change."""


@dataclass(slots=True, kw_only=True)
class _Intake:
    """The roots of one system in a batch, and what became of them so far."""

    batch: Batch
    system: str
    roots: dict[str, list[Mark]]
    stored: Mapping[int, StoredRecord] = field(default_factory=dict)
    canonical: dict[str, Mapping[str, object]] = field(default_factory=dict)
    echoed: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """Attributes that came back as the echo of our own writes, with their values, by record."""
    unsettled: dict[str, datetime] = field(default_factory=dict)
    """Roots of records that just appeared, and when their side rows had their time to arrive."""
    shifted: AbstractSet[str] = frozenset()
    """Roots of records whose deletion is withheld from now on, or no longer."""
    times: dict[str, Mapping[str, datetime]] = field(default_factory=dict)
    """When attributes changed, by root, where not all of them changed at once."""

    def previous(self, item: Evaluated) -> StoredRecord | None:
        return None if item.known_id is None else self.stored.get(item.known_id)

    def cause_at(self, root: str) -> datetime | None:
        """When the newest change that marked the root was committed at its source."""
        times = [mark.changed_at for mark in self.roots[root] if mark.changed_at is not None]
        return max(times, default=None)

    def look_at_times(self, work: UnitOfWork, roots: Iterable[str]) -> None:
        """Ask when each attribute changed, of roots whose rows changed at several times."""
        for root in roots:
            marks = [mark for mark in self.roots[root] if mark.changed_at is not None]
            if len({mark.changed_at for mark in marks}) > 1:
                self.times[root] = work.mirror.changed_at(self.system, self.batch.entity, marks)

    def may_echo(self, item: Evaluated, entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
        """The entries that this change may be the echo of: a write with our mark shows it."""
        ours = any(mark.ours is not False for mark in self.roots[item.root_key])
        return [entry for entry in entries if ours or not entry.tagged]

    def forced(self) -> list[str]:
        """Roots to look at for another reason than what their own rows say."""
        forced = {r for r, marks in self.roots.items() if any(m.cause != FEED for m in marks)}
        return sorted(forced | self.shifted)


def assemble(work: UnitOfWork, rules: Rules, marks: list[Mark], now: datetime) -> Batch:
    """Evaluate the roots, insert what is new, and return what changed as a batch.

    Records that have just appeared and may still miss rows are put back until they settle; roots
    whose mapping or values are refused are set aside and block nobody.
    """
    batch = Batch(rules=rules, now=now, marks=marks)
    by_system: dict[str, dict[str, list[Mark]]] = defaultdict(dict)
    for mark in marks:
        by_system[mark.system].setdefault(mark.root_key, []).append(mark)
    for system, roots in sorted(by_system.items()):
        _assemble_system(work, _Intake(batch=batch, system=system, roots=roots))
    return batch


def _assemble_system(work: UnitOfWork, intake: _Intake) -> None:
    batch = intake.batch
    evaluation = work.mirror.evaluate(intake.system, batch.entity, list(intake.roots))
    for root, error in evaluation.failed.items():
        work.feed.set_aside_root(intake.roots[root][0], "MappingFailed", error)
    known = [item.known_id for item in evaluation.records if item.known_id is not None]
    intake.stored = work.sources.by_id(known)
    looked = Looked(
        system=intake.system,
        roots=list(intake.roots),
        evaluation=evaluation,
        stored=intake.stored,
    )
    came = withhold(work, batch, looked)
    intake.shifted = came.shifted
    accepted = [item for item in came.records if _accepted(work, intake, item)]
    due = intake.unsettled
    work.marks.put_back([(mark, due[root]) for root in due for mark in intake.roots[root]])
    intake.look_at_times(work, {item.root_key for item in accepted})
    _observe(work, intake, accepted)
    writes = [(item, _write(intake, item)) for item in accepted]
    new = [write for _, write in writes if write.id is None]
    ids = work.sources.insert(batch.entity, intake.system, new)
    for item, write in writes:
        record_id = write.id if write.id is not None else ids[write.key]
        batch.records[record_id] = _changed(intake, item, write, record_id)
        batch.changed.add(record_id)
    batch.updates += [write for _, write in writes if write.id is not None]
    for record in _again(work, intake):
        batch.records.setdefault(record.id, record)


def _accepted(work: UnitOfWork, intake: _Intake, item: Evaluated) -> bool:
    """Canonicalise; False for what must settle first and for what is refused."""
    marks = intake.roots[item.root_key]
    due = _settles(intake.batch, marks) if item.known_id is None else None
    if due is not None:
        intake.unsettled[item.root_key] = due
        return False
    try:
        previous = intake.previous(item)
        before = previous.record.attrs if previous else {}
        now = before if item.attrs is None else intake.batch.rules.canonicalise(item.attrs)
    except ValueRefused as refusal:
        work.feed.set_aside_root(marks[0], "ValueRefused", str(refusal))
        return False
    intake.canonical[item.key] = now
    return True


def _settles(batch: Batch, marks: Sequence[Mark]) -> datetime | None:
    """When the side rows of a record that just appeared had their time to arrive; None: by now."""
    entity = batch.rules.entity
    by_matching = entity.identity.mode is IdentityMode.MATCHING
    if not by_matching or any(mark.cause != FEED for mark in marks):
        return None
    due = min(
        max(mark.marked_at for mark in marks) + entity.settle,
        min(mark.marked_at for mark in marks) + entity.settle_limit,
    )
    return due if due > batch.now else None


def _observe(work: UnitOfWork, intake: _Intake, items: Sequence[Evaluated]) -> None:
    """Recognise our own writes in what changed: they acknowledge, and are no change by the system.

    Attributes that equal no open entry are a genuine change, also where a trigger made it of ours.
    """
    keys = [item.key for item in items if item.attrs is not None]
    entries = work.ledger.open_entries(intake.system, intake.batch.entity, keys)
    found: list[Acknowledgement] = []
    for item in items:
        waiting = intake.may_echo(item, entries.get(item.key, ()))
        if waiting and item.attrs is not None:
            previous = intake.previous(item)
            before = previous.record.attrs if previous else {}
            now = intake.canonical[item.key]
            changed = {name: value for name, value in now.items() if before.get(name) != value}
            found.append(acknowledge(waiting, changed))
            intake.echoed[item.key] = shared({}, changed, found[-1])
    work.ledger.settle(found, intake.batch.now)


def _write(intake: _Intake, item: Evaluated) -> RecordWrite:
    now = intake.canonical[item.key]
    return RecordWrite(
        id=item.known_id,
        key=item.key,
        root_key=item.root_key,
        raw=item.raw or "{}",
        canonical=now,
        changed_at=_changed_at(intake, item, now),
        deleted=item.attrs is None,
        shared=intake.echoed.get(item.key, {}),
    )


def _changed_at(intake: _Intake, item: Evaluated, now: Mapping[str, object]) -> dict[str, str]:
    """When each attribute last changed at its source: the commit that brought another value.

    An echo of our own write is no change by the source: it keeps the time that was known.
    """
    newest = intake.cause_at(item.root_key) or intake.batch.now
    known = intake.times.get(item.root_key, {})
    previous = intake.previous(item)
    before, times = (previous.record.attrs, previous.record.changed_at) if previous else ({}, {})
    echoed = intake.echoed.get(item.key, {})
    return {
        name: iso(times[name])
        if name in times and (before.get(name) == value or name in echoed)
        else iso(known.get(name, newest))
        for name, value in now.items()
    }


def _changed(intake: _Intake, item: Evaluated, write: RecordWrite, record_id: int) -> ChangedRecord:
    previous = intake.previous(item)
    before = previous.record.attrs if previous else {}
    watched = intake.batch.rules.identifying
    return ChangedRecord(
        id=record_id,
        system=intake.system,
        key=write.key,
        root_key=write.root_key,
        attrs=write.canonical,
        deleted=write.deleted,
        previous=previous,
        cause_at=intake.cause_at(item.root_key),
        identity=previous is None
        or previous.golden_id is None
        or previous.record.deleted
        or write.deleted
        or any(write.canonical.get(name) != before.get(name) for name in watched),
    )


def _again(work: UnitOfWork, intake: _Intake) -> Iterator[ChangedRecord]:
    """Yield stored records to look at again although their own rows did not change."""
    roots = intake.forced()
    again = {m.root_key for ms in intake.roots.values() for m in ms if m.cause in IDENTIFIED_AGAIN}
    found = work.sources.by_root(intake.batch.entity, intake.system, roots) if roots else []
    for stored in found:
        record = stored.record
        if not record.deleted:
            yield ChangedRecord(
                id=record.id,
                system=intake.system,
                key=record.key,
                root_key=record.root_key,
                attrs=record.attrs,
                deleted=False,
                previous=stored,
                identity=stored.golden_id is None or record.root_key in again,
            )
