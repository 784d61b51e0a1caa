"""Identity by reference for a whole entity: the parents' crosswalk is joined, part by part.

The identity locks of the parents are held, so nothing of theirs moves until the load commits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.ports import LoadedLink
from hub.services.loading.intake import PART
from hub.services.resolving.by_reference import creation_held, identity_text, may_found, missing
from hub.services.resolving.references import references_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from golden_records.ports import UnitOfWork
    from hub.services.loading.intake import Intake
    from hub.services.resolving.batch import ChangedRecord


class ByReference:
    """Finds the golden records of everything that is taken in; those that wait get a case."""

    def __init__(self, intake: Intake, ids: Callable[[], UUID]) -> None:
        self._intake = intake
        self._ids = ids
        self.goldens: dict[str, UUID] = {}
        self._held: list[tuple[ChangedRecord, str]] = []
        """Records that may open no golden record, until all that may have been seen."""

    def identify(self, work: UnitOfWork, advance: Callable[[int], None]) -> dict[UUID, str]:
        """Keep a link for each record that does not wait; return the identities by golden id."""
        for records in self._intake.parts(work):
            resolved = work.sources.resolved([record.id for record in records])
            self._part(work, records, resolved)
            advance(len(records))
        self._join(work)
        return {golden_id: identity for identity, golden_id in self.goldens.items()}

    def _part(
        self,
        work: UnitOfWork,
        records: Sequence[ChangedRecord],
        resolved: Mapping[int, Mapping[str, UUID]],
    ) -> None:
        batch = self._intake.batch
        links, waiting = [], []
        for record in records:
            found = resolved.get(record.id, {})
            keys = {
                key: found[reference.name]
                for reference, key in references_of(batch, record)
                if reference.name in found
            }
            identity = identity_text(batch, record, keys)
            if identity is None:
                waiting.append((record.id, missing(batch, record)))
                continue
            if may_found(batch, record):
                links.append(self._link(record, self._golden(identity)))
            else:
                self._held.append((record, identity))
        work.bulk.keep_links(links)
        work.conflicts.open(batch.entity, waiting)

    def _join(self, work: UnitOfWork) -> None:
        """Link what waited to what has been created meanwhile; the rest goes on waiting."""
        batch, goldens = self._intake.batch, self.goldens
        joined = [(r, goldens[identity]) for r, identity in self._held if identity in goldens]
        work.bulk.keep_links([self._link(record, golden_id) for record, golden_id in joined])
        rest = [(r, identity) for r, identity in self._held if identity not in goldens]
        for first in range(0, len(rest), PART):
            cases = [(r.id, creation_held(batch, r, i)) for r, i in rest[first : first + PART]]
            work.conflicts.open(batch.entity, cases)

    def _link(self, record: ChangedRecord, golden_id: UUID) -> LoadedLink:
        components = self._intake.batch.rules.entity.identity.components
        return LoadedLink(
            record_id=record.id,
            golden_id=golden_id,
            state="MATCH",
            probability=None,
            reasons={"rule": "reference", "components": components},
        )

    def _golden(self, identity: str) -> UUID:
        if identity not in self.goldens:
            self.goldens[identity] = self._ids()
        return self.goldens[identity]
