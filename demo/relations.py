"""What people do about customers and their limits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from demo import customers, identifiers, vocabulary
from demo.databases import insert
from demo.layouts import erp_children, erp_party
from demo.records import Record, Ref, Values, joined

if TYPE_CHECKING:
    from demo.customers import Customer
    from demo.play import Play


def rename(play: Play) -> None:
    """The firm has a new name; the owner's clerk types it."""
    if record := play.pick("erp", "customer"):
        stem, trade = (
            play.rng.choice(vocabulary.FIRM_STEMS),
            play.rng.choice(vocabulary.FIRM_TRADES),
        )
        last = play.rng.choice(vocabulary.LAST_NAMES)
        first = (record.values["name"] or "").split(" ")[0]
        name = f"{stem} {last} {trade} AG" if record.values["kind"] == "O" else f"{first} {last}"
        play.change("rename", record, "name", {"name": name})


def move(play: Play) -> None:
    """The customer moves: the address row and the party's write date in one transaction."""
    if record := play.pick("erp", "customer"):
        country = record.values["country"] or "DE"
        postal_code, city = play.rng.choice(vocabulary.CITIES[country])
        street = f"{play.rng.choice(vocabulary.STREETS[country])} {play.rng.randint(1, 180)}"
        address = {"street": street, "postal_code": postal_code, "city": city, "country": country}
        play.change("address change", record, "address", dict(address))


def new_phone(play: Play) -> None:
    record = play.pick("erp", "customer")
    if record and record.values["phone"] is not None:
        phone = identifiers.phone(play.rng, record.values["country"] or "DE")
        play.change("phone change", record, "phone", {"phone": phone})


def archive(play: Play) -> None:
    if record := play.pick("erp", "customer"):
        status = "inactive" if record.values["status"] == "active" else "active"
        play.change("archive or revive", record, "status", {"status": status})


def touch(play: Play) -> None:
    """A batch job rewrites the row and changes nothing that anybody reads."""
    if record := play.pick("erp", "customer"):
        play.change("no change", record, "touch", {})


def post(play: Play) -> None:
    """The posting run moves a balance: the ERP's own column, nobody else's."""
    if record := play.pick("erp", "customer"):
        balance = f"{play.rng.randint(0, 9_000_00) / 100:.2f}"
        play.change("posting", record, "ledger_balance", {"ledger_balance": balance})


def _scale_limit(play: Play, action: str, factor: Decimal) -> None:
    if record := play.pick("erp", "credit_limit"):
        amount = Decimal(record.values["amount"] or "0") * factor
        play.change(action, record, "amount", {"amount": f"{min(amount, Decimal(10**8)):.2f}"})


def cut_limit(play: Play) -> None:
    _scale_limit(play, "limit cut", Decimal(play.rng.randint(20, 80)) / 100)


def raise_limit(play: Play) -> None:
    _scale_limit(play, "limit raise", Decimal(play.rng.randint(110, 180)) / 100)


def grant_limit(play: Play) -> None:
    """A limit where there was none: a new side row in the ERP."""
    record = play.pick("erp", "customer")
    company = play.rng.choice(list(vocabulary.COMPANIES))
    if record is None or play.world.get(_limit_ref(record, company)) is not None:
        return
    values: Values = {
        "customer": record.ref.key,
        "entity": company,
        "amount": f"{play.rng.randint(1, 100) * 500}.00",
        "currency": vocabulary.COMPANIES[company],
    }
    truth = joined(record.truth, company)
    play.create(
        "limit granted", Record(ref=_limit_ref(record, company), truth=truth, values=values)
    )


def withdraw_limit(play: Play) -> None:
    if record := play.pick("erp", "credit_limit"):
        play.change("limit withdrawn", record, "delete", {})


def _limit_ref(customer: Record, company: str) -> Ref:
    return Ref("erp", "credit_limit", joined(customer.ref.key, company))


def buy(play: Play) -> None:
    """An order uses some of the limit, in the shop's own column of the shared row."""
    if record := play.pick("commerce", "credit_limit"):
        used = Decimal(record.values["amount"] or "0") * play.rng.randint(0, 105) / 100
        play.change("order", record, "used", {"used": f"{used:.2f}"})


def raise_limit_in_shop(play: Play) -> None:
    """Somebody who does not own the limit raises it."""
    record = play.pick("commerce", "credit_limit")
    if record is None or not _has_limit(play, record):
        return
    amount = Decimal(record.values["amount"] or "0") + 7777
    play.change("limit edited in shop", record, "amount", {"amount": f"{amount:.2f}"})


def _has_limit(play: Play, record: Record) -> bool:
    customer = Ref("commerce", "customer", record.values["customer"] or "")
    owner = play.world.partner(customer, "erp")
    company = record.values["entity"] or ""
    return owner is not None and play.world.get(_limit_ref(owner, company)) is not None


def rename_in_shop(play: Play) -> None:
    """The customer corrects its name in the shop, which does not own it."""
    if record := play.pick("commerce", "customer"):
        name = f"{record.values['name']} Shop".replace("  ", " ").strip()[:60]
        play.change("name edited in shop", record, "name", {"name": name})


def new_mailbox(play: Play) -> None:
    if record := play.pick("commerce", "customer"):
        mailbox = f"contact{play.rng.randint(10**6, 10**7)}@new-mail.example"
        play.change("e-mail change", record, "email", {"email": mailbox})


def mailbox_in_erp(play: Play) -> None:
    """A clerk types an e-mail address into the ERP, which does not own it."""
    record = play.pick("erp", "customer")
    if record and record.values["email"] is not None:
        mailbox = f"clerk{play.rng.randint(10**6, 10**7)}@typed.example"
        play.change("e-mail edited in ERP", record, "email", {"email": mailbox})


def consent(play: Play) -> None:
    if record := play.pick("commerce", "customer"):
        given = "false" if record.values["consent"] == "true" else "true"
        play.change("consent", record, "consent", {"consent": given})


def earn_points(play: Play) -> None:
    if record := play.pick("commerce", "customer"):
        points = str(int(record.values["loyalty_points"] or 0) + play.rng.randint(1, 50))
        play.change("loyalty points", record, "loyalty_points", {"loyalty_points": points})


def change_plan(play: Play) -> None:
    """The old contract ends and a new one begins, in one transaction."""
    if record := play.pick("cpq", "customer"):
        plans = [plan for plan in vocabulary.PLANS if plan != record.values["plan"]]
        play.change("plan change", record, "plan", {"plan": play.rng.choice(plans)})


def leave_shop(play: Play) -> None:
    if record := play.pick("commerce", "customer"):
        play.change("customer deleted in shop", record, "delete", {"deleted": "true"})


def duplicate(play: Play) -> None:
    """A customer who is in the shop already registers once more."""
    record = play.pick("commerce", "customer")
    if record is None:
        return
    key = play.next_key("commerce", "customer")
    values = record.values | {"number": f"W-{int(key):06d}", "loyalty_points": "0"}
    twice = Record(ref=Ref("commerce", "customer", key), truth=record.truth, values=values)
    play.create("duplicate in shop", twice)


def welcome(play: Play) -> None:
    """A new customer: the ERP's row first, its side rows in a later transaction, the shop last."""
    customer = _newcomer(play)
    record = customers.erp_record(play.rng, customer, play.next_key("erp", "customer"))
    record = replace(record, values=record.values | {"tax_id": customer.tax_id})
    at_once = play.rng.choice((True, False))
    with play.desk.transaction("erp") as cursor:
        for table, row in erp_party(record) if at_once else list(erp_party(record))[:1]:
            insert(cursor, "erp", table, row)
    if at_once:
        play.note("new customer", record, "create", record.values)
    else:
        play.later(play.rng.uniform(0.3, 1.5), lambda then: _side_rows(then, record))
    play.later(play.rng.uniform(2.0, 5.0), lambda then: _register(then, customer))


def _newcomer(play: Play) -> Customer:
    truth = f"N{play.rng.randrange(10**6, 10**7)}"
    customer = customers.invent(play.rng, truth)
    tax_id = customer.tax_id or identifiers.tax_number(play.rng, customer.country)
    return replace(customer, tax_id=tax_id)


def _side_rows(play: Play, record: Record) -> None:
    with play.desk.transaction("erp") as cursor:
        for table, row in erp_children(record):
            insert(cursor, "erp", table, row)
    play.note("new customer, side rows late", record, "create", record.values)


def _register(play: Play, customer: Customer) -> None:
    record = customers.commerce_record(play.rng, customer, play.next_key("commerce", "customer"))
    record = replace(record, values=record.values | {"tax_id": customer.tax_id})
    play.create("new customer in shop", record)
