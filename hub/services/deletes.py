"""Withheld deletions in people's hands: look, release, discard; or decide the case of one.

Released ones go back to the resolver, which applies them if the record is still gone. A discarded
one leaves its record as it is until it is back at its source; what is deleted there after that is a
deletion of its own. Both may be decided anew as long as the deletion is not applied.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from golden_records.domain.deletes import (
    DECISIONS,
    ENDED,
    Why,
    WithheldState,
    delete_of_owned_cause,
)
from golden_records.domain.errors import TerminalError
from golden_records.ports import Withheld
from hub.services.identity.work import IdentityWork
from hub.services.resolving.withhold import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hub.services.cases import Case, Word
    from hub.services.identity.work import Context, Rows

CAUSE: Final = "steward"
PRIORITY: Final = 1
FOLLOWS: Final[Mapping[WithheldState, tuple[WithheldState, ...]]] = {
    WithheldState.RELEASED: (WithheldState.HELD, WithheldState.DISCARDED),
    WithheldState.DISCARDED: (WithheldState.HELD, WithheldState.RELEASED),
}
VERDICTS: Final[Mapping[WithheldState, str]] = {
    WithheldState.RELEASED: "deletion accepted",
    WithheldState.DISCARDED: "deletion refused",
}
LIVE: Final = tuple(state for state in WithheldState if state not in ENDED)

Pair = tuple[str, str]


class NotWithheld(TerminalError):
    """No such deletion waits for a decision; see `mdhub deletes list`."""


class Desk(Withheld, Protocol):
    """Withheld deletions, seen by those who decide them."""

    def pairs(self) -> list[dict[str, Any]]: ...

    def rows(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]: ...

    def of(self, ids: Sequence[int]) -> list[dict[str, Any]]: ...

    def to_decide(self, pair: Pair, which: Mapping[str, object]) -> list[dict[str, Any]]: ...

    def decide(self, ids: Sequence[int], decision: Mapping[str, object]) -> None: ...


class DeleteWork(IdentityWork, Protocol):
    """A transaction that also reaches the withheld deletions."""

    @property
    def withheld(self) -> Desk: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which ones: rows by id, or all of one entity in one system."""

    ids: Sequence[int] = ()
    pair: Pair | None = None
    """(entity, system)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What becomes of deletions, who says so and why, and the case where it was looked at."""

    state: WithheldState
    word: Word
    case: Case | None = None


class Deletes:
    """The service of withheld deletions."""

    def __init__(self, work: Callable[[], DeleteWork], context: Context) -> None:
        self._work = work
        self._context = context

    def pairs(self) -> list[dict[str, Any]]:
        """Return how many are withheld, by entity and system."""
        with self._work() as work:
            return work.withheld.pairs()

    def rows(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]:
        """`wanted` holds states, system, entity and limit."""
        with self._work() as work:
            return work.withheld.rows(wanted)

    def release(self, chosen: Chosen, word: Word) -> int:
        """Let deletions be applied; return how many. NotWithheld where there is none."""
        return self._decide(chosen, WithheldState.RELEASED, word)

    def discard(self, chosen: Chosen, word: Word) -> int:
        """Leave the records as they are; return how many. NotWithheld where there is none."""
        return self._decide(chosen, WithheldState.DISCARDED, word)

    def _decide(self, chosen: Chosen, state: WithheldState, word: Word) -> int:
        with self._work() as work:
            work.decisions.act_as(word.actor)
            decided = 0
            for pair, ids in sorted(_by_pair(work, chosen).items()):
                decided += self._decide_pair(work, pair, ids, Ruling(state=state, word=word))
            if not decided:
                raise NotWithheld(ids=list(chosen.ids), pair=chosen.pair)
            work.commit()
        return decided

    def _decide_pair(
        self,
        work: DeleteWork,
        pair: Pair,
        ids: Sequence[int] | None,
        ruling: Ruling,
    ) -> int:
        if pair[0] not in self._context.rules:
            return 0
        work.withheld.lock(*pair)
        return len(decide_withheld(work, self._context, pair, {"ids": ids}, ruling))


def decide_withheld(
    work: DeleteWork,
    context: Context,
    pair: Pair,
    which: Mapping[str, object],
    ruling: Ruling,
) -> list[int]:
    """Decide rows of an (entity, system) whose lock is held, as one fact; close their cases.

    `which` names them by `ids` or `records`; all of them where both are None. Return the records.
    """
    state, word = ruling.state, ruling.word
    states = [str(before) for before in FOLLOWS[state]]
    wanted = {"ids": None, "records": None, "states": states, **which}
    found = work.withheld.to_decide(pair, wanted)
    if not found:
        return []
    records = [row["record_id"] for row in found]
    said = {"state": str(state), "actor": word.actor, "reason": word.reason}
    work.withheld.decide([row["id"] for row in found], said)
    decision = _decide(work, context, pair, found, ruling)
    if state is WithheldState.RELEASED:
        work.marks.mark_records(records, cause=CAUSE, priority=PRIORITY)
    (entity, system), rules = pair, context.rules[pair[0]]
    tell(work, rules, system)
    causes = [delete_of_owned_cause(system, row["key"]) for row in found if row["why"] == Why.OWNER]
    if causes:
        work.identity.causes_decided_by(entity, causes, decision)
        work.conflicts.close_causes(entity, causes, verdict(state, word))
    return records


def _decide(work: DeleteWork, context: Context, pair: Pair, found: Rows, ruling: Ruling) -> int:
    """Add the decision; its hash is the case's, or that of the rows as they stood."""
    case, word = ruling.case, ruling.word
    goldens = {str(row["golden_id"]) for row in found if row["golden_id"] is not None}
    seen = blake2b(orjson.dumps([sorted(row.items()) for row in found]), digest_size=8)
    return work.identity.decide(
        {
            "entity": pair[0],
            "kind": DECISIONS[ruling.state],
            "actor": word.actor,
            "reason": word.reason,
            "approver": None,
            "policy": context.policy,
            "inputs": seen.hexdigest() if case is None else case.inputs,
            "goldens": sorted(goldens),
            "body": {"system": pair[1], "withheld": [row["id"] for row in found]},
            "case_id": None if case is None else case.id,
            "txn": None,
            "undoes": None,
        }
    )


def verdict(state: WithheldState, word: Word) -> str:
    """Say how a deletion was decided, as its case keeps it."""
    return f"{VERDICTS[state]}, {word}"


def _by_pair(work: DeleteWork, chosen: Chosen) -> dict[Pair, list[int] | None]:
    """Return the ids by (entity, system); None stands for all."""
    if chosen.pair is not None:
        return {chosen.pair: None}
    found: dict[Pair, list[int]] = defaultdict(list)
    known = work.withheld.of(chosen.ids)
    missing = sorted(set(chosen.ids) - {row["id"] for row in known if row["state"] in LIVE})
    if missing:
        listed = ", ".join(str(row_id) for row_id in missing)
        raise NotWithheld(f"not withheld, or no more: {listed}", ids=missing)
    for row in known:
        found[row["entity"], row["system"]].append(row["id"])
    return dict(found)
