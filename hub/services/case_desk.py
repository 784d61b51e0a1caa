"""Cases as they are read to be decided, and what every decision ends with.

A case follows what happened since it was opened; under the locks it is read again, and refused
where it is not what the steward saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from golden_records.domain.records import ConflictKind
from hub.services.cases import Case, StaleDecision, read_token, stale
from hub.services.giving import Decided
from hub.services.identity.work import STEWARD, STEWARD_PRIORITY
from hub.services.queries import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from golden_records.ports import StoredRecord
    from hub.services.identity.work import Context, IdentityWork


class CaseDesk:
    """What services that decide cases share."""

    def __init__(self, work: Callable[[], IdentityWork], context: Context) -> None:
        self._work = work
        self._context = context

    def _read(self, work: IdentityWork, case_id: int) -> Case:
        row = work.queries.case(case_id, self._context.clock.now())
        if row is None:
            message = f"there is no case {case_id}; see `mdhub case list`"
            raise NotFound(message, case=case_id)
        row = self._current(work, row)
        named = (row["golden_id"], row["candidate_id"], *row["others"])
        ids = sorted({golden_id for golden_id in named if golden_id is not None})
        return Case(
            row=row,
            goldens=work.goldens.read(ids),
            members=work.sources.members(ids),
            overrides=work.goldens.overrides(ids),
            waiting=_waiting(work, row),
        )

    def _current(self, work: IdentityWork, row: Mapping[str, Any]) -> dict[str, Any]:
        """Follow what happened since the case was opened: the record's link, and redirects."""
        own, candidate = row["golden_id"], row["candidate_id"]
        record_id = row["record_id"]
        if record_id is not None:
            stored = work.sources.by_id([record_id]).get(record_id)
            own = stored.golden_id if stored and stored.golden_id else own
        others = [UUID(golden_id) for golden_id in row["details"].get("goldens", ())]
        ways = [
            None if golden_id is None else (work.queries.way(golden_id) or [golden_id])[-1]
            for golden_id in (own, candidate, *others)
        ]
        return {**row, "golden_id": ways[0], "candidate_id": ways[1], "others": ways[2:]}

    def _locked(self, work: IdentityWork, case: Case, expected: str) -> Case:
        """Lock the golden rows, read everything again, and refuse what the steward did not see."""
        work.goldens.lock(sorted(case.goldens))
        now = self._read(work, case.id)
        if not work.decisions.lock_case(case.id):
            resolution = now.row["resolution"] or "resolved"
            message = f"case {case.id} is closed already: {resolution}"
            raise StaleDecision(message, case=case.id)
        seen, since = read_token(expected)
        if seen != now.inputs or now.goldens.keys() != case.goldens.keys():
            raise stale(work, now, since)
        return now

    def _done(
        self, work: IdentityWork, case: Case, goldens: Sequence[UUID], resolution: str
    ) -> Decided:
        work.decisions.touch(sorted(case.goldens))
        work.decisions.close_case(case.id, resolution)
        marked = self._mark(work, goldens)
        work.commit()
        return Decided(case=case.id, resolution=resolution, goldens=goldens, marked=marked)

    def _mark(self, work: IdentityWork, goldens: Sequence[UUID]) -> list[int]:
        ids = work.decisions.member_ids(goldens)
        work.marks.mark_records(ids, cause=STEWARD, priority=STEWARD_PRIORITY)
        return ids


def _waiting(work: IdentityWork, row: Mapping[str, Any]) -> StoredRecord | None:
    if row["kind"] != ConflictKind.CREATION_HELD:
        return None
    found = work.sources.by_id([row["record_id"]]).get(row["record_id"])
    return found if found is not None and found.golden_id is None else None
