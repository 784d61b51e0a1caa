"""Building the proof of each value, fast: a merge makes more lineages than anything else."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from golden_records.domain.records import Lineage, Loser

if TYPE_CHECKING:
    from datetime import datetime

    from golden_records.domain.records import GoldenRecord, SourceRecord

OVERRIDE: Final = "override"
STEWARD: Final = "steward"
PARENT: Final = "parent"
INHERITED: Final = "inherited"

_new = object.__new__
_system, _key, _rule, _changed_at, _losers, _rates = (
    Lineage.__dict__[name].__set__
    for name in ("system", "key", "rule", "changed_at", "losers", "rates")
)
_its_system, _its_key, _its_value, _its_lost_at = (
    Loser.__dict__[name].__set__ for name in ("system", "key", "value", "lost_at")
)
"""The setters of the frozen values' slots. Their own constructors take three times as long."""


def lineage(
    system: str, key: str, rule: str, changed_at: datetime | None, losers: tuple[Loser, ...]
) -> Lineage:
    """Make what `Lineage(...)` would make."""
    made = _new(Lineage)
    _system(made, system)
    _key(made, key)
    _rule(made, rule)
    _changed_at(made, changed_at)
    _losers(made, losers)
    _rates(made, ())
    return made


def loser(record: SourceRecord, value: object, lost_at: str) -> Loser:
    """Make what `Loser(...)` would make."""
    made = _new(Loser)
    _its_system(made, record.system)
    _its_key(made, record.key)
    _its_value(made, value)
    _its_lost_at(made, lost_at)
    return made


@lru_cache(maxsize=10_000)
def iso(at: datetime) -> str:
    """Spell a time as it is stored: the attributes of a record share few, and so do records."""
    return at.isoformat()


class Lineages:
    """The lineages of one merge; those without losers are shared by attributes."""

    __slots__ = ("_shared",)

    def __init__(self) -> None:
        self._shared: dict[tuple[int, str, datetime | None], Lineage] = {}

    def of_winner(
        self, name: str, winner: SourceRecord, rule: str, lost: list[tuple[SourceRecord, str]]
    ) -> Lineage:
        """Say why `winner` gave the attribute its value; equal values of others did not lose."""
        changed_at = winner.changed_at.get(name)
        losers = losers_of(name, winner.attrs.get(name), lost) if lost else ()
        if losers:
            return lineage(winner.system, winner.key, rule, changed_at, losers)
        at = (winner.id, rule, changed_at)
        found = self._shared.get(at)
        if found is None:
            found = lineage(winner.system, winner.key, rule, changed_at, ())
            self._shared[at] = found
        return found


def losers_of(name: str, value: object, lost: list[tuple[SourceRecord, str]]) -> tuple[Loser, ...]:
    """The values other than `value` that lost; a null is no value."""
    found = [
        loser(record, theirs, step)
        for record, step in lost
        if (theirs := record.attrs.get(name)) != value and theirs is not None
    ]
    return tuple(found) if found else ()


def underlying(previous: GoldenRecord | None, name: str) -> tuple[object, Lineage | None]:
    """What the golden record held for the attribute below any override, and its lineage."""
    if previous is None:
        return None, None
    found = previous.lineage.get(name)
    if found is None or not found.rule.startswith(OVERRIDE):
        return previous.attrs.get(name), found
    below = next((loser for loser in found.losers if loser.lost_at == OVERRIDE), None)
    if below is None:
        return None, None
    return below.value, lineage(below.system, below.key, below.lost_at, None, ())
