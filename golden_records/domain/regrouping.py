"""What follows from moving records between golden records, whoever moves them.

A link, an unlink, a merge, an unmerge and a move all are moves of records. Everything else follows
from who is where afterwards: a golden record that is left empty redirects to where its members
went, if they all went to one, and else retires; one that was merged or retired and wins members is
itself again; an id that is new comes to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from golden_records.domain.errors import TerminalError
from golden_records.domain.records import GoldenStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.clusters import Decisions


class IdentityKind(StrEnum):
    """What an identity transaction did, in a word."""

    CREATE = "CREATE"
    LINK = "LINK"
    UNLINK = "UNLINK"
    MERGE = "MERGE"
    SPLIT = "SPLIT"
    REPOINT = "REPOINT"


class IdentityRefused(TerminalError):
    """Identity cannot be changed so; look at the golden records again with `mdhub golden show`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A golden record as a regrouping sees it: its status and its live members."""

    id: UUID
    status: GoldenStatus
    members: tuple[int, ...]
    merged_into: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """Who is where before and after; `merged` are losers with their winners."""

    before: Mapping[UUID, tuple[int, ...]]
    after: Mapping[UUID, tuple[int, ...]]
    merged: Mapping[UUID, UUID]
    restored: frozenset[UUID]
    created: frozenset[UUID]

    def parted(self) -> list[tuple[int, int]]:
        """The pairs of records that were together and are not any more, the smaller first."""
        home = homes(self.after)
        return sorted(
            (a, b)
            for members in self.before.values()
            for a in members
            for b in members
            if a < b and home.get(a) != home.get(b)
        )


def regroup(clusters: Iterable[Cluster], moves: Mapping[int, UUID]) -> Regrouping:
    """Carry the moves (record → golden record) out on the clusters that they concern.

    Every member that moves must be in one of the clusters; a destination that is none of them is
    a new golden record.
    """
    known = {cluster.id: cluster for cluster in clusters}
    before = {golden_id: tuple(sorted(c.members)) for golden_id, c in sorted(known.items())}
    after = {golden_id: set(members) for golden_id, members in before.items()}
    home = homes(before)
    for record_id, golden_id in sorted(moves.items()):
        after[home[record_id]].discard(record_id)
        after.setdefault(golden_id, set()).add(record_id)
    changed = [g for g, members in after.items() if members != set(before.get(g, ()))]
    return Regrouping(
        before={g: before.get(g, ()) for g in sorted(changed) if before.get(g)},
        after={g: tuple(sorted(after[g])) for g in sorted(changed) if after[g]},
        merged=_merged(known, before, after, moves),
        restored=frozenset(g for g in changed if after[g] and g in known and not _active(known[g])),
        created=frozenset(g for g in changed if g not in known),
    )


def leave(clusters: Iterable[Cluster], records: Collection[int]) -> Regrouping:
    """Let records go that are in no golden record afterwards; what is left empty retires."""
    concerned = [c for c in clusters if not set(records).isdisjoint(c.members)]
    rest = {c.id: tuple(sorted(set(c.members) - set(records))) for c in concerned}
    return Regrouping(
        before={c.id: tuple(sorted(c.members)) for c in concerned},
        after={golden_id: members for golden_id, members in rest.items() if members},
        merged={},
        restored=frozenset(),
        created=frozenset(),
    )


def _active(cluster: Cluster) -> bool:
    return cluster.status is GoldenStatus.ACTIVE


def _merged(
    known: Mapping[UUID, Cluster],
    before: Mapping[UUID, tuple[int, ...]],
    after: Mapping[UUID, set[int]],
    moves: Mapping[int, UUID],
) -> dict[UUID, UUID]:
    """A golden record whose members all went to one other redirects to it."""
    found = {}
    for golden_id, members in before.items():
        went = {moves[m] for m in members if m in moves}
        if _active(known[golden_id]) and members and not after[golden_id] and len(went) == 1:
            found[golden_id] = went.pop()
    return found


def homes(groups: Mapping[UUID, Sequence[int]]) -> dict[int, UUID]:
    """The golden record of each member."""
    return {record_id: golden_id for golden_id, ids in groups.items() for record_id in ids}


def taken_apart(regrouping: Regrouping, was: Mapping[int, UUID]) -> list[tuple[int, int]]:
    """Return the pairs of records that a merge had brought together, and that part now.

    `was` tells where each record was before the merge. Nothing is said of a record that was
    nowhere, unless the golden record that it is in came to be with it.
    """
    founders = {
        record_id
        for golden_id, members in regrouping.before.items()
        if all(was.get(member) != golden_id for member in members)
        for record_id in members
    }
    known = was.keys() | founders
    return [(a, b) for a, b in regrouping.parted() if a in known and b in known]


def kind_of(
    before: Mapping[UUID, Sequence[int]],
    after: Mapping[UUID, Sequence[int]],
    redirects: Mapping[UUID, UUID],
) -> IdentityKind:
    """Name what happened, by the greatest of all that did."""
    if redirects:
        return IdentityKind.MERGE
    was, now = homes(before), homes(after)
    moved = [r for r, golden_id in now.items() if r in was and was[r] != golden_id]
    if any(after.get(was[r]) and not before.get(now[r]) for r in moved):
        return IdentityKind.SPLIT
    if moved:
        return IdentityKind.REPOINT
    if was.keys() - now.keys():
        return IdentityKind.UNLINK
    return IdentityKind.LINK if any(before.get(g) for g in after) else IdentityKind.CREATE


def default_winner(clusters: Sequence[Cluster]) -> UUID:
    """The oldest golden record: ids are UUIDv7, so the smallest."""
    return min(cluster.id for cluster in clusters)


def original(
    source: UUID,
    moved: Iterable[int],
    remaining: Iterable[int],
    past: Mapping[int, Sequence[UUID]],
    clusters: Mapping[UUID, Cluster],
) -> UUID | None:
    """Return the merged golden record that the moved records made up before, if its id is theirs.

    `past` are the golden records that each record was in. The id is theirs alone: a record that
    remains and was in it too would make two records of one id out of it.
    """
    shared = [set(past.get(record_id, ())) for record_id in moved]
    found = set.intersection(*shared) if shared else set()
    found -= {golden_id for record_id in remaining for golden_id in past.get(record_id, ())}
    redirecting = [
        g
        for g in found
        if (cluster := clusters.get(g)) is not None
        and cluster.status is GoldenStatus.MERGED
        and cluster.merged_into == source
    ]
    return min(redirecting, default=None)


def refuse_apart(regrouping: Regrouping, decisions: Decisions, names: Mapping[int, str]) -> None:
    """Refuse what would bring together records that a person set apart (I3)."""
    was = homes(regrouping.before)
    for members in regrouping.after.values():
        for a in members:
            others = [b for b in members if b > a and was.get(b) != was.get(a)]
            for b in others:
                if decisions.different([a], [b]):
                    message = (
                        f"{names.get(a, a)} and {names.get(b, b)} were declared different; "
                        "undo that decision first, or retract it with --retract-different"
                    )
                    raise IdentityRefused(message, records=[a, b])


def components(members: Sequence[int], agreeing: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the members in groups that evidence connects, the group of the smallest id first."""
    group = {member: {member} for member in members}
    for a, b in agreeing:
        if a in group and b in group and group[a] is not group[b]:
            joined = group[a] | group[b]
            group.update(dict.fromkeys(joined, joined))
    return [list(found) for found in sorted({tuple(sorted(f)) for f in group.values()})]
