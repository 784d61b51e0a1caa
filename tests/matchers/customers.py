"""Customers as hubs hold them: the usual columns, and a table to learn from."""

# ruff: noqa: S311 - repeatable, not secret

from __future__ import annotations

import random
from dataclasses import replace

from matchers import FieldKind, FieldSpec, MatchSpec, Record

_COMMON = (
    FieldSpec(name="email", kind=FieldKind.EMAIL),
    FieldSpec(name="phone", kind=FieldKind.PHONE, region="DE"),
    FieldSpec(name="street", kind=FieldKind.STREET),
    FieldSpec(name="city", kind=FieldKind.CITY),
    FieldSpec(name="postcode", kind=FieldKind.POSTCODE),
    FieldSpec(name="country", kind=FieldKind.COUNTRY),
    FieldSpec(name="tax_id", kind=FieldKind.TAX_ID, exclusive=True),
)
COMPANY = MatchSpec(
    entity="customer",
    fields=(FieldSpec(name="name", kind=FieldKind.COMPANY_NAME), *_COMMON),
)
PERSON = MatchSpec(
    entity="customer",
    fields=(
        FieldSpec(name="name", kind=FieldKind.PERSON_NAME),
        FieldSpec(name="born", kind=FieldKind.DATE),
        *_COMMON,
    ),
)
ANYBODY = replace(COMPANY, fields=(FieldSpec(name="name", kind=FieldKind.NAME), *_COMMON))

_GIVEN = """
Anna Bernd Clara David Elena Frank Greta Heinz Irene Jonas Karin Lukas Maria Nils
"""
_SURNAMES = """
Ahlers Brandt Castillo Dupont Eriksen Fischer Garcia Hansen Ivanov Jensen Keller Lorenz Meier
Nowak Olsen Peters Quast Richter Sommer Thiel Ulrich Vogel Wagner Xander Yilmaz Zander
"""
_TRADES = """
Elektro Druck Metall Papier Technik Werkzeug Logistik Software Holz Textil
"""
_STREETS = """
Gartenweg Lindenallee Marktplatz Schillerstraße Goethestraße Bergstraße Mühlweg Ringstraße
Bahnhofstraße Uferpromenade Parkallee Schulstraße Rosenweg Talstraße Feldstraße
"""
_CITIES = {"Köln": "50667", "Bremen": "28195", "Leipzig": "04109", "Ulm": "89073", "Kiel": "24103"}

_GIVEN_NAMES, _FAMILIES = _GIVEN.split(), _SURNAMES.split()
_KINDS, _ROADS = _TRADES.split(), _STREETS.split()


def _typo(text, rng):
    spot = rng.randrange(1, len(text))
    return text[:spot] + rng.choice("aeinrst") + text[spot + 1 :]


def _one(spec, number, rng):
    surname, city = rng.choice(_FAMILIES), rng.choice(sorted(_CITIES))
    person = f"{rng.choice(_GIVEN_NAMES)} {surname}"
    company = f"{surname} {rng.choice(_KINDS)} GmbH"
    business = spec is COMPANY or (spec is ANYBODY and number % 2)
    values = {
        "name": company if business else person,
        "email": f"{surname}.{number}@mail{number % 9}.de".lower(),
        "phone": f"0{rng.randrange(200, 999)} {rng.randrange(10**6, 10**7)}",
        "street": f"{rng.choice(_ROADS)} {rng.randrange(1, 99)}",
        "city": city,
        "postcode": _CITIES[city][:3] + f"{rng.randrange(10, 99)}",
        "country": "DE",
        "born": f"19{rng.randrange(40, 99)}-0{rng.randrange(1, 9)}-{rng.randrange(10, 28)}",
    }
    return {name: value for name, value in values.items() if spec is PERSON or name != "born"}


def table(spec, count=150, seed=7):
    """`count` customers, four in ten of them a second time with an error and something missing."""
    rng = random.Random(seed)
    records = []
    for number in range(count):
        values = _one(spec, number, rng)
        records.append(Record(f"crm:{number}", "crm", values))
        if rng.random() < 0.4:
            copy = dict(values)
            changed = rng.choice(("name", "street", "email"))
            copy[changed] = _typo(copy[changed], rng)
            copy[rng.choice(("phone", "email", "street"))] = None
            records.append(Record(f"erp:{number}", "erp", copy))
    return records


def _place(rng):
    city = rng.choice(sorted(_CITIES))
    return {
        "street": f"{rng.choice(_ROADS)} {rng.randrange(1, 99)}",
        "city": city,
        "postcode": _CITIES[city][:3] + f"{rng.randrange(10, 99)}",
        "country": "DE",
        "phone": f"0{rng.randrange(200, 999)} {rng.randrange(10**6, 10**7)}",
    }


def _surname(rng):
    return rng.choice(_FAMILIES) + rng.choice(("", "mann", "s", "er", "feld"))


def _told_twice(number, values, rng):
    """A customer in one system, or in two with an error and something missing."""
    records = [Record(f"crm:{number}", "crm", values)]
    if rng.random() < 0.35:
        copy = dict(values)
        changed = rng.choice(("name", "street"))
        copy[changed] = _typo(copy[changed], rng)
        copy[rng.choice(("phone", "street"))] = None
        records.append(Record(f"erp:{number}", "erp", copy))
    return records


def households(count, seed=3):
    """`count` persons who live alone, in twos or in threes, most of one surname and telephone."""
    rng = random.Random(seed)
    records, number = [], 0
    while number < count:
        surname, home = _surname(rng), _place(rng)
        for given in rng.sample(_GIVEN_NAMES, rng.choice((1, 1, 2, 2, 3))):
            own = surname if rng.random() < 0.8 else _surname(rng)
            records += _told_twice(number, home | {"name": f"{given} {own}"}, rng)
            number += 1
    return records


def chains(count, seed=5):
    """`count` sites of companies with one to five of them, half with one central telephone."""
    rng = random.Random(seed)
    records, number = [], 0
    while number < count:
        company = {"name": f"{_surname(rng)} {rng.choice(_KINDS)} GmbH"}
        if rng.random() < 0.5:
            company["phone"] = _place(rng)["phone"]
        for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
            records += _told_twice(number, _place(rng) | company, rng)
            number += 1
    return records
