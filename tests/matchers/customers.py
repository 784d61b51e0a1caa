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

_GIVEN = "Anna Bernd Clara David Elena Frank Greta Heinz Irene Jonas Karin Lukas Maria Nils".split()
_SURNAMES = """
Ahlers Brandt Castillo Dupont Eriksen Fischer Garcia Hansen Ivanov Jensen Keller Lorenz Meier
Nowak Olsen Peters Quast Richter Sommer Thiel Ulrich Vogel Wagner Xander Yilmaz Zander
""".split()
_TRADES = "Elektro Druck Metall Papier Technik Werkzeug Logistik Software Holz Textil".split()
_STREETS = """
Gartenweg Lindenallee Marktplatz Schillerstraße Goethestraße Bergstraße Mühlweg Ringstraße
Bahnhofstraße Uferpromenade Parkallee Schulstraße Rosenweg Talstraße Feldstraße
""".split()
_CITIES = {"Köln": "50667", "Bremen": "28195", "Leipzig": "04109", "Ulm": "89073", "Kiel": "24103"}


def _typo(text, rng):
    spot = rng.randrange(1, len(text))
    return text[:spot] + rng.choice("aeinrst") + text[spot + 1 :]


def _one(spec, number, rng):
    surname, city = rng.choice(_SURNAMES), rng.choice(sorted(_CITIES))
    person = f"{rng.choice(_GIVEN)} {surname}"
    company = f"{surname} {rng.choice(_TRADES)} GmbH"
    business = spec is COMPANY or (spec is ANYBODY and number % 2)
    values = {
        "name": company if business else person,
        "email": f"{surname}.{number}@mail{number % 9}.de".lower(),
        "phone": f"0{rng.randrange(200, 999)} {rng.randrange(10**6, 10**7)}",
        "street": f"{rng.choice(_STREETS)} {rng.randrange(1, 99)}",
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
