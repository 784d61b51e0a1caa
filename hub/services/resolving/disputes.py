"""What targets get of values that are contested: nothing, the last agreed value, or the owner's.

A change that is *proposed* to the owner (`propose`, `accept_if_silent`) is not written over while
the owner has not answered; one that the owner's value will be written over is not before its
`grace` is over; `publish_while_disputed` of the group says it for everybody else.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING

from golden_records.domain.records import ConflictKind
from golden_records.domain.rulebook import Disputed, Trespass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.catalogue import Entity
    from golden_records.domain.records import Conflict
    from golden_records.ports import PublicationWrite, UnitOfWork
    from hub.services.resolving.batch import Resolved

PROPOSED = frozenset({str(Trespass.PROPOSE), str(Trespass.ACCEPT_IF_SILENT)})
DISPUTES = frozenset(
    {ConflictKind.TRESPASS, ConflictKind.VALUE_CONTEST, ConflictKind.CONTRACT_VIOLATION}
)


OVERRIDDEN = "override:"


class Disputes:
    """The open disputes of a batch's golden records."""

    def __init__(
        self, work: UnitOfWork, entity: Entity, resolved: Sequence[Resolved], now: datetime
    ) -> None:
        self._policy = {n: p.disputed for p in entity.survivorship for n in p.attributes}
        self._found: dict[UUID, list[Conflict]] = defaultdict(list)
        for item in resolved:
            self._found[item.golden.id] += [c for c in item.conflicts if c.kind in DISPUTES]
        proposed = [g for g, found in self._found.items() if any(map(_proposed, found))]
        self._refused = work.conflicts.refused(entity.name, proposed) if proposed else set()
        self._graced = {
            (item.golden.id, conflict.attribute, conflict.system, conflict.key)
            for item in resolved
            for conflict in item.conflicts
            if _has_grace(conflict, now) and not _set_by_a_person(item, conflict.attribute)
        }
        self._bases = {
            (item.golden.id, stored.record.system, stored.record.key): stored.record.base
            for item in resolved
            if self._found[item.golden.id]
            for stored in item.members
        }

    def settle(self, write: PublicationWrite) -> PublicationWrite | None:
        """Return what the target gets now; None where it gets nothing until it is decided."""
        found = [c for c in self._found[write.golden_id] if c.attribute in write.desired]
        if not found:
            return write
        if any(map(self._waits, found, repeat(write))):
            return None
        policies = {self._policy.get(c.attribute or "", Disputed.OWNER) for c in found}
        if Disputed.HOLD in policies:
            return None
        if Disputed.LAST_AGREED in policies:
            return self._as_agreed(write, {c.attribute for c in found})
        return write

    def _waits(self, conflict: Conflict, write: PublicationWrite) -> bool:
        """Whether the target's own value stands until it is answered, or its grace is over."""
        if (conflict.system, conflict.key) != (write.target, write.target_key):
            return False
        place = (write.golden_id, conflict.attribute, conflict.system, conflict.key)
        asked = _proposed(conflict) and conflict.cause not in self._refused
        return asked or place in self._graced

    def _as_agreed(
        self, write: PublicationWrite, contested: Iterable[str | None]
    ) -> PublicationWrite:
        """With the last value that hub and target shared, unless the target agrees already."""
        key = (write.golden_id, write.target, write.target_key)
        base: Mapping[str, object] = self._bases.get(key, {})
        seen = write.seen or {}
        together = {n for n in write.desired if self._policy.get(n) is Disputed.LAST_AGREED}
        agreed = {
            name: base.get(name, seen.get(name))
            for name in together & (set(contested) | together)
            if name in seen and seen[name] != write.desired[name]
        }
        return replace(write, desired={**write.desired, **agreed})


def _proposed(conflict: Conflict) -> bool:
    return conflict.kind is ConflictKind.TRESPASS and conflict.outcome in PROPOSED


def _has_grace(conflict: Conflict, now: datetime) -> bool:
    """Whether the system may hold its own value yet: another one may be on its way to it."""
    ends = conflict.pending_until
    back = conflict.outcome == str(Trespass.WRITE_BACK)
    return conflict.kind is ConflictKind.TRESPASS and back and ends is not None and ends > now


def _set_by_a_person(item: Resolved, attribute: str | None) -> bool:
    proof = item.lineage.get(attribute or "")
    return proof is not None and proof.rule.startswith(OVERRIDDEN)
