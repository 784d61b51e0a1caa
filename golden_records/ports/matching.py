"""What matching asks beside candidates and links: decisions, models, frequencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class MatchedRecord:
    """A live record with its canonical attributes; `version` goes up whenever they change."""

    id: int
    system: str
    key: str
    attrs: Mapping[str, object]
    version: int


@dataclass(frozen=True, slots=True)
class DecidedPair:
    """A live decision about two records; `decision` names the act that it belongs to."""

    a: int
    b: int
    same: bool
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """A stored model; `records` are those that its term frequencies were counted on."""

    entity: str
    version: str
    active: bool
    trained_at: datetime
    records: int


@dataclass(frozen=True, slots=True)
class HotKey:
    """The code of a key, how many records hold it, and the id of one of them."""

    code: int
    records: int
    holder: int


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The key index in figures.

    `hot` keys are held by too many records to be looked up, `hottest` are the worst. Records
    with no key at all, or with hot keys alone, find nobody and are found by nobody: `stranded`
    names some of both.
    """

    keys: int
    hot: int
    hottest: list[HotKey]
    without_keys: int
    only_hot: int
    stranded: list[str]


class MatchFacts(Protocol):
    """What is known about matching."""

    def records(self, entity: str) -> Iterator[MatchedRecord]:
        """Stream the live records of an entity."""
        ...

    def sample(self, entity: str, most: int) -> Iterator[MatchedRecord]:
        """Stream up to so many live records a system, and those that people decided about."""
        ...

    def by_id(self, record_ids: Sequence[int]) -> list[MatchedRecord]:
        """Return records by their ids, also those that are deleted meanwhile."""
        ...

    def find(self, entity: str, system: str, key: str) -> int | None:
        """Return the id of a record, also of a deleted one."""
        ...

    def links(self, record_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return the live links of records in every state, with their reasons."""
        ...

    def population(self) -> Mapping[str, int]:
        """Return how many live records each entity has."""
        ...

    def decided(self, entity: str) -> list[DecidedPair]:
        """Return the live decisions about pairs of records."""
        ...

    def said(self, record_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return who decided what about the records and all that is declared the same."""
        ...

    def models(self, *, active: bool) -> list[KnownModel]:
        """Return every model that was ever in force, the latest last, or those that are."""
        ...

    def keys_of(self, record_ids: Sequence[int]) -> dict[int, frozenset[int]]:
        """Return the codes of the stored keys of records that have any."""
        ...

    def blocks(self, codes: Collection[int], caps: tuple[int, int, int]) -> dict[int, int]:
        """Return how many records hold each key, counted to one more than its kind may have."""
        ...

    def sizes(self, entity: str) -> dict[int, int]:
        """Return how many golden records have so many members."""
        ...

    def linked_pairs(self, entity: str, most: int) -> list[tuple[int, int]]:
        """Return pairs of records that the engine linked, at most one a golden record."""
        ...

    def some(self, entity: str, most: int) -> list[int]:
        """Return some live records, the same ones every time."""
        ...

    def asked(self, entity: str) -> int:
        """Return how many open cases ask whether records are the same."""
        ...

    def key_figures(self, entity: str, caps: tuple[int, int, int]) -> KeyFigures:
        """Count keys, those that too many records hold, and records that no key can bring along."""
        ...
