"""What people do about articles and their prices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from demo import skus, vocabulary
from demo.records import Record, Ref, Values

if TYPE_CHECKING:
    from demo.play import Play
    from demo.skus import Sku


def _dated_price(play: Play, action: str, *, begins_in: float) -> None:
    row = play.pick("cpq", "price_row")
    if row is None:
        return
    factor = Decimal(play.rng.randint(85, 120)) / 100
    _new_price(
        play, action, row, amount=Decimal(row.values["amount"] or "0") * factor, begins_in=begins_in
    )


def _new_price(play: Play, action: str, row: Record, *, amount: Decimal, begins_in: float) -> None:
    begins = play.clock.now() + timedelta(seconds=begins_in)
    values = row.values | {"amount": f"{amount:.2f}", "valid_from": begins.isoformat()}
    ref = Ref("cpq", "price_row", play.next_key("cpq", "price_row"))
    play.create(action, Record(ref=ref, truth=row.truth, values=values))


def change_price(play: Play) -> None:
    """A price is never updated: a new row begins now."""
    _dated_price(play, "price change", begins_in=0.0)


def change_price_soon(play: Play) -> None:
    """A price that begins in a few seconds, with no event when it does."""
    _dated_price(play, "price from soon", begins_in=play.rng.uniform(5, 20))


def change_price_some_day(play: Play) -> None:
    """A price that must not be taken for the present one."""
    _dated_price(play, "price from next month", begins_in=play.rng.uniform(30, 60) * 86_400)


def delete_price(play: Play) -> None:
    """The newest row is deleted, so the one before it is the price again."""
    row = play.pick("cpq", "price_row")
    if row is not None:
        play.change("price row deleted", row, "delete", {})


def edit_price_in_shop(play: Play) -> None:
    """Somebody who does not own the price changes it where it is charged."""
    if record := play.pick("commerce", "price"):
        amount = Decimal(record.values["amount"] or "0") * Decimal("0.5") + Decimal("0.37")
        play.change("price edited in shop", record, "amount", {"amount": f"{amount:.2f}"})


def retitle(play: Play) -> None:
    """The PIM's new title is in the shop only when the PIM's own job has run."""
    record = play.pick("pim", "sku")
    if record is None:
        return
    mark = f" Mk{play.rng.randint(2, 99)}"
    english = record.values["title_en"] or ""
    german = record.values["title_de"] or english
    values: Values = {
        "title_en": english.split(" Mk")[0] + mark,
        "title_de": german.split(" Mk")[0] + mark,
    }
    group = "inherited_title" if record.values["inherits"] == "true" else "title"
    if play.change("title change", record, group, values):
        play.later(play.rng.uniform(1, play.staging * 2), lambda then: _publish(then, record))


def _publish(play: Play, record: Record) -> None:
    """The PIM's job: copy the title of this moment to the shop."""
    now = play.world.get(record.ref)
    shops = [] if now is None else play.world.of_truth("sku", record.truth)
    for shop in shops:
        if now is not None and shop.ref.system == "commerce" and shop.values["deleted"] is None:
            play.change("title staged to shop", shop, "title", {"title_en": now.values["title_en"]})


def recategorise(play: Play) -> None:
    if record := play.pick("pim", "sku"):
        category = play.rng.choice(vocabulary.CATEGORIES)
        play.change("category move", record, "category", {"category": category})


def recategorise_many(play: Play) -> None:
    """A whole category is merged into another, in one transaction."""
    source, target = play.rng.sample(vocabulary.CATEGORIES, 2)
    moved = [each for each in play.world.of_kind("pim", "sku") if each.values["category"] == source]
    if moved:
        play.change_all(
            "category moved in bulk",
            [(each, "category", {"category": target}) for each in moved],
        )


def reweigh(play: Play) -> None:
    if record := play.pick("pim", "sku"):
        grams = str(play.rng.randint(2, 900) * 10)
        play.change("weight change", record, "weight_g", {"weight_g": grams})


def age(play: Play) -> None:
    if record := play.pick("pim", "sku"):
        stage = play.rng.choice(("active", "phase_out", "discontinued"))
        play.change("lifecycle", record, "lifecycle", {"lifecycle": stage})


def drop_variant(play: Play) -> None:
    """The PIM deletes a variant for good: the log carries the row's old image, or its key alone."""
    if record := play.pick("pim", "sku"):
        play.change("variant deleted in PIM", record, "delete", {})


def withdraw_from_shop(play: Play) -> None:
    if record := play.pick("commerce", "sku"):
        play.change("variant deleted in shop", record, "delete", {"deleted": "true"})


def switch(play: Play) -> None:
    if record := play.pick("commerce", "sku"):
        enabled = "false" if record.values["enabled"] == "true" else "true"
        play.change("enabled or disabled", record, "enabled", {"enabled": enabled})


def stock(play: Play) -> None:
    if record := play.pick("commerce", "sku"):
        play.change("stock", record, "on_hand", {"on_hand": str(play.rng.randint(0, 400))})


def regroup(play: Play) -> None:
    """The article posts elsewhere because it belongs to another revenue category."""
    if record := play.pick("erp", "sku"):
        category = play.rng.choice(skus.GL_CATEGORIES)
        play.change("revenue category", record, "gl_category", {"gl_category": category})


def repost_category(play: Play) -> None:
    """One row changes the revenue account of hundreds of articles."""
    category = play.rng.choice(skus.GL_CATEGORIES[:8])
    record = play.world.get(Ref("erp", "gl_mapping", category))
    if record is not None:
        account = str(400000 + play.rng.randint(1, 20) * 100)
        play.change("account of a category", record, "account", {"account": account})


def launch(play: Play) -> None:
    """A new article: PIM first, then the ERP and the CPQ with a price, then the shop."""
    truth_number = play.rng.randrange(10_000, 900_000)
    sku = skus.invent(play.rng, truth_number)
    record = skus.pim_record(play.rng, sku, skus.variant_key(play.rng))
    play.create("new article", record)
    play.later(play.rng.uniform(0.3, 1.0), lambda then: _list_in_erp(then, sku))
    play.later(play.rng.uniform(0.5, 2.0), lambda then: _quote(then, sku))
    play.later(play.rng.uniform(1.0, play.staging * 2), lambda then: _offer(then, sku))


def _list_in_erp(play: Play, sku: Sku) -> None:
    record = skus.erp_record(play.rng, sku, play.next_key("erp", "sku"))
    play.create("new article in ERP", replace(record, values=record.values | {"code": sku.code}))


def _quote(play: Play, sku: Sku) -> None:
    """The item commits first, its prices in a transaction of their own."""
    item = skus.cpq_record(play.rng, sku, play.next_key("cpq", "sku"))
    play.create("new article in CPQ", replace(item, values=item.values | {"code": sku.code}))
    offer: Values = {"sku": item.ref.key, "book": "STD", "currency": "EUR", "quantity": "1"}
    row = Record(
        ref=Ref("cpq", "price_row", ""),
        truth=sku.truth,
        values=offer | {"approved_by": "m.keller"},
    )
    _new_price(play, "first price", row, amount=sku.list_price, begins_in=0.0)


def _offer(play: Play, sku: Sku) -> None:
    record = skus.commerce_record(play.rng, sku, play.next_key("commerce", "sku"))
    play.create("new article in shop", record)
