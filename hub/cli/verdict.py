"""How `mdhub case decide` is carried out: which service takes which answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import click

from golden_records.domain.decisions import OverrideMode
from golden_records.domain.records import ConflictKind
from hub.bootstrap import operating
from hub.services.cases import Word
from hub.services.existence import EXISTENCE
from hub.services.overriding import Lifetime

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub.bootstrap.opening import Hub
    from hub.services.giving import Decided


class Verdict(TypedDict):
    """The options of `decide`."""

    same: bool
    different: bool
    candidate: UUID | None
    choose: str | None
    override: str | None
    accept: bool
    approve: bool
    refuse: bool
    mode: str
    until: datetime | None
    expect: str
    actor: str
    reason: str


def decided(hub: Hub, case_id: int, verdict: Verdict) -> Decided:
    """Decide the case in the one way that was said; UsageError where it is none or several."""
    names = ("same", "different", "choose", "override", "accept", "approve", "refuse")
    given = [name for name in names if verdict[name] not in (None, False)]  # type: ignore[literal-required]
    if len(given) != 1:
        raise click.UsageError(f"say one of {', '.join(f'--{name}' for name in names)}")
    word = Word(actor=verdict["actor"], reason=verdict["reason"])
    service = operating.stewardship(hub)
    if given[0] in {"same", "different"}:
        held = verdict["same"] and service.case(case_id).row["kind"] in EXISTENCE
        same = operating.existence(hub).same if held else service.same
        decide_pair = same if verdict["same"] else service.different
        return decide_pair(case_id, verdict["expect"], word, verdict["candidate"])
    if given[0] in {"accept", "approve", "refuse"}:
        return _answer(hub, case_id, given[0], (verdict["expect"], word))
    life = Lifetime(mode=OverrideMode(verdict["mode"].upper()), until=verdict["until"])
    if verdict["choose"] is not None:
        return service.choose(case_id, verdict["expect"], (verdict["choose"], life), word)
    text = verdict["override"]
    given_value = None if text == "null" else text
    return service.overrule(case_id, verdict["expect"], (given_value, life), word)


def _answer(hub: Hub, case_id: int, answer: str, said: tuple[str, Word]) -> Decided:
    """Answer what waits for a yes or a no: a proposed value, a raise, or a record's existence."""
    service = operating.stewardship(hub)
    expect, word = said
    row = service.case(case_id).row
    if row["kind"] in EXISTENCE and answer != "approve":
        existence = operating.existence(hub)
        answered = existence.refuse if answer == "refuse" else existence.accept
        return answered(case_id, expect, word)
    if row["kind"] == ConflictKind.RAISE_HELD:
        return service.approve(case_id, expect, word, approved=answer != "refuse")
    if answer == "refuse":
        return service.refuse(case_id, expect, word)
    life = Lifetime(mode=OverrideMode.UNTIL_OWNER_CHANGES)
    return service.choose(case_id, expect, (str(row["system"]), life), word)
