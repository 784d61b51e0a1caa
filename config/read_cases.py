"""Reads what cases are worth and when they are due: `exposure` of an entity, `cases` of the hub."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from config.expressions import check_amount
from config.section import Pool, Section
from config.tree import Keys, Scalar
from golden_records.domain.catalogue import ValueType
from golden_records.domain.records import ConflictKind
from golden_records.domain.rulebook import CaseClass

if TYPE_CHECKING:
    from config.names import EntityNames, Names
    from config.problems import Problems

NUMBERS: Final = frozenset({ValueType.DECIMAL, ValueType.INTEGER})
KINDS: Final = Pool.of("kind of case", [str(kind) for kind in ConflictKind])
_CODE: Final = re.compile(r"[A-Z]{3}")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


def read_exposure(entity: Section, own: EntityNames) -> tuple[str | None, str | None]:
    """Return the money at stake, as CEL over the attributes, and its currency."""
    value = entity.take("exposure")
    if not isinstance(value, Keys):
        return _amount(entity.scalar("exposure"), entity, own), None
    with Section(value, entity.problems, "exposure") as section:
        amount = _amount(section.scalar("amount", required=True), section, own)
        return amount, _currency(section.scalar("currency"), section, own)


def _amount(value: Scalar | None, section: Section, own: EntityNames) -> str | None:
    if value is None:
        return None
    if not _NAME.fullmatch(value.text):
        check_amount(value, own.attributes, section.problems)
        return value.text
    pool = Pool.of("attribute", own.attributes)
    name = value.text if value.text in own.attributes else None
    if name is None:
        message = f"unknown {pool.kind} '{value.text}'"
        listed = ", ".join(sorted(pool.names))
        section.error(value, message, f"write an attribute or an expression; known: {listed}")
    elif own.attributes[name] not in NUMBERS:
        message = f"exposure '{name}' is not an amount"
        section.error(value, message, "name an attribute of type decimal or integer")
    return name


def _currency(value: Scalar | None, section: Section, own: EntityNames) -> str | None:
    if value and value.text not in own.attributes and not _CODE.fullmatch(value.text):
        message = f"'{value.text}' is neither an attribute nor the code of a currency"
        section.error(value, message, "write an attribute that holds it, or a code such as EUR")
    return value.text if value else None


def read_case_classes(tree: Keys, names: Names, problems: Problems) -> tuple[CaseClass, ...]:
    """Read the classes in order: the first that takes a case says how soon it is due."""
    hub = Section(tree, problems, "hub.yaml")
    found: list[CaseClass] = []
    for word, section in hub.sections("cases", "class of cases"):
        if found and not (found[-1].kinds or found[-1].entities or found[-1].exposure is not None):
            message = f"no case comes to '{word.text}': '{found[-1].name}' takes all"
            problems.error(word.place, message, "move the class that takes all to the end")
        with section:
            found.append(_class(word.text, section, names))
    return tuple(found)


def _class(name: str, section: Section, names: Names) -> CaseClass:
    section.take("due", required=True)
    return CaseClass(
        name=name,
        due=section.duration("due", timedelta()),
        kinds=frozenset(section.names("kinds", KINDS)),
        entities=frozenset(section.names("entities", names.entity_pool)),
        exposure=_least(section),
    )


def _least(section: Section) -> Decimal | None:
    value = section.scalar("exposure")
    if value is None:
        return None
    try:
        return Decimal(value.text)
    except InvalidOperation:
        section.error(value, f"'{value.text}' is not an amount", "write a number such as 10000")
        return None
