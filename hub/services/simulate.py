"""Recompute the whole population under another policy, and say what would come of it.

Everything is read in one snapshot and nothing is written. What is compared is the state that is
stored: a hub whose marks are resolved differs from the simulation by the policy alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from golden_records.domain.deletes import Why
from golden_records.domain.publication import lane_class
from golden_records.domain.reference import collisions, identity_of
from golden_records.domain.simulation import Figures, amounts
from hub.services.recompute import Beyond, keeping, members_of, merged, raw_of, referring
from hub.services.resolving.merge import FOUND_BY_MERGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.money import Rates
    from golden_records.domain.policy_difference import Touched
    from golden_records.domain.records import Merged, SourceRecord
    from hub.services.resolving.batch import Rules

    Row = Mapping[str, Any]
    Wants = dict[tuple[str, str, str], tuple[str, Mapping[str, object]]]

HELD = 500
"""Changed golden records whose lineage is read together."""


class Population(Beyond, Protocol):
    """Everything that a simulation reads, in one snapshot."""

    def goldens(
        self,
        entities: Sequence[str],
        *,
        keeping: Sequence[str],
        referring: Sequence[str],
        raw: Sequence[str],
    ) -> Iterator[dict[str, Any]]: ...

    def conflicts(self, kinds: Sequence[str]) -> dict[UUID, dict[str, str]]: ...

    def lineages(self, ids: Sequence[UUID]) -> dict[UUID, Any]: ...

    def changed(self, system: str, entity: str, view: str, key: str) -> list[dict[str, Any]]: ...

    def linked(self, entity: str) -> list[tuple[Any, ...]]: ...

    def decisions(self, entity: str) -> list[tuple[int, int, str]]: ...

    def phases(self) -> dict[tuple[str, str], str]: ...

    def count(self, entities: Sequence[str]) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedMapping:
    """A mapping to be tried: its SELECT, and the SQL of its records' keys."""

    system: str
    entity: str
    view: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The two policies, and what of the population to recompute."""

    before: Mapping[str, Rules]
    after: Mapping[str, Rules]
    touched: Touched
    entities: Sequence[str]
    mappings: Sequence[ChangedMapping] = ()


class Regrouping(Protocol):
    """Finds merges and splits of an entity that is matched in another way."""

    def __call__(self, reads: Population, entity: str, /) -> Iterator[tuple[str, list[str]]]: ...


@dataclass(slots=True, kw_only=True)
class _Run:
    """A simulation in progress."""

    plan: Plan
    now: datetime
    row: Callable[[Row], None]
    """Is told of every difference."""
    conflicts: Mapping[UUID, Mapping[str, str]]
    phases: Mapping[tuple[str, str], str]
    rates: Rates
    figures: Figures = field(default_factory=Figures)
    said: dict[int, Mapping[str, object] | None] = field(default_factory=dict)
    """What changed mappings say of stored records; None = the record would be gone."""
    identities: dict[tuple[str, object], str] = field(default_factory=dict)
    held: list[tuple[Row, Merged]] = field(default_factory=list)


class Simulate:
    """The simulation service."""

    def __init__(
        self,
        snapshot: Callable[[], AbstractContextManager[Population]],
        plan: Plan,
        regrouping: Regrouping,
    ) -> None:
        self._snapshot = snapshot
        self._plan = plan
        self._regrouping = regrouping

    def count(self) -> int:
        """Return how many golden records will be recomputed."""
        with self._snapshot() as reads:
            return reads.count(self._plan.entities)

    def run(
        self,
        now: datetime,
        advance: Callable[[int], None],
        row: Callable[[Row], None] = lambda _: None,
    ) -> Figures:
        """Recompute; `advance` is told of each golden record, `row` of each difference."""
        plan = self._plan
        entities = [rules.entity for rules in plan.after.values()]
        with self._snapshot() as reads:
            run = _Run(
                plan=plan,
                now=now,
                row=row,
                conflicts=reads.conflicts(FOUND_BY_MERGE),
                phases=reads.phases(),
                rates=reads.rates(),
            )
            for mapping in plan.mappings:
                _try_mapping(run, reads, mapping)
            for golden in reads.goldens(
                plan.entities,
                keeping=keeping(entities),
                referring=referring(entities),
                raw=sorted(plan.touched.values),
            ):
                self._golden(run, reads, golden)
                advance(1)
            _tell(run, reads)
            for entity in sorted(plan.touched.matching):
                for kind, goldens in self._regrouping(reads, entity):
                    _regroup(run, entity, kind, goldens)
        return run.figures

    def _golden(self, run: _Run, reads: Population, golden: Row) -> None:
        rules = self._plan.after[golden["entity"]]
        names = [reference.name for reference in rules.entity.references]
        before = members_of(golden, names)
        members = _members(run, rules, golden, before)
        run.figures.recomputed += 1
        if not members:
            return
        result = merged(rules, golden, members, run.now, (reads, run.rates))
        if golden["entity"] in self._plan.touched.rekeyed:
            _rekey(run, rules, golden, members)
        _conflicts(run, rules, golden, (members, result))
        changed = result.attrs != golden["attrs"]
        if changed or run.plan.touched.lanes:
            _writes(run, golden, (before, members), result.attrs)
        if changed:
            run.held.append((golden, result))
            if len(run.held) >= HELD:
                _tell(run, reads)


def _try_mapping(run: _Run, reads: Population, mapping: ChangedMapping) -> None:
    """Keep what the mapping would say otherwise of records that are stored; count the others."""
    canonicalise = run.plan.after[mapping.entity].canonicalise
    where = f"{mapping.system}/{mapping.entity}"
    for found in reads.changed(mapping.system, mapping.entity, mapping.view, mapping.key):
        how = "gone" if found["attrs"] is None else "new" if found["id"] is None else "differs"
        run.figures.records[f"{where}.{how}"] += 1
        run.row({"kind": "record", "record": f"{where}:{found['key']}", "how": how})
        if found["id"] is not None:
            said = found["attrs"]
            run.said[found["id"]] = None if said is None else canonicalise(said)


def _members(
    run: _Run, rules: Rules, golden: Row, before: Sequence[SourceRecord]
) -> list[SourceRecord]:
    """The members as they would be read: by another mapping, in another canonical form."""
    raw = golden["entity"] in run.plan.touched.values
    if not raw and not run.said:
        return list(before)
    found = []
    for item, record in zip(golden["members"] or (), before, strict=True):
        if record.id in run.said:
            said = run.said[record.id]
        else:
            said = rules.canonicalise(raw_of(item["raw"])) if raw else item["attrs"]
        if said is not None:
            found.append(_said(rules, item, record, said, run.now))
    return found


def _said(
    rules: Rules, item: Row, record: SourceRecord, said: Mapping[str, object], now: datetime
) -> SourceRecord:
    """What is said otherwise counts as said now, as it will when the policy is active."""
    old = item["attrs"]
    times = {
        name: record.changed_at[name]
        if name in record.changed_at and old.get(name) == value
        else now
        for name, value in said.items()
    }
    resolved = {r.name: record.attrs.get(r.name) for r in rules.entity.references}
    return replace(record, attrs={**said, **resolved}, changed_at=times)


def _rekey(run: _Run, rules: Rules, golden: Row, members: Iterable[SourceRecord]) -> None:
    """Which golden records an identity made of other components would split or merge."""
    identities = set()
    for record in members:
        resolved: Mapping[str, Any] = {
            r.name: record.attrs.get(r.name) for r in rules.entity.references
        }
        identities.add(identity_of(rules.entity, record.attrs, resolved))
    if len(identities) > 1:
        _regroup(run, golden["entity"], "split", [str(golden["id"])])
    for identity in identities - {None}:
        other = run.identities.setdefault((golden["entity"], identity), str(golden["id"]))
        if other != str(golden["id"]):
            _regroup(run, golden["entity"], "merge", [other, str(golden["id"])])


def _regroup(run: _Run, entity: str, kind: str, goldens: Sequence[str]) -> None:
    (run.figures.merges if kind == "merge" else run.figures.splits)[entity] += 1
    run.row({"kind": kind, "entity": entity, "goldens": list(goldens)})


def _conflicts(
    run: _Run, rules: Rules, golden: Row, found: tuple[Sequence[SourceRecord], Merged]
) -> None:
    members, result = found
    causes = {conflict.cause: str(conflict.kind) for conflict in result.conflicts}
    if golden["identity"] is not None and len(members) > 1:
        claims = [(record, golden["identity"]) for record in members]
        more = (c.conflict() for c in collisions(claims, rules.entity.effective))
        causes |= {conflict.cause: str(conflict.kind) for conflict in more}
    known = run.conflicts.get(golden["id"], {})
    for counter, how, ones, others in (
        (run.figures.opened, "opened", causes, known),
        (run.figures.closed, "closed", known, causes),
    ):
        for cause in ones.keys() - others.keys():
            counter[f"{golden['entity']}.{ones[cause]}"] += 1
            run.row({"kind": f"conflict_{how}", "golden": str(golden["id"]), "cause": cause})


# --- writes ---------------------------------------------------------------------------------------


def _writes(
    run: _Run,
    golden: Row,
    members: tuple[Sequence[SourceRecord], Sequence[SourceRecord]],
    attrs: Mapping[str, object],
) -> None:
    """Count what would go out and is not on its way already."""
    entity = golden["entity"]
    gone = {m["id"]: m["withheld"] for m in golden["members"] or () if m["withheld"]}
    now = _wants(run, run.plan.before[entity], (members[0], gone), golden["attrs"])
    then = _wants(run, run.plan.after[entity], (members[1], gone), attrs)
    for place, (name, desired) in then.items():
        if place not in now or now[place][1] != desired:
            target, key, group = place
            run.figures.writes[f"{target}.{group}.{name}"] += 1
            run.row(
                {
                    "kind": "write",
                    "golden": str(golden["id"]),
                    "target": target,
                    "key": key,
                    "group": group,
                    "class": name,
                    "desired": dict(desired),
                }
            )


def _wants(
    run: _Run,
    rules: Rules,
    held: tuple[Sequence[SourceRecord], Mapping[int, str]],
    attrs: Mapping[str, object],
) -> Wants:
    """What each target should hold and does not, by target, its key, and group.

    `held` are the members, and why the deletions of some of them are withheld, by record id.
    """
    found: Wants = {}
    members, gone = held
    closed = {
        record.system
        for record in members
        if record.id in gone
        and not (gone[record.id] == Why.OWNER and rules.entity.existence.recreates)
    }
    name = rules.entity.name
    for lane, plan in rules.lanes:
        if run.phases.get((lane.target, name), "LIVE") != "LIVE":
            continue
        there = [r for r in members if r.system == lane.target and r.id not in gone]
        for record in there:
            seen = {a: record.attrs[a] for a in plan.attributes if a in record.attrs}
            desired = {a: attrs.get(a) for a in seen}
            if desired != seen:
                chosen = lane_class(lane, attrs, seen, {}, rules.entity)
                found[lane.target, record.key, lane.group] = (chosen.name, desired)
        known = all(attrs.get(r.name) is not None for r in rules.entity.references)
        if not there and plan.creates and known and lane.target not in closed:
            chosen = lane_class(lane, attrs, None, {}, rules.entity)
            found[lane.target, "", lane.group] = (
                chosen.name,
                {a: attrs.get(a) for a in plan.attributes},
            )
    return found


# --- values ---------------------------------------------------------------------------------------


def _tell(run: _Run, reads: Population) -> None:
    """Count the changed values held so far, with where they come from now and then."""
    if not run.held:
        return
    lineages = reads.lineages([golden["id"] for golden, _ in run.held])
    for golden, result in run.held:
        _values(run, golden, result, lineages.get(golden["id"], {}))
    run.held.clear()


def _values(run: _Run, golden: Row, result: Merged, lineage: Mapping[str, Any]) -> None:
    entity, before, after = golden["entity"], golden["attrs"], result.attrs
    figures = run.figures
    figures.goldens[entity] += 1
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) == after.get(name):
            continue
        winner = result.lineage.get(name)
        one = str(lineage.get(name, {}).get("system", "nobody"))
        other = winner.system if winner else "nobody"
        figures.attributes[f"{entity}.{name}"] += 1
        figures.lost[f"{entity}.{name}.{one}"] += 1
        figures.gained[f"{entity}.{name}.{other}"] += 1
        run.row(
            {
                "kind": "golden",
                "entity": entity,
                "golden": str(golden["id"]),
                "attribute": name,
                "before": before.get(name),
                "after": after.get(name),
                "from": one,
                "to": other,
            }
        )
    for attribute, unit in amounts(run.plan.after[entity].entity):
        for attrs, sign in ((before, -1), (after, 1)):
            currency = attrs.get(unit) if unit else None
            place = f"{entity}.{attribute.name}.{currency or 'no currency'}"
            figures.move(place, attrs.get(attribute.name), sign)
