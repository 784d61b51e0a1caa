"""Proposals: what waits for a second person, as a case that everybody sees."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from hub.services.cases import StaleDecision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from hub.services.cases import Word
    from hub.services.identity.work import Approved, Context, IdentityWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An action that was asked for, whole, with the hash of what its author saw."""

    entity: str
    action: str
    arguments: Mapping[str, object]
    goldens: Sequence[UUID]
    expect: str
    because: Sequence[str]
    word: Word
    exposure: object = None


def propose(work: IdentityWork, proposal: Proposal) -> int:
    """Open a case for it; return the case. What is proposed twice on one state is one case."""
    seen, _, _ = proposal.expect.partition(".")
    body = orjson.dumps([proposal.action, proposal.arguments, seen], option=orjson.OPT_SORT_KEYS)
    goldens = [str(golden_id) for golden_id in proposal.goldens]
    return work.identity.propose(
        {
            "entity": proposal.entity,
            "golden": proposal.goldens[0],
            "cause": f"approval/{blake2b(body, digest_size=8).hexdigest()}",
            "exposure": proposal.exposure,
            "details": {
                "proposal": proposal.action,
                "arguments": dict(proposal.arguments),
                "because": list(proposal.because),
                "author": proposal.word.actor,
                "reason": proposal.word.reason,
                "expect": proposal.expect,
                "goldens": goldens,
            },
        }
    )


def settle(work: IdentityWork, context: Context, entity: str, approved: Approved) -> None:
    """Close a proposal's case in the transaction that carries the proposal out."""
    if not work.decisions.lock_case(approved.case):
        message = f"case {approved.case} is closed already; see `mdhub case show {approved.case}`"
        raise StaleDecision(message, case=approved.case)
    close(work, context, (entity, "APPROVE"), approved)


def close(work: IdentityWork, context: Context, what: tuple[str, str], approved: Approved) -> int:
    """Write the second person's word as a fact, and close the case with it; return the fact."""
    entity, kind = what
    decision = work.identity.decide(
        {
            "entity": entity,
            "kind": kind,
            "actor": approved.word.actor,
            "reason": approved.word.reason,
            "approver": None,
            "policy": context.policy,
            "inputs": approved.expect.partition(".")[0],
            "goldens": [],
            "body": {"case": approved.case},
            "case_id": None,
            "txn": None,
            "undoes": None,
        }
    )
    said = "approved" if kind == "APPROVE" else "rejected"
    work.decisions.close_case(approved.case, f"{said} {approved.word}")
    work.identity.case_decided_by(approved.case, decision)
    return decision
