"""Merging the members of a golden record: who may say what, and what came of it.

Each group of attributes that survives together takes all its values from one live record. Groups
with unconditional owners are decided first; the conditions of the others see their values (with
overrides applied, decimals as doubles). Per group, in this order:

0. Records whose values break a rule are out of the running (`validation`).
1. Owners whose condition holds, in declared order: the first that holds any value wins; among
   several records of it the strategies decide.
2. Owner silent: `clear` leaves nulls, `keep` the previous golden values, `fallback` goes on.
3. Strategies among all records that hold a value of the group, then the total tie-break.
4. A raise of a guarded amount waits for a person (`raises`); a group without any value has its
   parent's, where it inherits.
5. A steward's override, last and per attribute.

A merge is a pure function of its arguments; the order of members never counts. References are
merged like attributes, in resolved form: whoever calls puts golden ids where keys stood. A dated
entity takes part with the records whose period [from, to) holds now, else with those that begin
next, else with those that ended last; a date begins at midnight of its zone. What holds at other
times comes with it (`Merged.periods`).

`changed_at` must be the time of the attribute's last change *by its source*: if the echo of the
hub's own write moved it, most_recent would let the hub outvote the source that spoke in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from operator import attrgetter
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from golden_records.domain.bases import compare, contested
from golden_records.domain.catalogue import Survivorship
from golden_records.domain.conditions import as_double, decimal_names
from golden_records.domain.decisions import OverrideMode, holds
from golden_records.domain.errors import TerminalError
from golden_records.domain.groups import KEPT, Group
from golden_records.domain.lineages import (
    OVERRIDE,
    STEWARD,
    lineage,
    losers_of,
    underlying,
)
from golden_records.domain.merging import (
    Merging as _Work,
    guard,
    inherit,
    note_rates,
    worth_the_same,
)
from golden_records.domain.money import Scale
from golden_records.domain.periods import Periods, joined, period
from golden_records.domain.records import Loser, Merged
from golden_records.domain.surroundings import ALONE
from golden_records.domain.survival import TIE_BREAK
from golden_records.domain.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from golden_records.domain.catalogue import Entity
    from golden_records.domain.groups import Decision
    from golden_records.domain.periods import Span
    from golden_records.domain.records import (
        GoldenRecord,
        Override,
        Period,
        SourceRecord,
    )
    from golden_records.domain.surroundings import Surroundings
    from golden_records.domain.survival import Records

_BY_NAME: Final = attrgetter("system", "key", "id")
_BY_AGE: Final = attrgetter("set_at", "actor")


class PolicyRefused(TerminalError):
    """The ownership rules of an entity cannot be followed; correct its catalogue file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOptions:
    """What a merge takes from beyond its entity.

    `system_ranks` (lowest first) serves source_rank and the tie-break where a group ranks nobody.
    `contest` reports each value that the tie-break alone chose.
    """

    system_ranks: Mapping[str, int]
    contest: bool = False


def merger(
    entity: Entity,
    *,
    system_ranks: Mapping[str, int] | None = None,
    contest: bool = False,
) -> Merger:
    """Compile an entity's policy; PolicyRefused or ConditionRefused when it cannot be followed."""
    options = MergeOptions(system_ranks=system_ranks or {}, contest=contest)
    return Merger(entity, options)


class Merger:
    """The compiled policy of one entity; see `merger`. It keeps nothing between merges."""

    __slots__ = (
        "_decimals", "_first", "_folded", "_inherited", "_options", "_parent", "_periods", "_then",
        "_validator", "_zone",
    )  # fmt: skip

    def __init__(self, entity: Entity, options: MergeOptions) -> None:
        attributes = {attribute.name: attribute for attribute in entity.attributes}
        self._parent = entity.hierarchy.parent if entity.hierarchy else ""
        groups = [Group(p, attributes, options.system_ranks) for p in _policies(entity)]
        groups.sort(key=lambda group: self._parent not in group.names)  # others ask for it
        self._first = tuple((g, g.unconditional) for g in groups if g.unconditional is not None)
        self._then = tuple(group for group in groups if group.unconditional is None)
        self._decimals = decimal_names(entity)
        self._folded = frozenset(a.name for a in entity.attributes if a.fold_case)
        self._zone = ZoneInfo(entity.time_zone)
        self._periods = Periods(entity.effective, self._zone) if entity.effective else None
        self._inherited = frozenset(entity.hierarchy.inherit if entity.hierarchy else ())
        self._options = options
        self._validator = Validator(entity) if entity.validation else None
        _check_reads(entity, groups)

    def merge(
        self,
        members: Sequence[SourceRecord],
        previous: GoldenRecord | None,
        overrides: Sequence[Override],
        now: datetime,
        around: Surroundings = ALONE,
    ) -> Merged:
        """Merge; deleted members take no part.

        `previous` serves owners that are silent (`keep`) and raises that wait for a person.

        `next_effective_at` is the next instant at which the same arguments would yield something
        else: a period begins or ends, an override ends, a grace is over.
        """
        live = sorted([m for m in members if not m.deleted], key=_BY_NAME)
        work = _Work(live, previous, now, around)
        for override in sorted(overrides, key=_BY_AGE) if overrides else ():
            work.overrides[override.attribute] = override
        if self._periods is None:
            self._decide(work)
            return self._merged(work)
        work.members, bound = self._periods.in_force(live, now)
        work.horizon += [bound] if bound else []
        self._decide(work)
        return self._merged(work, self._timeline(self._periods, live, work))

    def _decide(self, work: _Work) -> None:
        if self._validator is not None:
            work.breaches = self._validator.judge(work.members)
        settled = work.overrides or self._inherited or work.breaches.found
        for group, owners in self._first:
            if group.plain is None or settled:
                self._settle(group, owners, work)
            else:
                self._settle_plain(group.plain, group, work)
        if self._then:
            context = self._context(work.golden)
            for group in self._then:
                self._settle(group, group.owners(context), work)

    def _timeline(self, periods: Periods, live: Records, now: _Work) -> tuple[Period, ...]:
        """What holds in each span of time, decided like what holds now.

        A steward's value holds from when it was set, so it does not change what was in force.
        """

        def decided(span: Span) -> Period:
            begins = max(span.begins, now.now)
            work = _Work(span.records, now.previous, begins, now.around)
            work.guarded = span.ends > now.now
            work.overrides = {n: o for n, o in now.overrides.items() if o.set_at <= span.begins}
            self._decide(work)
            return period(span, work.golden, work.lineage)

        cuts = {at for o in now.overrides.values() for at in (o.set_at, o.until) if at is not None}
        return joined([decided(span) for span in periods.spans(live, cuts)])

    def _context(self, golden: Mapping[str, object]) -> dict[str, object]:
        read = {name for group in self._then for name in group.reads}
        return {
            name: as_double(golden[name]) if name in self._decimals else golden[name]
            for name in read
        }

    def _settle(self, group: Group, owners: tuple[str, ...], work: _Work) -> None:
        scale = self._scale(group, work)
        if scale is not None and group.policy.compare is not None:
            group = group.on(scale)
        decision = self._decision(group, owners, work)
        if decision.winner is not None:
            _take(group, decision, decision.winner, work)
            if decision.rule.startswith(TIE_BREAK) and self._options.contest:
                work.conflicts += contested(group.names, decision.winner, decision.lost)
        elif decision.rule == KEPT:
            _keep(group, decision, work)
        else:
            _clear(group, decision, work)
        self._finish(group, decision, work)

    @staticmethod
    def _decision(group: Group, owners: tuple[str, ...], work: _Work) -> Decision:
        """Decide among what breaks no rule, where anything does."""
        if not work.breaches.found:
            return group.decide(work.members, owners, work.now)
        return work.breaches.decide(
            group, work.members, lambda records: group.decide(records, owners, work.now)
        )

    def _finish(self, group: Group, decision: Decision, work: _Work) -> None:
        """What stands above the sources' word: approval, the parent, the steward."""
        if group.policy.raises is not None and work.guarded:
            guard(group, decision, work)
        if group.policy.group in self._inherited:
            inherit(group, self._parent, work)
        if group.yardstick is not None:
            note_rates(group, work.scales[group.names[0]], work)
        if work.overrides:
            _override(group, decision, work)

    def _scale(self, group: Group, work: _Work) -> Scale | None:
        """The group's scale in this merge; a condition may have it settle once only."""
        if group.yardstick is None:
            return None
        scale = Scale(group.yardstick, work.around.rates, work.now, self._zone)
        work.scales.update(dict.fromkeys(group.names, scale))
        return scale

    def _settle_plain(self, name: str, group: Group, work: _Work) -> None:
        """Do as `_settle` does, for the most frequent case: one attribute that nobody owns."""
        work.verdicts[name] = group.open_to_all
        candidates = [r for r in work.members if r.attrs.get(name) is not None]
        if not candidates:
            work.golden[name] = None
            return
        winner, rule, lost = group.survival.choose(candidates)
        work.golden[name] = winner.attrs[name]
        work.lineage[name] = work.lineages.of_winner(name, winner, rule, lost)
        if rule == TIE_BREAK and self._options.contest:
            work.conflicts += contested(group.names, winner, lost)

    def _merged(self, work: _Work, periods: tuple[Period, ...] = ()) -> Merged:
        bases, conflicts = compare(work.members, work.golden, work.verdicts, self._folded)
        conflicts += work.conflicts
        if work.scales:
            conflicts = [c for c in conflicts if not worth_the_same(c, work)]
            for scale in work.scales.values():
                work.horizon += [self._midnight(day) for day in scale.changes]
        if self._validator is not None:
            conflicts += self._validator.conflicts(work.breaches, work.golden)
        if conflicts:
            conflicts.sort(key=attrgetter("cause"))
            graces = [c.pending_until for c in conflicts if c.pending_until]
            work.horizon += [grace for grace in graces if grace > work.now]
        return Merged(
            attrs=work.golden,
            lineage=work.lineage,
            conflicts=tuple(conflicts),
            bases=bases,
            next_effective_at=min(work.horizon, default=None),
            ended=tuple(work.ended),
            spent=tuple(work.spent),
            periods=periods,
        )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self._zone).astimezone(UTC)


def _take(group: Group, decision: Decision, winner: SourceRecord, work: _Work) -> None:
    for name in group.names:
        work.golden[name] = winner.attrs.get(name)
        work.verdicts[name] = decision.verdict
        work.lineage[name] = work.lineages.of_winner(name, winner, decision.rule, decision.lost)


def _keep(group: Group, decision: Decision, work: _Work) -> None:
    """Take the previous golden values; without a previous golden record there is none."""
    nobody = (decision.verdict.owners[0], "", None)
    for name in group.names:
        value, found = underlying(work.previous, name)
        work.golden[name] = value
        work.verdicts[name] = decision.verdict
        losers = losers_of(name, value, decision.lost)
        if found is not None or losers:
            system, key, changed = (found.system, found.key, found.changed_at) if found else nobody
            work.lineage[name] = lineage(system, key, KEPT, changed, losers)


def _clear(group: Group, decision: Decision, work: _Work) -> None:
    for name in group.names:
        work.golden[name] = None
        work.verdicts[name] = decision.verdict
        losers = losers_of(name, None, decision.lost)
        if losers:
            owner = next(iter(decision.verdict.owners), "")
            work.lineage[name] = lineage(owner, "", decision.rule, None, losers)


def _override(group: Group, decision: Decision, work: _Work) -> None:
    for name in group.names:
        override = work.overrides.get(name)
        if override is None:
            continue
        computed = work.golden[name]
        if holds(
            override,
            computed=computed,
            owner_value=_owner_value(name, decision, computed),
            members=work.members,
            now=work.now,
        ):
            _overrule(override, computed, work)
        else:
            work.ended.append(override)


def _owner_value(name: str, decision: Decision, computed: object) -> object:
    if not decision.verdict.owners:
        return computed
    return decision.owner.attrs.get(name) if decision.owner else None


def _overrule(override: Override, computed: object, work: _Work) -> None:
    """Set the steward's value; what it hides stays in the lineage, for `keep` and for people."""
    name = override.attribute
    below = work.lineage.get(name)
    losers: tuple[Loser, ...] = ()
    if below is not None:
        hidden = Loser(system=below.system, key=below.key, value=computed, lost_at=OVERRIDE)
        others = tuple(loser for loser in below.losers if loser.value != override.value)
        losers = (hidden, *others) if computed is not None else others
    work.golden[name] = override.value
    work.lineage[name] = lineage(
        STEWARD, override.actor, f"{OVERRIDE}:{override.mode}", override.set_at, losers
    )
    if override.mode == OverrideMode.UNTIL_DATE and override.until is not None:
        work.horizon.append(override.until)


def _policies(entity: Entity) -> list[Survivorship]:
    """The declared groups, and a group of its own for every attribute that none declares."""
    known = [a.name for a in entity.attributes] + [r.name for r in entity.references]
    declared = [name for policy in entity.survivorship for name in policy.attributes]
    unknown = sorted(set(declared) - set(known))
    twice = sorted({name for name in declared if declared.count(name) > 1})
    _refuse_names(entity, unknown, "survivorship names unknown attributes")
    _refuse_names(entity, twice, "attributes survive in two groups at once")
    single = [Survivorship(group=n, attributes=(n,)) for n in known if n not in set(declared)]
    return [policy for policy in entity.survivorship if policy.attributes] + single


def _check_reads(entity: Entity, groups: Sequence[Group]) -> None:
    """Conditions read what is decided without conditions, so that their order cannot matter."""
    decided = {name for group in groups if group.unconditional is not None for name in group.names}
    wrong = sorted({name for group in groups for name in group.reads} - decided)
    _refuse_names(entity, wrong, "ownership conditions read what no unconditional rule decides")


def _refuse_names(entity: Entity, names: Iterable[str], what: str) -> None:
    listed = ", ".join(names)
    if listed:
        raise PolicyRefused(f"{entity.name}: {what}: {listed}", entity=entity.name)
