"""What people who look after customers take for granted, one case a row.

Every case holds on the first day, without data, and after training on a small table; but for the
few of `FIRST_DAY`, where a table of unlike names makes a rare company name tell by itself.
"""

from __future__ import annotations

import pytest

from matchers import (
    Cluster,
    Outcome,
    Record,
    decide,
    default_model,
    match_batch,
    prepare,
    score_pairs,
    train,
)
from tests.matchers.customers import ANYBODY, COMPANY, PERSON, table

MODELS = {
    "default": {spec: default_model(spec) for spec in (ANYBODY, COMPANY, PERSON)},
    "trained": {
        spec: train(spec, [prepare(spec, record) for record in table(spec)])
        for spec in (ANYBODY, COMPANY, PERSON)
    },
}
SAME = {Outcome.MATCH}
ASK = {Outcome.REVIEW}
NOT_SAME = {Outcome.REVIEW, Outcome.NEW}
ANEW = {Outcome.NEW}

BERLIN = {"street": "Hauptstraße 12", "city": "Berlin", "postcode": "10115", "country": "DE"}
MUNICH = {"street": "Ludwigstr. 5", "city": "München", "postcode": "80331", "country": "DE"}
VAT, OTHER_VAT = {"tax_id": "DE136695976"}, {"tax_id": "DE129273398"}
PHONE, OTHER_PHONE = {"phone": "030 1234567"}, {"phone": "089 7654321"}
MAIL = {"email": "robert.smith@gmail.com"}
OFFICE = {"email": "info@acme-tools.de"}
BORN = {"born": "1970-03-04"}


def n(name):
    return {"name": name}


ACME, ZENITH = n("Acme Tools GmbH"), n("Zenith Software AG")
BOB, MARY = n("Robert Smith"), n("Mary Smith")

COMPANIES = [
    ("the head office moved", ACME | BERLIN | VAT, ACME | MUNICH | VAT, SAME),
    ("name and tax number alone", ACME | VAT, n("ACME TOOLS") | {"tax_id": "DE 136 695 976"}, SAME),
    (
        "another valid tax number vetoes",
        ACME | BERLIN | PHONE | VAT,
        ACME | BERLIN | PHONE | OTHER_VAT,
        ANEW,
    ),
    (
        "a mistyped tax number does not",
        ACME | BERLIN | PHONE | VAT,
        ACME | BERLIN | PHONE | {"tax_id": "DE136695967"},
        SAME,
    ),
    ("one tax number, all else different", ACME | BERLIN | VAT, ZENITH | MUNICH | VAT, ASK),
    ("a branch in another city", ACME | BERLIN | PHONE, ACME | MUNICH | OTHER_PHONE, NOT_SAME),
    ("a branch with the central number", ACME | BERLIN | PHONE, ACME | MUNICH | PHONE, NOT_SAME),
    ("legal form abbreviated", n("ACME GmbH") | BERLIN, n("Acme Gesellschaft mbH") | BERLIN, SAME),
    (
        "legal form spelled out",
        n("ACME GmbH") | BERLIN,
        n("Acme Gesellschaft mit beschränkter Haftung") | BERLIN,
        SAME,
    ),
    (
        "the holding beside the company",
        n("ACME Holding GmbH") | BERLIN | PHONE,
        n("ACME GmbH") | BERLIN | PHONE,
        NOT_SAME,
    ),
    ("a shared switchboard", ACME | PHONE, ZENITH | PHONE, NOT_SAME),
    ("a shared house and switchboard", ACME | BERLIN | PHONE, ZENITH | BERLIN | PHONE, NOT_SAME),
    ("a shared office mailbox", ACME | OFFICE, ZENITH | OFFICE, NOT_SAME),
    (
        "a shared house, switchboard and office mailbox",
        ACME | BERLIN | PHONE | OFFICE,
        ZENITH | BERLIN | PHONE | OFFICE,
        NOT_SAME,
    ),
    (
        "the office mailbox of another company",
        ACME | {"email": "info@acme.de"},
        ZENITH | {"email": "info@zenith.de"},
        ANEW,
    ),
    ("nothing but the name", ACME, n("ACME Tools"), NOT_SAME),
    (
        "name, telephone and city",
        ACME | PHONE | {"city": "Berlin"},
        n("ACME Tools") | {"phone": "+49 (0)30 / 123 45 67", "city": "Berlin"},
        SAME,
    ),
    (
        "a typing error",
        ACME | BERLIN,
        n("Acme Toools GmbH") | BERLIN | {"street": "Hauptstr. 12"},
        SAME,
    ),
    (
        "a box says nothing about a street",
        ACME | BERLIN | PHONE,
        ACME | BERLIN | PHONE | {"street": "Postfach 1234", "postcode": "10001"},
        SAME,
    ),
    (
        "two boxes of one post office",
        ACME | BERLIN | {"street": "P.O. Box 1234"},
        n("Acme Trading GmbH") | BERLIN | {"street": "Postfach 4711"},
        NOT_SAME,
    ),
    (
        "umlauts written out",
        n("Bäckerei Müller GmbH") | {"street": "Königsallee 5", "city": "Düsseldorf"},
        n("Baeckerei Mueller") | {"street": "Koenigsallee 5", "city": "Duesseldorf"},
        SAME,
    ),
    ("& and and", n("Smith & Sons Ltd") | BERLIN, n("Smith and Sons Limited") | BERLIN, SAME),
    (
        "numbered sites",
        n("Sunshine Daycare I") | BERLIN,
        n("Sunshine Daycare II") | BERLIN | {"street": "Kantstr. 9"},
        NOT_SAME,
    ),
    ("numbered branches", n("Acme Store 12") | PHONE, n("Acme Store #13") | PHONE, NOT_SAME),
    ("east and west", n("Acme Clinic East") | PHONE, n("Acme Clinic West") | PHONE, NOT_SAME),
    (
        "initials",
        n("International Business Machines") | PHONE | OFFICE,
        n("IBM") | PHONE | OFFICE,
        SAME,
    ),
    (
        "a mailbox that is none",
        ACME | {"email": "noemail@acme.de"},
        ZENITH | {"email": "noemail@acme.de"},
        ANEW,
    ),
    (
        "a country's code and its name",
        ACME | BERLIN,
        ACME | BERLIN | {"country": "Deutschland"},
        SAME,
    ),
]
PERSONS = [
    ("a couple", BOB | BERLIN | PHONE, MARY | BERLIN | PHONE, NOT_SAME),
    (
        "a couple of two surnames",
        BOB | BERLIN | PHONE,
        n("Mary Jones") | BERLIN | PHONE,
        NOT_SAME,
    ),
    (
        "a couple with one mailbox",
        BOB | BERLIN | PHONE | {"email": "smiths@web.de"},
        MARY | BERLIN | PHONE | {"email": "smiths@web.de"},
        NOT_SAME,
    ),
    ("a family's mailbox", BOB | MAIL, MARY | MAIL, NOT_SAME),
    (
        "father and son",
        BOB | BERLIN | PHONE | BORN,
        BOB | BERLIN | PHONE | {"born": "1998-11-21"},
        NOT_SAME,
    ),
    ("senior and junior", n("Bob Smith Sr.") | BERLIN, n("Bob Smith Jr.") | BERLIN, NOT_SAME),
    (
        "twins",
        BOB | BERLIN | PHONE | BORN,
        n("Richard Smith") | BERLIN | PHONE | BORN,
        NOT_SAME,
    ),
    (
        "sisters",
        n("Maria Weber") | BERLIN | {"born": "1990-01-02"},
        n("Marta Weber") | BERLIN | {"born": "1993-07-08"},
        NOT_SAME,
    ),
    ("brother and sister", n("Mario Weber") | BERLIN, n("Maria Weber") | BERLIN, NOT_SAME),
    ("names crossed", BOB | MAIL, n("Smith Robert") | MAIL, SAME),
    ("surname first", BOB | MAIL, n("Smith, Robert") | MAIL, SAME),
    ("a nickname", BOB | BERLIN, n("Bob Smith") | BERLIN, SAME),
    ("initials", BOB | MAIL, n("R. Smith") | MAIL, SAME),
    (
        "a new surname",
        n("Anna Weber") | MAIL | PHONE | BORN,
        n("Anna Schneider") | MAIL | PHONE | BORN | BERLIN,
        SAME,
    ),
    (
        "a double surname",
        n("Anna Weber") | BERLIN | BORN,
        n("Anna Weber-Schneider") | BERLIN | BORN,
        SAME,
    ),
    ("umlauts written out", n("Jürgen Müller") | BERLIN, n("Juergen Mueller") | BERLIN, SAME),
    ("umlauts dropped", n("Jürgen Müller") | BERLIN, n("Jurgen Muller") | BERLIN, SAME),
    ("letters swapped in the surname", BOB | BERLIN, n("Robert Smtih") | BERLIN, SAME),
    ("letters swapped in the given name", BOB | BERLIN, n("Robret Smith") | BERLIN, SAME),
    ("title and second name", n("Dr. Robert J. Smith") | BERLIN, BOB | BERLIN, SAME),
    ("nothing but a rare name", n("Xaver Quintenzweig"), n("Xaver Quintenzweig"), NOT_SAME),
    ("nothing but a common name", BOB, BOB, NOT_SAME),
    ("a name and a city", BOB | {"city": "Berlin"}, BOB | {"city": "Berlin"}, NOT_SAME),
    ("another city", BOB | BERLIN, BOB | MUNICH, NOT_SAME),
    (
        "the same name next door",
        BOB | BERLIN,
        BOB | BERLIN | {"street": "Hauptstraße 14"},
        NOT_SAME,
    ),
    ("moved, same mailbox", BOB | BERLIN | MAIL, BOB | MUNICH | MAIL, SAME),
    ("a new mailbox", BOB | BERLIN | MAIL, BOB | BERLIN | {"email": "bob70@web.de"}, SAME),
    (
        "a telephone number abroad and at home",
        BOB | {"phone": "+49 (0)170 1234567"},
        BOB | {"phone": "0049 170 123 4567"},
        SAME,
    ),
    (
        "day and month swapped",
        BOB | BERLIN | BORN,
        BOB | BERLIN | {"born": "1970-04-03"},
        SAME,
    ),
    ("capitals, and little else", BOB | MAIL | {"city": "Berlin"}, n("ROBERT SMITH") | MAIL, SAME),
]
EITHER = [
    ("an address that nobody is named at", BERLIN, BERLIN, ANEW),
    ("a name on one side alone", BOB | BERLIN, BERLIN, ANEW),
    ("a couple", BOB | BERLIN | PHONE, MARY | BERLIN | PHONE, NOT_SAME),
    ("a couple with one mailbox", BOB | BERLIN | MAIL, MARY | BERLIN | MAIL, NOT_SAME),
    ("names crossed", BOB | MAIL, n("Smith Robert") | MAIL, SAME),
    ("a nickname", BOB | BERLIN, n("Bob Smith") | BERLIN, SAME),
    ("initials", BOB | MAIL, n("R. Smith") | MAIL, SAME),
    ("umlauts written out", n("Jürgen Müller") | BERLIN, n("Juergen Mueller") | BERLIN, SAME),
    ("another city", BOB | BERLIN, BOB | MUNICH, NOT_SAME),
    ("a branch", ACME | BERLIN | PHONE, ACME | MUNICH | OTHER_PHONE, NOT_SAME),
    ("the head office moved", ACME | BERLIN | VAT, ACME | MUNICH | VAT, SAME),
]
FIRST_DAY = {"nothing but the name", "two boxes of one post office"}
CASES = [
    pytest.param(state, spec, one, other, expected, id=f"{state}, {kind}: {why}")
    for state in MODELS
    for kind, spec, rows in (
        ("company", COMPANY, COMPANIES),
        ("person", PERSON, PERSONS),
        ("either", ANYBODY, EITHER),
    )
    for why, one, other, expected in rows
    if state == "default" or why not in FIRST_DAY
]


@pytest.mark.parametrize(("state", "spec", "one", "other", "expected"), CASES)
def test_everyday_cases_come_out_as_people_expect(state, spec, one, other, expected):
    record, known = prepare(spec, Record("a", "crm", one)), prepare(spec, Record("b", "erp", other))
    scores = score_pairs(spec, MODELS[state][spec], [(record, known)])
    decision = decide(spec, record, [Cluster(golden_id="g", scores=scores)])
    assert decision.outcome in expected, scores[0]


def test_a_number_that_only_one_may_have_is_never_passed_over_in_a_table():
    ends = [Record("a", "crm", ACME | BERLIN | VAT), Record("b", "erp", ZENITH | MUNICH | VAT)]
    result = match_batch(COMPANY, [*table(COMPANY), *ends])
    assert [(pair.left, pair.right) for pair in result.review if pair.left == "a"] == [("a", "b")]
