"""What is declared about an entity before matching: its fields' types and its clean sources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from matchers.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping


class FieldKind(StrEnum):
    """The type of a field; it decides normal form, comparison, blocking keys and priors."""

    PERSON_NAME = "person_name"
    GIVEN_NAME = "given_name"
    SURNAME = "surname"
    COMPANY_NAME = "company_name"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    STREET = "street"
    CITY = "city"
    POSTCODE = "postcode"
    COUNTRY = "country"
    ADDRESS = "address"
    TAX_ID = "tax_id"
    GTIN = "gtin"
    CODE = "code"
    TITLE = "title"
    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    MONEY = "money"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One column and its type.

    `exclusive`: an entity has one value of it, so two different valid values veto a match.
    `region`: the ISO country that phone numbers without a country code belong to.
    """

    name: str
    kind: FieldKind
    exclusive: bool = False
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSpec:
    """All that an operator declares for one entity kind.

    `duplicate_free` names the systems that hold each entity once: it gives known non-matches for
    training and one-to-one assignment. `max_per_system` bounds the members that one system may
    have in a cluster whether or not it is declared clean. `review` and `match` are probabilities;
    `margin` is how many bits the best candidate must lie above the second best.
    """

    entity: str
    fields: tuple[FieldSpec, ...]
    duplicate_free: frozenset[str] = frozenset()
    max_per_system: int | None = None
    review: float = 0.2
    match: float = 0.5
    margin: float = 1.0
    block_cap: int = 400

    def __post_init__(self) -> None:
        """Refuse a specification that cannot mean anything."""
        names = [field.name for field in self.fields]
        if not names or len(set(names)) != len(names):
            raise SpecError("name every field once, and at least one field", entity=self.entity)
        if not 0.0 < self.review <= self.match < 1.0:
            raise SpecError("thresholds must satisfy 0 < review <= match < 1", entity=self.entity)

    def per_system(self, system: str) -> int | None:
        """How many records of the system one cluster may hold; None is no bound."""
        return 1 if system in self.duplicate_free else self.max_per_system


@dataclass(frozen=True, slots=True)
class Record:
    """One record of one system, as it came: text or None by field name."""

    id: str
    system: str
    values: Mapping[str, str | None]
