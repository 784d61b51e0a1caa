"""Made-up people with the errors that systems make, for the tests of matching."""

# ruff: noqa: S311 - repeatable, not secret

from __future__ import annotations

import random

from matchers import FieldKind, FieldSpec, MatchSpec, Record

FIRST = ("anna", "boris", "clara", "david", "elena", "frank", "greta", "henry", "irene", "jonas")
LAST = ("ahlberg", "brandt", "castillo", "dupont", "eriksen", "fischer", "garcia", "hansen")
STREETS = ("hauptstrasse", "bahnhofstrasse", "mill lane", "high street", "rue des lilas")

PERSON = MatchSpec(
    entity="customer",
    fields=(
        FieldSpec(name="given", kind=FieldKind.GIVEN_NAME),
        FieldSpec(name="surname", kind=FieldKind.SURNAME),
        FieldSpec(name="email", kind=FieldKind.EMAIL),
        FieldSpec(name="phone", kind=FieldKind.PHONE),
        FieldSpec(name="street", kind=FieldKind.STREET),
        FieldSpec(name="postcode", kind=FieldKind.POSTCODE),
        FieldSpec(name="born", kind=FieldKind.DATE),
    ),
)


def _typo(text, rng):
    spot = rng.randrange(len(text))
    return text[:spot] + rng.choice("aeiou") + text[spot + 1 :]


def people(count, seed=0, copies=2):
    """`count` people, each in up to `copies` systems; the id tells the person: `sys:number`."""
    rng = random.Random(seed)
    records = []
    for number in range(count):
        given, surname = rng.choice(FIRST), rng.choice(LAST)
        person = {
            "given": given,
            "surname": surname,
            "email": f"{given}.{surname}{number}@mail{number % 7}.com",
            "phone": f"+49 30 {rng.randrange(10**6, 10**7)}",
            "street": f"{rng.choice(STREETS)} {rng.randrange(1, 99)}",
            "postcode": f"{rng.randrange(10000, 99999)}",
            "born": f"19{rng.randrange(40, 99)}-0{rng.randrange(1, 9)}-{rng.randrange(10, 28)}",
        }
        for copy in range(rng.randrange(1, copies + 1)):
            values = dict(person)
            if copy:
                values["surname"] = _typo(surname, rng)
                values[rng.choice(("email", "phone", "born"))] = None
            records.append(Record(f"s{copy}:{number}", f"s{copy}", values))
    return records
