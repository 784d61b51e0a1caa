"""Reads how the amounts of a survivorship group are compared, and which raises need a person."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from config.section import Pool
from golden_records.domain.catalogue import Comparison, Raises, ValueType

if TYPE_CHECKING:
    from config.names import EntityNames
    from config.section import Section

NUMBERS = frozenset({ValueType.DECIMAL, ValueType.INTEGER})
_MOMENTS = frozenset({ValueType.DATE, ValueType.TIMESTAMP})
_NONE = Decimal(0)


def read_comparison(
    group: Section, attributes: tuple[str, ...], own: EntityNames
) -> Comparison | None:
    """Amounts in several currencies need an amount, its currency, and one to compare them in."""
    section = group.section("compare", "compare")
    if section is None:
        return None
    with section:
        if not _units(attributes, own):
            message = "`compare` needs an amount and its currency in the group"
            remedy = "give the currency `unit_of: <amount>`, and name both in the group"
            group.error(group.take("compare"), message, remedy)
        date = section.scalar("date")
        name = section.name("date", Pool.of("attribute", own.attributes))
        if date and name and own.attributes[name] not in _MOMENTS:
            section.error(
                date, f"'{name}' is not a date", "name a date or timestamp, or leave it out"
            )
        return Comparison(
            currency=section.text("currency", required=True) or "",
            date=name,
            absolute=_amount(section, "absolute"),
            relative=_amount(section, "relative"),
        )


def read_raises(group: Section, attributes: tuple[str, ...], own: EntityNames) -> Raises | None:
    """A threshold is an amount; where amounts have a currency, it has one too."""
    section = group.section("raises", "raises")
    if section is None:
        return None
    with section:
        if not [name for name in attributes if own.attributes.get(name) in NUMBERS]:
            message = "`raises` needs an amount in the group"
            group.error(group.take("raises"), message, "name a decimal or integer attribute in it")
        currency = section.text("currency", required=bool(_units(attributes, own)))
        section.take("above", required=True)
        return Raises(above=_amount(section, "above"), currency=currency)


def _units(attributes: tuple[str, ...], own: EntityNames) -> list[str]:
    """The attributes of the group that are the unit of one of its numbers."""
    return [
        name
        for name in attributes
        if own.units.get(name) in attributes and own.attributes.get(own.units[name]) in NUMBERS
    ]


def _amount(section: Section, key: str) -> Decimal:
    value = section.scalar(key)
    if value is None:
        return _NONE
    try:
        amount = Decimal(value.text)
    except InvalidOperation:
        amount = Decimal(-1)
    if amount.is_finite() and amount >= 0:
        return amount
    section.error(value, f"'{key}' is '{value.text}'", "write a number from 0 up, such as 10000")
    return _NONE
