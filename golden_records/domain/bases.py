"""What each source record shares with the hub, and who changed what he does not own.

Per (record, attribute) with theirs, mine (golden) and base, the last value that both had:

| | |
|---|---|
| theirs = mine | they agree: base becomes the value |
| theirs = base, mine differs | no change by them; a publication is due |
| theirs differs from both, theirs is an owner | its change did not win; nothing to record |
| theirs differs from both, not an owner | trespass; the base stays until they agree again |
| no base | first sight; differing is no change by anybody |

So the lag of a publication is never mistaken for a trespass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from golden_records.domain.records import Conflict, ConflictKind
from golden_records.domain.survival import TIE_BREAK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from golden_records.domain.catalogue import Survivorship
    from golden_records.domain.records import SourceRecord
    from golden_records.domain.survival import Records

    Bases = dict[int, Mapping[str, object]]

NEVER_SHARED: Final = object()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who decided a group: `owners` in force, the one that `spoke`, an `accepted` trespasser.

    `open_to_all` says that others may speak: no owner, or a silent one with a fallback.
    """

    policy: Survivorship
    owners: tuple[str, ...]
    open_to_all: bool
    spoke: str | None = None
    accepted: int | None = None


def compare(
    records: Records,
    golden: Mapping[str, object],
    verdicts: Mapping[str, Verdict],
    folded: frozenset[str],
) -> tuple[Bases, list[Conflict]]:
    """Return the bases that changed, whole, by record id, and the conflicts of changed values."""
    bases: Bases = {}
    conflicts: list[Conflict] = []
    for record in records:
        if record.attrs != record.base:
            shared = _compare_one(record, golden, verdicts, (folded, conflicts))
            if shared:
                bases[record.id] = {**record.base, **shared}
    return bases, conflicts


def _compare_one(
    record: SourceRecord,
    golden: Mapping[str, object],
    verdicts: Mapping[str, Verdict],
    seen: tuple[frozenset[str], list[Conflict]],
) -> dict[str, object]:
    folded, conflicts = seen
    shared: dict[str, object] = {}
    bases = record.base
    for name, theirs in record.attrs.items():
        verdict = verdicts.get(name)
        if verdict is None:
            continue
        base = bases.get(name, NEVER_SHARED)
        mine = golden[name]
        if theirs == mine or (name in folded and alike(theirs, mine)):
            if base != theirs and verdict.accepted != record.id:
                shared[name] = theirs
        elif base is not NEVER_SHARED and base != theirs:
            conflicts += _conflict(record, name, mine, verdict)
    return shared


def alike(a: object, b: object) -> bool:
    """Compare without regard to case, where the attribute says so."""
    return isinstance(a, str) and isinstance(b, str) and a.casefold() == b.casefold()


def intrudes(record: SourceRecord, golden: Mapping[str, object], names: tuple[str, ...]) -> bool:
    """Tell whether the record changed any of the attributes away from base and golden value."""
    attrs, base = record.attrs, record.base
    return any(
        name in attrs and name in base and attrs[name] not in (base[name], golden.get(name))
        for name in names
    )


def contested(
    names: tuple[str, ...], winner: SourceRecord, lost: list[tuple[SourceRecord, str]]
) -> list[Conflict]:
    """Report the attributes for which nothing but the tie-break chose among different values."""
    found = []
    for name in names:
        mine = winner.attrs.get(name)
        theirs = {
            f"{record.system}:{record.key}": record.attrs.get(name)
            for record, step in lost
            if step == TIE_BREAK and record.attrs.get(name) not in (None, mine)
        }
        if theirs:
            found.append(
                Conflict(
                    kind=ConflictKind.VALUE_CONTEST,
                    cause=f"{ConflictKind.VALUE_CONTEST.value}/{name}",
                    attribute=name,
                    system=winner.system,
                    key=winner.key,
                    details={"golden": mine, "theirs": theirs},
                    outcome=TIE_BREAK,
                )
            )
    return found


def _conflict(
    record: SourceRecord, name: str, mine: object, verdict: Verdict
) -> tuple[Conflict, ...]:
    owners = verdict.owners
    if verdict.open_to_all or (record.system in owners and record.system == verdict.spoke):
        return ()
    contest = record.system in owners
    if contest and verdict.spoke is None:
        return ()
    kind = ConflictKind.VALUE_CONTEST if contest else ConflictKind.TRESPASS
    return (
        Conflict(
            kind=kind,
            cause=f"{kind.value}/{name}/{record.system}/{record.key}",
            attribute=name,
            system=record.system,
            key=record.key,
            details={
                "theirs": record.attrs[name],
                "base": record.base[name],
                "golden": mine,
                "owner": verdict.spoke or owners[0],
            },
            outcome="owners_order" if contest else verdict.policy.trespass.value,
            pending_until=None if contest else _overdue(record, name, verdict.policy),
        ),
    )


def _overdue(record: SourceRecord, name: str, policy: Survivorship) -> datetime | None:
    changed = record.changed_at.get(name)
    return None if policy.grace is None or changed is None else changed + policy.grace
