"""Customers as three systems know them, and the limits that two of them hold."""

# ruff: noqa: PLR2004 - the chances of dirt are the numbers of this world

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from demo import dirt, identifiers, vocabulary
from demo.records import Record, Ref, Values, joined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The customer itself, as nobody's database holds it."""

    truth: str
    kind: str
    name: str
    tax_id: str | None
    email: str | None
    phone: str
    street: str
    postal_code: str
    city: str
    country: str
    shares_home: bool = False
    """Whether relatives at the same address are customers too."""


def invent(rng: Random, truth: str) -> Customer:
    """Make up one customer: a firm, or for three in ten a person."""
    weights = vocabulary.COUNTRY_WEIGHTS
    country = rng.choices(list(weights), list(weights.values()))[0]
    postal_code, city = rng.choice(vocabulary.CITIES[country])
    firm = rng.random() < 0.7
    name = _firm_name(rng, country) if firm else _person_name(rng)
    return Customer(
        truth=truth,
        kind="O" if firm else "P",
        name=name,
        tax_id=identifiers.tax_number(rng, country) if firm and rng.random() < 0.95 else None,
        email=_email(rng, name, truth) if rng.random() < 0.88 else None,
        phone=identifiers.phone(rng, country),
        street=f"{rng.choice(vocabulary.STREETS[country])} {rng.randint(1, 180)}",
        postal_code=postal_code,
        city=city,
        country=country,
    )


def _firm_name(rng: Random, country: str) -> str:
    stems = (rng.choice(vocabulary.FIRM_STEMS), rng.choice(vocabulary.LAST_NAMES))
    form = rng.choice(vocabulary.LEGAL_FORMS[country])
    return f"{' '.join(stems[: rng.randint(1, 2)])} {rng.choice(vocabulary.FIRM_TRADES)} {form}"


def _person_name(rng: Random) -> str:
    return f"{rng.choice(vocabulary.FIRST_NAMES)} {rng.choice(vocabulary.LAST_NAMES)}"


def _email(rng: Random, name: str, truth: str) -> str:
    words = dirt.fold_umlauts(rng, name.lower()).split()
    number = int(truth[1:])
    return f"{words[0]}.{words[-1].strip('.&+')}{number}@{words[1].strip('.&+')}.example"


def _relative(rng: Random, of: Customer, truth: str) -> Customer:
    """Another member of the family: one roof, one telephone, often one mailbox."""
    given, _, surname = of.name.partition(" ")
    others = [name for name in vocabulary.FIRST_NAMES if name[:2] != given[:2]]
    name = f"{rng.choice(others)} {surname}"
    email = of.email if rng.random() < 0.5 else _email(rng, name, truth)
    return replace(of, truth=truth, name=name, email=email, shares_home=True)


def _twin(rng: Random, of: Customer, truth: str) -> Customer:
    """A different firm of the same name in another city, often behind the same switchboard."""
    postal_code, city = rng.choice(
        [place for place in vocabulary.CITIES[of.country] if place[1] != of.city],
    )
    return replace(
        of,
        truth=truth,
        tax_id=identifiers.tax_number(rng, of.country),
        email=of.email if rng.random() < 0.3 else _email(rng, of.name, truth),
        phone=of.phone if rng.random() < 0.5 else identifiers.phone(rng, of.country),
        street=f"{rng.choice(vocabulary.STREETS[of.country])} {rng.randint(1, 180)}",
        postal_code=postal_code,
        city=city,
    )


def base(rng: Random, count: int) -> list[Customer]:
    """Make up so many customers, among them families and twins that are not the same."""
    people: list[Customer] = []
    for number in range(1, count + 1):
        truth = f"C{number:06d}"
        chance, last = rng.random(), people[-1] if people else None
        if last is not None and last.kind == "P" and chance < 0.12:
            people[-1] = replace(last, shares_home=True)
            people.append(_relative(rng, last, truth))
        elif last is not None and last.kind == "O" and chance < 0.04:
            people.append(_twin(rng, last, truth))
        else:
            people.append(invent(rng, truth))
    return people


def erp_record(rng: Random, of: Customer, key: str) -> Record:
    """The owner's copy: the cleanest of the three."""
    values = _copy(rng, of, spoil=0.04) | {
        "kind": of.kind,
        "number": f"K{int(key):07d}",
        "status": "active" if rng.random() < 0.97 else "inactive",
        "ledger_balance": f"{rng.randint(0, 9_000_00) / 100:.2f}",
    }
    return Record(ref=Ref("erp", "customer", key), truth=of.truth, values=values)


def cpq_record(rng: Random, of: Customer, key: str, erp: Record | None) -> Record:
    known = erp is not None and rng.random() < 0.6
    values = _copy(rng, of, spoil=0.25) | {
        "kind": of.kind,
        "erp_no": erp.values["number"] if erp is not None and known else None,
        "plan": rng.choice(vocabulary.PLANS) if rng.random() < 0.8 else None,
    }
    return Record(ref=Ref("cpq", "customer", key), truth=of.truth, values=values)


def commerce_record(rng: Random, of: Customer, key: str) -> Record:
    values = _copy(rng, of, spoil=0.3) | {
        "kind": of.kind,
        "number": f"W-{int(key):06d}",
        "consent": "true" if rng.random() < 0.4 else "false",
        "plan": rng.choice(vocabulary.PLANS) if rng.random() < 0.3 else None,
        "status": "active",
        "loyalty_points": str(rng.randint(0, 900)),
        "deleted": None,
    }
    return Record(ref=Ref("commerce", "customer", key), truth=of.truth, values=values)


def _copy(rng: Random, of: Customer, *, spoil: float) -> Values:
    """Type the customer into a system, with the dirt that comes of it."""
    name_dirt = dirt.NAME_DIRT if of.kind == "O" else dirt.PERSON_DIRT
    if of.shares_home:
        name_dirt = dirt.RELATIVE_DIRT
    phone = dirt.reformat_phone(rng, of.phone) if rng.random() < spoil * 2 else of.phone
    tax_id = of.tax_id if rng.random() < 0.93 else None
    if tax_id is not None and rng.random() < spoil:
        tax_id = dirt.reformat_tax_number(rng, tax_id)
    if tax_id is not None and rng.random() < spoil / 10:
        tax_id = dirt.typo(rng, tax_id)
    return {
        "name": dirt.maybe(rng, spoil, name_dirt, of.name),
        "tax_id": tax_id,
        "email": _mailbox(rng, of, spoil),
        "phone": phone if rng.random() > spoil / 3 else None,
        "street": dirt.maybe(rng, spoil, dirt.STREET_DIRT, of.street),
        "postal_code": of.postal_code,
        "city": dirt.maybe(rng, spoil / 2, dirt.CITY_DIRT, of.city),
        "country": of.country,
    }


def _mailbox(rng: Random, of: Customer, spoil: float) -> str | None:
    if of.email is None or rng.random() > 0.92:
        return None
    return of.email.upper() if rng.random() < spoil / 4 else of.email


def limits(rng: Random, erp: Record, commerce: Record | None) -> Iterator[Record]:
    """What the customer may owe to each legal entity, and what the shop believes of it."""
    for company, currency in vocabulary.COMPANIES.items():
        if rng.random() > (0.9 if company == "1000" else 0.25) - (erp.values["kind"] == "P") * 0.5:
            continue
        amount = Decimal(rng.randint(1, 200) * 500)
        yield _limit("erp", erp, company, {"amount": f"{amount:.2f}", "currency": currency})
        if commerce is None or rng.random() > 0.7:
            continue
        believed = amount if rng.random() < 0.75 else amount * 2
        used = believed * rng.randint(0, 110) / 100
        yield _limit(
            "commerce",
            commerce,
            company,
            {"amount": f"{believed:.2f}", "currency": currency, "used": f"{used:.2f}"},
        )


def _limit(system: str, of: Record, company: str, values: Values) -> Record:
    ref = Ref(system, "credit_limit", joined(of.ref.key, company))
    return Record(
        ref=ref,
        truth=joined(of.truth, company),
        values={"customer": of.ref.key, "entity": company, **values},
    )
