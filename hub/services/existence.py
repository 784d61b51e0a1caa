"""Cases about whether a record is there at all: a person says yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.domain.deletes import WithheldState
from golden_records.domain.records import ConflictKind
from hub.services.case_desk import CaseDesk
from hub.services.cases import DecisionRefused, decidable
from hub.services.deletes import DeleteWork, Ruling, decide_withheld, verdict
from hub.services.giving import Decided
from hub.services.identity.founding import found

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from hub.services.cases import Word
    from hub.services.identity.work import Context


EXISTENCE: Final = frozenset({ConflictKind.DELETE_OF_OWNED, ConflictKind.CREATION_HELD})


class Existence(CaseDesk):
    """The service of cases about existence; each decision is one transaction."""

    def __init__(self, work: Callable[[], DeleteWork], context: Context) -> None:
        super().__init__(work, context)
        self._existence = work

    def accept(self, case_id: int, expected: str, word: Word) -> Decided:
        """Let what the system did hold: what it deleted is deleted, what it created is created."""
        with self._work() as work:
            created = self._read(work, case_id).row["kind"] == ConflictKind.CREATION_HELD
        if created:
            return self._link(case_id, expected, word, None)
        return self._delete(case_id, expected, word, WithheldState.RELEASED)

    def same(
        self, case_id: int, expected: str, word: Word, candidate: UUID | None = None
    ) -> Decided:
        """Let a record that waits belong to a golden record that it is like, or the one named."""
        with self._work() as work:
            case = self._read(work, case_id)
        decidable(case, "same")
        known = ", ".join(str(golden_id) for golden_id in sorted(case.goldens))
        target = candidate or case.candidate
        if target is None or target not in case.goldens:
            message = f"the case does not concern {target}; it concerns {known or 'none'}"
            raise DecisionRefused(message, case=case_id)
        return self._link(case_id, expected, word, target)

    def refuse(self, case_id: int, expected: str, word: Word) -> Decided:
        """Let the record stay as it is, although its system does not have it any more."""
        return self._delete(case_id, expected, word, WithheldState.DISCARDED)

    def _delete(self, case_id: int, expected: str, word: Word, state: WithheldState) -> Decided:
        """Under the lock of the system's deletions, which is taken before any other."""
        with self._existence() as work:
            work.decisions.act_as(word.actor)
            case = self._read(work, case_id)
            decidable(case, "refuse")
            pair = (case.entity, str(case.row["system"]))
            work.withheld.lock(*pair)
            case = self._locked(work, case, expected)
            which = {"records": [case.row["record_id"]]}
            ruling = Ruling(state=state, word=word, case=case)
            marked = decide_withheld(work, self._context, pair, which, ruling)
            goldens = sorted(case.goldens)
            work.decisions.touch(goldens)
            work.commit()
        resolution = verdict(state, word)
        return Decided(case=case_id, resolution=resolution, goldens=goldens, marked=marked)

    def _link(self, case_id: int, expected: str, word: Word, target: UUID | None) -> Decided:
        """Under the identity lock, so nobody else links the record meanwhile."""
        with self._work() as work:
            work.decisions.act_as(word.actor)
            case = self._read(work, case_id)
            decidable(case, "accept")
            work.goldens.lock_identity(case.entity)
            key = (case.entity, case.row["system"], case.row["key"])
            if self._context.rules[case.entity].referred:
                work.sources.lock_crosswalk([key])
            case = self._locked(work, case, expected)
            home = found(work, self._context, case, word, target)
            resolution = f"{'accepted' if target is None else 'same'}, {word}"
            return self._done(work, case, [home], resolution)
