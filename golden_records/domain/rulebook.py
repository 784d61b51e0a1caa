"""What an entity's values must keep to, and what cases about them are worth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta
    from decimal import Decimal


class Validity(StrEnum):
    """What becomes of a value that breaks a rule: it is out of the running, or counts, flagged."""

    INVALID = "invalid"
    SUSPECT = "suspect"


class Scope(StrEnum):
    """What a rule is about: each source record, or the golden record that came of them."""

    RECORD = "record"
    GOLDEN = "golden"


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
