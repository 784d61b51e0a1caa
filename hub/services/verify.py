"""Recompute everything from scratch and say where the hub's state differs.

Shares the pure merge and the canonical forms with the incremental path, and nothing else: records
are compared with what their mappings yield now, golden records with a merge of their members, and
everything is asked of the database whole, in sets, never by the resolver's statements. Members are
streamed, so memory does not grow with the number of golden records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from golden_records.domain.policy import PolicyChanged
from golden_records.domain.rulebook import Disputed, Trespass
from hub.services.recompute import Beyond, is_due, keeping, members_of, merged, referring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from golden_records.domain.clock import Clock
    from golden_records.domain.records import Merged, Period
    from hub.services.resolving.batch import Rules

MOST_DIFFERENCES = 10_000
"""So many are told of each kind; their count goes on."""


class Verification(Beyond, Protocol):
    """Everything that verification reads, in one snapshot."""

    def policy(self) -> str | None: ...

    def records(self, system: str, entity: str, view: str, key: str) -> list[dict[str, Any]]: ...

    def pending(self) -> tuple[set[tuple[str, str, str]], set[str]]: ...

    def goldens(
        self,
        entities: Sequence[str],
        *,
        keeping: Sequence[str],
        referring: Sequence[str],
        dated: Sequence[str],
    ) -> Iterator[dict[str, Any]]: ...

    def references(self, entity: str, name: str, system: str | None) -> list[dict[str, Any]]: ...

    def state(
        self,
        now: datetime,
        leads: Mapping[str, timedelta],
        contestable: Iterable[tuple[str, str]],
    ) -> list[dict[str, Any]]:
        """Return publications and histories that do not say what their golden records say.

        Targets are told of a period by `leads` ahead, by entity; publications of `contestable`
        (entity, attribute) pairs are left out while a case about the attribute is open. What is
        due and not yet looked at is asked of as it was just before.
        """
        ...

    def waiting(self) -> list[dict[str, Any]]: ...

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
    found: int = 0
    """How many there are; of very many only the first are in `differences`."""
    behind: int = 0
    """Golden records known to be behind: a member is marked, and they are left out; or their time
    has come with nobody having looked yet, and they are compared as of just before."""

    @property
    def clean(self) -> bool:
        return not self.differences

    def add(self, differences: Sequence[dict[str, Any]]) -> None:
        self.found += len(differences)
        room = MOST_DIFFERENCES - len(self.differences)
        self.differences += differences[: max(0, room)]


class Verify:
    """The verification service; `policy` is the version that its rules are of.

    The present is asked for once the snapshot is taken: nothing in there was decided later.
    """

    def __init__(
        self,
        snapshot: Callable[[], AbstractContextManager[Verification]],
        sources: Sequence[Source],
        rules: Mapping[str, Rules],
        policy: str,
        clock: Clock,
    ) -> None:
        self._snapshot = snapshot
        self._sources = sources
        self._rules = rules
        self._policy = policy
        self._clock = clock

    def verify(self, advance: Callable[[int], None]) -> VerifyReport:
        """Compare everything; `advance` is told of every golden record that was recomputed."""
        with self._snapshot() as reads:
            report, now = self._begun(reads)
            for source in self._sources:
                found = reads.records(source.system, source.entity, source.view, source.key)
                report.add(found)
            self._goldens(reads, report, now, advance)
            for rules in self._rules.values():
                for reference in rules.entity.references:
                    name, system = reference.name, reference.system
                    report.add(reads.references(rules.entity.name, name, system))
            report.add(reads.state(now, self._leads(), self._contestable()))
            report.add(self._needless(reads))
            report.add(reads.broken_invariants())
        return report

    def _needless(self, reads: Verification) -> list[dict[str, Any]]:
        """Records that wait for a creator although their own system may create."""
        _, swept = reads.pending()
        return [
            {"kind": "waits_needlessly", **row}
            for row in reads.waiting()
            if row["entity"] not in swept
            and row["entity"] in self._rules
            and self._rules[row["entity"]].entity.existence.may_create(row["system"])
        ]

    def _leads(self) -> dict[str, timedelta]:
        entities = [rules.entity for rules in self._rules.values()]
        return {e.name: e.lead for e in entities if e.lead is not None}

    def _contestable(self) -> Iterator[tuple[str, str]]:
        for rules in self._rules.values():
            for policy in rules.entity.survivorship:
                if (
                    policy.raises
                    or policy.grace is not None
                    or policy.disputed is not Disputed.OWNER
                    or (policy.trespass is not Trespass.WRITE_BACK)
                ):
                    yield from ((rules.entity.name, name) for name in policy.attributes)

    def count(self) -> int:
        """Return how many golden records will be recomputed."""
        with self._snapshot() as reads:
            return reads.totals()["goldens"]

    def invariants(self, advance: Callable[[int], None]) -> VerifyReport:
        """Check the invariants alone; I4, that values follow from members, by merging anew."""
        with self._snapshot() as reads:
            report, now = self._begun(reads)
            self._goldens(reads, report, now, advance)
            report.add(reads.broken_invariants())
        return report

    def _begun(self, reads: Verification) -> tuple[VerifyReport, datetime]:
        if reads.policy() not in {None, self._policy}:
            raise PolicyChanged
        return VerifyReport(totals=reads.totals()), self._clock.now()

    def _goldens(
        self,
        reads: Verification,
        report: VerifyReport,
        now: datetime,
        advance: Callable[[int], None],
    ) -> None:
        entities = [rules.entity for rules in self._rules.values()]
        names = {entity.name: [r.name for r in entity.references] for entity in entities}
        marked, swept = reads.pending()
        beyond = (reads, reads.rates())
        streamed = reads.goldens(
            sorted(self._rules),
            keeping=keeping(entities),
            referring=referring(entities),
            dated=[entity.name for entity in entities if entity.effective],
        )
        for row in streamed:
            entity = row["entity"]
            if entity in swept or (marked and _is_marked(row, marked)):
                report.behind += 1
            else:
                members = members_of(row, names[entity])
                report.behind += is_due(row, now)
                if members:
                    result = merged(self._rules[entity], row, members, now, beyond)
                    report.add(_compare(row, result))
                    report.add(_compare_periods(row, result.periods))
            advance(1)


def _is_marked(row: Mapping[str, Any], marked: set[tuple[str, str, str]]) -> bool:
    entity = row["entity"]
    return any((entity, m["system"], m["root_key"]) in marked for m in row["members"] or ())


def _compare(row: Mapping[str, Any], result: Merged) -> list[dict[str, Any]]:
    """Values that are others; and bases that a merge would move, for a merge is its own fixpoint.

    A value that differs moves bases too, so these are told where the values agree.
    """
    where = {"entity": row["entity"], "key": str(row["id"])}
    if result.attrs == row["attrs"]:
        return [
            {
                "kind": "base_differs",
                **where,
                "record": record_id,
                "expected": dict(base),
                "found": next(m["base"] for m in row["members"] if m["id"] == record_id),
            }
            for record_id, base in result.bases.items()
        ]
    names = sorted(result.attrs.keys() | row["attrs"].keys())
    return [
        {
            "kind": "golden_differs",
            **where,
            "attribute": name,
            "expected": result.attrs.get(name),
            "found": row["attrs"].get(name),
        }
        for name in names
        if result.attrs.get(name) != row["attrs"].get(name)
    ]


def _compare_periods(row: Mapping[str, Any], periods: Sequence[Period]) -> list[dict[str, Any]]:
    wanted = [(p.begins, p.ends, dict(p.attrs)) for p in periods]
    stored = [
        (*(at and datetime.fromisoformat(at) for at in (begins, ends)), attrs)
        for begins, ends, attrs in row["periods"] or ()
    ]
    if wanted == stored:
        return []
    where = {"entity": row["entity"], "key": str(row["id"])}
    return [{"kind": "periods_differ", **where, "expected": wanted, "found": stored}]
