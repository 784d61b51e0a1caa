"""Which actions need a second person: four eyes, where the policy asks for them.

| action                                 | asks when                                         |
|----------------------------------------|---------------------------------------------------|
| a value that a person gives or chooses | it is above its amount and raises what stands     |
| a merge by hand                        | the golden record would hold more than so many    |
| an unlink, an unmerge, a move          | more than so many records refer to what leaves    |

A cut takes effect at once, whatever its amount.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.errors import TerminalError
from golden_records.domain.values import as_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from golden_records.domain.catalogue import Approval


class ApprovalRefused(TerminalError):
    """Four eyes are two persons: somebody else than the author must approve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody is about to do, in the numbers that thresholds are about.

    `values` are given or chosen, `present` those that stand now. `joined` is how many members a
    merge would make, `dependants` how many records refer to what is taken apart.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    present: Mapping[str, object] = field(default_factory=dict)
    joined: int = 0
    dependants: int = 0


def needs_approval(approval: Approval, act: Act) -> tuple[str, ...]:
    """Return why a second person must agree; nothing where one is enough."""
    because = [
        f"{name} {act.values[name]} is above {amount:f}"
        for name, amount in sorted(approval.amounts.items())
        if _raises(act, name, amount)
    ]
    if approval.merge is not None and act.joined > approval.merge:
        because.append(f"the golden record would hold {act.joined} records, {approval.merge} may")
    if approval.unmerge is not None and act.dependants > approval.unmerge:
        because.append(f"{act.dependants} records refer to it, {approval.unmerge} may")
    return tuple(because)


def refuse_author(author: str, approver: str) -> None:
    """Refuse an approver who is the author."""
    if author.strip().casefold() == approver.strip().casefold():
        message = f"{author} proposed this; somebody else must approve it (--actor)"
        raise ApprovalRefused(message, author=author, approver=approver)


def _raises(act: Act, name: str, amount: Decimal) -> bool:
    value = act.values.get(name)
    if value is None:
        return False
    present = act.present.get(name)
    wanted = as_decimal(value)
    return wanted > amount and (present is None or wanted > as_decimal(present))
