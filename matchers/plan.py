"""From declared fields to comparisons, and from a record to its normal values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from matchers.compare.address import CATEGORY, COUNTRY, PLACE, POSTCODE, STREET
from matchers.compare.contact import EMAIL, PHONE
from matchers.compare.identifier import CODE, GTIN, TAX_ID
from matchers.compare.moment import DATE, NUMBER
from matchers.compare.organisation import ORGANISATION
from matchers.compare.person import PERSON
from matchers.compare.product import CONTRAST, MODEL, NUMBERS, TEXT, WORDS, reading
from matchers.spec import FieldKind, FieldSpec, MatchSpec, Record

if TYPE_CHECKING:
    from matchers.compare.levels import Comparator, Value

# Kinds whose every column is compared on its own, each with one or more comparators.
SINGLE: dict[FieldKind, tuple[Comparator, ...]] = {
    FieldKind.COMPANY_NAME: (ORGANISATION,),
    FieldKind.NAME: (ORGANISATION,),
    FieldKind.EMAIL: (EMAIL,),
    FieldKind.PHONE: (PHONE,),
    FieldKind.CITY: (PLACE,),
    FieldKind.POSTCODE: (POSTCODE,),
    FieldKind.COUNTRY: (COUNTRY,),
    FieldKind.ADDRESS: (STREET,),
    FieldKind.TAX_ID: (TAX_ID,),
    FieldKind.GTIN: (GTIN,),
    FieldKind.CODE: (CODE,),
    FieldKind.TITLE: (NUMBERS, CONTRAST),
    FieldKind.TEXT: (TEXT,),
    FieldKind.DATE: (DATE,),
    FieldKind.NUMBER: (NUMBER,),
    FieldKind.MONEY: (NUMBER,),
    FieldKind.CATEGORY: (CATEGORY,),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparator bound to the columns that it reads."""

    name: str
    comparator: Comparator
    fields: tuple[str | None, ...]
    region: str | None = None
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record's normal values, one per comparison of the plan; picklable."""

    id: str
    system: str
    values: tuple[Value | None, ...]


def _of(spec: MatchSpec, *kinds: FieldKind) -> tuple[str, ...]:
    return tuple(field.name for field in spec.fields if field.kind in kinds)


def _person(spec: MatchSpec) -> list[Comparison]:
    """All name columns of a person form one comparison; they are far from independent."""
    given = _of(spec, FieldKind.GIVEN_NAME)
    surname = _of(spec, FieldKind.SURNAME)
    whole = _of(spec, FieldKind.PERSON_NAME)
    if not (given or surname or whole):
        return []
    parts = (given[0] if given else None, surname[0] if surname else None, *whole)
    return [Comparison("person", PERSON, parts)]


def _street(spec: MatchSpec) -> list[Comparison]:
    lines = _of(spec, FieldKind.STREET)
    return [Comparison("street", STREET, lines)] if lines else []


def _model(spec: MatchSpec) -> list[Comparison]:
    """Model numbers of titles are looked for in all titles, texts and codes of the other record."""
    titles, beside = _of(spec, FieldKind.TITLE), _of(spec, FieldKind.TEXT, FieldKind.CODE)
    if not titles:
        return []
    return [Comparison("model", reading(MODEL, len(titles)), (*titles, *beside))]


def _words(spec: MatchSpec, field: FieldSpec) -> Comparison:
    """Words of a title that the other record says as its maker or category set nothing apart."""
    beside = _of(spec, FieldKind.COMPANY_NAME, FieldKind.NAME, FieldKind.CATEGORY)
    return Comparison(f"{field.name}.words", reading(WORDS, 1), (field.name, *beside))


def _single(field: FieldSpec) -> list[Comparison]:
    return [
        Comparison(
            name=f"{field.name}.{comparator.name}" if field.kind is FieldKind.TITLE else field.name,
            comparator=comparator,
            fields=(field.name,),
            region=field.region,
            exclusive=field.exclusive,
        )
        for family in (SINGLE.get(field.kind, ()),)
        for comparator in family
    ]


@lru_cache(maxsize=64)
def plan(spec: MatchSpec) -> tuple[Comparison, ...]:
    """The comparisons of a specification, in a fixed order."""
    found = [*_person(spec), *_street(spec), *_model(spec)]
    for field in spec.fields:
        if field.kind is FieldKind.TITLE:
            found.append(_words(spec, field))
        found += _single(field)
    return tuple(found)


def prepare(spec: MatchSpec, record: Record) -> Prepared:
    """Bring a record into normal form; what says nothing becomes None."""
    values = record.values
    return Prepared(
        record.id,
        record.system,
        tuple(
            comparison.comparator.normalise(
                tuple(values.get(name) if name else None for name in comparison.fields),
                comparison.region,
            )
            for comparison in plan(spec)
        ),
    )
