"""Four eyes: a second person agrees to what was proposed, or does not.

The proposal is carried out as its author asked for it, if what he saw is still what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from golden_records.domain.approval import refuse_author
from golden_records.domain.records import ConflictKind
from hub.services.cases import DecisionRefused, StaleDecision, Word
from hub.services.identity.proposals import close
from hub.services.identity.work import Approved, Terms, intent_of
from hub.services.overriding import lifetime_of
from hub.services.queries import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from hub.services.identity.operations import GoldenOperations
    from hub.services.identity.work import Context, IdentityWork
    from hub.services.stewardship import Stewardship

OVERRIDE = "override"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a proposal."""

    case: int
    approved: bool
    action: str
    author: str
    resolution: str
    decision: int | None = None
    txn: UUID | None = None


class Approvals:
    """The service of approvals."""

    def __init__(
        self,
        work: Callable[[], IdentityWork],
        context: Context,
        operations: GoldenOperations,
        stewardship: Stewardship,
    ) -> None:
        self._work = work
        self._context = context
        self._operations = operations
        self._stewardship = stewardship

    def approve(self, case_id: int, word: Word) -> Verdict:
        """Carry the proposal out; ApprovalRefused for its author, StaleDecision if stale."""
        with self._work() as work:
            row = self._waiting(work, case_id)
        details = row["details"]
        author = Word(actor=details["author"], reason=details["reason"])
        refuse_author(author.actor, word.actor)
        approved = Approved(word=word, case=case_id, expect=details["expect"])
        decision, txn = self._carry_out(details, author, approved)
        return Verdict(
            case=case_id,
            approved=True,
            action=details["proposal"],
            author=author.actor,
            resolution=f"approved {word}",
            decision=decision,
            txn=txn,
        )

    def reject(self, case_id: int, word: Word) -> Verdict:
        """Close the proposal; its author may do so too."""
        with self._work() as work:
            row = self._waiting(work, case_id)
            details = row["details"]
            work.decisions.lock_case(case_id)
            approved = Approved(word=word, case=case_id, expect=details["expect"])
            decision = close(work, self._context, (row["entity"], "REJECT"), approved)
            work.commit()
        return Verdict(
            case=case_id,
            approved=False,
            action=details["proposal"],
            author=details["author"],
            resolution=f"rejected {word}",
            decision=decision,
        )

    def _waiting(self, work: IdentityWork, case_id: int) -> Mapping[str, Any]:
        row = work.queries.case(case_id, self._context.clock.now())
        if row is None:
            raise NotFound(f"there is no case {case_id}; see `mdhub case list`", case=case_id)
        if row["kind"] != ConflictKind.APPROVAL:
            message = f"case {case_id} is {row['kind']}, no proposal; decide it with `case decide`"
            raise DecisionRefused(message, case=case_id)
        if row["closed_at"] is not None:
            message = f"case {case_id} is closed already: {row['resolution']}"
            raise StaleDecision(message, case=case_id)
        return row

    def _carry_out(
        self, details: Mapping[str, Any], author: Word, approved: Approved
    ) -> tuple[int | None, UUID | None]:
        arguments = details["arguments"]
        if details["proposal"] != OVERRIDE:
            terms = Terms(word=author, expect=details["expect"], approved=approved)
            came = self._operations.run(intent_of(arguments), terms)
            return came.decision, came.txn
        life = lifetime_of(arguments["life"])
        done = self._stewardship.override(
            arguments["golden"], dict(arguments["values"]), author, life, approved
        )
        return done.decision, None
