"""Amounts in several currencies, compared in one, at dated rates.

A rate is reference data: it is an argument, with a version of its own. Only a declared rate is
used, in its own direction or turned round; two rates are never chained. A missing rate is an
answer: the amounts have no order, and somebody is told which rate it was.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from golden_records.domain.catalogue import Comparison, ValueType
from golden_records.domain.values import INFINITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from golden_records.domain.catalogue import Attribute, Survivorship

DATE_LENGTH: Final = len("2026-01-01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One unit of `source` is worth `rate` units of `target`, in [valid_from, valid_to)."""

    id: str
    source: str
    target: str
    rate: Decimal
    valid_from: date
    valid_to: date | None = None


class Rates:
    """A set of rates; the rates of one pair do not overlap. `version` names its content."""

    __slots__ = ("_begins", "_pairs", "version")

    def __init__(self, rates: Iterable[Rate] = (), version: str = "") -> None:
        self.version = version
        self._pairs: dict[tuple[str, str], list[Rate]] = {}
        for rate in sorted(rates, key=lambda rate: rate.valid_from):
            self._pairs.setdefault((rate.source, rate.target), []).append(rate)
        self._begins = {
            pair: [rate.valid_from for rate in rates] for pair, rates in self._pairs.items()
        }

    def rate(self, source: str, target: str, on: date) -> Rate | None:
        """Return the declared rate in force on the day, in this direction."""
        at = bisect_right(self._begins.get((source, target), ()), on) - 1
        if at < 0:
            return None
        found = self._pairs[source, target][at]
        return found if found.valid_to is None or on < found.valid_to else None

    def convert(
        self, amount: Decimal, source: str, target: str, on: date
    ) -> tuple[Decimal, Rate | None] | None:
        """Return the amount in the target currency with the rate used; None where there is none."""
        if source == target:
            return amount, None
        found = self.rate(source, target, on)
        if found is not None:
            return amount * found.rate, found
        found = self.rate(target, source, on)
        return None if found is None else (amount / found.rate, found)

    def next_change(self, source: str, target: str, on: date) -> date | None:
        """Return the next day after `on` on which another rate, or none, is in force."""
        rates = (*self._pairs.get((source, target), ()), *self._pairs.get((target, source), ()))
        bounds = [day for rate in rates for day in (rate.valid_from, rate.valid_to) if day]
        return min((day for day in bounds if day > on), default=None)


NO_RATES: Final = Rates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """How the amounts of a group are compared: the attributes concerned, and the declared rule."""

    measure: str
    unit: str
    rule: Comparison

    @classmethod
    def of(cls, group: Survivorship, attributes: Mapping[str, Attribute]) -> Yardstick | None:
        """Return None where the group compares plain numbers."""
        found, rule = measure_of(group, attributes), group.compare
        if rule is None and group.raises is not None and group.raises.currency is not None:
            rule = Comparison(currency=group.raises.currency)
        if rule is None or found is None or found[1] is None:
            return None
        return cls(measure=found[0], unit=found[1], rule=rule)


def measure_of(
    group: Survivorship, attributes: Mapping[str, Attribute]
) -> tuple[str, str | None] | None:
    """Return the group's amount and its unit: the first number, and what says `unit_of` it."""
    members = [attributes[name] for name in group.attributes if name in attributes]
    numbers = [a for a in members if a.type in {ValueType.DECIMAL, ValueType.INTEGER}]
    if not numbers:
        return None
    measure = next((n for n in numbers if any(a.unit_of == n.name for a in members)), numbers[0])
    return measure.name, next((a.name for a in members if a.unit_of == measure.name), None)


class Scale:
    """The yardstick during one merge; it notes which rates it used, and which were missing."""

    __slots__ = ("_now", "_rates", "_yard", "_zone", "changes", "missing", "used")

    def __init__(self, yard: Yardstick, rates: Rates, now: datetime, zone: ZoneInfo) -> None:
        self._yard = yard
        self._rates = rates
        self._now = now
        self._zone = zone
        self.used: set[str] = set()
        self.missing: set[tuple[str, str, str]] = set()
        self.changes: set[date] = set()

    @property
    def measure(self) -> str:
        return self._yard.measure

    def sizes(self, several: Iterable[Mapping[str, object]]) -> list[Decimal] | None:
        """Return the amounts in one currency; None where they cannot be compared.

        Amounts of one and the same currency need no rate.
        """
        said = list(several)
        amounts = [attrs.get(self._yard.measure) for attrs in said]
        if None in amounts:
            return None
        if len({attrs.get(self._yard.unit) for attrs in said}) == 1:
            return [Decimal(str(amount)) for amount in amounts]
        found = [self.within(attrs, self._yard.rule.currency) for attrs in said]
        sizes = [size for size in found if size is not None]
        return sizes if len(sizes) == len(found) else None

    def extreme(self, sizes: list[Decimal], wanted: Decimal) -> list[bool]:
        """Tell which sizes are as good as the wanted one, within the tolerance."""
        slack = max(self._yard.rule.absolute, self._yard.rule.relative * abs(wanted))
        return [abs(size - wanted) <= slack for size in sizes]

    def same(self, a: Mapping[str, object], b: Mapping[str, object]) -> bool:
        """Tell whether two amounts are the same within the tolerance."""
        sizes = self.sizes((a, b))
        return sizes is not None and self.extreme(sizes, sizes[0])[1]

    def within(self, attrs: Mapping[str, object], currency: str) -> Decimal | None:
        """Return the amount in a currency; None where there is no amount, or no rate."""
        amount, source = attrs.get(self._yard.measure), str(attrs.get(self._yard.unit) or "")
        if amount is None:
            return None
        day, moves = self._day(attrs)
        if moves and source != currency:
            change = self._rates.next_change(source, currency, day)
            self.changes |= {change} if change else set()
        found = self._rates.convert(Decimal(str(amount)), source, currency, day)
        if found is None:
            self.missing.add((source, currency, day.isoformat()))
            return None
        size, rate = found
        if rate is not None:
            self.used.add(rate.id)
        return size

    def _day(self, attrs: Mapping[str, object]) -> tuple[date, bool]:
        """Return the day whose rate counts, and whether it moves on with the time."""
        said = attrs.get(self._yard.rule.date) if self._yard.rule.date else None
        if not isinstance(said, str) or said in INFINITIES:
            return self._now.astimezone(self._zone).date(), True
        if len(said) == DATE_LENGTH:
            return date.fromisoformat(said), False
        moment = datetime.fromisoformat(said)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(self._zone).date(), False
