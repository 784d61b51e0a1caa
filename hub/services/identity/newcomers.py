"""Records that an undo finds in what it takes apart, and that were in no golden record before.

The engine links a new record and merges what it connects in one transaction. Undoing the merge
leaves the new record linked: it stays, by the engine's word, in the golden record that survived,
or goes with the one that comes back where it matches that better.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from golden_records.domain.regrouping import homes, regroup
from hub.services.identity.carrying_out import manual
from hub.services.identity.evidence import better_home

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from golden_records.domain.regrouping import Regrouping
    from golden_records.ports import LinkWrite, StoredRecord
    from hub.services.cases import Word
    from hub.services.identity.scene import Seen
    from hub.services.identity.work import Context, IdentityWork

    Homes = Mapping[int, UUID]


def place(
    work: IdentityWork, context: Context, seen: Seen, was: Homes, moves: Homes
) -> dict[int, UUID]:
    """Return where newcomers go that do not stay; `moves` are those of the undo itself.

    `was` tells where each record was before what is undone. A golden record in which nobody
    remains who was somewhere before is a newcomer's own.
    """
    found = regroup(seen.clusters(), moves)
    went: dict[int, UUID] = {}
    for source, members in sorted(found.before.items()):
        groups = _groups(seen, was, found, source)
        if source not in groups:
            continue
        for record_id in (i for i in members if i not in was and i not in moves):
            better = better_home(work, context.matchings, seen.stored[record_id], groups)
            if better is not None:
                went[record_id] = better
    return went


def _groups(
    seen: Seen, was: Homes, found: Regrouping, source: UUID
) -> dict[UUID, list[StoredRecord]]:
    """What a golden record becomes, and all of those that its members go to, without newcomers."""
    members = found.before[source]
    home = homes(found.after)
    there = sorted({home[record_id] for record_id in members if record_id in was})
    new = {record_id for record_id in members if record_id not in was}
    return {
        golden_id: [seen.stored[i] for i in sorted(found.after[golden_id]) if i not in new]
        for golden_id in there
    }


def placed_link(seen: Seen, record_id: int, golden_id: UUID, word: Word) -> LinkWrite:
    """Return a link that stays the engine's: it may still change it by what the record says."""
    return replace(manual(seen, record_id, golden_id, word, "undo"), origin="AUTO")
