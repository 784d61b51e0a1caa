"""How long a steward's value holds.

| mode | holds |
|---|---|
| FOREVER | until a person ends it |
| UNTIL_DATE | before the instant `until` |
| UNTIL_OWNER_CHANGES | while the owner says what it said when the value was set, or agrees |
| UNTIL_ANY_CHANGE | while every source says what it said then, or agrees |
| UNTIL_SOURCE_AGREES | until the sources alone would yield the same value |

Comparison is by value, so the same old value sent again ends nothing, and neither does the echo of
the override that the hub itself wrote to a source. What has ended must be stored as ended, in the
transaction of the merge that found it (`Merged.ended`); otherwise a later change would revive it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from golden_records.domain.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from golden_records.domain.records import Override, SourceRecord

    Rule: TypeAlias = Callable[[Override, "Sources"], bool]

Sources: TypeAlias = tuple[object, object, "Sequence[SourceRecord]", datetime]
"""The value without the override, the owner's value, the live members, the time."""


class OverrideMode(StrEnum):
    """The lifetime of an override."""

    FOREVER = "FOREVER"
    UNTIL_DATE = "UNTIL_DATE"
    UNTIL_OWNER_CHANGES = "UNTIL_OWNER_CHANGES"
    UNTIL_ANY_CHANGE = "UNTIL_ANY_CHANGE"
    UNTIL_SOURCE_AGREES = "UNTIL_SOURCE_AGREES"


class OverrideRefused(TerminalError):
    """The override's lifetime is not known; choose one of the declared modes."""


def holds(
    override: Override,
    *,
    computed: object,
    owner_value: object,
    members: Sequence[SourceRecord],
    now: datetime,
) -> bool:
    """Tell whether the override still stands.

    `computed` is what the sources alone yield for its attribute; `owner_value` is the owner's, or
    `computed` where the attribute has no owner. `members` are the live ones.
    """
    rule = _RULES.get(override.mode)
    if rule is None:
        modes = ", ".join(OverrideMode)
        message = f"override of {override.attribute}: unknown mode {override.mode!r}; use {modes}"
        raise OverrideRefused(message, attribute=override.attribute)
    return rule(override, (computed, owner_value, members, now))


def base_of(
    mode: str, attribute: str, *, owner_value: object, members: Sequence[SourceRecord]
) -> object:
    """Return what `Override.base` must hold when the override is set, for its mode to work."""
    if mode == OverrideMode.UNTIL_OWNER_CHANGES:
        return owner_value
    if mode == OverrideMode.UNTIL_ANY_CHANGE:
        return _said(attribute, members)
    return None


def _said(attribute: str, members: Sequence[SourceRecord]) -> dict[str, object]:
    return {
        f"{member.system}:{member.key}": member.attrs[attribute]
        for member in members
        if not member.deleted and attribute in member.attrs
    }


def _before_date(override: Override, sources: Sources) -> bool:
    return override.until is None or sources[3] < override.until


def _owner_unchanged(override: Override, sources: Sources) -> bool:
    return sources[1] in (override.base, override.value)


def _all_unchanged(override: Override, sources: Sources) -> bool:
    base = override.base if isinstance(override.base, Mapping) else {}
    said = _said(override.attribute, sources[2])
    return all(value in (base.get(source), override.value) for source, value in said.items())


def _not_agreed(override: Override, sources: Sources) -> bool:
    return sources[0] != override.value


_RULES: Final[Mapping[str, Rule]] = {
    OverrideMode.FOREVER: lambda _override, _sources: True,
    OverrideMode.UNTIL_DATE: _before_date,
    OverrideMode.UNTIL_OWNER_CHANGES: _owner_unchanged,
    OverrideMode.UNTIL_ANY_CHANGE: _all_unchanged,
    OverrideMode.UNTIL_SOURCE_AGREES: _not_agreed,
}
