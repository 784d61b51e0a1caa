"""Exchange rates as reference data: imported whole or by the day, versioned by content.

An import is one transaction: rates are closed and added, and what they touch is marked, so the
golden records follow with no event from any source.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, Protocol

from golden_records.domain.errors import TerminalError
from golden_records.domain.money import Rate
from golden_records.ports import ExchangeRates, UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from golden_records.domain.catalogue import Catalogue, Entity, Survivorship

COLUMNS: Final = ("id", "from", "to", "rate", "valid_from", "valid_to")
MOST_TOLD: Final = 20
_CURRENCY = re.compile(r"[A-Z]{3}")


class RatesRefused(TerminalError):
    """The file holds no usable rates; correct the lines that are named, and import it again."""


class RateTable(ExchangeRates, Protocol):
    """The rates, with what is read for people."""

    def listed(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]: ...

    def imports(self) -> list[dict[str, Any]]: ...


class RateWork(UnitOfWork, Protocol):
    """A transaction that also reaches the reads."""

    @property
    def rates(self) -> RateTable: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to; `marked` roots are merged anew."""

    version: str
    added: int
    closed: int
    unchanged: int
    marked: int


class ExchangeRateDesk:
    """The service of exchange rates."""

    def __init__(self, work: Callable[[], RateWork], catalogue: Catalogue) -> None:
        self._work = work
        self._catalogue = catalogue

    def take(self, rates: Sequence[Rate], said: Mapping[str, str], *, whole: bool) -> Imported:
        """Import; a rate of a known id replaces it, and `whole` closes what is not named.

        `said` holds file and actor. The same content again changes nothing.
        """
        with self._work() as work:
            work.rates.lock()
            known = {rate.id: rate for rate in work.rates.current()}
            new = [rate for rate in rates if known.get(rate.id) != rate]
            gone = sorted(known.keys() - {rate.id for rate in rates}) if whole else []
            closed = [rate.id for rate in new if rate.id in known] + gone
            if not new and not closed:
                return Imported(
                    version=work.rates.version(), added=0, closed=0, unchanged=len(rates), marked=0
                )
            version = work.rates.replace(new, closed, said)
            marked = self._mark(work, [*new, *(known[name] for name in closed)])
            work.commit()
        return Imported(
            version=version,
            added=len(new),
            closed=len(closed),
            unchanged=len(rates) - len(new),
            marked=marked,
        )

    def listed(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]:
        """Return rates; `wanted` holds all (closed ones too), id, currency and on."""
        with self._work() as work:
            return work.rates.listed(wanted)

    def imports(self) -> list[dict[str, Any]]:
        with self._work() as work:
            return work.rates.imports()

    def _mark(self, work: RateWork, changed: Iterable[Rate]) -> int:
        """Mark the records that hold a currency of which a rate changed."""
        currencies = sorted({name for rate in changed for name in (rate.source, rate.target)})
        units = [
            (entity.name, unit)
            for entity in self._catalogue.entities.values()
            for group in entity.survivorship
            if group.compare or (group.raises and group.raises.currency)
            for unit in _units(entity, group)
        ]
        return sum(work.marks.mark_holding(entity, unit, currencies) for entity, unit in units)


def read_rates(lines: Iterable[str]) -> list[Rate]:
    """Read CSV with a head line; RatesRefused names every line that is wrong."""
    table = csv.DictReader(lines)
    missing = [name for name in COLUMNS[:-1] if name not in (table.fieldnames or ())]
    if missing:
        message = f"the head line lacks {', '.join(missing)}; it must be {','.join(COLUMNS)}"
        raise RatesRefused(message, columns=missing)
    found: dict[str, Rate] = {}
    wrong: list[str] = []
    for row in table:
        try:
            rate = _rate(row)
            if rate.id in found:
                raise ValueError(f"id {rate.id} stands there twice")  # noqa: TRY301 - told with the rest
            found[rate.id] = rate
        except ValueError as error:
            wrong.append(f"line {table.line_num}: {error}")
    if wrong or not found:
        more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
        raise RatesRefused("; ".join(wrong[:MOST_TOLD] or ["it holds no rate"]) + more)
    return list(found.values())


def _rate(row: Mapping[str, str | None]) -> Rate:
    said = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not said["id"]:
        raise ValueError("id is empty")
    begins, ends = _day(said["valid_from"]), said["valid_to"]
    until = _day(ends) if ends else None
    if until is not None and until <= begins:
        raise ValueError(f"valid_to {until} is not after valid_from {begins}")
    if said["from"] == said["to"]:
        raise ValueError(f"{said['from']} needs no rate to itself")
    return Rate(
        id=said["id"],
        source=_currency(said["from"]),
        target=_currency(said["to"]),
        rate=_number(said["rate"]),
        valid_from=begins,
        valid_to=until,
    )


def _currency(text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise ValueError(f"{text!r} is no currency such as EUR")
    return text


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        raise ValueError(
            f"{text!r} is no rate: write a number above 0 with a point, such as 1.0825"
        )
    return number


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date such as 2026-01-31") from None


def _units(entity: Entity, group: Survivorship) -> list[str]:
    return [a.name for a in entity.attributes if a.unit_of and a.name in group.attributes]
