"""One merge in progress, and what stands above the sources' word: approval, the parent, rates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from golden_records.domain.lineages import (
    INHERITED,
    PARENT,
    Lineages,
    lineage,
    losers_of,
    underlying,
)
from golden_records.domain.raises import (
    HELD,
    REFUSED,
    is_raise,
    raise_conflict,
    rate_conflict,
    spoken_of,
)
from golden_records.domain.records import ConflictKind
from golden_records.domain.validation import NO_BREACHES

if TYPE_CHECKING:
    from datetime import datetime

    from golden_records.domain.bases import Verdict
    from golden_records.domain.groups import Decision, Group
    from golden_records.domain.money import Scale
    from golden_records.domain.records import (
        Approval,
        Conflict,
        GoldenRecord,
        Lineage,
        Override,
    )
    from golden_records.domain.surroundings import Surroundings
    from golden_records.domain.survival import Records


class Merging:
    """What one merge is told, and what it found so far."""

    __slots__ = (
        "around", "breaches", "conflicts", "ended", "golden", "guarded", "horizon", "lineage",
        "lineages", "members", "now", "overrides", "previous", "scales", "spent", "verdicts",
    )  # fmt: skip

    def __init__(
        self, members: Records, previous: GoldenRecord | None, now: datetime, around: Surroundings
    ) -> None:
        self.members = members
        self.previous = previous
        self.now = now
        self.around = around
        self.breaches = NO_BREACHES
        self.guarded = True
        self.scales: dict[str, Scale] = {}
        self.spent: list[Approval] = []
        self.overrides: dict[str, Override] = {}
        self.golden: dict[str, object] = {}
        self.lineage: dict[str, Lineage] = {}
        self.lineages = Lineages()
        self.verdicts: dict[str, Verdict] = {}
        self.conflicts: list[Conflict] = []
        self.ended: list[Override] = []
        self.horizon: list[datetime] = []


def guard(group: Group, decision: Decision, work: Merging) -> None:
    """Keep the earlier values while a raise waits, or was refused."""
    proposed = {name: work.golden[name] for name in group.names}
    word, spent = spoken_of(group, proposed, work.around.approvals)
    work.spent += spent
    below = {name: underlying(work.previous, name) for name in group.names}
    before = {name: value for name, (value, _found) in below.items()}
    scale = work.scales.get(group.names[0])
    winner = decision.winner
    if winner is None or (word and word.approved) or not is_raise(group, before, proposed, scale):
        return
    rule = REFUSED if word else HELD
    for name, (value, found) in below.items():
        system, key, at = (found.system, found.key, found.changed_at) if found else ("", "", None)
        work.golden[name] = value
        losers = losers_of(name, value, [(winner, rule)])
        work.lineage[name] = lineage(system, key, rule, at, losers)
    if word is None:
        work.conflicts.append(raise_conflict(group, winner, before, proposed))


def inherit(group: Group, parent_name: str, work: Merging) -> None:
    """Take the parent's values where the child has none of the group."""
    parent_id = str(work.golden.get(parent_name))
    parent = work.around.parents.get(parent_id)
    if parent is None or any(work.golden[name] is not None for name in group.names):
        return
    for name in group.names:
        work.golden[name] = parent.get(name)
        if work.golden[name] is not None:
            work.lineage[name] = lineage(PARENT, parent_id, INHERITED, None, ())


def note_rates(group: Group, scale: Scale, work: Merging) -> None:
    """Put the rates into the proof, and what was missing before a person."""
    rates = tuple(sorted(scale.used))
    for name in group.names if rates else ():
        if name in work.lineage:
            work.lineage[name] = replace(work.lineage[name], rates=rates)
    if scale.missing and work.members:
        work.conflicts.append(rate_conflict(group, scale, work.members[0]))


def worth_the_same(conflict: Conflict, work: Merging) -> bool:
    """Amounts of money that are the same within the tolerance are no conflict."""
    scale = work.scales.get(conflict.attribute or "")
    if scale is None or conflict.kind not in {ConflictKind.TRESPASS, ConflictKind.VALUE_CONTEST}:
        return False
    theirs = conflict.details["theirs"]
    named = theirs if isinstance(theirs, dict) else {f"{conflict.system}:{conflict.key}": theirs}
    said = [r.attrs for r in work.members if f"{r.system}:{r.key}" in named]
    return bool(said) and all(scale.same(attrs, work.golden) for attrs in said)
