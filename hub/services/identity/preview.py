"""What an operation changes, found by looking before and after it in its own transaction.

A preview is the operation, rolled back; so it cannot say anything else than what would happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from golden_records.domain.publication import differences
from hub.services.queries import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.records import GoldenRecord
    from hub.services.identity.work import IdentityWork

    Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Golden records with everything around them, at one moment of a transaction."""

    goldens: Mapping[UUID, GoldenRecord]
    members: Mapping[UUID, Sequence[str]]
    cases: Mapping[int, Mapping[str, Any]]
    overrides: Mapping[tuple[UUID, str], object]


def take_picture(
    work: IdentityWork, entity: str, goldens: Iterable[UUID], records: Sequence[int]
) -> Picture:
    """Look at golden records, their members, overrides and open cases as they are now."""
    ids = sorted(set(goldens))
    members = work.sources.members(ids)
    return Picture(
        goldens=work.goldens.read(ids),
        members={
            golden_id: [f"{s.record.system}:{s.record.key}" for s in group]
            for golden_id, group in members.items()
        },
        cases={row["id"]: row for row in work.identity.cases_about(entity, ids, records)},
        overrides={
            (row["golden_id"], row["attribute"]): row["value"]
            for row in work.identity.open_overrides(ids)
        },
    )


def changed_goldens(before: Picture, after: Picture) -> Rows:
    """One row a golden record: status, members, and every attribute that changes."""
    rows: Rows = []
    for golden_id, golden in sorted(after.goldens.items()):
        old = before.goldens.get(golden_id)
        rows.append(
            {
                "id": golden_id,
                "status": str(golden.status),
                "was": str(old.status) if old else None,
                "merged_into": golden.merged_into,
                "version": golden.version,
                "members": list(after.members.get(golden_id, ())),
                "members_before": list(before.members.get(golden_id, ())),
                "changes": _changes(old, golden),
            }
        )
    return rows


def _changes(old: GoldenRecord | None, new: GoldenRecord) -> Rows:
    before: Mapping[str, object] = old.attrs if old and old.status == "ACTIVE" else {}
    return [
        {"attribute": name, "before": before.get(name), "after": new.attrs.get(name)}
        for name in sorted(before.keys() | new.attrs.keys())
        if before.get(name) != new.attrs.get(name)
    ]


def changed_cases(before: Picture, after: Picture) -> Rows:
    """Cases that are opened, closed, or speak of another golden record than before."""
    rows: Rows = []
    for case_id in sorted(before.cases.keys() | after.cases.keys()):
        old, new = before.cases.get(case_id), after.cases.get(case_id)
        about = ("golden_id", "details")
        if old is not None and new is not None:
            if all(old[name] == new[name] for name in about):
                continue
            how = "re-pointed"
        else:
            how = "closed" if new is None else "opened"
        row = new or old or {}
        rows.append({"id": case_id, "how": how, "kind": row["kind"], "about": _about(row)})
    return rows


def _about(row: Mapping[str, Any]) -> str:
    named = f"{row['system']}:{row['key']}" if row["system"] else str(row["golden_id"])
    return f"{named} {row['attribute']}" if row["attribute"] else named


def changed_overrides(before: Picture, after: Picture) -> Rows:
    """Overrides that a golden record wins or loses."""
    gone = [(key, value, "ends") for key, value in before.overrides.items()]
    come = [(key, value, "holds") for key, value in after.overrides.items()]
    return [
        {"golden": golden_id, "attribute": attribute, "value": value, "how": how}
        for (golden_id, attribute), value, how in sorted(gone + come, key=lambda i: str(i[0]))
        if ((golden_id, attribute) in before.overrides)
        != ((golden_id, attribute) in after.overrides)
    ]


def due_writes(work: IdentityWork, goldens: Iterable[UUID]) -> Rows:
    """What each target is to be written now, attribute by attribute."""
    rows: Rows = []
    for golden_id in sorted(goldens):
        for row in work.queries.publications_of(golden_id):
            if row["state"] in UNSEEN:
                rows += [
                    {
                        "target": row["target"],
                        "key": row["target_key"],
                        "group": row["group"],
                        "golden": golden_id,
                        "attribute": change.attribute,
                        "seen": change.current,
                        "desired": change.desired,
                    }
                    for change in differences(row["desired"], row["seen"])
                ]
    return rows
