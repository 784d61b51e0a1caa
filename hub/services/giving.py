"""Values that a person gives or chooses: put in force, or proposed to a second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from golden_records.domain.approval import Act, needs_approval
from hub.services.identity.proposals import Proposal, propose, settle
from hub.services.identity.scene import look, refuse_stale
from hub.services.overriding import lifetime_json, overrides_of, subject_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from hub.services.cases import Case, Word
    from hub.services.identity.work import Approved, Context, IdentityWork
    from hub.services.overriding import Lifetime, Subject

OVERRIDE: Final = "override"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a decision came to: the golden records concerned, and the records to be merged anew.

    `proposal` is the case that waits for a second person, who must agree for the reasons given.
    """

    case: int | None
    resolution: str
    goldens: Sequence[UUID]
    marked: Sequence[int]
    decision: int | None = None
    proposal: int | None = None
    approval: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Values that a person gives or chooses, of one golden record; `system` where it is chosen."""

    golden_id: UUID
    values: dict[str, object]
    said: tuple[Word, Lifetime]
    approved: Approved | None = None
    case: Case | None = None
    system: str | None = None


def give(work: IdentityWork, context: Context, given: Given) -> Decided:
    """Put values in force, or ask a second person where the policy does."""
    (word, life), now = given.said, context.clock.now()
    subject = subject_of(work, given.golden_id)
    entity = subject.golden.entity
    rules = context.rules[entity]
    if given.approved:
        refuse_stale(work, look(work, given.golden_id), given.approved.expect)
    overrides = overrides_of(rules, subject, given.values, (word, life, now))
    values = {override.attribute: override.value for override in overrides}
    act = Act(values=values, present=subject.golden.attrs)
    because = () if given.approved else needs_approval(rules.entity.approval, act)
    if because:
        return _decided(given, proposal=_proposed(work, given, subject, because), because=because)
    body = {"values": values, "system": given.system, "life": lifetime_json(life)}
    if given.approved:
        body["approver"] = given.approved.approver
        settle(work, context, entity, given.approved)
    what = (entity, "CHOSEN" if given.system else "OVERRIDE", word)
    decision = decide(work, context, what, [given.golden_id], body, given.case)
    for override in overrides:
        work.decisions.set_override(given.golden_id, override, word.reason, decision)
    work.decisions.touch([given.golden_id])
    return _decided(given, decision=decision)


def decide(  # noqa: PLR0913, PLR0917 - the columns of the fact
    work: IdentityWork,
    context: Context,
    what: tuple[str, str, Word],
    goldens: Sequence[UUID],
    body: Mapping[str, object],
    case: Case | None = None,
) -> int:
    """Write a decision as a fact: (entity, kind, who and why), about which golden records."""
    entity, kind, word = what
    return work.identity.decide(
        {
            "entity": entity,
            "kind": kind,
            "actor": word.actor,
            "reason": word.reason,
            "approver": body.get("approver"),
            "policy": context.policy,
            "inputs": case.inputs if case else None,
            "goldens": [str(golden_id) for golden_id in goldens],
            "body": body,
            "case_id": case.id if case else None,
            "txn": None,
            "undoes": None,
        }
    )


def _decided(
    given: Given,
    *,
    decision: int | None = None,
    proposal: int | None = None,
    because: Sequence[str] = (),
) -> Decided:
    return Decided(
        case=given.case.id if given.case else None,
        resolution="",
        goldens=[given.golden_id],
        marked=[],
        decision=decision,
        proposal=proposal,
        approval=because,
    )


def _proposed(work: IdentityWork, given: Given, subject: Subject, because: Sequence[str]) -> int:
    word, life = given.said
    return propose(
        work,
        Proposal(
            entity=subject.golden.entity,
            action=OVERRIDE,
            arguments={
                "golden": str(given.golden_id),
                "values": dict(given.values),
                "life": lifetime_json(life),
            },
            goldens=[given.golden_id],
            expect=look(work, given.golden_id).token,
            because=because,
            word=word,
        ),
    )
