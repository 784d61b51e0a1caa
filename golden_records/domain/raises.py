"""Asymmetric approval: a cut takes effect at once, a raise waits for a person.

A raise is a greater amount than the golden record holds; it waits where the new amount is above
the declared threshold, or where amounts cannot be compared. The earlier value stays, the proposed
one is a loser of its lineage, and a case is open. A first value is no raise.

An approval or refusal names the values it speaks of. It holds while just these are proposed, so a
cut in between, or another raise, ends it; what was approved once is not approved for ever.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from golden_records.domain.records import Conflict, ConflictKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from golden_records.domain.groups import Group
    from golden_records.domain.money import Scale
    from golden_records.domain.records import Approval, SourceRecord

HELD: Final = "held"
REFUSED: Final = "refused"

Values = dict[str, object]


def spoken_of(
    group: Group, proposed: Mapping[str, object], approvals: Sequence[Approval]
) -> tuple[Approval | None, list[Approval]]:
    """Return the decision on just these values, the newest, and those that are spent."""
    own = [a for a in approvals if a.group == group.policy.group]
    about = [a for a in own if dict(a.values) == dict(proposed)]
    return max(about, key=lambda a: a.id, default=None), [a for a in own if a not in about]


def is_raise(group: Group, before: Values, proposed: Values, scale: Scale | None) -> bool:
    """Tell whether the proposed values need a person."""
    rule, measure = group.policy.raises, group.measure
    if rule is None or measure is None or before == proposed:
        return False
    name, unit = measure
    old, new = before.get(name), proposed.get(name)
    if old is None or new is None:
        return False
    units = set() if unit is None else {before.get(unit), proposed.get(unit)}
    if units <= {rule.currency or before.get(unit or "")}:
        return Decimal(str(new)) > max(Decimal(str(old)), rule.above)
    return _is_raise_across(before, proposed, (rule.currency, rule.above), scale)


def _is_raise_across(
    before: Values, proposed: Values, limit: tuple[str | None, Decimal], scale: Scale | None
) -> bool:
    currency, above = limit
    if scale is None or currency is None:
        return True
    sizes = scale.sizes((before, proposed))
    if sizes is None:
        return True
    if sizes[1] <= sizes[0]:
        return False
    size = scale.within(proposed, currency)
    return size is None or size > above


def raise_conflict(
    group: Group, winner: SourceRecord, before: Values, proposed: Values
) -> Conflict:
    """The case of a raise that waits."""
    name = group.measure[0] if group.measure else group.names[0]
    return Conflict(
        kind=ConflictKind.RAISE_HELD,
        cause=f"{ConflictKind.RAISE_HELD.value}/{group.policy.group}/{winner.system}/{winner.key}",
        attribute=name,
        system=winner.system,
        key=winner.key,
        details={
            "golden": before.get(name),
            "theirs": proposed.get(name),
            "group": group.policy.group,
            "before": before,
            "proposed": proposed,
        },
        outcome="approval",
    )


def rate_conflict(group: Group, scale: Scale, first: SourceRecord) -> Conflict:
    """The case of amounts that could not be compared; the first member gives it its name."""
    return Conflict(
        kind=ConflictKind.RATE_MISSING,
        cause=f"{ConflictKind.RATE_MISSING.value}/{group.policy.group}/{first.system}/{first.key}",
        attribute=scale.measure,
        system=None,
        key=None,
        details={
            "rates": [
                {"from": source, "to": target, "date": day}
                for source, target, day in sorted(scale.missing)
            ]
        },
        outcome="next_strategy",
    )
