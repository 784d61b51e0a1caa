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
from matchers.compare.product import CONTRAST, FOUND_BY_TEXT, MODEL, NUMBERS, TEXT, WORDS, reading
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

# Columns that find nobody: where there are no others, texts do.
_BESIDE = frozenset(
    (
        FieldKind.TEXT,
        FieldKind.NUMBER,
        FieldKind.MONEY,
        FieldKind.CATEGORY,
        FieldKind.COUNTRY,
        FieldKind.CITY,
        FieldKind.POSTCODE,
        FieldKind.DATE,
    )
)


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
    """Model numbers stand in titles and codes; texts of the other record may hold them too.

    One shop has a column for what the other writes in the title.
    """
    numbered = (*_of(spec, FieldKind.TITLE), *_of(spec, FieldKind.CODE))
    if not _of(spec, FieldKind.TITLE):
        return []
    texts = _of(spec, FieldKind.TEXT)
    return [Comparison("model", reading(MODEL, len(numbered)), (*numbered, *texts))]


def _words(spec: MatchSpec, field: FieldSpec) -> Comparison:
    """Words of a title that the other record says as its maker or category set nothing apart."""
    beside = _of(spec, FieldKind.COMPANY_NAME, FieldKind.NAME, FieldKind.CATEGORY)
    return Comparison(f"{field.name}.words", reading(WORDS, 1), (field.name, *beside))


def _comparators(spec: MatchSpec, kind: FieldKind) -> tuple[Comparator, ...]:
    if kind is FieldKind.TEXT and all(field.kind in _BESIDE for field in spec.fields):
        return (FOUND_BY_TEXT,)
    return SINGLE.get(kind, ())


def _single(spec: MatchSpec, field: FieldSpec) -> list[Comparison]:
    return [
        Comparison(
            name=f"{field.name}.{comparator.name}" if field.kind is FieldKind.TITLE else field.name,
            comparator=comparator,
            fields=(field.name,),
            region=field.region,
            exclusive=field.exclusive,
        )
        for comparator in _comparators(spec, field.kind)
    ]


@lru_cache(maxsize=64)
def plan(spec: MatchSpec) -> tuple[Comparison, ...]:
    """The comparisons of a specification, in a fixed order."""
    found = [*_person(spec), *_street(spec), *_model(spec)]
    for field in spec.fields:
        if field.kind is FieldKind.TITLE:
            found.append(_words(spec, field))
        found += _single(spec, field)
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
