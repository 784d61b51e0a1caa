"""Recompute everything from scratch and say where the hub's state differs.

Shares the pure merge and the canonical forms with the incremental path, and nothing else: records
are compared with what their mappings yield now, golden records with a merge of their members.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from golden_records.domain.records import GoldenRecord, GoldenStatus, Override, SourceRecord
from golden_records.domain.surroundings import Surroundings
from hub.services.resolving.merge import lineages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from golden_records.domain.catalogue import Entity
    from golden_records.domain.money import Rates
    from golden_records.domain.records import Approval, Period
    from hub.services.resolving.batch import Rules


class Verification(Protocol):
    """Everything that verification reads, in one snapshot."""

    def records(self, system: str, entity: str, view: str, key: str) -> list[dict[str, Any]]: ...

    def goldens(self, dated: Sequence[str]) -> Iterator[dict[str, Any]]: ...

    def rates(self) -> Rates: ...

    def approvals(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[Approval]]: ...

    def parents(self, golden_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, object]]: ...

    def broken_invariants(self) -> list[dict[str, Any]]: ...

    def totals(self) -> dict[str, int]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A (system, entity) pair with its mapping's view and the SQL of its record key."""

    system: str
    entity: str
    view: str
    key: str


@dataclass(slots=True, kw_only=True)
class VerifyReport:
    """What was compared and every difference; no difference is the expected outcome."""

    totals: Mapping[str, int]
    differences: list[dict[str, Any]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.differences


class Verify:
    """The verification service."""

    def __init__(
        self,
        snapshot: Callable[[], AbstractContextManager[Verification]],
        sources: Sequence[Source],
        rules: Mapping[str, Rules],
    ) -> None:
        self._snapshot = snapshot
        self._sources = sources
        self._rules = rules

    def verify(self, now: datetime, advance: Callable[[int], None]) -> VerifyReport:
        """Compare everything; `advance` is told of every golden record that was recomputed."""
        with self._snapshot() as reads:
            report = VerifyReport(totals=reads.totals())
            for source in self._sources:
                report.differences += reads.records(
                    source.system, source.entity, source.view, source.key
                )
            rates = reads.rates()
            dated = [name for name, rules in self._rules.items() if rules.entity.effective]
            for row in reads.goldens(dated):
                report.differences += self._golden(row, now, (reads, rates))
                advance(1)
            report.differences += reads.broken_invariants()
        return report

    def invariants(self) -> VerifyReport:
        """Check the invariants alone."""
        with self._snapshot() as reads:
            report = VerifyReport(totals=reads.totals())
            report.differences += reads.broken_invariants()
        return report

    def _golden(
        self, row: Mapping[str, Any], now: datetime, beyond: tuple[Verification, Rates]
    ) -> list[dict[str, Any]]:
        members = [_member(row["entity"], member) for member in row["members"] or ()]
        if not members:
            return []
        rules = self._rules[row["entity"]]
        golden = GoldenRecord(
            id=row["id"],
            entity=row["entity"],
            status=GoldenStatus(row["status"]),
            version=row["version"],
            attrs=row["attrs"],
            lineage=lineages_of(row["lineage"] or {}),
        )
        overrides = [_override(item) for item in row["overrides"] or ()]
        around = _surroundings(rules.entity, golden.id, members, beyond)
        merged = rules.merger.merge(members, golden, overrides, now, around)
        names = sorted(merged.attrs.keys() | row["attrs"].keys())
        found = [
            _differs("golden_differs", row, name, (merged.attrs.get(name), row["attrs"].get(name)))
            for name in names
            if merged.attrs.get(name) != row["attrs"].get(name)
        ]
        wanted, stored = _spelt(merged.periods), _stored(row["periods"])
        if wanted != stored:
            found.append(_differs("periods_differ", row, None, (wanted, stored)))
        return found


def _differs(
    kind: str, row: Mapping[str, Any], name: str | None, values: tuple[object, object]
) -> dict[str, Any]:
    expected, found = values
    return {
        "kind": kind,
        "entity": row["entity"],
        "key": str(row["id"]),
        "attribute": name,
        "expected": expected,
        "found": found,
    }


def _surroundings(
    entity: Entity,
    golden_id: UUID,
    members: Sequence[SourceRecord],
    beyond: tuple[Verification, Rates],
) -> Surroundings:
    reads, rates = beyond
    guarded = any(group.raises for group in entity.survivorship)
    approvals = reads.approvals([golden_id]) if guarded else {}
    parents: Mapping[UUID, Mapping[str, object]] = {}
    if entity.hierarchy is not None and entity.hierarchy.inherit:
        named = {
            str(r.attrs[entity.hierarchy.parent])
            for r in members
            if r.attrs.get(entity.hierarchy.parent) is not None
        }
        parents = reads.parents(sorted(UUID(name) for name in named - {str(golden_id)}))
    return Surroundings(
        rates=rates,
        approvals=tuple(approvals.get(golden_id, ())),
        parents={str(name): attrs for name, attrs in parents.items()},
    )


def _spelt(periods: Sequence[Period]) -> list[tuple[object, ...]]:
    return [(p.begins, p.ends, dict(p.attrs)) for p in periods]


def _stored(rows: Sequence[Sequence[Any]] | None) -> list[tuple[object, ...]]:
    return [
        (*(at and datetime.fromisoformat(at) for at in (begins, ends)), attrs)
        for begins, ends, attrs in rows or ()
    ]


def _member(entity: str, row: Mapping[str, Any]) -> SourceRecord:
    return SourceRecord(
        id=row["id"],
        entity=entity,
        system=row["system"],
        key=row["key"],
        root_key=row["root_key"],
        attrs={**row["attrs"], **(row["references"] or {})},
        changed_at={n: datetime.fromisoformat(at) for n, at in row["changed_at"].items()},
        base=row["base"],
    )


def _override(row: Mapping[str, Any]) -> Override:
    return Override(
        attribute=row["attribute"],
        value=row["value"],
        mode=row["mode"],
        actor=row["actor"],
        set_at=datetime.fromisoformat(row["set_at"]),
        until=datetime.fromisoformat(row["until"]) if row["until"] else None,
        base=row["base"],
    )
