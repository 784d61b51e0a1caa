"""The cases that publishing opens, and closes when a target takes what is wanted after all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.brake import flipping
from golden_records.domain.records import Conflict, ConflictKind
from golden_records.ports import WriteOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from golden_records.ports import Attempt, Lease, WriteResult

FROZEN = "FROZEN"
KINDS = (
    ConflictKind.OSCILLATION,
    ConflictKind.UNIQUENESS_AT_TARGET,
    ConflictKind.UPDATE_OF_DELETED,
)
ENDED = frozenset({str(WriteOutcome.ALREADY), str(WriteOutcome.WRITTEN)})


def cause_of(kind: ConflictKind, lease: Lease) -> str:
    """One cause a golden record, target and group: these cases are about the way there."""
    return f"{kind.value}/{lease.target}/{lease.group}/{lease.golden_id}"


def refused(lease: Lease, result: WriteResult) -> Conflict | None:
    """The case of a write that the target refuses for good, where it has a kind of its own."""
    if result.refused_as is None:
        return None
    details = {"message": result.message or "refused", "target": lease.target}
    return _case(result.refused_as, lease, details, "rejected")


def oscillating(lease: Lease, history: Sequence[object], now: datetime) -> Conflict | None:
    """The case of a value that goes to and fro between the hub and the target."""
    name = flipping(history, now)
    if name is None:
        return None
    theirs = (lease.seen or {}).get(name)
    return _case(
        ConflictKind.OSCILLATION,
        lease,
        {
            "message": f"{name} goes to and fro between the hub and {lease.target}",
            "theirs": theirs,
            "golden": lease.desired.get(name),
            "target": lease.target,
        },
        "frozen",
        name,
    )


def ended(attempts: Sequence[Attempt]) -> dict[str, list[str]]:
    """Causes, by entity, of what is over: the target took the write and no brake was pulled."""
    found: dict[str, list[str]] = {}
    for attempt in attempts:
        if attempt.outcome in ENDED and attempt.case is None:
            causes = [cause_of(kind, attempt.lease) for kind in KINDS]
            found.setdefault(attempt.lease.entity, []).extend(causes)
    return found


def _case(
    kind: ConflictKind,
    lease: Lease,
    details: Mapping[str, object],
    outcome: str,
    attribute: str | None = None,
) -> Conflict:
    return Conflict(
        kind=kind,
        cause=cause_of(kind, lease),
        attribute=attribute,
        system=lease.target,
        key=lease.target_key,
        details={**details, "publication": lease.id},
        outcome=outcome,
    )
