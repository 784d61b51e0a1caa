"""From what was asked for to who moves where: one function an action, under the identity lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from golden_records.domain.records import GoldenStatus
from golden_records.domain.regrouping import (
    Cluster,
    IdentityRefused,
    default_winner,
    original,
)
from hub.services.identity.scene import active, member, resolve, see

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hub.services.identity.scene import Seen
    from hub.services.identity.work import Context, IdentityWork, Intent

    Planner = Callable[[IdentityWork, Context, Intent, Sequence[UUID]], "Plan"]

NEW: Final = "new"
RESTORE: Final = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Moves of records, and records that stay but are linked by hand from now on.

    `source` is what is taken apart: moved and remaining records are declared different.
    """

    seen: Seen
    moves: Mapping[int, UUID]
    confirmed: Mapping[int, UUID] = field(default_factory=dict)
    source: UUID | None = None


def _merge(work: IdentityWork, context: Context, intent: Intent, ids: Sequence[UUID]) -> Plan:
    """All into the one that was chosen, else into the oldest."""
    seen = see(work, context, ids)
    for golden_id in seen.goldens:
        active(seen, golden_id)
    if len(seen.goldens) == 1:
        raise IdentityRefused("these are one golden record already", golden=str(ids[0]))
    winner = resolve(work, intent.into) if intent.into else default_winner(seen.clusters())
    if winner not in seen.goldens:
        known = ", ".join(str(golden_id) for golden_id in seen.goldens)
        raise IdentityRefused(f"{winner} is none of the golden records to merge: {known}")
    moves = {s.record.id: winner for g, group in seen.members.items() if g != winner for s in group}
    confirmed = {s.record.id: winner for s in seen.members[winner]}
    return Plan(seen=seen, moves=moves, confirmed=confirmed)


def _link(work: IdentityWork, context: Context, intent: Intent, ids: Sequence[UUID]) -> Plan:
    """The record into the golden record, by a person's word."""
    source, target = ids
    seen = see(work, context, ids)
    active(seen, target)
    record_id = member(seen, source, intent.records[0])
    if source == target:
        return Plan(seen=seen, moves={}, confirmed={record_id: target})
    stored = seen.stored[record_id]
    if stored.origin != "AUTO" and len(seen.members[source]) > 1:
        message = f"{intent.records[0]} belongs to {source} by a person's word; unlink it first"
        raise IdentityRefused(message, golden=str(source))
    return Plan(seen=seen, moves={record_id: target})


def _split(work: IdentityWork, context: Context, intent: Intent, ids: Sequence[UUID]) -> Plan:
    """The records out of the golden record: to their original one, a new one, or another."""
    source = ids[0]
    wanted = intent.into or RESTORE
    members = {
        f"{s.record.system}:{s.record.key}": s for s in work.sources.members([source])[source]
    }
    given = [m for m in members.values() if _named(m.record, intent.records)]
    moved = {m.record.id for m in given}
    remaining = {m.record.id for m in members.values()} - moved
    if wanted not in {NEW, RESTORE}:
        target = UUID(wanted) if _is_id(wanted) else resolve(work, wanted)
        if not work.goldens.read([target]):
            raise IdentityRefused(f"there is no golden record {target}", golden=wanted)
    else:
        back = _original(work, source, moved, remaining) if wanted == RESTORE else None
        target = back or context.ids()
    known = work.goldens.read([target])
    seen = see(work, context, [source, *known])
    active(seen, source)
    moves = {member(seen, source, name): target for name in intent.records}
    _refuse_split(seen, source, target, moves)
    return Plan(seen=seen, moves=moves, source=source)


def _named(record: object, names: Sequence[str]) -> bool:
    system, key, entity = record.system, record.key, record.entity  # type: ignore[attr-defined]
    return f"{system}:{key}" in names or f"{system}:{entity}:{key}" in names


def _refuse_split(seen: Seen, source: UUID, target: UUID, moves: Mapping[int, UUID]) -> None:
    if target == source:
        raise IdentityRefused(f"they are in {source} already", golden=str(source))
    if len(moves) == len(seen.members[source]):
        message = "these are all its records; merge the golden record into the other one instead"
        raise IdentityRefused(message, golden=str(source))
    golden = seen.goldens.get(target)
    if golden is None or golden.status is GoldenStatus.ACTIVE:
        return
    if golden.status is GoldenStatus.MERGED and golden.merged_into != source:
        message = f"{target} was merged into {golden.merged_into}; take that one apart"
        raise IdentityRefused(message, golden=str(target))


def _is_id(name: str) -> bool:
    return ":" not in name


def _original(
    work: IdentityWork, source: UUID, moved: set[int], remaining: set[int]
) -> UUID | None:
    """The merged golden record that these made up before the merge, if it is theirs alone."""
    rows = work.identity.past_links(sorted(moved | remaining))
    past: dict[int, list[UUID]] = {}
    clusters = {}
    for row in rows:
        past.setdefault(row["record_id"], []).append(row["golden_id"])
        clusters[row["golden_id"]] = Cluster(
            id=row["golden_id"],
            status=GoldenStatus(row["status"]),
            merged_into=row["merged_into"],
            members=(),
        )
    return original(source, moved, remaining, past, clusters)


PLANNERS: Final[Mapping[str, Planner]] = {
    "merge": _merge,
    "link": _link,
    "unlink": _split,
    "unmerge": _split,
    "move": _split,
}
