"""Reads where an entity asks for a second person."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from config.section import Pool, as_name, as_scalar
from golden_records.domain.catalogue import Approval, ValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.section import Section
    from config.tree import Scalar

_NUMBERS = {ValueType.DECIMAL, ValueType.INTEGER}


def read_approval(entity: Section, name: str, attributes: Mapping[str, ValueType]) -> Approval:
    """Read `approval:`; without it one person is enough for everything."""
    section = entity.section("approval", "approval")
    if section is None:
        return Approval()
    with section:
        amounts = section.section("amounts", "amounts")
        merge, unmerge = section.integer("merge", least=2), section.integer("unmerge")
        if not section.tree.entries:
            remedy = "name one of amounts, merge and unmerge, or remove `approval:`"
            section.error(None, "approval asks for nothing", remedy)
        found = _amounts(amounts, name, attributes) if amounts else {}
        return Approval(amounts=found, merge=merge, unmerge=unmerge)


def _amounts(
    section: Section, name: str, attributes: Mapping[str, ValueType]
) -> dict[str, Decimal]:
    pool = Pool.of(f"attribute of {name}", attributes)
    found = {}
    for word, tree in section.tree.entries:
        attribute = as_name(word, pool, section.problems)
        value = as_scalar(tree, word.text, section.problems)
        if attribute is None or value is None:
            continue
        if attributes[attribute] not in _NUMBERS:
            message = f"'{attribute}' is not an amount"
            section.error(word, message, "name an attribute of type decimal or integer")
            continue
        amount = _amount(section, word, value)
        if amount is not None:
            found[attribute] = amount
    return found


def _amount(section: Section, word: Scalar, value: Scalar) -> Decimal | None:
    try:
        amount = Decimal(value.text)
    except InvalidOperation:
        amount = Decimal("nan")
    if amount.is_finite() and amount >= 0:
        return amount
    section.error(value, f"'{word.text}' is '{value.text}'", "write an amount such as 50000")
    return None
