"""What an entity's values must keep to, and what cases about them are worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


class Validity(StrEnum):
    """What becomes of a value that breaks a rule: it is out of the running, or counts, flagged."""

    INVALID = "invalid"
    SUSPECT = "suspect"


class Scope(StrEnum):
    """What a rule is about: each source record, or the golden record that came of them."""

    RECORD = "record"
    GOLDEN = "golden"


class Trespass(StrEnum):
    """The declared outcome of a non-owner's change to an owned attribute."""

    WRITE_BACK = "write_back"
    PROPOSE = "propose"
    ACCEPT_IF_SILENT = "accept_if_silent"


class Disputed(StrEnum):
    """What targets get while a value is disputed: the owner's, nothing, the last agreed."""

    OWNER = "owner"
    HOLD = "hold"
    LAST_AGREED = "last_agreed"


class DeleteOfOwned(StrEnum):
    """What a system gets that deleted what it may not delete: nothing, or the record again."""

    LEAVE = "leave"
    RECREATE = "recreate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """Which systems may create an entity and which may delete it; none is named = all of them."""

    creators: tuple[str, ...] = ()
    deleters: tuple[str, ...] = ()
    delete_of_owned: DeleteOfOwned = DeleteOfOwned.LEAVE

    def may_create(self, system: str) -> bool:
        """Tell whether a record of the system opens a golden record of its own."""
        return not self.creators or system in self.creators

    def may_delete(self, system: str) -> bool:
        """Tell whether what the system deletes is gone."""
        return not self.deleters or system in self.deleters

    @property
    def recreates(self) -> bool:
        """Whether a system gets back what it deleted and may not delete."""
        return self.delete_of_owned is DeleteOfOwned.RECREATE


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRule:
    """One rule on attributes; a null breaks none but `required`.

    `least` and `most` are canonical values of the attributes' type. `check` and `when` are CEL over
    the record; a rule with `when` is asked only where that holds.
    """

    name: str
    attributes: tuple[str, ...]
    validity: Validity = Validity.INVALID
    scope: Scope = Scope.RECORD
    systems: tuple[str, ...] = ()
    message: str | None = None
    required: bool = False
    least: object = None
    most: object = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    choices: tuple[object, ...] = ()
    check: str | None = None
    when: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClass:
    """How soon cases of these kinds and entities, from this much money on, want a decision."""

    name: str
    due: timedelta
    kinds: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    exposure: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGuard:
    """How many records of one entity a system may delete within `window` before a person looks.

    More than `rows`, or more than `share` per cent of its records, are withheld; `always` so many
    are let through, so that a small entity is not guarded against its everyday.
    """

    window: timedelta = timedelta(hours=1)
    rows: int = 1000
    share: int = 10
    always: int = 50
