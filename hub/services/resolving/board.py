"""Clusters as they stand while a batch is linked: plans are carried out here, then stored.

What has to be written is the difference between the links at the end and those that were stored;
so what moved twice is written once, and a plan that changes nothing writes nothing. Stored links
are kept of records that a plan touched, few of those that are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.clusters import Decisions, GoldenFacts, Member, ids as record_ids
from golden_records.domain.linkplan import (
    CloseLink,
    CreateGolden,
    LinkRow,
    MarkDuplicate,
    MergeGoldens,
    OpenCase,
    SetLink,
)
from golden_records.domain.records import LinkOrigin, LinkState
from golden_records.ports import LinkWrite
from hub.services.resolving.batch import IdentityPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from golden_records.domain.clusters import PairDecision
    from golden_records.domain.linkplan import LinkPlan
    from golden_records.ports import RecordHead

    Rows = dict[UUID, LinkRow]

POSSIBLE = LinkState.POSSIBLE_MATCH
UNKNOWN_OUTSIDE = (False, False)


@dataclass(frozen=True, slots=True)
class Case:
    """A case that a record's plan asks for, with the golden record that the record belongs to."""

    asked: OpenCase
    home: UUID | None
    duplicates: tuple[MarkDuplicate, ...]


@dataclass(slots=True, kw_only=True)
class Board:
    """Links, members and facts, as stored at first and as planned from then on."""

    ids: Callable[[], UUID]
    heads: dict[int, RecordHead]
    known: dict[UUID, tuple[bool, bool]]
    """Golden records that are stored: whether published, whether touched by a person."""
    decisions: Sequence[PairDecision] = ()
    links: dict[int, Rows] = field(default_factory=lambda: defaultdict(dict))
    members: dict[UUID, dict[int, Member]] = field(default_factory=lambda: defaultdict(dict))
    said: dict[tuple[int, UUID], SetLink] = field(default_factory=dict)
    created: set[UUID] = field(default_factory=set)
    merged: dict[UUID, UUID] = field(default_factory=dict)
    _stored: dict[int, Rows] = field(default_factory=dict)
    _holders: dict[UUID, set[int]] = field(default_factory=lambda: defaultdict(set))
    _friends: dict[int, set[int]] = field(default_factory=dict)
    _decided: set[int] = field(default_factory=set)

    def begin(self, rows: Iterable[LinkRow]) -> None:
        """Take the records' live links as stored; heads tell where mere members belong."""
        for head in self.heads.values():
            if head.golden_id is not None:
                origin = LinkOrigin(head.origin or LinkOrigin.AUTO)
                self._hold(head.id, head.golden_id, LinkState.MATCH, origin)
        for row in rows:
            if row.state is not LinkState.MATCH:
                self.links[row.record_id].setdefault(row.golden_id, row)
                self._holders[row.golden_id].add(row.record_id)
        same = Decisions(self.decisions)
        classes: dict[int, set[int]] = defaultdict(set)
        for pair in self.decisions:
            self._decided |= {pair.a, pair.b}
            classes[same.root(pair.a)].add(pair.a)
            classes[same.root(pair.b)].add(pair.b)
        self._friends = {i: group for group in classes.values() for i in group if len(group) > 1}

    def home(self, record_id: int) -> UUID | None:
        """The golden record that the record belongs to."""
        return _matched(self.links.get(record_id, {}))

    def facts(self, golden_id: UUID) -> GoldenFacts:
        published, touched = self.known.get(golden_id, UNKNOWN_OUTSIDE)
        members = tuple(self.members[golden_id].values())
        return GoldenFacts(id=golden_id, members=members, published=published, touched=touched)

    def friends(self, record_id: int) -> set[UUID]:
        """Golden records with a record that a person declared the same as this one."""
        homes = {self.home(i) for i in self._friends.get(record_id, ()) if i != record_id}
        return {golden_id for golden_id in homes if golden_id is not None}

    def asking(self, record_id: int) -> set[UUID]:
        """Golden records a record of which may belong to this one's: the question is asked there.

        It is asked again where this one changes, so nothing is asked twice or settled from here.
        """
        golden_id = self.home(record_id)
        if golden_id is None or self.links[record_id][golden_id].origin is not LinkOrigin.AUTO:
            return set()
        holders = self._holders.get(golden_id, ())
        records = (i for i in holders if self.links[i][golden_id].state is POSSIBLE)
        return {home for i in records if (home := self.home(i)) is not None}

    def relevant(self, record_id: int, goldens: Iterable[GoldenFacts]) -> Sequence[PairDecision]:
        """The decisions, where any of the records has one at all."""
        involved = {record_id, *(i for golden in goldens for i in record_ids(golden))}
        return () if self._decided.isdisjoint(involved) else self.decisions

    # --- carrying out ---

    def carry_out(self, record_id: int, plan: LinkPlan) -> Case | None:
        """Do on the board what the plan says; return the case that it asks for."""
        home = plan.home
        duplicates = tuple(a for a in plan.actions if isinstance(a, MarkDuplicate))
        case = None
        for action in plan.actions:
            match action:
                case CreateGolden():
                    home = self.ids()
                    self.created.add(home)
                case SetLink():
                    self._set(record_id, action, home)
                case CloseLink():
                    self._drop(record_id, action.golden_id)
                case MergeGoldens():
                    self._merge(action.winner, action.loser)
                case OpenCase():
                    case = Case(action, home, duplicates)
        return case

    def _set(self, record_id: int, link: SetLink, home: UUID | None) -> None:
        golden_id = link.golden_id if link.golden_id is not None else home
        if golden_id is None:
            return
        if link.state is LinkState.MATCH and (current := self.home(record_id)) is not None:
            self._drop(record_id, current)
        self._put(record_id, golden_id, link.state, LinkOrigin.AUTO)
        self.said[record_id, golden_id] = link

    def _put(self, record_id: int, golden_id: UUID, state: LinkState, origin: LinkOrigin) -> None:
        self._keep_stored(record_id)
        self._hold(record_id, golden_id, state, origin)

    def _keep_stored(self, record_id: int) -> None:
        if record_id not in self._stored:
            self._stored[record_id] = dict(self.links[record_id])

    def _hold(self, record_id: int, golden_id: UUID, state: LinkState, origin: LinkOrigin) -> None:
        self.links[record_id][golden_id] = LinkRow(
            record_id=record_id, golden_id=golden_id, state=state, origin=origin
        )
        self._holders[golden_id].add(record_id)
        if state is LinkState.MATCH:
            head = self.heads[record_id]
            self.members[golden_id][record_id] = Member(
                record_id=record_id, system=head.system, origin=origin, withheld=head.withheld
            )
        else:
            self.members[golden_id].pop(record_id, None)

    def _drop(self, record_id: int, golden_id: UUID) -> None:
        self._keep_stored(record_id)
        self.links[record_id].pop(golden_id, None)
        self.members[golden_id].pop(record_id, None)
        self._holders[golden_id].discard(record_id)

    def _merge(self, winner: UUID, loser: UUID) -> None:
        """Move the members; what else was linked to the loser goes, but for a person's word."""
        for record_id in sorted(self._holders[loser]):
            held = self.links[record_id]
            row = held[loser]
            self._drop(record_id, loser)
            said_by_a_person = row.origin is not LinkOrigin.AUTO and winner not in held
            if row.state is LinkState.MATCH or said_by_a_person:
                self._put(record_id, winner, row.state, row.origin)
        for passed in [g for g, to in self.merged.items() if to == loser]:
            self.merged[passed] = winner
        if loser in self.created:
            self.created.discard(loser)
        else:
            self.merged[loser] = winner

    # --- what to write ---

    def plan(self, entity: str) -> IdentityPlan:
        """Return the difference between how things are stored and how they stand now."""
        plan = IdentityPlan(created=dict.fromkeys(sorted(self.created)), merged=dict(self.merged))
        touched: set[UUID] = set()
        for record_id in sorted(self._stored):
            before, after = self._stored[record_id], self.links[record_id]
            plan.closed += [(record_id, g) for g, row in before.items() if after.get(g) != row]
            plan.links += [
                self._write(entity, row) for g, row in after.items() if before.get(g) != row
            ]
            was, now = _matched(before), _matched(after)
            if was != now:
                plan.moved[record_id] = (self.heads[record_id].system, self.heads[record_id].key)
                touched |= {g for g in (was, now) if g is not None}
        plan.seen = {g: self.known[g] for g in sorted(touched) if g in self.known}
        plan.after = {golden_id: sorted(self.members[golden_id]) for golden_id in sorted(touched)}
        plan.before = self._memberships_before(plan.after)
        return plan

    def _write(self, entity: str, row: LinkRow) -> LinkWrite:
        said = self.said.get((row.record_id, row.golden_id))
        return LinkWrite(
            entity=entity,
            record_id=row.record_id,
            golden_id=row.golden_id,
            state=str(row.state),
            origin=str(row.origin),
            probability=round(said.probability, 6) if said else None,
            reasons={
                "rule": str(row.state),
                "reasons": list(said.reasons if said else ("merged",)),
            },
        )

    def _memberships_before(self, after: dict[UUID, list[int]]) -> dict[UUID, list[int]]:
        """The members as stored: those who stayed, and those who were touched and came from it."""
        found = {
            golden_id: [record_id for record_id in members if record_id not in self._stored]
            for golden_id, members in after.items()
        }
        for record_id, rows in self._stored.items():
            golden_id = _matched(rows)
            if golden_id is not None and golden_id in found:
                found[golden_id].append(record_id)
        return {golden_id: sorted(members) for golden_id, members in found.items()}


def _matched(rows: Rows) -> UUID | None:
    for golden_id, row in rows.items():
        if row.state is LinkState.MATCH:
            return golden_id
    return None
