"""Deletions that are withheld: how many a system may make, which count, and what becomes of them.

A table that was emptied by mistake, or an import that lost half of its rows, looks like so many
deletions. Beyond the limit of the system's guard they are withheld: the source records stay as they
were until a person releases or discards them. From the first one that is withheld on, every further
deletion of the same system and entity waits with it, whatever the window says by then.

Within the limit, what a system deletes that may end no golden record is withheld one by one. A
record that the system has again under another key is not lost: that deletion is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from golden_records.domain.records import Conflict, ConflictKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set as AbstractSet

    from golden_records.domain.rulebook import DeleteGuard


class WithheldState(StrEnum):
    """Where a withheld deletion stands; the last two are its end."""

    HELD = "HELD"
    RELEASED = "RELEASED"
    DISCARDED = "DISCARDED"
    APPLIED = "APPLIED"
    RETURNED = "RETURNED"


class Why(StrEnum):
    """Why a deletion is withheld: there are too many, or the system may end no golden record."""

    GUARD = "guard"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A deletion that was withheld before and is not ended."""

    root: str
    state: WithheldState
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Deletions by a system that may end no golden record.

    `kept` are those that it may not make; `replaced` those of records that it has under other keys.
    """

    kept: AbstractSet[str] = frozenset()
    replaced: AbstractSet[str] = frozenset()


ENDED: Final = frozenset({WithheldState.APPLIED, WithheldState.RETURNED})
DECISIONS: Final[Mapping[WithheldState, str]] = {
    WithheldState.RELEASED: "ACCEPT_DELETION",
    WithheldState.DISCARDED: "REFUSE_DELETION",
}
"""How a person's word on a deletion is called among decisions."""


def limit(guard: DeleteGuard, records: int) -> int:
    """Return how many of so many records may be deleted within the window."""
    return max(guard.always, min(guard.rows, records * guard.share // 100))


def counted(deleted: Iterable[tuple[str, str]], appeared: Mapping[str, int]) -> set[str]:
    """Return the keys of the (root, key) that are lost, not replaced by others of the same root.

    A record whose key is completed by its values changes its key with them: the old one goes and
    a new one comes in one evaluation of the root. Nothing is lost by that.
    """
    by_root: dict[str, set[str]] = {}
    for root, key in deleted:
        by_root.setdefault(root, set()).add(key)
    return {key for root, keys in by_root.items() if len(keys) > appeared.get(root, 0)
            for key in keys}  # fmt: skip


def let_through(
    keys: AbstractSet[str],
    waiting: Mapping[str, Waiting],
    owned: Owned,
    *,
    tripped: bool,
) -> tuple[set[str], dict[str, Why]]:
    """Divide deletions into those that are applied and those that are withheld from now on.

    What a person released goes; what he discarded stays, and is neither.
    """
    fresh = {key for key in keys if key not in waiting}
    held = fresh if tripped else fresh & owned.kept
    why = Why.GUARD if tripped else Why.OWNER
    released = {key for key in keys & waiting.keys() if _released(key, waiting[key], owned)}
    return released | (fresh - held), dict.fromkeys(held, why)


def _released(key: str, waiting: Waiting, owned: Owned) -> bool:
    """By a person, by a policy that lets the system delete, or since the record is there again."""
    if waiting.state is WithheldState.RELEASED or waiting.why is not Why.OWNER:
        return waiting.state is WithheldState.RELEASED
    held = waiting.state is WithheldState.HELD
    return key in owned.replaced or (held and key not in owned.kept)


def mass_delete(system: str, facts: Mapping[str, object]) -> Conflict:
    """Return the one case about everything that is withheld of a system and an entity."""
    return Conflict(
        kind=ConflictKind.MASS_DELETE,
        cause=mass_delete_cause(system),
        attribute=None,
        system=system,
        key=None,
        details=facts,
        outcome="withheld",
    )


def mass_delete_cause(system: str) -> str:
    """The cause of that case; the entity is the conflict's own."""
    return f"{ConflictKind.MASS_DELETE}/{system}"


def delete_of_owned(system: str, key: str, outcome: str) -> Conflict:
    """Return the case of one record whose deletion is not for its system to make."""
    return Conflict(
        kind=ConflictKind.DELETE_OF_OWNED,
        cause=delete_of_owned_cause(system, key),
        attribute=None,
        system=system,
        key=key,
        details={"deleted": f"{system}:{key}"},
        outcome=outcome,
    )


def delete_of_owned_cause(system: str, key: str) -> str:
    """The cause of that case; the entity is the conflict's own."""
    return f"{ConflictKind.DELETE_OF_OWNED}/{system}/{key}"
